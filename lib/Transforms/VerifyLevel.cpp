//===- VerifyLevel.cpp - What the levels' verifiers share -----------------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Transforms/VerifyLevel.h"
#include "lib/Analysis/Weights.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"

using namespace mlir;
using namespace ssmc;

static bool isComplex(Type type) {
  return isa<ComplexType>(getElementTypeOrSelf(type));
}

static LogicalResult verifyTypes(Operation *op) {
  auto reject = [&](Type type) -> LogicalResult {
    return op->emitError() << "has the complex type " << type
                           << "; expected a real plane and an imaginary plane";
  };
  for (Type type : op->getResultTypes())
    if (isComplex(type))
      return reject(type);
  for (Region &region : op->getRegions())
    for (Block &block : region)
      for (Type type : block.getArgumentTypes())
        if (isComplex(type))
          return reject(type);
  return success();
}

static LogicalResult verifyArithmetic(Operation *op) {
  if (isa<arith::MinNumFOp, arith::MaxNumFOp>(op))
    return op->emitError() << "swallows NaN; expected arith.minimumf or "
                              "arith.maximumf, which hand it on";
  auto math = dyn_cast<arith::ArithFastMathInterface>(op);
  if (math && math.getFastMathFlagsAttr() &&
      math.getFastMathFlagsAttr().getValue() != arith::FastMathFlags::none)
    return op->emitError() << "has the fast-math flags "
                           << math.getFastMathFlagsAttr()
                           << "; expected none: results would depend on what "
                              "the compiler makes of them";
  return success();
}

static LogicalResult verifyWeights(Operation *op) {
  if (auto parameter = dyn_cast<ParameterOp>(op))
    return success(!parameter.getValueAttr() ||
                   succeeded(getParameterValues(parameter)));
  for (NamedAttribute attribute : op->getAttrs())
    if (auto resource =
            dyn_cast<DenseResourceElementsAttr>(attribute.getValue()))
      if (failed(getWeightValues(op, attribute.getName(), resource)))
        return failure();
  return success();
}

LogicalResult
ssmc::verifyLevel(Operation *root, StringRef level, ArrayRef<StringRef> legal,
                  llvm::function_ref<LogicalResult(Operation *)> check) {
  auto verify = [&](Operation *op) -> LogicalResult {
    if (failed(verifyTypes(op)) || failed(verifyArithmetic(op)) ||
        failed(verifyWeights(op)))
      return failure();
    if (!llvm::is_contained(legal, op->getName().getStringRef()) &&
        !llvm::is_contained(legal, op->getName().getDialectNamespace())) {
      InFlightDiagnostic error = op->emitError();
      error << "'" << op->getName() << "' is not part of the " << level
            << " level";
      error.attachNote() << "the " << level << " level accepts "
                         << llvm::join(legal, ", ");
      return error;
    }
    return check ? check(op) : success();
  };
  WalkResult result = root->walk<WalkOrder::PreOrder>([&](Operation *op) {
    if (failed(verify(op)))
      return WalkResult::interrupt();
    return isa<linalg::LinalgOp>(op) ? WalkResult::skip()
                                     : WalkResult::advance();
  });
  return failure(result.wasInterrupted());
}

/// Those that become instructions, the same everywhere. Not among them: calls
/// of a math library, `fmuladd` (a choice of the code generator), and
/// `minnum` and `maxnum`, which swallow NaN.
static constexpr StringRef kLegalIntrinsics[] = {
    "llvm.intr.fma",         "llvm.intr.sqrt",         "llvm.intr.fabs",
    "llvm.intr.copysign",    "llvm.intr.floor",        "llvm.intr.ceil",
    "llvm.intr.trunc",       "llvm.intr.minimum",      "llvm.intr.maximum",
    "llvm.intr.masked.load", "llvm.intr.masked.store", "llvm.intr.smin",
    "llvm.intr.smax",        "llvm.intr.umin",         "llvm.intr.umax",
    "llvm.intr.prefetch"};

LogicalResult ssmc::verifyIntrinsic(Operation *op) {
  StringRef name = op->getName().getStringRef();
  if (name.starts_with("llvm.intr.") &&
      !llvm::is_contained(kLegalIntrinsics, name)) {
    InFlightDiagnostic error = op->emitError();
    error << "the intrinsic '" << name << "' is not part of the llvm level";
    error.attachNote() << "the llvm level accepts "
                       << llvm::join(ArrayRef<StringRef>(kLegalIntrinsics),
                                     ", ");
    return error;
  }
  auto math = dyn_cast<LLVM::FastmathFlagsInterface>(op);
  if (math && math.getFastmathAttr() &&
      math.getFastmathAttr().getValue() != LLVM::FastmathFlags::none)
    return op->emitError() << "has fast-math flags; expected none: results "
                              "would depend on what the compiler makes of them";
  return success();
}
