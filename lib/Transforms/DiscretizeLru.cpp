//===- DiscretizeLru.cpp - LRU in discrete time ---------------------------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Before:
//   %y, %s1 = ssm.lru %u, %s nu_log(%nu) theta_log(%th) gamma_log(%g) b(...)
//   ...
// After:
//   ... lambda, gamma B = [Re; Im], C' = [C_re, -C_im] in f64 ...
//   %f = ssm.linear %u, %b_bar
//   %x, %s1 = ssm.scan diagonal %f, %s coefficients(%a_re, %a_im)
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
#define GEN_PASS_DEF_DISCRETIZELRU
#include "lib/Transforms/Passes.h.inc"
} // namespace ssmc

using namespace mlir;
using namespace ssmc;

/// lambda = exp(-exp(nu_log) + i exp(theta_log)).
static ComplexExpr eigenvalues(Expr nuLog, Expr thetaLog) {
  Expr modulus = exp(-exp(nuLog)), phase = exp(thetaLog);
  // Infinite parameters are legal. A modulus of 0 (nu_log = +inf) gives 0 at
  // whatever phase, as the complex exponential does: not 0 * cos(inf) = NaN.
  Expr zero = modulus.filled(0);
  return {selectEqual(modulus, 0, zero, modulus * cos(phase)),
          selectEqual(modulus, 0, zero, modulus * sin(phase))};
}

static void lower(LruOp op) {
  if (getNumFeatures(op.getNuLog().getType()) == 0)
    return replaceEmptyMixer(op, op.getU(), op.getState(), op.getD());
  ImplicitLocOpBuilder builder = parameterBuilder(
      op, {op.getNuLog(), op.getThetaLog(), op.getGammaLog(), op.getBRe(),
           op.getBIm(), op.getCRe(), op.getCIm()});
  ComplexExpr a = eigenvalues(Expr(builder, op.getNuLog()),
                              Expr(builder, op.getThetaLog()));
  Expr gamma = exp(Expr(builder, op.getGammaLog()));
  Expr bRe = scaleRows(gamma, Expr(builder, op.getBRe()));
  Expr bIm = scaleRows(gamma, Expr(builder, op.getBIm()));
  ComplexExpr c{Expr(builder, op.getCRe()), Expr(builder, op.getCIm())};
  replaceMixer(op, op.getU(), op.getState(),
               {ScanKind::diagonal,
                {a.re.value(), a.im.value()},
                joinPlanes(bRe, bIm, /*dimension=*/0).value(),
                realPartWeight(c, /*gain=*/1),
                op.getD()});
}

namespace {
struct DiscretizeLru : ssmc::impl::DiscretizeLruBase<DiscretizeLru> {
  void runOnOperation() override {
    getOperation()->walk([](LruOp op) { lower(op); });
  }
};
} // namespace
