//===- ExpandMath.cpp - Elementary functions as polynomials ---------------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Before:
//   %e = math.exp2 %t : vector<16xf32>
//   %s = arith.addf %e, %one : vector<16xf32>
// After, with 2^t = %mantissa * %power:
//   %power = arith.bitcast %shifted : vector<16xi32> to vector<16xf32>
//   %s = math.fma %mantissa, %power, %one : vector<16xf32>
//
//===----------------------------------------------------------------------===//

#include "lib/Transforms/ExpandMathFunctions.h"
#include "lib/Transforms/Passes.h"
#include "mlir/IR/Matchers.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "llvm/ADT/TypeSwitch.h"

namespace ssmc {
#define GEN_PASS_DEF_EXPANDMATH
#include "lib/Transforms/Passes.h.inc"
} // namespace ssmc

using namespace mlir;
using namespace ssmc;

/// Whether `op` computes floats that this pass answers for: f32 and f64.
static bool computesOnF32OrF64(Operation *op) {
  auto answersFor = [](Type type) {
    Type element = getElementTypeOrSelf(type);
    return element.isF32() || element.isF64();
  };
  return llvm::any_of(op->getOperandTypes(), answersFor);
}

/// Whether every CPU of interest computes `op` in instructions of its own, with
/// the same bits.
static bool isNative(Operation *op) {
  return isa<math::AbsFOp, math::CeilOp, math::CopySignOp, math::FloorOp,
             math::FmaOp, math::IsFiniteOp, math::IsInfOp, math::IsNaNOp,
             math::IsNormalOp, math::RoundOp, math::RoundEvenOp, math::RsqrtOp,
             math::SqrtOp, math::TruncOp>(op);
}

/// The constant that every element of `value` is, if it is one.
static std::optional<double> constantOf(Value value) {
  if (FloatAttr scalar; matchPattern(value, m_Constant(&scalar)))
    return scalar.getValueAsDouble();
  if (DenseElementsAttr all;
      matchPattern(value, m_Constant(&all)) && all.isSplat())
    return all.getSplatValue<FloatAttr>().getValueAsDouble();
  return std::nullopt;
}

/// A bound of |value|, NaN aside, that clamping to constants gives, also after
/// products and sums; rounding may exceed it by some units in the last place.
static std::optional<double> magnitudeBound(Value value) {
  using Bound = std::optional<double>;
  if (Bound constant = constantOf(value))
    return std::abs(*constant);
  Operation *op = value.getDefiningOp();
  if (!op)
    return std::nullopt;
  auto bounds = [&]() -> std::optional<SmallVector<double>> {
    SmallVector<double> all;
    for (Value operand : op->getOperands()) {
      Bound bound = magnitudeBound(operand);
      if (!bound)
        return std::nullopt;
      all.push_back(*bound);
    }
    return all;
  };
  return llvm::TypeSwitch<Operation *, Bound>(op)
      .Case([&](arith::MinimumFOp smaller) -> Bound {
        auto larger = smaller.getLhs().getDefiningOp<arith::MaximumFOp>();
        Bound high = constantOf(smaller.getRhs());
        Bound low = larger ? constantOf(larger.getRhs()) : Bound();
        if (!low || !high)
          return std::nullopt;
        return std::max(std::abs(*low), std::abs(*high));
      })
      .Case([&](arith::MulFOp) -> Bound {
        auto of = bounds();
        return of ? Bound((*of)[0] * (*of)[1]) : std::nullopt;
      })
      .Case([&](math::FmaOp) -> Bound {
        auto of = bounds();
        return of ? Bound((*of)[0] * (*of)[1] + (*of)[2]) : std::nullopt;
      })
      .Default([](Operation *) { return std::nullopt; });
}

/// 2^t for hot loops. A product of factors that are clamped already (under
/// gelu) needs no clamp and is not rounded.
static ScaledPower buildFastExp2Of(Elementwise &e, Value t) {
  // Below the limit by more than rounding can exceed the bound.
  std::optional<double> bound = magnitudeBound(t);
  if (auto product = t.getDefiningOp<arith::MulFOp>();
      product && bound && *bound < fastExp2Limit - 0.01)
    return buildFastExp2OfProduct(e, product.getLhs(), product.getRhs());
  return buildFastExp2(e, t);
}

