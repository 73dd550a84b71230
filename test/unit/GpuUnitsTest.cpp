//===- GpuUnitsTest.cpp - What a GPU has to do, read from the IR ----------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Analysis/GpuUnits.h"
#include "dialect/SsmDialect.h"
#include "mlir/InitAllDialects.h"
#include "mlir/Parser/Parser.h"
#include <gtest/gtest.h>

using namespace mlir;
using namespace ssmc;

// Two steps: a scan of 16 modes in f64 behind a product, and a product into the
// rows that came in.
static const char *const kBlock = R"mlir(
func.func @chunk.block0.full(%x: tensor<24x32xf32> {ssm.rows},
    %state: tensor<?x32xf64>, %w: tensor<2x32x16xf32>, %bias: tensor<2x16xf32>,
    %decay: tensor<2x16xf32>) -> (tensor<24x32xf32>, tensor<?x32xf64>)
    attributes {ssm.kind = "block", ssm.variant = "full"} {
  %empty = tensor.empty() : tensor<24x32xf32>
  %s:2 = ssm.panel_map product(%x : tensor<24x32xf32>, %w : tensor<2x32x16xf32>)
      columns(%decay : tensor<2x16xf32>) outs(%empty : tensor<24x32xf32>)
      carries(%state : tensor<?x32xf64>) -> tensor<24x32xf32>, tensor<?x32xf64> {
  ^bb0(%acc: vector<16xf32>, %d: vector<16xf32>, %before: vector<16xf32>,
       %carry: vector<16xf64>):
    %d64 = arith.extf %d : vector<16xf32> to vector<16xf64>
    %acc64 = arith.extf %acc : vector<16xf32> to vector<16xf64>
    %half = math.fma %d64, %carry, %acc64 : vector<16xf64>
    %next = math.fma %d64, %half, %acc64 : vector<16xf64>
    %out = arith.truncf %next : vector<16xf64> to vector<16xf32>
    ssm.yield %out, %next : vector<16xf32>, vector<16xf64>
  }
  %y = ssm.panel_map product(%s#0 : tensor<24x32xf32>, %w : tensor<2x32x16xf32>,
      %bias : tensor<2x16xf32>) outs(%x : tensor<24x32xf32>)
      -> tensor<24x32xf32> {
  ^bb0(%acc: vector<16xf32>, %before: vector<16xf32>):
    %e = math.exp2 %acc : vector<16xf32>
    %sum = arith.addf %e, %before : vector<16xf32>
    ssm.yield %sum : vector<16xf32>
  }
  return %y, %s#1 : tensor<24x32xf32>, tensor<?x32xf64>
}
func.func @chunk.block0.step(%x: tensor<1x32xf32> {ssm.rows}) -> tensor<1x32xf32>
    attributes {ssm.kind = "block", ssm.variant = "step"} {
  return %x : tensor<1x32xf32>
}
)mlir";

TEST(GpuUnits, CountsABlock) {
  DialectRegistry registry;
  registerAllDialects(registry);
  registry.insert<SsmDialect>();
  MLIRContext context(registry);
  auto module = parseSourceString<ModuleOp>(kBlock, &context);
  ASSERT_TRUE(module);
  auto units = describeGpuUnits(*module, [](StringRef name) {
    return name == "block0" ? int64_t(5) : int64_t(0);
  });
  // The function of single steps is none.
  ASSERT_EQ(units.size(), 1u);
  const GpuUnit &unit = units[0];
  EXPECT_EQ(unit.layers, 5);
  // Two rows of 32 features; the one of the stream is read and written.
  EXPECT_EQ(unit.activationBytes, 2 * 128);
  EXPECT_EQ(unit.trafficBytes, 2 * 128);
  // Weights twice, as they are two operands, decays and biases.
  EXPECT_EQ(unit.weightBytes, 2 * 4096 + 2 * 128);

  ASSERT_EQ(unit.products.size(), 2u);
  EXPECT_EQ(unit.products[0].panels, 2);
  EXPECT_EQ(unit.products[0].depth, 32);
  // Sums in front of a scan are stored.
  EXPECT_EQ(unit.products[0].ops, 0);
  EXPECT_EQ(unit.products[0].accesses, 1);
  // The exponential is 10; an addition, a load and a store.
  EXPECT_EQ(unit.products[1].ops, 11);
  EXPECT_EQ(unit.products[1].accesses, 2);
  // Rows of 32 features are as wide as 2 panels.
  EXPECT_TRUE(unit.products[1].allowsRuns);

  ASSERT_EQ(unit.scans.size(), 1u);
  const GpuScan &scan = unit.scans[0];
  EXPECT_EQ(scan.modes, 16);
  // Both parts of a mode: 5 operations each; a sum loaded, and a store.
  EXPECT_EQ(scan.f64Ops, 10);
  EXPECT_EQ(scan.ops, 0);
  EXPECT_EQ(scan.accesses, 4);
  // One multiply-add waits for the other.
  EXPECT_EQ(scan.chain, 0);
  EXPECT_EQ(scan.f64Chain, 2);
}
