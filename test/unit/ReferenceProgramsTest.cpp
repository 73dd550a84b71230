//===- ReferenceProgramsTest.cpp - Arithmetic, structure and errors -------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "test/unit/ReferenceTest.h"

using namespace mlir;
using namespace ssmc::reference;

TEST_F(ReferenceTest, RoundingIsTheIdentity) {
  auto results =
      run(R"(func.func @f(%x: tensor<2xf64>) -> (tensor<2xf64>, tensor<2xf64>) {
        %hi = arith.truncf %x : tensor<2xf64> to tensor<2xf32>
        %back = arith.extf %hi : tensor<2xf32> to tensor<2xf64>
        %lo = arith.subf %x, %back : tensor<2xf64>
        return %back, %lo : tensor<2xf64>, tensor<2xf64>
      })",
          {floats({2}, {0.1, 1e300})});
  expectClose(results[0], floats({2}, {0.1, 1e300}), 0);
  expectClose(results[1], floats({2}, {0, 0}), 0);
}

TEST_F(ReferenceTest, MaximumAndMinimumKeepNaN) {
  auto results = run(
      R"(func.func @f(%x: tensor<2xf64>) -> (tensor<2xf64>, tensor<2xf64>, tensor<2xf64>) {
        %c = arith.constant dense<0.0> : tensor<2xf64>
        %max = arith.maximumf %x, %c : tensor<2xf64>
        %min = arith.minimumf %c, %x : tensor<2xf64>
        %less = arith.cmpf olt, %x, %c : tensor<2xf64>
        %selected = arith.select %less, %x, %c : tensor<2xi1>, tensor<2xf64>
        return %max, %min, %selected : tensor<2xf64>, tensor<2xf64>, tensor<2xf64>
      })",
      {floats({2}, {-1, NAN})});
  expectClose(results[0], floats({2}, {0, NAN}));
  expectClose(results[1], floats({2}, {-1, NAN}));
  expectClose(results[2], floats({2}, {-1, 0}));
}

TEST_F(ReferenceTest, ElementaryFunctionsAreTheLibrarys) {
  auto results = run(R"(func.func @f(%x: f64) -> (f64, f64, f64, f64) {
        %a = math.expm1 %x : f64
        %b = math.tanh %a : f64
        %c = math.fma %a, %b, %x : f64
        %d = math.rsqrt %x : f64
        return %a, %b, %c, %d : f64, f64, f64, f64
      })",
                     {floats({}, {1e-9})});
  EXPECT_EQ(results[0].floats()[0], std::expm1(1e-9));
  EXPECT_EQ(results[1].floats()[0], std::tanh(std::expm1(1e-9)));
  EXPECT_EQ(results[2].floats()[0],
            std::fma(std::expm1(1e-9), std::tanh(std::expm1(1e-9)), 1e-9));
  EXPECT_EQ(results[3].floats()[0], 1 / std::sqrt(1e-9));
}

TEST_F(ReferenceTest, IntegersWrapAtTheirWidth) {
  auto results = run(R"(func.func @f(%x: i32) -> (i32, i32, i32, i64, i1, i32) {
        %one = arith.constant 1 : i32
        %sum = arith.addi %x, %one : i32
        %shift = arith.shrui %sum, %one : i32
        %signed = arith.shrsi %sum, %one : i32
        %wide = arith.extui %sum : i32 to i64
        %less = arith.cmpi ult, %x, %sum : i32
        %zero = arith.subi %one, %one : i32
        %nothing = arith.divsi %x, %zero : i32
        return %sum, %shift, %signed, %wide, %less, %nothing : i32, i32, i32, i64, i1, i32
      })",
                     {ints({}, {2147483647})});
  EXPECT_EQ(results[0].ints()[0], -2147483648ll);
  EXPECT_EQ(results[1].ints()[0], 1 << 30);
  EXPECT_EQ(results[2].ints()[0], -(1 << 30));
  EXPECT_EQ(results[3].ints()[0], 1ll << 31);
  EXPECT_EQ(results[4].ints()[0], 1);
  EXPECT_EQ(results[5].ints()[0], 0);
}

