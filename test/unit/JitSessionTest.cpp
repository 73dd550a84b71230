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

} // namespace
