//===- TargetDescriptionTest.cpp - Descriptions of CPUs in the IR ---------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Analysis/TargetDescription.h"
#include "mlir/Dialect/DLTI/DLTI.h"
#include "mlir/Parser/Parser.h"
#include <gtest/gtest.h>

using namespace mlir;
using namespace ssmc;

namespace {

class TargetDescriptionTest : public testing::Test {
protected:
  TargetDescriptionTest() { context.loadDialect<DLTIDialect>(); }

  /// Reads what a module with `keys` for its CPU says.
  FailureOr<TargetDescription> read(StringRef keys) {
    std::string text = ("module attributes {dlti.target_system_spec = "
                        "#dlti.target_system_spec<\"GPU\" = "
                        "#dlti.target_device_spec<\"ssm.other\" = 1 : i64>, "
                        "\"CPU\" = #dlti.target_device_spec<" +
                        keys + ">>} {}")
                           .str();
    module = parseSourceString<ModuleOp>(text, &context);
    if (!module)
      return failure();
    ScopedDiagnosticHandler handler(&context, [&](Diagnostic &diagnostic) {
      message = diagnostic.str();
      return success();
    });
    return TargetDescription::fromModule(*module);
  }

  MLIRContext context;
  OwningOpRef<ModuleOp> module;
  std::string message;
};

} // namespace

TEST_F(TargetDescriptionTest, WithoutOneIsAvx2) {
  module = ModuleOp::create(UnknownLoc::get(&context));
  auto target = TargetDescription::fromModule(*module);
  ASSERT_TRUE(succeeded(target));
  EXPECT_EQ(*target, TargetDescription());
  EXPECT_EQ(target->f32Lanes, 8);
  EXPECT_EQ(target->vectorRegisters, 16);
  EXPECT_EQ(target->l1Bytes, 32 << 10);
  EXPECT_EQ(target->l2Bytes, 512 << 10);
}

TEST_F(TargetDescriptionTest, KeysThatAreAbsentHaveTheirDefaults) {
  auto target = read("\"ssm.f32_lanes\" = 16 : i64, \"max\" = 3 : i64");
  ASSERT_TRUE(succeeded(target));
  EXPECT_EQ(target->f32Lanes, 16);
  EXPECT_EQ(target->vectorRegisters, 16);
}

TEST_F(TargetDescriptionTest, ReadsWhatItWrites) {
  ASSERT_TRUE(succeeded(read("\"max\" = 3 : i64")));
  TargetDescription written =
      describeTarget(llvm::Triple("x86_64-linux-gnu"), "x86-64-v4", true);
  written.attachTo(*module);
  auto target = TargetDescription::fromModule(*module);
  ASSERT_TRUE(succeeded(target));
  EXPECT_EQ(*target, written);
  // What is about other devices, or not ours, is still there.
  std::string text;
  llvm::raw_string_ostream stream(text);
  module->print(stream);
  EXPECT_NE(text.find("\"ssm.other\" = 1"), std::string::npos) << text;
  EXPECT_NE(text.find("\"max\" = 3"), std::string::npos) << text;
}

TEST_F(TargetDescriptionTest, NamesABadKeyOrValue) {
  EXPECT_TRUE(failed(read("\"ssm.f32_lane\" = 16 : i64")));
  EXPECT_EQ(message.find("target description has the key 'ssm.f32_lane'; "
                         "expected one of 'ssm.f32_lanes', "),
            0u)
      << message;
  EXPECT_TRUE(failed(read("\"ssm.f32_lanes\" = 12 : i64")));
  EXPECT_EQ(message, "target description has 'ssm.f32_lanes' = 12 : i64; "
                     "expected a power of two from 1 to 16");
  EXPECT_TRUE(failed(read("\"ssm.l2_bytes\" = \"1M\"")));
  EXPECT_EQ(message, "target description has 'ssm.l2_bytes' = \"1M\"; expected "
                     "a number from 1024 to 1073741824");
}

TEST(DescribeTarget, KnownCpus) {
  llvm::Triple x86("x86_64-unknown-linux-gnu");
  EXPECT_EQ(describeTarget(x86, "x86-64-v3", false), TargetDescription());
  EXPECT_EQ(describeTarget(x86, "no-such-cpu", false), TargetDescription());
  TargetDescription server = describeTarget(x86, "sapphirerapids", true);
  EXPECT_EQ(server.f32Lanes, 16);
  EXPECT_EQ(server.vectorRegisters, 32);
  EXPECT_EQ(server.l1Bytes, 48 << 10);
  EXPECT_EQ(server.l2Bytes, 2 << 20);
  // AVX-512 switched off.
  EXPECT_EQ(describeTarget(x86, "sapphirerapids", false).f32Lanes, 8);

  TargetDescription neon =
      describeTarget(llvm::Triple("aarch64-linux-gnu"), "generic", false);
  EXPECT_EQ(neon.f32Lanes, 4);
  EXPECT_EQ(neon.vectorRegisters, 32);
  TargetDescription mac =
      describeTarget(llvm::Triple("arm64-apple-macosx"), "", false);
  EXPECT_EQ(mac.l1Bytes, 128 << 10);

  llvm::Triple riscv("riscv64-linux-gnu");
  EXPECT_EQ(describeTarget(riscv, "generic-rv64", false).f32Lanes, 1);
}
