//===- BufferAccess.cpp - Loads and stores of any dialect -----------------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Analysis/BufferAccess.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "mlir/Interfaces/ViewLikeInterface.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace ssmc;

int64_t ssmc::getBytes(Type type) {
  int64_t count = 1;
  if (auto vector = dyn_cast<VectorType>(type)) {
    count = vector.getNumElements();
    type = vector.getElementType();
  }
  return count * (type.isIndex() ? 64 : type.getIntOrFloatBitWidth()) / 8;
}

static BufferAccess makeLoad(Value view, ValueRange indices, Value result) {
  return {view, indices, Value(), getBytes(result.getType())};
}

static BufferAccess makeStore(Value view, ValueRange indices, Value stored) {
  return {view, indices, stored, getBytes(stored.getType())};
}

std::optional<BufferAccess> ssmc::getBufferAccess(Operation *op) {
  using Result = std::optional<BufferAccess>;
  return llvm::TypeSwitch<Operation *, Result>(op)
      .Case<memref::LoadOp, affine::AffineLoadOp>([](auto op) {
        return makeLoad(op.getMemRef(), op.getIndices(), op.getResult());
      })
      .Case<vector::LoadOp, vector::MaskedLoadOp>([](auto op) {
        return makeLoad(op.getBase(), op.getIndices(), op->getResult(0));
      })
      .Case<memref::StoreOp, affine::AffineStoreOp>([](auto op) {
        return makeStore(op.getMemRef(), op.getIndices(), op.getValueToStore());
      })
      .Case<vector::StoreOp, vector::MaskedStoreOp>([](auto op) {
        return makeStore(op.getBase(), op.getIndices(), op.getValueToStore());
      })
      .Default(std::nullopt);
}

bool ssmc::hasUnknownAccess(Operation *op) {
  if (isMemoryEffectFree(op) || op->getNumRegions() ||
      isa<ViewLikeOpInterface, memref::PrefetchOp>(op) ||
      op->hasTrait<OpTrait::IsTerminator>())
    return false;
  return llvm::any_of(op->getOperandTypes(), llvm::IsaPred<BaseMemRefType>) &&
         !hasSingleEffect<MemoryEffects::Allocate>(op) &&
         !hasSingleEffect<MemoryEffects::Free>(op);
}
