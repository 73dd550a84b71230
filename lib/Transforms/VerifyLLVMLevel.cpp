//===- VerifyLLVMLevel.cpp - What goes into code generation --------------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Accepts the llvm dialect in a module. Rejects what a conversion left behind
// (upstream leaves bare-pointer functions with dynamic memrefs unconverted,
// without an error), and intrinsics whose bits depend on the machine:
//   func.func @step(%x: memref<?xf32>) attributes {llvm.bareptr}
//   error: 'func.func' is not part of the llvm level
//
//===----------------------------------------------------------------------===//

#include "lib/Transforms/Passes.h"
#include "lib/Transforms/VerifyLevel.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"

namespace ssmc {
#define GEN_PASS_DEF_VERIFYLLVMLEVEL
#include "lib/Transforms/Passes.h.inc"
} // namespace ssmc

using namespace mlir;
using namespace ssmc;

static constexpr StringRef kLegal[] = {"builtin.module", "llvm"};

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

static LogicalResult verifyBits(Operation *op) {
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

namespace {
struct VerifyLLVMLevel : ssmc::impl::VerifyLLVMLevelBase<VerifyLLVMLevel> {
  void runOnOperation() override {
    if (failed(verifyLevel(getOperation(), "llvm", kLegal, verifyBits)))
      signalPassFailure();
    markAllAnalysesPreserved();
  }
};
} // namespace
