//===- ReferenceInterfacesTest.cpp - What interfaces emit, run in f64 -----===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

//
// The scalar code that the dialect's interfaces emit for one step of a scan
// and for one feature of an epilogue computes what the operation means.
//
//===----------------------------------------------------------------------===//

#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "test/unit/ReferenceTest.h"

using namespace mlir;
using namespace ssmc;
using namespace ssmc::reference;

namespace {
class InterfacesTest : public ReferenceTest {
protected:
  /// Runs a function of f32 scalars whose body `build` emits.
  std::vector<double> runScalars(
      ArrayRef<double> arguments,
      function_ref<SmallVector<Value>(ImplicitLocOpBuilder &, ValueRange)>
          build) {
    ImplicitLocOpBuilder builder(UnknownLoc::get(&context), &context);
    OwningOpRef<ModuleOp> scalars = ModuleOp::create(builder.getLoc());
    builder.setInsertionPointToEnd(scalars->getBody());
    SmallVector<Type> types(arguments.size(), builder.getF32Type());
    auto function = func::FuncOp::create(builder, "scalars",
                                         builder.getFunctionType(types, {}));
    builder.setInsertionPointToEnd(function.addEntryBlock());
    SmallVector<Value> results = build(builder, function.getArguments());
    func::ReturnOp::create(builder, results);
    function.setType(
        builder.getFunctionType(types, ValueRange(results).getTypes()));
    SmallVector<Tensor> values;
    for (double argument : arguments)
      values.push_back(floats({}, {argument}));
    auto found = interpret(function, values);
    EXPECT_TRUE(succeeded(found));
    std::vector<double> numbers;
    if (succeeded(found))
      for (const Tensor &tensor : *found)
        numbers.push_back(tensor.floats().front());
    return numbers;
  }

  template <typename Op> Op find() {
    Op found;
    module->walk([&](Op op) { found = op; });
    return found;
  }
};
} // namespace

TEST_F(InterfacesTest, DiagonalStep) {
  auto expected = run(
      R"(func.func @f(%f: tensor<?x?x2xf32>, %s: tensor<?x2x1xf32>, %re: tensor<1xf64>, %im: tensor<1xf64>) -> tensor<?x2x1xf32> {
        %y, %s1 = ssm.scan diagonal %f, %s coefficients(%re, %im : tensor<1xf64>, tensor<1xf64>) : tensor<?x?x2xf32>, tensor<?x2x1xf32>
        return %s1 : tensor<?x2x1xf32>
      })",
      {floats({1, 1, 2}, {5, 7}), floats({1, 2, 1}, {2, 3}),
       floats({1}, {0.75}), floats({1}, {0.5})});
  auto scan = find<ScanOp>();
  EXPECT_EQ(scan.getNumModes(), 1);
  EXPECT_EQ(scan.getStatesPerMode(), 1);
  ASSERT_EQ(scan.getCrossPlaneCoefficient(), 1);

  // The cross coefficient is subtracted on the real plane. Coefficients split
  // in two act as their sum.
  auto found =
      runScalars({5, 7, 2, 3, 0.75, 0.5}, [&](ImplicitLocOpBuilder &builder,
                                              ValueRange v) {
        Value part =
            arith::ConstantOp::create(builder, builder.getF32FloatAttr(0.125));
        Value less = arith::SubFOp::create(builder, v[4], part);
        Value minus = arith::NegFOp::create(builder, v[5]);
        Value zero =
            arith::ConstantOp::create(builder, builder.getF32FloatAttr(0));
        SmallVector<Value> re =
            scan.buildStep(builder, builder.getLoc(), v[0], v[2], {less, minus},
                           {part, zero}, [&](Value) { return v[3]; });
        SmallVector<Value> im =
            scan.buildStep(builder, builder.getLoc(), v[1], v[3], {v[4], v[5]},
                           {}, [&](Value) { return v[2]; });
        EXPECT_EQ(re.size(), 2u);
        EXPECT_EQ(re[0], re[1]) << "the output is the new state";
        return SmallVector<Value>{re[1], im[1]};
      });
  EXPECT_EQ(found, expected[0].floats());
}