/// Where the power only enters a sum (1 + 2^t, under gelu and sigmoid), its
/// last multiplication and that addition become one FMA.
static Value expandFastExp2(Elementwise &e, math::Exp2Op op) {
  ScaledPower result = buildFastExp2Of(e, op.getOperand());
  for (Operation *user : llvm::make_early_inc_range(op->getUsers())) {
    auto sum = dyn_cast<arith::AddFOp>(user);
    if (!sum || sum.getLhs() == sum.getRhs())
      continue;
    Value other = sum.getLhs() == op ? sum.getRhs() : sum.getLhs();
    OpBuilder atSum(sum);
    Value fused = math::FmaOp::create(atSum, sum.getLoc(), result.mantissa,
                                      result.power, other);
    sum.replaceAllUsesWith(fused);
    sum.erase();
  }
  return op.use_empty() ? result.mantissa
                        : e.mul(result.mantissa, result.power);
}

/// The f64 form `build` of a function, also for f32 by way of f64.
static Value viaF64(Operation *op, Elementwise &e, OpBuilder &builder, Value x,
                    Value (*build)(Elementwise &, Value)) {
  if (e.getElementType().isF64())
    return build(e, x);
  Type wide = builder.getF64Type();
  if (auto shaped = dyn_cast<ShapedType>(x.getType()))
    wide = shaped.clone(wide);
  Elementwise wideBuilder(builder, op->getLoc(), wide);
  Value extended = arith::ExtFOp::create(builder, op->getLoc(), wide, x);
  return arith::TruncFOp::create(builder, op->getLoc(), x.getType(),
                                 build(wideBuilder, extended));
}

/// Builds the values of `op` in front of it; none if there is no expansion.
static SmallVector<Value> expand(OpBuilder &builder, Operation *op) {
  using Values = SmallVector<Value>;
  Value x = op->getOperand(0);
  Elementwise e(builder, op->getLoc(), x.getType());
  return llvm::TypeSwitch<Operation *, Values>(op)
      .Case([&](math::Exp2Op exp2) -> Values {
        if (e.getElementType().isF32())
          return {expandFastExp2(e, exp2)};
        return {buildExp2(e, x)};
      })
      .Case([&](math::ExpOp) { return Values{buildExp(e, x)}; })
      .Case([&](math::ExpM1Op) { return Values{buildExpM1(e, x)}; })
      .Case([&](math::TanhOp) {
        return Values{e.getElementType().isF32() ? buildFastTanh(e, x)
                                                 : buildTanh(e, x)};
      })
      .Case([&](math::LogOp) { return Values{buildLog(e, x)}; })
      .Case([&](math::Log1pOp) { return Values{buildLog1P(e, x)}; })
      .Case([&](math::SinOp) {
        return Values{viaF64(op, e, builder, x, buildSin)};
      })
      .Case([&](math::CosOp) {
        return Values{viaF64(op, e, builder, x, buildCos)};
      })
      .Case([&](math::SincosOp) {
        if (e.getElementType().isF64()) {
          auto [sine, cosine] = buildSinCos(e, x);
          return Values{sine, cosine};
        }
        return Values{viaF64(op, e, builder, x, buildSin),
                      viaF64(op, e, builder, x, buildCos)};
      })
      .Default([](Operation *) { return Values(); });
}

/// Replaces `op` by its expansion.
static LogicalResult replace(Operation *op) {
  auto shaped = dyn_cast<ShapedType>(op->getOperand(0).getType());
  if (shaped && !shaped.hasStaticShape())
    return op->emitOpError() << "on " << shaped
                             << " has no static shape; make it elementwise on "
                                "scalars or vectors before expand-math";
  OpBuilder builder(op);
  SmallVector<Value> values = expand(builder, op);
  if (values.empty())
    return op->emitOpError()
           << "on " << op->getOperand(0).getType()
           << " would become a call of the host's math library, whose bits "
              "differ between machines; expand-math knows exp, exp2, expm1, "
              "log, log1p, sin, cos, sincos and tanh";
  Operation *argument = op->getOperand(0).getDefiningOp();
  op->replaceAllUsesWith(values);
  op->erase();
  if (argument && isOpTriviallyDead(argument))
    argument->erase();
  return success();
}

namespace {
struct ExpandMath : ssmc::impl::ExpandMathBase<ExpandMath> {
  void runOnOperation() override {
    SmallVector<Operation *> found;
    getOperation()->walk([&](Operation *op) {
      if (isa_and_present<math::MathDialect>(op->getDialect()) &&
          computesOnF32OrF64(op) && !isNative(op))
        found.push_back(op);
    });
    for (Operation *op : found)
      if (failed(replace(op)))
        return signalPassFailure();
  }
};
} // namespace