TEST_F(ReferenceTest, GenericReducesAndTransposes) {
  auto results = run(
      R"(func.func @f(%x: tensor<?x3xf32>, %bias: tensor<?xf64>) -> (tensor<?xf64>, tensor<3x?xf64>) {
        %c0 = arith.constant 0 : index
        %rows = tensor.dim %x, %c0 : tensor<?x3xf32>
        %ten = arith.constant 10.0 : f64
        %sums = linalg.generic {
            indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i)>],
            iterator_types = ["parallel", "reduction"]}
            ins(%x : tensor<?x3xf32>) outs(%bias : tensor<?xf64>) {
        ^bb0(%e: f32, %sum: f64):
          %w = arith.extf %e : f32 to f64
          %p = math.fma %w, %ten, %sum : f64
          linalg.yield %p : f64
        } -> tensor<?xf64>
        %empty = tensor.empty(%rows) : tensor<3x?xf64>
        %turned = linalg.generic {
            indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i)>, affine_map<(i, j) -> (j, i)>],
            iterator_types = ["parallel", "parallel"]}
            ins(%x, %bias : tensor<?x3xf32>, tensor<?xf64>) outs(%empty : tensor<3x?xf64>) {
        ^bb0(%e: f32, %b: f64, %o: f64):
          %j = linalg.index 1 : index
          %i = arith.index_cast %j : index to i64
          %r = arith.sitofp %i : i64 to f64
          %w = arith.extf %e : f32 to f64
          %p = arith.addf %w, %b : f64
          %q = arith.addf %p, %r : f64
          linalg.yield %q : f64
        } -> tensor<3x?xf64>
        return %sums, %turned : tensor<?xf64>, tensor<3x?xf64>
      })",
      {floats({2, 3}, {1, 2, 3, 4, 5, 6}), floats({2}, {100, 200})});
  expectClose(results[0], floats({2}, {160, 350}));
  expectClose(results[1], floats({3, 2}, {101, 204, 103, 206, 105, 208}));
}

TEST_F(ReferenceTest, NamedStructuredOperationsRun) {
  auto results = run(
      R"(func.func @f(%x: tensor<2x2xf64>, %row: tensor<2xf64>) -> (tensor<2x2xf64>, tensor<2x2xf64>, tensor<2x2xf64>) {
        %zero = arith.constant 0.0 : f64
        %empty = tensor.empty() : tensor<2x2xf64>
        %zeros = linalg.fill ins(%zero : f64) outs(%empty : tensor<2x2xf64>) -> tensor<2x2xf64>
        %product = linalg.matmul ins(%x, %x : tensor<2x2xf64>, tensor<2x2xf64>) outs(%zeros : tensor<2x2xf64>) -> tensor<2x2xf64>
        %turned = linalg.transpose ins(%x : tensor<2x2xf64>) outs(%empty : tensor<2x2xf64>) permutation = [1, 0]
        %spread = linalg.broadcast ins(%row : tensor<2xf64>) outs(%empty : tensor<2x2xf64>) dimensions = [0]
        return %product, %turned, %spread : tensor<2x2xf64>, tensor<2x2xf64>, tensor<2x2xf64>
      })",
      {floats({2, 2}, {1, 2, 3, 4}), floats({2}, {5, 6})});
  expectClose(results[0], floats({2, 2}, {7, 10, 15, 22}));
  expectClose(results[1], floats({2, 2}, {1, 3, 2, 4}));
  expectClose(results[2], floats({2, 2}, {5, 6, 5, 6}));
}

