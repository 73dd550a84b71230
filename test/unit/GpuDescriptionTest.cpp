//===- GpuDescriptionTest.cpp - Descriptions of GPUs in the IR ------------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Analysis/GpuDescription.h"
#include "lib/Analysis/TargetDescription.h"
#include "mlir/Dialect/DLTI/DLTI.h"
#include "mlir/Parser/Parser.h"
#include <gtest/gtest.h>

using namespace mlir;
using namespace ssmc;

namespace {

class GpuDescriptionTest : public testing::Test {
protected:
  GpuDescriptionTest() { context.loadDialect<DLTIDialect>(); }

  /// Reads what a module says whose devices are `devices`.
  FailureOr<GpuDescription> readDevices(const std::string &devices) {
    std::string text = "module attributes {dlti.target_system_spec = "
                       "#dlti.target_system_spec<" +
                       devices + ">} {}";
    module = parseSourceString<ModuleOp>(text, &context);
    if (!module)
      return failure();
    message.clear();
    ScopedDiagnosticHandler handler(&context, [&](Diagnostic &diagnostic) {
      message += diagnostic.str();
      return success();
    });
    return GpuDescription::fromModule(*module);
  }

  /// The same with `keys` for the GPU, beside a CPU.
  FailureOr<GpuDescription> read(const std::string &keys) {
    return readDevices("\"CPU\" = #dlti.target_device_spec<\"ssm.f32_lanes\" = "
                       "4 : i64>, \"GPU\" = #dlti.target_device_spec<" +
                       keys + ">");
  }

  void expectError(const std::string &keys, StringRef expected) {
    EXPECT_TRUE(failed(read(keys))) << keys;
    EXPECT_EQ(message, expected);
  }

  MLIRContext context;
  OwningOpRef<ModuleOp> module;
  std::string message;
};

} // namespace

TEST_F(GpuDescriptionTest, AnArchitectureIsEnough) {
  auto gpu = read("\"ssm.gpu.sm\" = 90 : i64, \"max\" = 3 : i64");
  ASSERT_TRUE(succeeded(gpu)) << message;
  EXPECT_EQ(*gpu, *describeGpu(90));
}

TEST_F(GpuDescriptionTest, WhatIsSaidGoesBeforeTheArchitecture) {
  auto gpu =
      read("\"ssm.gpu.sm_count\" = 114 : i64, \"ssm.gpu.sm\" = 90 : i64");
  ASSERT_TRUE(succeeded(gpu)) << message;
  EXPECT_EQ(gpu->smCount, 114);
  GpuDescription other = *describeGpu(90);
  other.smCount = 114;
  EXPECT_EQ(*gpu, other);
}

TEST_F(GpuDescriptionTest, ReadsWhatItWrites) {
  ASSERT_TRUE(succeeded(read("\"ssm.gpu.sm\" = 80 : i64, \"max\" = 3 : i64")));
  for (const KnownGpu &known : knownGpus()) {
    known.gpu.attachTo(*module);
    auto gpu = GpuDescription::fromModule(*module);
    ASSERT_TRUE(succeeded(gpu)) << known.name.str();
    EXPECT_EQ(*gpu, known.gpu) << known.name.str();
  }
  // What is about the CPU, or not ours, is still there.
  auto cpu = TargetDescription::fromModule(*module);
  ASSERT_TRUE(succeeded(cpu));
  EXPECT_EQ(cpu->f32Lanes, 4);
  std::string text;
  llvm::raw_string_ostream stream(text);
  module->print(stream);
  EXPECT_NE(text.find("\"max\" = 3"), std::string::npos) << text;
}

TEST_F(GpuDescriptionTest, NeedsADeviceAndItsArchitecture) {
  StringRef expected =
      "; expected 'ssm.gpu.sm', one of 80, 86, 89, 90, 100, 120";
  EXPECT_TRUE(failed(
      readDevices("\"CPU\" = #dlti.target_device_spec<\"max\" = 3 : i64>")));
  EXPECT_EQ(message,
            ("target description has no device \"GPU\"" + expected).str());
  expectError(
      "\"ssm.gpu.sm_count\" = 114 : i64",
      ("target description names no architecture for device \"GPU\"" + expected)
          .str());
  expectError("\"ssm.gpu.sm\" = 75 : i64",
              ("target description has 'ssm.gpu.sm' = 75" + expected).str());
}

TEST_F(GpuDescriptionTest, NamesABadKeyOrValue) {
  EXPECT_TRUE(failed(read("\"ssm.gpu.warp\" = 32 : i64")));
  EXPECT_EQ(message.find("target description has the key 'ssm.gpu.warp'; "
                         "expected one of 'ssm.gpu.sm', 'ssm.gpu.sm_count', "),
            0u)
      << message;
  expectError("\"ssm.gpu.sm\" = 80 : i64, \"ssm.gpu.sm_count\" = 0 : i64",
              "target description has 'ssm.gpu.sm_count' = 0 : i64; expected a "
              "number from 1 to 4096");
  expectError("\"ssm.gpu.sm\" = 80 : i64, \"ssm.gpu.f32_lanes\" = 96 : i64",
              "target description has 'ssm.gpu.f32_lanes' = 96 : i64; expected "
              "a power of two from 32 to 1024");
  expectError("\"ssm.gpu.sm\" = \"sm_80\"",
              "target description has 'ssm.gpu.sm' = \"sm_80\"; expected a "
              "number from 1 to 999");
}

TEST_F(GpuDescriptionTest, NamesValuesThatContradictEachOther) {
  expectError(
      "\"ssm.gpu.sm\" = 86 : i64, \"ssm.gpu.shared_per_block\" = 167936 : i64",
      "target description has 'ssm.gpu.shared_per_block' = 167936; expected at "
      "most 'ssm.gpu.shared_per_sm' = 102400");
  expectError(
      "\"ssm.gpu.sm\" = 86 : i64, \"ssm.gpu.threads_per_sm\" = 512 : i64",
      "target description has 'ssm.gpu.threads_per_block' = 1024; expected at "
      "most 'ssm.gpu.threads_per_sm' = 512");
}

TEST(KnownGpus, EachArchitectureHasAProduct) {
  EXPECT_TRUE(llvm::is_sorted(knownGpuArchitectures()));
  for (unsigned sm : knownGpuArchitectures()) {
    auto gpu = describeGpu(sm);
    ASSERT_TRUE(gpu.has_value()) << sm;
    EXPECT_EQ(gpu->sm, sm);
    EXPECT_EQ(gpu->sharedPerBlock + 1024, gpu->sharedPerSm);
  }
  EXPECT_FALSE(describeGpu(75).has_value());
  for (const KnownGpu &known : knownGpus())
    EXPECT_TRUE(llvm::is_contained(knownGpuArchitectures(), known.gpu.sm));
}

TEST(KnownGpus, PeaksOfTheDataSheets) {
  // f32 without tensor cores: 19.5, 67 and 82.6 TFLOP/s.
  EXPECT_NEAR(describeGpu(80)->peakGflops(), 19500, 100);
  EXPECT_NEAR(describeGpu(90)->peakGflops(), 67000, 200);
  EXPECT_NEAR(describeGpu(89)->peakGflops(), 82600, 100);
  // 2039 GB/s at 1.41 GHz.
  EXPECT_NEAR(describeGpu(80)->memoryBytesPerCycle(), 1446, 1);
}