TEST_F(InterfacesTest, OscillatorStep) {
  auto expected = run(
      R"(func.func @f(%f: tensor<?x?x2xf32>, %s: tensor<?x2x2x1xf32>, %k1: tensor<1xf64>, %k2: tensor<1xf64>, %dt: tensor<1xf64>) -> (tensor<?x?x2xf32>, tensor<?x2x2x1xf32>) {
        %y, %s1 = ssm.scan oscillator %f, %s coefficients(%k1, %k2, %dt : tensor<1xf64>, tensor<1xf64>, tensor<1xf64>) : tensor<?x?x2xf32>, tensor<?x2x2x1xf32>
        return %y, %s1 : tensor<?x?x2xf32>, tensor<?x2x2x1xf32>
      })",
      {floats({1, 1, 2}, {5, 0}), floats({1, 2, 2, 1}, {2, 0, 3, 0}),
       floats({1}, {0.75}), floats({1}, {0.5}), floats({1}, {0.25})});
  auto scan = find<ScanOp>();
  EXPECT_EQ(scan.getStatesPerMode(), 2);
  EXPECT_EQ(scan.getCrossPlaneCoefficient(), -1);
  auto found =
      runScalars({5, 2, 3, 0.75, 0.5, 0.25}, [&](ImplicitLocOpBuilder &builder,
                                                 ValueRange v) {
        return scan.buildStep(builder, builder.getLoc(), v[0], v.slice(1, 2),
                              v.slice(3, 3), {}, [](Value v) { return v; });
      });
  ASSERT_EQ(found.size(), 3u);
  EXPECT_EQ(found[0], expected[0].floats()[0]);
  EXPECT_EQ(found[1], expected[1].floats()[0]);
  EXPECT_EQ(found[2], expected[1].floats()[2]);
}

/// Every pointwise layer, on one feature.
TEST_F(InterfacesTest, Epilogues) {
  auto expected = run(
      R"(func.func @f(%x: tensor<1xf32>, %u: tensor<1xf32>, %c: tensor<1xf32>) -> (tensor<1xf32>, tensor<1xf32>, tensor<1xf32>, tensor<1xf32>, tensor<1xf32>, tensor<1xf32>) {
        %0 = ssm.gelu %x : tensor<1xf32>
        %1 = ssm.add %x, %u : (tensor<1xf32>, tensor<1xf32>) -> tensor<1xf32>
        %2 = ssm.shift %x by %c : tensor<1xf32>, tensor<1xf32>
        %3 = ssm.scale %x by %c : tensor<1xf32>, tensor<1xf32>
        %4 = ssm.skip %x, %u by %c : tensor<1xf32>, tensor<1xf32>
        %5 = ssm.gate %x, %u : tensor<1xf32>
        return %0, %1, %2, %3, %4, %5 : tensor<1xf32>, tensor<1xf32>, tensor<1xf32>, tensor<1xf32>, tensor<1xf32>, tensor<1xf32>
      })",
      {floats({1}, {-0.75}), floats({1}, {1.5}), floats({1}, {3})});
  auto function = module->lookupSymbol<func::FuncOp>("f");
  auto found = runScalars(
      {-0.75, 1.5, 3}, [&](ImplicitLocOpBuilder &builder, ValueRange v) {
        SmallVector<Value> results;
        for (auto op : function.getOps<PointwiseOpInterface>()) {
          SmallVector<Value> sequences, features;
          auto take = [&](OperandRange from, SmallVectorImpl<Value> &to) {
            for (Value operand : from)
              to.push_back(v[cast<BlockArgument>(operand).getArgNumber()]);
          };
          take(op.getSequenceOperands(), sequences);
          take(op.getFeatureOperands(), features);
          results.push_back(
              op.buildLanes(builder, builder.getLoc(), sequences, features));
        }
        return results;
      });
  ASSERT_EQ(found.size(), expected.size());
  // Constants are f32.
  for (auto [scalar, tensor] : llvm::zip_equal(found, expected))
    EXPECT_NEAR(scalar, tensor.floats().front(), 1e-7);
}