TEST_F(ReferenceTest, TensorsAreCutAndJoined) {
  auto results = run(
      R"(func.func @f(%x: tensor<2x3xf64>) -> (tensor<2xf64>, tensor<2x4xf64>, tensor<2x3xf64>, tensor<4x3xf64>, tensor<1x2x3xf64>, tensor<6xf64>, tensor<2x2xf64>) {
        %zero = arith.constant 0.0 : f64
        %column = tensor.extract_slice %x[0, 1] [2, 1] [1, 1] : tensor<2x3xf64> to tensor<2xf64>
        %as_matrix = tensor.expand_shape %column [[0, 1]] output_shape [2, 1] : tensor<2xf64> into tensor<2x1xf64>
        %joined = tensor.concat dim(1) %x, %as_matrix : (tensor<2x3xf64>, tensor<2x1xf64>) -> tensor<2x4xf64>
        %inserted = tensor.insert_slice %column into %x[0, 2] [2, 1] [1, 1] : tensor<2xf64> into tensor<2x3xf64>
        %padded = tensor.pad %x low[1, 0] high[1, 0] {
        ^bb0(%i: index, %j: index):
          tensor.yield %zero : f64
        } : tensor<2x3xf64> to tensor<4x3xf64>
        %three = tensor.expand_shape %x [[0, 1], [2]] output_shape [1, 2, 3] : tensor<2x3xf64> into tensor<1x2x3xf64>
        %flat = tensor.collapse_shape %x [[0, 1]] : tensor<2x3xf64> into tensor<6xf64>
        %strided = tensor.extract_slice %x[0, 0] [2, 2] [1, 2] : tensor<2x3xf64> to tensor<2x2xf64>
        return %column, %joined, %inserted, %padded, %three, %flat, %strided : tensor<2xf64>, tensor<2x4xf64>, tensor<2x3xf64>, tensor<4x3xf64>, tensor<1x2x3xf64>, tensor<6xf64>, tensor<2x2xf64>
      })",
      {floats({2, 3}, {1, 2, 3, 4, 5, 6})});
  expectClose(results[0], floats({2}, {2, 5}));
  expectClose(results[1], floats({2, 4}, {1, 2, 3, 2, 4, 5, 6, 5}));
  expectClose(results[2], floats({2, 3}, {1, 2, 2, 4, 5, 5}));
  expectClose(results[3], floats({4, 3}, {0, 0, 0, 1, 2, 3, 4, 5, 6, 0, 0, 0}));
  expectClose(results[4], floats({1, 2, 3}, {1, 2, 3, 4, 5, 6}));
  expectClose(results[5], floats({6}, {1, 2, 3, 4, 5, 6}));
  expectClose(results[6], floats({2, 2}, {1, 3, 4, 6}));
}

TEST_F(ReferenceTest, BlocksCaptureAndFunctionsAreCalled) {
  auto results = run(
      R"(func.func private @twice(%x: tensor<?x?x1xf32>) -> tensor<?x?x1xf32> {
        %y = ssm.add %x, %x : (tensor<?x?x1xf32>, tensor<?x?x1xf32>) -> tensor<?x?x1xf32>
        return %y : tensor<?x?x1xf32>
      }
      func.func @f(%x: tensor<?x?x1xf32>, %s: tensor<?x2x1xf32>) -> (tensor<?x?x1xf32>, tensor<?x2x1xf32>) {
        %c = arith.constant dense<5.0> : tensor<1xf64>
        %y, %s1 = ssm.block "layers.0" (%x, %s) : (tensor<?x?x1xf32>, tensor<?x2x1xf32>) -> (tensor<?x?x1xf32>, tensor<?x2x1xf32>) {
        ^bb0(%u: tensor<?x?x1xf32>, %t: tensor<?x2x1xf32>):
          %v = ssm.shift %u by %c : tensor<?x?x1xf32>, tensor<1xf64>
          ssm.yield %v, %t : tensor<?x?x1xf32>, tensor<?x2x1xf32>
        }
        %z = call @twice(%y) : (tensor<?x?x1xf32>) -> tensor<?x?x1xf32>
        return %z, %s1 : tensor<?x?x1xf32>, tensor<?x2x1xf32>
      })",
      {floats({1, 1, 1}, {1}), floats({1, 2, 1}, {7, 8})});
  expectClose(results[0], floats({1, 1, 1}, {12}));
  expectClose(results[1], floats({1, 2, 1}, {7, 8}));
}

