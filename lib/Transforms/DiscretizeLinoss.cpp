//===- DiscretizeLinoss.cpp - LinOSS in discrete time ---------------------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Before:
//   %y, %s1 = ssm.linoss damped_IMEX %u, %s a_diag(%a) steps(%dt) g_diag(%g)
//   ...
// After:
//   ... k1, k2, dt, k3 B = [Re; Im], C' = [C_re, -C_im] in f64 ...
//   %f = ssm.linear %u, %b_bar
//   %x, %s1 = ssm.scan oscillator %f, %s coefficients(%k1, %k2, %dt)
//   %c_x = ssm.linear %x, %c_planes
//   %y = ssm.skip %c_x, %u by %d
// With time deltas as an input, k1, k2, dt and k3 are of each step, and k3 is
// the scan's gain:
//   %f = ssm.linear %u, %b_planes
//   %k1, %k2, %t, %k3 = ssm.per_step %deltas with(...) {...}
//
//===----------------------------------------------------------------------===//

#include "lib/Transforms/ParameterBuilder.h"
#include "lib/Transforms/Passes.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

namespace ssmc {
#define GEN_PASS_DEF_DISCRETIZELINOSS
#include "lib/Transforms/Passes.h.inc"
} // namespace ssmc

using namespace mlir;
using namespace ssmc;

namespace {
/// z' = k1 z - k2 y + k3 B u, y' = y + dt z'.
struct Oscillator {
  Expr k1, k2, k3;
};
} // namespace

/// k = (1, dt a, dt) / s.
static Oscillator dividedBy(Expr s, Expr a, Expr dt) {
  return {1.0 / s, dt * a / s, dt / s};
}

/// Implicit: s = 1 + dt^2 a, its Schur complement.
static Oscillator implicit(Expr a, Expr dt) {
  return dividedBy(1.0 + dt * dt * a, a, dt);
}

/// Implicit-explicit: s = 1.
static Oscillator implicitExplicit(Expr a, Expr dt) {
  return {a.filled(1), dt * a, dt};
}

/// Damped: s = 1 + dt g; A is clamped to (2 + dt g -+ 2 sqrt(1 + dt g)) / dt^2,
/// here as squares, which keep the digits that the lower one's difference
/// loses: the state moves with the square root of an error of a.
static Oscillator damped(Expr aDiag, Expr g, Expr dt) {
  Expr s = 1.0 + dt * g;
  Expr onePlusRoot = 1.0 + sqrt(s);
  Expr low = square(g / onePlusRoot), high = square(onePlusRoot / dt);
  return dividedBy(s, minimum(maximum(aDiag, low), high), dt);
}

/// What does not depend on the step: A, but of damped_IMEX the raw one, and G.
static SmallVector<Expr> takeDiagonals(LinossOp op,
                                       ImplicitLocOpBuilder &builder) {
  Expr aDiag(builder, op.getADiag());
  if (op.getScheme() != OscillatorScheme::damped_IMEX)
    return {relu(aDiag)};
  return {aDiag, relu(Expr(builder, op.getGDiag()))};
}

static Oscillator discretize(OscillatorScheme scheme, ArrayRef<Expr> diagonals,
                             Expr dt) {
  switch (scheme) {
  case OscillatorScheme::IM:
    return implicit(diagonals[0], dt);
  case OscillatorScheme::IMEX:
    return implicitExplicit(diagonals[0], dt);
  case OscillatorScheme::damped_IMEX:
    return damped(diagonals[0], diagonals[1], dt);
  }
  llvm_unreachable("the enum has three cases");
}

/// The scan's coefficients and gain for each step, of `step` times its delta.
static void discretizePerStep(LinossOp op, ArrayRef<Expr> diagonals, Expr step,
                              DiscreteMixer &mixer) {
  ImplicitLocOpBuilder atStep(op->getLoc(), op);
  SmallVector<Expr> unit(diagonals);
  unit.push_back(step);
  SmallVector<Value> values =
      perStep(atStep, op.getDt(), unit,
              [&](Expr delta, ArrayRef<Expr> mode) -> SmallVector<Expr> {
                Expr dt = mode.back() * delta;
                Oscillator k = discretize(op.getScheme(), mode.drop_back(), dt);
                return {k.k1, k.k2, dt, k.k3};
              });
  mixer.coefficients = {values[0], values[1], values[2]};
  mixer.gains = {values[3]};
}

static void lower(LinossOp op) {
  if (getNumFeatures(op.getADiag().getType()) == 0)
    return replaceEmptyMixer(op, op.getU(), op.getState(), op.getD());
  SmallVector<Value> parameters{op.getADiag(), op.getSteps(), op.getB(),
                                op.getC()};
  if (op.getGDiag())
    parameters.push_back(op.getGDiag());
  ImplicitLocOpBuilder builder = parameterBuilder(op, parameters);
  Expr dt = sigmoid(Expr(builder, op.getSteps()));
  SmallVector<Expr> diagonals = takeDiagonals(op, builder);
  DiscreteMixer mixer;
  mixer.kind = ScanKind::oscillator;
  ComplexExpr b = takePlanes(builder, op.getB());
  if (op.getDt()) {
    discretizePerStep(op, diagonals, dt, mixer);
  } else {
    Oscillator k = discretize(op.getScheme(), diagonals, dt);
    mixer.coefficients = {k.k1.value(), k.k2.value(), dt.value()};
    b = {scaleRows(k.k3, b.re), scaleRows(k.k3, b.im)};
  }
  mixer.inputWeight = joinPlanes(b.re, b.im, /*dimension=*/0).value();
  mixer.outputWeight =
      realPartWeight(takePlanes(builder, op.getC()), /*gain=*/1);
  mixer.feedThrough = op.getD();
  replaceMixer(op, op.getU(), op.getState(), mixer);
}

namespace {
struct DiscretizeLinoss : ssmc::impl::DiscretizeLinossBase<DiscretizeLinoss> {
  void runOnOperation() override {
    getOperation()->walk([](LinossOp op) { lower(op); });
  }
};
} // namespace
