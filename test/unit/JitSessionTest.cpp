//===- JitSessionTest.cpp - Compiling and running modules in memory -------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Target/JitSession.h"
#include "lib/Target/EmitObject.h"
#include "mlir/Parser/Parser.h"
#include "gtest/gtest.h"

using namespace ssmc;

namespace {

class JitSessionTest : public testing::Test {
protected:
  JitSessionTest() { context.loadDialect<mlir::LLVM::LLVMDialect>(); }

  mlir::OwningOpRef<mlir::ModuleOp> parse(llvm::StringRef text) {
    return mlir::parseSourceString<mlir::ModuleOp>(text, &context);
  }

  mlir::MLIRContext context;
};

TEST_F(JitSessionTest, runsAFunction) {
  auto module = parse(R"mlir(
    llvm.func @fused(%a: f32, %b: f32) -> f32 {
      %0 = llvm.intr.fma(%a, %b, %b) : (f32, f32, f32) -> f32
      llvm.return %0 : f32
    })mlir");
  for (auto level :
       {llvm::CodeGenOptLevel::None, llvm::CodeGenOptLevel::Aggressive}) {
    auto session = JitSession::compile(*module, level);
    ASSERT_TRUE(bool(session)) << llvm::toString(session.takeError());
    auto fused = (*session)->lookupFunction<float(float, float)>("fused");
    ASSERT_TRUE(bool(fused)) << llvm::toString(fused.takeError());
    EXPECT_EQ((*fused)(2.0f, 3.0f), 9.0f);
  }
}

TEST_F(JitSessionTest, findsMemcpyAndNothingElseOfTheProcess) {
  auto module = parse(R"mlir(
    llvm.func @memcpy(!llvm.ptr, !llvm.ptr, i64) -> !llvm.ptr
    llvm.func @malloc(i64) -> !llvm.ptr
    llvm.func @copies(%a: !llvm.ptr, %b: !llvm.ptr, %n: i64) -> !llvm.ptr {
      %0 = llvm.call @memcpy(%a, %b, %n) : (!llvm.ptr, !llvm.ptr, i64) -> !llvm.ptr
      llvm.return %0 : !llvm.ptr
    })mlir");
  auto session = JitSession::compile(*module);
  ASSERT_TRUE(bool(session));
  auto copies =
      (*session)->lookupFunction<void *(void *, const void *, int64_t)>(
          "copies");
  ASSERT_TRUE(bool(copies)) << llvm::toString(copies.takeError());
  char from[] = "state", to[sizeof(from)] = "";
  (*copies)(to, from, sizeof(from));
  EXPECT_STREQ(to, "state");
  auto missing = (*session)->lookup("malloc");
  EXPECT_FALSE(bool(missing));
  llvm::consumeError(missing.takeError());
}

TEST(TargetCpuTest, acceptsCpusWithFmaOnly) {
  auto v4 = resolveTargetCpu("x86-64-v4");
  ASSERT_TRUE(bool(v4));
  EXPECT_TRUE(v4->hasAvx512);
  auto v3 = resolveTargetCpu("x86-64-v3");
  ASSERT_TRUE(bool(v3));
  EXPECT_FALSE(v3->hasAvx512);
  auto old = resolveTargetCpu("x86-64");
  ASSERT_FALSE(bool(old));
  EXPECT_NE(llvm::toString(old.takeError()).find("has no AVX2 and FMA"),
            std::string::npos);
  auto typo = resolveTargetCpu("x86-64-v33");
  ASSERT_FALSE(bool(typo));
  EXPECT_NE(llvm::toString(typo.takeError()).find("did you mean 'x86-64-v3'?"),
            std::string::npos);
}

TEST(TargetCpuTest, suggestsOnlyWhatIsNear) {
  auto far = resolveTargetCpu("z80");
  ASSERT_FALSE(bool(far));
  std::string message = llvm::toString(far.takeError());
  EXPECT_EQ(message.find("did you mean"), std::string::npos) << message;
  EXPECT_NE(message.find("note: systems: aarch64-linux-gnu, "),
            std::string::npos)
      << message;
  auto near = resolveTargetCpu("aarch64-linux-gna");
  ASSERT_FALSE(bool(near));
  EXPECT_NE(llvm::toString(near.takeError())
                .find("did you mean 'aarch64-linux-gnu'?"),
            std::string::npos);
}

TEST(TargetCpuTest, knowsSystemsInAnySpelling) {
  for (const char *name :
       {"aarch64-linux-gnu", "aarch64-unknown-linux-gnu", "arm64-linux-gnu"}) {
    auto target = resolveTargetCpu(name);
    ASSERT_TRUE(bool(target)) << llvm::toString(target.takeError());
    EXPECT_EQ(target->triple.str(), "aarch64-unknown-linux-gnu");
    EXPECT_FALSE(target->isDispatched);
  }
  for (const char *name :
       {"arm64-apple-macosx", "arm64-apple-darwin", "aarch64-apple-macos13"}) {
    auto target = resolveTargetCpu(name);
    ASSERT_TRUE(bool(target)) << llvm::toString(target.takeError());
    EXPECT_EQ(target->cpu, "apple-m1");
  }
  for (const char *name : {"aarch64-linux-musl", "x86_64-apple-macosx"}) {
    auto target = resolveTargetCpu(name);
    EXPECT_FALSE(bool(target)) << name;
    llvm::consumeError(target.takeError());
  }
}

TEST(TargetCpuTest, listsEndWithTheMostDemandingCpu) {
  auto targets = resolveTargets("x86-64-v4,haswell,x86-64-v3");
  ASSERT_TRUE(bool(targets)) << llvm::toString(targets.takeError());
  ASSERT_EQ(targets->size(), 3u);
  EXPECT_EQ(targets->back().cpu, "x86-64-v4");
  auto mixed = resolveTargets("x86-64-v3,aarch64-linux-gnu");
  ASSERT_FALSE(bool(mixed));
  EXPECT_EQ(llvm::toString(mixed.takeError()),
            "--target: 'aarch64-linux-gnu' in a list; a list names x86-64 "
            "CPUs, systems have an object each");
  auto twice = resolveTargets("x86-64-v3,x86-64-v3");
  ASSERT_FALSE(bool(twice));
  EXPECT_EQ(llvm::toString(twice.takeError()),
            "--target: CPU 'x86-64-v3' is named twice");
  auto empty = resolveTargets("x86-64-v3,");
  EXPECT_FALSE(bool(empty));
  llvm::consumeError(empty.takeError());
}

TEST(TargetCpuTest, needsAreThoseOfTheInstructionSets) {
  auto v3 = llvm::cantFail(resolveTargetCpu("x86-64-v3")).needs;
  auto v4 = llvm::cantFail(resolveTargetCpu("x86-64-v4")).needs;
  EXPECT_TRUE(v3[LEAF_1_ECX] & 1u << 12) << "FMA";
  EXPECT_TRUE(v3[LEAF_7_EBX] & 1u << 5) << "AVX2";
  EXPECT_EQ(v3[XCR0_LOW], 0x6u);
  EXPECT_FALSE(v3[LEAF_7_EBX] & 1u << 16) << "AVX-512F";
  EXPECT_TRUE(v4[LEAF_7_EBX] & 1u << 16) << "AVX-512F";
  EXPECT_EQ(v4[XCR0_LOW], 0xe6u);
  for (int i = 0; i < CPU_WORDS; ++i)
    EXPECT_EQ(v3[i] & ~v4[i], 0u);
}

} // namespace
