//===- ReferenceLayersTest.cpp - Layers against numbers worked by hand ----===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "test/unit/ReferenceTest.h"

using namespace mlir;
using namespace ssmc::reference;

static const double NaN = std::nan("");

TEST_F(ReferenceTest, LinearAddsTheBiasAfterTheProduct) {
  auto results = run(
      R"(func.func @f(%x: tensor<?x?x2xf32>, %w: tensor<3x2xf32>, %b: tensor<3xf64>) -> tensor<?x?x3xf32> {
        %y = ssm.linear %x, %w bias %b : (tensor<?x?x2xf32>, tensor<3x2xf32>, tensor<3xf64>) -> tensor<?x?x3xf32>
        return %y : tensor<?x?x3xf32>
      })",
      {floats({1, 2, 2}, {1, 2, 3, 4}), floats({3, 2}, {1, 0, 0, 1, 1, -1}),
       floats({3}, {10, 20, 30})});
  expectClose(results[0], floats({1, 2, 3}, {11, 22, 29, 13, 24, 29}));
}

TEST_F(ReferenceTest, LinearOfAnEmptySequenceIsEmpty) {
  auto results = run(
      R"(func.func @f(%x: tensor<?x?x2xf32>, %w: tensor<3x2xf32>) -> tensor<?x?x3xf32> {
        %y = ssm.linear %x, %w : (tensor<?x?x2xf32>, tensor<3x2xf32>) -> tensor<?x?x3xf32>
        return %y : tensor<?x?x3xf32>
      })",
      {floats({2, 0, 2}, {}), floats({3, 2}, {1, 0, 0, 1, 1, -1})});
  expectClose(results[0], floats({2, 0, 3}, {}));
}

TEST_F(ReferenceTest, EmbeddingCountsFromTheEndOnceAndClamps) {
  auto results = run(
      R"(func.func @f(%x: tensor<?x?xi32>, %t: tensor<3x1xf32>) -> tensor<?x?x1xf32> {
        %y = ssm.embedding %x, %t : (tensor<?x?xi32>, tensor<3x1xf32>) -> tensor<?x?x1xf32>
        return %y : tensor<?x?x1xf32>
      })",
      {ints({1, 6}, {0, 2, 1000, -1, -4, -1000}), floats({3, 1}, {5, 6, 7})});
  expectClose(results[0], floats({1, 6, 1}, {5, 7, 7, 7, 5, 5}));
}

TEST_F(ReferenceTest, TheGateOfGluIsTheSecondMap) {
  auto results = run(
      R"(func.func @f(%x: tensor<?x?x1xf32>, %w1: tensor<1x1xf32>, %w2: tensor<1x1xf32>, %b1: tensor<1xf32>, %b2: tensor<1xf32>) -> tensor<?x?x1xf32> {
        %y = ssm.glu %x, %w1, %w2 bias %b1, %b2 : (tensor<?x?x1xf32>, tensor<1x1xf32>, tensor<1x1xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<?x?x1xf32>
        return %y : tensor<?x?x1xf32>
      })",
      {floats({1, 3, 1}, {2, 1000, -1000}), floats({1, 1}, {3}),
       floats({1, 1}, {1}), floats({1}, {1}), floats({1}, {-2})});
  // 7 sigmoid(0), 3001 sigmoid(998), -2999 sigmoid(-1002): neither overflows.
  expectClose(results[0], floats({1, 3, 1}, {3.5, 3001, 0}));
}

TEST_F(ReferenceTest, GeluIsTheTanhForm) {
  auto results = run(R"(func.func @f(%x: tensor<4xf32>) -> tensor<4xf32> {
        %y = ssm.gelu %x : tensor<4xf32>
        return %y : tensor<4xf32>
      })",
                     {floats({4}, {0, 1, -20, NaN})});
  // jax.nn.gelu(1.0); the erf form gives 0.8413447460685429.
  expectClose(results[0], floats({4}, {0, 0.8411919906082768, 0, NaN}));
}

TEST_F(ReferenceTest, AddSpreadsOneFeature) {
  auto results = run(
      R"(func.func @f(%a: tensor<?x?x2xf32>, %b: tensor<?x?x1xf32>) -> tensor<?x?x2xf32> {
        %y = ssm.add %a, %b : (tensor<?x?x2xf32>, tensor<?x?x1xf32>) -> tensor<?x?x2xf32>
        return %y : tensor<?x?x2xf32>
      })",
      {floats({1, 2, 2}, {1, 2, 3, 4}), floats({1, 2, 1}, {10, 20})});
  expectClose(results[0], floats({1, 2, 2}, {11, 12, 23, 24}));
}

