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

static Oscillator discretize(LinossOp op, ImplicitLocOpBuilder &builder,
                             Expr dt) {
  Expr aDiag(builder, op.getADiag());
  switch (op.getScheme()) {
  case OscillatorScheme::IM:
    return implicit(relu(aDiag), dt);
  case OscillatorScheme::IMEX:
    return implicitExplicit(relu(aDiag), dt);
  case OscillatorScheme::damped_IMEX:
    return damped(aDiag, relu(Expr(builder, op.getGDiag())), dt);
  }
  llvm_unreachable("the enum has three cases");
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
  Oscillator k = discretize(op, builder, dt);
  ComplexExpr b = takePlanes(builder, op.getB());
  Expr forcing = joinPlanes(scaleRows(k.k3, b.re), scaleRows(k.k3, b.im),
                            /*dimension=*/0);
  replaceMixer(op, op.getU(), op.getState(),
               {ScanKind::oscillator,
                {k.k1.value(), k.k2.value(), dt.value()},
                forcing.value(),
                realPartWeight(takePlanes(builder, op.getC()), /*gain=*/1),
                op.getD()});
}

namespace {
struct DiscretizeLinoss : ssmc::impl::DiscretizeLinossBase<DiscretizeLinoss> {
  void runOnOperation() override {
    getOperation()->walk([](LinossOp op) { lower(op); });
  }
};
} // namespace
