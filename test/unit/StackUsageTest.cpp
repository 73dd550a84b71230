//===- StackUsageTest.cpp - Stack along chains of calls -------------------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Target/StackUsage.h"
#include "lib/Target/TargetCpu.h"
#include "llvm/AsmParser/Parser.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/Support/SourceMgr.h"
#include <gtest/gtest.h>

using namespace llvm;
using namespace ssmc;

static Expected<std::map<std::string, int64_t>> measure(StringRef text) {
  LLVMContext context;
  SMDiagnostic diagnostic;
  auto module = parseAssemblyString(text, diagnostic, context);
  if (!module)
    return createStringError(diagnostic.getMessage().str());
  auto target = resolveTargetCpu("x86-64-v3");
  if (!target)
    return target.takeError();
  auto machine = createTargetMachine(*target);
  if (!machine)
    return machine.takeError();
  module->setTargetTriple(target->triple);
  module->setDataLayout((*machine)->createDataLayout());
  return measureStack(*module, **machine);
}

// Frames of 1000 and 2000 bytes and more, with a return address each; `leaf` is
// called by both `near` and `far`, and `far` needs more. The fences keep frames
// apart from what is called from them, and off the red zone.
static constexpr StringLiteral kChain = R"(
declare void @outside(ptr)
define internal void @leaf() noinline {
  %a = alloca [1000 x i8]
  call void @outside(ptr %a)
  ret void
}
define internal void @far() noinline {
  %a = alloca [2000 x i8]
  call void @outside(ptr %a)
  call void @leaf()
  ret void
}
define void @root(i1 %c) {
  br i1 %c, label %near, label %other
near:
  call void @leaf()
  ret void
other:
  call void @far()
  ret void
}
define void @alone() {
  call void @outside(ptr null)
  ret void
}
)";

TEST(StackUsage, AddsFramesAlongTheWorstChain) {
  auto worst = measure(kChain);
  ASSERT_TRUE(bool(worst)) << toString(worst.takeError());
  ASSERT_EQ(worst->size(), 2u); // what other files can call
  EXPECT_GE(worst->at("root"), 3000 + 3 * 8);
  EXPECT_LE(worst->at("root"), 3000 + 3 * 8 + 3 * 32); // saved registers
  EXPECT_LE(worst->at("alone"), 16);
}

TEST(StackUsage, FunctionsThatArePassedAreCalled) {
  std::string text = kChain.str();
  text += R"(
define void @pass(ptr %executor) {
  call void %executor(ptr @far)
  ret void
}
define void @yield(ptr %executor) {
  call void %executor(ptr null)
  ret void
}
)";
  auto worst = measure(text);
  ASSERT_TRUE(bool(worst)) << toString(worst.takeError());
  EXPECT_GE(worst->at("pass"), 3000 + 3 * 8);
  EXPECT_LE(worst->at("yield"), 16);
}

TEST(StackUsage, RefusesWhatHasNoLimit) {
  auto recursive = measure(R"(
declare void @outside(ptr)
define void @f(i64 %n) {
  call void @outside(ptr null)
  call void @f(i64 %n)
  call void @outside(ptr null)
  ret void
})");
  ASSERT_FALSE(bool(recursive));
  EXPECT_EQ(toString(recursive.takeError()),
            "'f' calls itself: its stack has no limit");
  auto dynamic = measure(R"(
declare void @outside(ptr)
define void @f(i64 %n) {
  %a = alloca i8, i64 %n
  call void @outside(ptr %a)
  ret void
})");
  ASSERT_FALSE(bool(dynamic));
  EXPECT_EQ(toString(dynamic.takeError()),
            "the frame of f has no size that is known before it runs");
}
