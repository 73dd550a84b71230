//===- DiscretizeS4d.cpp - S4D in discrete time ---------------------------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Before:
//   %y, %s1 = ssm.s4d %u, %s log_dt(%dt) a(%log_re, %im) c(%c)
// After:
//   ... a_bar and c' = 2 C (a_bar - 1) / a, as [Re, -Im], in f64 ...
//   %y, %s1 = ssm.channel_scan %u, %s coefficients(%a_re, %a_im)
//       readout(%c_re, %c_im)
//
// A norm's scale is not folded into the readout: the state would lack it.
//
//===----------------------------------------------------------------------===//

#include "lib/Transforms/ParameterBuilder.h"
#include "lib/Transforms/Passes.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

namespace ssmc {
#define GEN_PASS_DEF_DISCRETIZES4D
#include "lib/Transforms/Passes.h.inc"
} // namespace ssmc

using namespace mlir;
using namespace ssmc;

/// A mixer without modes (state_dim 1) answers 0, and NaN where u is not
/// finite, as the convolution with a kernel of zeros does.
static void lowerEmpty(S4dOp op) {
  ImplicitLocOpBuilder builder = parameterBuilder(op, {op.getLogDt()});
  auto zeros = Expr(builder, op.getLogDt()).filled(0);
  replaceEmptyMixer(op, op.getU(), op.getState(), zeros.value());
}

static void lower(S4dOp op) {
  if (getNumFeatures(op.getAIm().getType()) == 0)
    return lowerEmpty(op);
  ImplicitLocOpBuilder builder = parameterBuilder(
      op, {op.getLogDt(), op.getLogARe(), op.getAIm(), op.getC()});
  Expr logARe(builder, op.getLogARe()), aIm(builder, op.getAIm());
  Expr dt = broadcastTo(exp(Expr(builder, op.getLogDt())),
                        logARe.type().getShape(), /*dimensions=*/1);
  ComplexExpr a{-exp(logARe), aIm};
  // exp(z) - 1, z = a dt, as of S5: it keeps its digits where z is small.
  Expr x = a.re * dt, y = a.im * dt;
  Expr growth = exp(x), cosine = cos(y), sine = sin(y);
  ComplexExpr aBar{growth * cosine, growth * sine};
  ComplexExpr aBarMinusOne{expm1(x) * cosine - 2.0 * square(sin(0.5 * y)),
                           aBar.im};
  ComplexExpr c = takePlanes(builder, op.getC()) * (aBarMinusOne / a);
  Expr cRe = 2.0 * c.re, cIm = -2.0 * c.im;

  OpBuilder inside(op);
  auto scan = ChannelScanOp::create(inside, op.getLoc(), op.getU(),
                                    op.getState(), aBar.re.value(),
                                    aBar.im.value(), cRe.value(), cIm.value());
  if (Attribute path = op->getAttr(SsmDialect::kPathAttr))
    scan->setAttr(SsmDialect::kPathAttr, path);
  op.replaceAllUsesWith(ValueRange{scan.getY(), scan.getNewState()});
  op.erase();
}

namespace {
struct DiscretizeS4d : ssmc::impl::DiscretizeS4dBase<DiscretizeS4d> {
  void runOnOperation() override {
    getOperation()->walk([](S4dOp op) { lower(op); });
  }
};
} // namespace