TEST_F(ReferenceTest, ParametersComeFromTheModuleOrTheCaller) {
  const char *source = R"(
      func.func @f() -> (tensor<2xf32>, tensor<i1>, tensor<2xf64>) {
        %p = ssm.parameter "p" = dense_resource<data> : tensor<2xf32>
        %q = ssm.parameter "q" = dense_resource<flag> : tensor<i1>
        %r = ssm.parameter "r" : tensor<2xf64>
        return %p, %q, %r : tensor<2xf32>, tensor<i1>, tensor<2xf64>
      }
      {-# dialect_resources: { builtin: {
        data: "0x040000000000803F00000040", flag: "0x0100000001"
      } } #-})";
  Options options;
  options.parameters["r"] = floats({2}, {5, 6});
  auto results = run(source, {}, options);
  expectClose(results[0], floats({2}, {1, 2}));
  expectInts(results[1], ints({}, {1}));
  expectClose(results[2], floats({2}, {5, 6}));
}

TEST_F(ReferenceTest, TheObserverSeesEveryResult) {
  std::vector<std::string> seen;
  Options options;
  auto observe = [&](Operation *op, ArrayRef<Tensor> results) {
    seen.push_back(op->getName().getStringRef().str());
    EXPECT_EQ(results.size(), op->getNumResults());
  };
  options.observer = observe;
  run(R"(func.func @f(%x: tensor<?x?x1xf32>) -> tensor<?x?x1xf32> {
        %y = ssm.block "layers.0" (%x) : (tensor<?x?x1xf32>) -> tensor<?x?x1xf32> {
        ^bb0(%u: tensor<?x?x1xf32>):
          %v = ssm.gelu %u : tensor<?x?x1xf32>
          ssm.yield %v : tensor<?x?x1xf32>
        }
        return %y : tensor<?x?x1xf32>
      })",
      {floats({1, 1, 1}, {1})}, options);
  EXPECT_EQ(seen, std::vector<std::string>({"ssm.gelu", "ssm.block"}));
}

//===----------------------------------------------------------------------===//
// Errors
//===----------------------------------------------------------------------===//

TEST_F(ReferenceTest, UnknownOperationsAreNamed) {
  EXPECT_EQ(runForError(R"(func.func @f(%c: i1) {
        scf.if %c { scf.yield }
        return
      })",
                        {ints({}, {1})}),
            "'scf.if' op is not known to the reference interpreter, which runs "
            "model-level and recurrence-level IR");
}

TEST_F(ReferenceTest, ElidedWeightsAreNamed) {
  EXPECT_EQ(runForError(R"(func.func @f() -> tensor<2xf32> {
        %p = ssm.parameter "layers.0.w" = dense_resource<lost> : tensor<2xf32>
        return %p : tensor<2xf32>
      })",
                        {}),
            "'ssm.parameter' op 'layers.0.w' needs the resource 'lost', which "
            "the IR only names: it was printed without its data");
}

TEST_F(ReferenceTest, UnboundParametersAreNamed) {
  EXPECT_EQ(runForError(R"(func.func @f() -> tensor<2xf32> {
        %p = ssm.parameter "layers.0.w" : tensor<2xf32>
        return %p : tensor<2xf32>
      })",
                        {}),
            "'ssm.parameter' op 'layers.0.w' has no value; it is bound when "
            "the compiled model is loaded");
}

TEST_F(ReferenceTest, ResourcesOfAnotherSizeAreRefused) {
  EXPECT_EQ(runForError(R"(func.func @f() -> tensor<2xf32> {
        %p = ssm.parameter "p" = dense_resource<data> : tensor<2xf32>
        return %p : tensor<2xf32>
      }
      {-# dialect_resources: { builtin: { data: "0x040000000000803F" } } #-})",
                        {}),
            "'ssm.parameter' op 'p' has 4 bytes; 'tensor<2xf32>' has 8");
}

