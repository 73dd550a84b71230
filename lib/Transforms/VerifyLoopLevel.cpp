//===- VerifyLoopLevel.cpp - What loops are made of ----------------------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Accepts loops, vectors, and buffers that the caller owns:
//   %sum = affine.for %k = 0 to 64 iter_args(...) { math.fma ... }
// Rejects tensors, operations of the ssm dialect, and what would allocate or
// copy while a model runs (prepare functions may, they run once):
//   func @chunk.block0.step(...) { %z = memref.alloc() }
//   error: 'memref.alloc' is in 'chunk.block0.step' ...
//
//===----------------------------------------------------------------------===//

#include "lib/Transforms/Passes.h"
#include "lib/Transforms/VerifyLevel.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"

namespace ssmc {
#define GEN_PASS_DEF_VERIFYLOOPLEVEL
#include "lib/Transforms/Passes.h.inc"
} // namespace ssmc

using namespace mlir;
using namespace ssmc;

// Of `math` what CPUs compute natively: everything else would call a library
// whose bits differ between machines. `vector.fma` is not among these: it
// becomes a multiplication and an addition where that is cheaper.
static constexpr StringRef kLegal[] = {
    "builtin.module", "func.func", "func.return", "func.call",
    // Loops.
    "affine.for", "affine.yield", "affine.apply", "affine.load", "affine.store",
    "scf.for", "scf.if", "scf.index_switch", "scf.yield",
    // Buffers.
    "memref.load", "memref.store", "memref.prefetch", "memref.view",
    "memref.subview", "memref.expand_shape", "memref.collapse_shape",
    "memref.reinterpret_cast", "memref.cast", "memref.dim",
    "memref.extract_aligned_pointer_as_index", "memref.global",
    "memref.get_global", "memref.alloc", "memref.dealloc",
    // Lanes.
    "vector.load", "vector.store", "vector.maskedload", "vector.maskedstore",
    "vector.create_mask", "vector.constant_mask", "vector.broadcast",
    "vector.extract_strided_slice", "vector.shuffle", "vector.extract",
    "vector.from_elements", "math.fma", "math.sqrt", "math.absf",
    "math.copysign", "math.floor", "math.ceil", "math.trunc",
    // Hides a number from the optimizer.
    "llvm.inline_asm",
    // Numbers.
    "arith.constant", "arith.addf", "arith.subf", "arith.mulf", "arith.divf",
    "arith.negf", "arith.minimumf", "arith.maximumf", "arith.cmpf",
    "arith.select", "arith.extf", "arith.truncf", "arith.sitofp",
    "arith.uitofp", "arith.fptosi", "arith.fptoui", "arith.bitcast",
    "arith.addi", "arith.subi", "arith.muli", "arith.divui", "arith.divsi",
    "arith.remui", "arith.remsi", "arith.ceildivui", "arith.ceildivsi",
    "arith.floordivsi", "arith.andi", "arith.ori", "arith.xori", "arith.shli",
    "arith.shrui", "arith.shrsi", "arith.cmpi", "arith.minsi", "arith.maxsi",
    "arith.minui", "arith.maxui", "arith.extsi", "arith.extui", "arith.trunci",
    "arith.index_cast", "arith.index_castui"};

static LogicalResult verifyNoTensor(Operation *op, TypeRange types) {
  for (Type type : types)
    if (isa<TensorType>(type))
      return op->emitError() << "has the type " << type
                             << "; expected memrefs: tensors end at the chunk "
                                "level";
  return success();
}

static LogicalResult verifyBuffers(Operation *op) {
  if (failed(verifyNoTensor(op, op->getResultTypes())) ||
      failed(verifyNoTensor(op, op->getOperandTypes())))
    return failure();
  auto function = dyn_cast<func::FuncOp>(op);
  if (function)
    return verifyNoTensor(op, function.getArgumentTypes());
  function = op->getParentOfType<func::FuncOp>();
  if (isa<memref::AllocOp>(op) && function &&
      !function.getSymName().starts_with("prepare"))
    return op->emitError() << "'" << op->getName() << "' is in '"
                           << function.getSymName()
                           << "'; expected a view of the caller's workspace: "
                              "only prepare functions allocate";
  return success();
}

namespace {
struct VerifyLoopLevel : ssmc::impl::VerifyLoopLevelBase<VerifyLoopLevel> {
  void runOnOperation() override {
    if (failed(verifyLevel(getOperation(), "loop", kLegal, verifyBuffers)))
      signalPassFailure();
    markAllAnalysesPreserved();
  }
};
} // namespace