TEST_F(ReferenceTest, ShiftAddsPerFeature) {
  auto results = run(
      R"(func.func @f(%x: tensor<?x?x2xf32>, %c: tensor<2xf64>) -> tensor<?x?x2xf32> {
        %y = ssm.shift %x by %c : tensor<?x?x2xf32>, tensor<2xf64>
        return %y : tensor<?x?x2xf32>
      })",
      {floats({1, 2, 2}, {1, 2, 3, 4}), floats({2}, {10, -10})});
  expectClose(results[0], floats({1, 2, 2}, {11, -8, 13, -6}));
}

TEST_F(ReferenceTest, EpiloguesScaleSkipAndGate) {
  auto results = run(
      R"(func.func @f(%x: tensor<?x?x2xf32>, %u: tensor<?x?x2xf32>, %c: tensor<2xf64>) -> (tensor<?x?x2xf32>, tensor<?x?x2xf32>, tensor<?x?x2xf32>) {
        %scaled = ssm.scale %x by %c : tensor<?x?x2xf32>, tensor<2xf64>
        %skipped = ssm.skip %x, %u by %c : tensor<?x?x2xf32>, tensor<2xf64>
        %gated = ssm.gate %x, %u : tensor<?x?x2xf32>
        return %scaled, %skipped, %gated : tensor<?x?x2xf32>, tensor<?x?x2xf32>, tensor<?x?x2xf32>
      })",
      {floats({1, 1, 2}, {2, 3}), floats({1, 1, 2}, {0, std::log(3.0)}),
       floats({2}, {10, -1})});
  expectClose(results[0], floats({1, 1, 2}, {20, -3}));
  expectClose(results[1], floats({1, 1, 2}, {2, 3 - std::log(3.0)}));
  expectClose(results[2], floats({1, 1, 2}, {1, 2.25}));
}

TEST_F(ReferenceTest, BatchNormUsesTheRunningStatistics) {
  auto results = run(
      R"(func.func @f(%x: tensor<?x?x2xf32>, %m: tensor<2xf32>, %v: tensor<2xf32>) -> tensor<?x?x2xf32> {
        %y = ssm.batch_norm %x, %m, %v epsilon 0.25 : tensor<?x?x2xf32>, tensor<2xf32>, tensor<2xf32>
        return %y : tensor<?x?x2xf32>
      })",
      {floats({1, 2, 2}, {1, 2, 3, 4}), floats({2}, {1, 0}),
       floats({2}, {0.75, 3.75})});
  expectClose(results[0], floats({1, 2, 2}, {0, 1, 2, 2}));
}

static const char *const kMeanPool =
    R"(func.func @f(%x: tensor<?x?x2xf32>, %s: tensor<?x2xf64>, %n: tensor<?xi64>) -> (tensor<?x2xf32>, tensor<?x2xf64>, tensor<?xi64>) {
      %y, %s1, %n1 = ssm.mean_pool %x, %s, %n : tensor<?x?x2xf32>, tensor<?x2xf64>, tensor<?xi64> -> tensor<?x2xf32>
      return %y, %s1, %n1 : tensor<?x2xf32>, tensor<?x2xf64>, tensor<?xi64>
    })";

TEST_F(ReferenceTest, MeanPoolGoesOnFromItsCarriedSums) {
  auto results =
      run(kMeanPool, {floats({2, 1, 2}, {1, 2, 3, 4}),
                      floats({2, 2}, {0, 0, 9, 8}), ints({2}, {0, 2})});
  expectClose(results[0], floats({2, 2}, {1, 2, 4, 4}));
  expectClose(results[1], floats({2, 2}, {1, 2, 12, 12}));
  expectInts(results[2], ints({2}, {1, 3}));
}

TEST_F(ReferenceTest, TheMeanOfNothingIsNaN) {
  auto results = run(kMeanPool, {floats({1, 0, 2}, {}), floats({1, 2}, {0, 0}),
                                 ints({1}, {0})});
  expectClose(results[0], floats({1, 2}, {NaN, NaN}));
}

TEST_F(ReferenceTest, LogSoftmaxDoesNotOverflowAndKeepsNaN) {
  auto results = run(R"(func.func @f(%x: tensor<3x2xf32>) -> tensor<3x2xf32> {
        %y = ssm.log_softmax %x : tensor<3x2xf32>
        return %y : tensor<3x2xf32>
      })",
                     {floats({3, 2}, {1000, 1000, 0, std::log(3.0), 1, NaN})});
  expectClose(results[0],
              floats({3, 2}, {-std::log(2.0), -std::log(2.0), -std::log(4.0),
                              std::log(0.75), NaN, NaN}));
}

