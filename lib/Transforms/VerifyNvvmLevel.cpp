//===- VerifyNvvmLevel.cpp - What goes into code generation for GPUs ------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Accepts the llvm and nvvm dialects in a gpu.module. Rejects what a conversion
// left behind, and what has no place in kernels that need nothing else:
//   llvm.call @__nv_expf(%x) : (f32) -> f32
//   error: calls '__nv_expf', which this gpu.module does not define
//
//===----------------------------------------------------------------------===//

#include "lib/Transforms/Passes.h"
#include "lib/Transforms/VerifyLevel.h"

namespace ssmc {
#define GEN_PASS_DEF_VERIFYNVVMLEVEL
#include "lib/Transforms/Passes.h.inc"
} // namespace ssmc

using namespace mlir;
using namespace ssmc;

static constexpr StringRef kLegal[] = {"gpu.module", "llvm", "nvvm"};

static LogicalResult verifyKernelOp(Operation *op) {
  // ex2.approx, rcp.approx and their like.
  if (op->getName().getStringRef().contains("approx"))
    return op->emitError() << "'" << op->getName()
                           << "' is an approximation; expected operations that "
                              "round to nearest";
  if (auto call = dyn_cast<LLVM::CallOp>(op))
    if (auto name = call.getCalleeAttr()) {
      auto callee =
          SymbolTable::lookupNearestSymbolFrom<LLVM::LLVMFuncOp>(op, name);
      if (!callee || callee.isExternal())
        return op->emitError()
               << "calls '" << name.getValue()
               << "', which this gpu.module does not define; expected no call "
                  "of a library";
    }
  return verifyIntrinsic(op);
}

namespace {
struct VerifyNvvmLevel : ssmc::impl::VerifyNvvmLevelBase<VerifyNvvmLevel> {
  void runOnOperation() override {
    if (failed(verifyLevel(getOperation(), "nvvm", kLegal, verifyKernelOp)))
      signalPassFailure();
    markAllAnalysesPreserved();
  }
};
} // namespace