TEST_F(ReferenceTest, ArgumentsMustHaveTheirTypes) {
  const char *source = "func.func @f(%x: tensor<?x2xf32>) { return }";
  EXPECT_EQ(runForError(source, {floats({1, 3}, {1, 2, 3})}),
            "'func.func' op argument #0 has type 'tensor<?x2xf32>'; given "
            "float[1, 3]");
  EXPECT_EQ(runForError(source, {ints({1, 2}, {1, 2})}),
            "'func.func' op argument #0 has type 'tensor<?x2xf32>'; given "
            "int[1, 2]");
  EXPECT_EQ(runForError(source, {floats({1, 2}, {1})}),
            "'func.func' op is given float[1, 2] with 1 elements");
  EXPECT_EQ(runForError(source, {}),
            "'func.func' op takes 1 arguments; given 0");
}

TEST_F(ReferenceTest, DynamicSizesMustAgree) {
  EXPECT_EQ(
      runForError(
          R"(func.func @f(%a: tensor<?x?x1xf32>, %b: tensor<?x?x1xf32>) -> tensor<?x?x1xf32> {
        %y = ssm.add %a, %b : (tensor<?x?x1xf32>, tensor<?x?x1xf32>) -> tensor<?x?x1xf32>
        return %y : tensor<?x?x1xf32>
      })",
          {floats({1, 2, 1}, {1, 2}), floats({2, 1, 1}, {1, 2})}),
      "'ssm.add' op runs with b of shape [2, 1, 1]; expected [1, 2, 1]");
  EXPECT_EQ(
      runForError(
          R"(func.func @f(%f: tensor<?x?x2xf32>, %s: tensor<?x2x1xf32>, %a: tensor<1xf64>) -> tensor<?x?x2xf32> {
        %y, %s1 = ssm.scan diagonal %f, %s coefficients(%a, %a : tensor<1xf64>, tensor<1xf64>) : tensor<?x?x2xf32>, tensor<?x2x1xf32>
        return %y : tensor<?x?x2xf32>
      })",
          {floats({2, 1, 2}, {1, 2, 3, 4}), floats({1, 2, 1}, {1, 2}),
           floats({1}, {1})}),
      "'ssm.scan' op runs with the state of shape [1, 2, 1]; expected [2, 2, "
      "1]");
}

TEST_F(ReferenceTest, ReadsBeyondTheEndAreRefused) {
  EXPECT_EQ(runForError(R"(func.func @f(%x: tensor<2xf64>) -> tensor<3xf64> {
        %empty = tensor.empty() : tensor<3xf64>
        %y = linalg.generic {indexing_maps = [affine_map<(i) -> (i)>], iterator_types = ["parallel"]}
            outs(%empty : tensor<3xf64>) {
        ^bb0(%o: f64):
          %i = linalg.index 0 : index
          %e = tensor.extract %x[%i] : tensor<2xf64>
          linalg.yield %e : f64
        } -> tensor<3xf64>
        return %y : tensor<3xf64>
      })",
                        {floats({2}, {1, 2})}),
            "'tensor.extract' op reads beyond the end of its tensor");
}

TEST_F(ReferenceTest, SizesBeyondReasonAreRefused) {
  EXPECT_EQ(runForError(R"(func.func @f(%n: index) -> tensor<?x?xf64> {
        %x = tensor.empty(%n, %n) : tensor<?x?xf64>
        return %x : tensor<?x?xf64>
      })",
                        {ints({}, {int64_t(1) << 40})}),
            "'tensor.empty' op makes a tensor of shape [1099511627776, "
            "1099511627776]");
}

TEST_F(ReferenceTest, EndlessRecursionIsRefused) {
  EXPECT_EQ(runForError(R"(func.func @f() {
        call @f() : () -> ()
        return
      })",
                        {}),
            "'func.call' op is deeper than 100 calls");
}

//===----------------------------------------------------------------------===//
// Models
//===----------------------------------------------------------------------===//