TEST_F(ReferenceTest, PackPanelsPutsBothPlanesInAPanel) {
  auto results = run(
      R"(func.func @f(%w: tensor<4x3xf64>) -> (tensor<1x3x16xf32>, tensor<1x3x16xf32>) {
        %plain = ssm.pack_panels %w : tensor<4x3xf64> -> tensor<1x3x16xf32>
        %paired = ssm.pack_panels %w {paired_out} : tensor<4x3xf64> -> tensor<1x3x16xf32>
        return %plain, %paired : tensor<1x3x16xf32>, tensor<1x3x16xf32>
      })",
      {floats({4, 3}, {0, 1, 2, 10, 11, 12, 20, 21, 22, 30, 31, 32})});
  Tensor plain = Tensor::ofFloats({1, 3, 16}), paired = plain;
  for (int k = 0; k < 3; ++k)
    for (int row = 0; row < 4; ++row) {
      plain.floats()[16 * k + row] = 10 * row + k;
      // Rows 0 and 1 are the first plane, 2 and 3 the second.
      paired.floats()[16 * k + (row < 2 ? row : 8 + row - 2)] = 10 * row + k;
    }
  expectClose(results[0], plain);
  expectClose(results[1], paired);
}

//===----------------------------------------------------------------------===//
// Training form
//===----------------------------------------------------------------------===//

TEST_F(ReferenceTest, SplitKeyIsJaxRandomSplit) {
  auto results = run(
      R"(func.func @f(%k: tensor<?x2xi32>) -> (tensor<?x2xi32>, tensor<?x2xi32>) {
        %a = ssm.split_key %k[0 of 2] : tensor<?x2xi32>
        %b = ssm.split_key %k[1 of 2] : tensor<?x2xi32>
        return %a, %b : tensor<?x2xi32>, tensor<?x2xi32>
      })",
      {ints({1, 2}, {0, 0})});
  // jax.random.split(jax.random.key(0)): [[1797259609, 2579123966],
  // [928981903, 3453687069]].
  expectInts(results[0], ints({1, 2}, {1797259609, int32_t(2579123966u)}));
  expectInts(results[1], ints({1, 2}, {928981903, int32_t(3453687069u)}));
}

static std::string dropout(const std::string &rate) {
  return R"(func.func @f(%x: tensor<?x4xf32>, %k: tensor<?x2xi32>) -> tensor<?x4xf32> {
    %y = ssm.dropout %x, %k rate )" +
         rate + R"( : tensor<?x4xf32>, tensor<?x2xi32>
    return %y : tensor<?x4xf32>
  })";
}

TEST_F(ReferenceTest, DropoutScalesWhatItKeeps) {
  auto results =
      run(dropout("5.0e-01"), {floats({2, 4}, {1, 1, 1, 1, 1, 1, 1, 1}),
                               ints({2, 2}, {0, 0, 0, 0})});
  const std::vector<double> &y = results[0].floats();
  int kept = 0;
  for (int i = 0; i < 4; ++i) {
    EXPECT_TRUE(y[i] == 0 || y[i] == 2) << y[i];
    EXPECT_EQ(y[i], y[i + 4]) << "one key, one mask";
    kept += y[i] != 0;
  }
  EXPECT_GT(kept, 0);
  EXPECT_LT(kept, 4);
}

TEST_F(ReferenceTest, DropoutAtItsEndsKeepsOrDropsAll) {
  SmallVector<Tensor> arguments{floats({1, 4}, {1, 2, 3, NaN}),
                                ints({1, 2}, {3, 4})};
  expectClose(run(dropout("0.0"), arguments)[0], arguments[0]);
  expectClose(run(dropout("1.0"), arguments)[0], floats({1, 4}, {0, 0, 0, 0}));
}

TEST_F(ReferenceTest, TrainingNormUsesItsNewStatistics) {
  const char *source =
      R"(func.func @f(%x: tensor<?x?x1xf32>, %m: tensor<1xf32>, %v: tensor<1xf32>, %first: tensor<i1>) -> (tensor<?x?x1xf32>, tensor<1xf32>, tensor<1xf32>) {
        %y, %m1, %v1 = ssm.batch_norm_training %x, %m, %v, %first epsilon 1.0e-30 momentum 0.75
          : tensor<?x?x1xf32>, tensor<1xf32>, tensor<1xf32>, tensor<i1>
        return %y, %m1, %v1 : tensor<?x?x1xf32>, tensor<1xf32>, tensor<1xf32>
      })";
  // Over batch and time: mean 4, biased variance 4.
  Tensor x = floats({2, 1, 1}, {2, 6});
  auto first =
      run(source, {x, floats({1}, {NaN}), floats({1}, {NaN}), ints({}, {1})});
  expectClose(first[0], floats({2, 1, 1}, {-1, 1}));
  expectClose(first[1], floats({1}, {4}));
  expectClose(first[2], floats({1}, {4}));
  auto later =
      run(source, {x, floats({1}, {0}), floats({1}, {0}), ints({}, {0})});
  expectClose(later[0], floats({2, 1, 1}, {1, 5}));
  expectClose(later[1], floats({1}, {1}));
  expectClose(later[2], floats({1}, {1}));
}
