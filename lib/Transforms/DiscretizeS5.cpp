//===- DiscretizeS5.cpp - S5 in discrete time -----------------------------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Before:
//   %y, %s1 = ssm.s5 %u, %s lambda(%lre, %lim) b(%b) c(%c) d(%d) log_step(%ls)
//   ...
// After:
//   ... A_bar, B_bar = [Re; Im], C' = g [C_re, -C_im] in f64 ...
//   %f = ssm.linear %u, %b_bar
//   %x, %s1 = ssm.scan diagonal %f, %s coefficients(%a_re, %a_im)
//   %c_x = ssm.linear %x, %c_planes
//   %y = ssm.skip %c_x, %u by %d
// With time deltas as an input:
//   %f = ssm.linear %u, %b_planes
//   %a_re, %a_im, %g_re, %g_im = ssm.per_step %dt with(...) {...}
//   %x, %s1 = ssm.scan diagonal %f, %s coefficients(%a_re, %a_im)
//                                      gains(%g_re, %g_im)
//
//===----------------------------------------------------------------------===//

#include "lib/Transforms/ParameterBuilder.h"
#include "lib/Transforms/Passes.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Matchers.h"

namespace ssmc {
#define GEN_PASS_DEF_DISCRETIZES5
#include "lib/Transforms/Passes.h.inc"
} // namespace ssmc

using namespace mlir;
using namespace ssmc;

/// `clip_eigs` of discretax: the largest real part of an eigenvalue.
static constexpr double kLargestRealPart = -1e-4;

namespace {
/// x' = a x + scale B u.
struct Discrete {
  ComplexExpr a, scale;
};
} // namespace

/// Zero-order hold: a = exp(z), scale = (exp(z) - 1) / lambda, z = lambda step.
/// exp(z) - 1 = expm1(x) cos y - 2 sin(y/2)^2 + i exp(x) sin y, for z = x + iy,
/// keeps its digits where z is small.
static Discrete zeroOrderHold(ComplexExpr lambda, Expr step) {
  Expr x = lambda.re * step, y = lambda.im * step;
  Expr growth = exp(x), cosine = cos(y), sine = sin(y);
  ComplexExpr a{growth * cosine, growth * sine};
  ComplexExpr aMinusOne{expm1(x) * cosine - 2.0 * square(sin(0.5 * y)), a.im};
  return {a, aMinusOne / lambda};
}

/// Bilinear: a = (1 + w) / (1 - w), scale = step / (1 - w), w = lambda step/2.
static Discrete bilinear(ComplexExpr lambda, Expr step) {
  Expr half = 0.5 * step;
  Expr re = lambda.re * half, im = lambda.im * half;
  ComplexExpr denominator{1.0 - re, -im};
  return {ComplexExpr{1.0 + re, im} / denominator,
          ComplexExpr{step, step.filled(0)} / denominator};
}

/// The same two where the step comes with the data: it multiplies what `unit`
/// holds of each mode.
static SmallVector<Expr> zeroOrderHoldOf(Expr dt, ArrayRef<Expr> unit) {
  Expr x = unit[0] * dt, halfY = unit[1] * dt;
  // expm1 and one sine and cosine of y/2 give all there is:
  // sin y = 2 sin(y/2) cos(y/2), cos y - 1 = -2 sin(y/2)^2.
  Expr grown = expm1(x);
  auto [sine, cosine] = sincos(halfY);
  Expr twice = sine + sine;
  Expr turned = -(twice * sine), turn = twice * cosine;
  Expr re = fma(grown, turned, grown + turned), im = fma(grown, turn, turn);
  return {1.0 + re, im, fma(re, unit[2], -(im * unit[3])),
          fma(re, unit[3], im * unit[2])};
}

static SmallVector<Expr> bilinearOf(Expr dt, ArrayRef<Expr> unit) {
  Expr re = unit[0] * dt, im = unit[1] * dt, step = unit[2] * dt;
  Expr left = 1.0 - re;
  Expr scale = 1.0 / (square(left) + square(im));
  // (1 + w) / (1 - w) = (1 + w)(1 - conj w) / |1 - w|^2.
  Expr gainScale = step * scale;
  return {fma(1.0 + re, left, -square(im)) * scale, (im + im) * scale,
          gainScale * left, gainScale * im};
}

/// The scan's coefficients and gains for each step.
static void discretizePerStep(S5Op op, ComplexExpr lambda, Expr step,
                              DiscreteMixer &mixer) {
  ImplicitLocOpBuilder atStep(op->getLoc(), op);
  bool zoh = op.getDiscretization() == Discretization::zoh;
  SmallVector<Expr> unit{zoh ? lambda.re * step : 0.5 * (lambda.re * step),
                         0.5 * (lambda.im * step)};
  if (zoh) {
    ComplexExpr inverse = ComplexExpr{step.filled(1), step.filled(0)} / lambda;
    unit.append({inverse.re, inverse.im});
  } else {
    unit.push_back(step);
  }
  SmallVector<Value> values =
      perStep(atStep, op.getDt(), unit, zoh ? zeroOrderHoldOf : bilinearOf);
  mixer.coefficients = {values[0], values[1]};
  mixer.gains = {values[2], values[3]};
}

static void lower(S5Op op) {
  if (getNumFeatures(op.getLambdaRe().getType()) == 0)
    return replaceEmptyMixer(op, op.getU(), op.getState(), op.getD());
  ImplicitLocOpBuilder builder =
      parameterBuilder(op, {op.getLambdaRe(), op.getLambdaIm(), op.getB(),
                            op.getC(), op.getLogStep()});
  ComplexExpr lambda{Expr(builder, op.getLambdaRe()),
                     Expr(builder, op.getLambdaIm())};
  if (op.getClipEigs())
    lambda.re = minimum(lambda.re, lambda.re.filled(kLargestRealPart));
  Expr step = exp(Expr(builder, takeSlice(builder, op.getLogStep(), 1, 0)));
  if (double rescale = op.getStepRescale().convertToDouble(); rescale != 1)
    step = rescale * step;
  DiscreteMixer mixer;
  mixer.kind = ScanKind::diagonal;
  std::optional<ComplexExpr> scale;
  if (op.getDt()) {
    discretizePerStep(op, lambda, step, mixer);
  } else {
    Discrete discrete = op.getDiscretization() == Discretization::zoh
                            ? zeroOrderHold(lambda, step)
                            : bilinear(lambda, step);
    mixer.coefficients = {discrete.a.re.value(), discrete.a.im.value()};
    scale = discrete.scale;
  }
  ComplexExpr b = takePlanes(builder, op.getB());
  if (scale)
    b = scaleRows(*scale, b);
  mixer.outputWeight =
      realPartWeight(takePlanes(builder, op.getC()), op.getConjSym() ? 2 : 1);
  mixer.inputWeight = joinPlanes(b.re, b.im, /*dimension=*/0).value();
  // One of the two directions of a mixer has none.
  if (!matchPattern(op.getD(), m_AnyZeroFloat()))
    mixer.feedThrough = op.getD();
  mixer.reverse = op.getReverse();
  replaceMixer(op, op.getU(), op.getState(), mixer);
}

namespace {
struct DiscretizeS5 : ssmc::impl::DiscretizeS5Base<DiscretizeS5> {
  void runOnOperation() override {
    getOperation()->walk([](S5Op op) { lower(op); });
  }
};
} // namespace