static const char *const kModel = R"(
    func.func @model(%x: tensor<?x?x1xf32>, %keys: tensor<?x2xi32> {ssm.keys},
        %s: tensor<?x2x1xf32> {ssm.state = "layers.0"},
        %sums: tensor<?x1xf64> {ssm.state = "layers.1", ssm.pool = "sums"},
        %count: tensor<?xi64> {ssm.state = "layers.1", ssm.pool = "count"})
        -> (tensor<?x1xf32>, tensor<?x2x1xf32>, tensor<?x1xf64>, tensor<?xi64>) {
      %one = arith.constant dense<1.0> : tensor<1xf64>
      %zero = arith.constant dense<0.0> : tensor<1xf64>
      %w = arith.constant dense<2.0> : tensor<1x1xf32>
      %up = arith.constant dense<[[1.0], [0.0]]> : tensor<2x1xf32>
      %down = arith.constant dense<[[1.0, 0.0]]> : tensor<1x2xf32>
      %f = ssm.linear %x, %up : (tensor<?x?x1xf32>, tensor<2x1xf32>) -> tensor<?x?x2xf32>
      %z, %s1 = ssm.scan diagonal %f, %s coefficients(%one, %zero : tensor<1xf64>, tensor<1xf64>) : tensor<?x?x2xf32>, tensor<?x2x1xf32>
      %h = ssm.linear %z, %down : (tensor<?x?x2xf32>, tensor<1x2xf32>) -> tensor<?x?x1xf32>
      %m, %sums1, %count1 = ssm.mean_pool %h, %sums, %count : tensor<?x?x1xf32>, tensor<?x1xf64>, tensor<?xi64> -> tensor<?x1xf32>
      %y = ssm.linear %m, %w : (tensor<?x1xf32>, tensor<1x1xf32>) -> tensor<?x1xf32>
      return %y, %s1, %sums1, %count1 : tensor<?x1xf32>, tensor<?x2x1xf32>, tensor<?x1xf64>, tensor<?xi64>
    })";

TEST_F(ReferenceTest, ModelsStartAtZeroAndGoOnFromTheirStates) {
  auto first = runModel(parse(kModel), floats({1, 2, 1}, {1, 2}));
  ASSERT_TRUE(succeeded(first));
  // An integrator: 1, 3; their mean, doubled.
  expectClose(first->y, floats({1, 1}, {4}));
  expectClose(first->hidden, floats({1, 2, 1}, {1, 3}));
  expectClose(first->states["layers.0"], floats({1, 2, 1}, {3, 0}));
  expectClose(first->states["layers.1.sums"], floats({1, 1}, {4}));
  expectInts(first->states["layers.1.count"], ints({1}, {2}));

  ModelOptions options;
  options.initialStates = first->states;
  auto second = runModel(module.get(), floats({1, 1, 1}, {2}), options);
  ASSERT_TRUE(succeeded(second));
  expectClose(second->y, floats({1, 1}, {6}));
  expectInts(second->states["layers.1.count"], ints({1}, {3}));
}

TEST_F(ReferenceTest, GoldenLayoutPutsModesFirst) {
  expectClose(toGoldenLayout(floats({1, 2, 3}, {1, 2, 3, 4, 5, 6})),
              floats({1, 3, 2}, {1, 4, 2, 5, 3, 6}));
  expectClose(toGoldenLayout(floats({1, 2, 2, 1}, {1, 2, 3, 4})),
              floats({1, 1, 2, 2}, {1, 2, 3, 4}));
  expectClose(toGoldenLayout(floats({1, 2, 2, 2}, {1, 2, 3, 4, 5, 6, 7, 8})),
              floats({1, 2, 2, 2}, {1, 3, 5, 7, 2, 4, 6, 8}));
  // [re, im], 2 modes of 3 channels: channels first, [re, im] last.
  expectClose(toGoldenLayout(floats(
                  {1, 2, 1, 2, 3}, {1, 2, 3, 4, 5, 6, -1, -2, -3, -4, -5, -6})),
              floats({1, 3, 2, 2}, {1, -1, 4, -4, 2, -2, 5, -5, 3, -3, 6, -6}));
}
