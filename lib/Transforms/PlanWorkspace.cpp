//===- PlanWorkspace.cpp - Buffers become views of one workspace ----------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Before:
//   func @chunk.block0(%x, ...)     { %z = memref.alloc() : memref<24x64xf32> }
// After:
//   func @chunk.block0(%x, ..., %ws: memref<?xi8>)
//       attributes {ssm.workspace_bytes = 6144} {
//     %z = memref.view %ws[%c0][] : memref<?xi8> to memref<24x64xf32> }
//
//===----------------------------------------------------------------------===//

#include "lib/Transforms/PlanWorkspace.h"
#include "dialect/SsmDialect.h"
#include "lib/Analysis/TargetDescription.h"
#include "lib/Transforms/Passes.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"

namespace ssmc {
#define GEN_PASS_DEF_PLANWORKSPACE
#include "lib/Transforms/Passes.h.inc"
} // namespace ssmc

using namespace mlir;
using namespace ssmc;

namespace {
/// A buffer, the operations between which it lives, and its place.
struct Buffer {
  memref::AllocOp op;
  int64_t bytes, first, last, offset = 0;

  bool livesWith(const Buffer &other) const {
    return first <= other.last && other.first <= last;
  }
};
} // namespace

/// The position of the last operation of `block` that uses `value` or a view of
/// it, itself or inside.
static int64_t lastUse(Value value, Block &block,
                       const DenseMap<Operation *, int64_t> &positions) {
  int64_t last = 0;
  for (Operation *user : value.getUsers()) {
    last = std::max(last, positions.lookup(block.findAncestorOpInBlock(*user)));
    if (isa<ViewLikeOpInterface>(user))
      for (Value view : user->getResults())
        last = std::max(last, lastUse(view, block, positions));
  }
  return last;
}

/// Places buffers first-fit, in the order of their first use; returns the size.
static int64_t place(SmallVectorImpl<Buffer> &buffers) {
  int64_t size = 0;
  for (size_t i = 0; i < buffers.size(); ++i) {
    // Candidates: the start, and the end of each buffer alive at the same time.
    SmallVector<int64_t> candidates{0};
    for (size_t k = 0; k < i; ++k)
      if (buffers[k].livesWith(buffers[i]))
        candidates.push_back(buffers[k].offset + buffers[k].bytes);
    llvm::sort(candidates);
    for (int64_t offset : candidates) {
      bool free = llvm::none_of(
          ArrayRef<Buffer>(buffers).take_front(i), [&](const Buffer &other) {
            return other.livesWith(buffers[i]) &&
                   offset < other.offset + other.bytes &&
                   other.offset < offset + buffers[i].bytes;
          });
      if (free) {
        buffers[i].offset = offset;
        break;
      }
    }
    size = std::max(size, buffers[i].offset + buffers[i].bytes);
  }
  return size;
}

FailureOr<int64_t> ssmc::planBuffers(func::FuncOp function) {
  Block &block = function.getBody().front();
  DenseMap<Operation *, int64_t> positions;
  SmallVector<Buffer> buffers;
  for (auto [i, op] : llvm::enumerate(block))
    positions[&op] = i;
  WalkResult nested = function.walk([&](memref::AllocOp op) {
    if (positions.contains(op))
      return WalkResult::advance();
    op.emitOpError() << "lies inside a loop; a function's buffers are "
                        "allocated at its top level";
    return WalkResult::interrupt();
  });
  if (nested.wasInterrupted())
    return failure();
  for (auto op : block.getOps<memref::AllocOp>()) {
    MemRefType type = op.getType();
    if (!type.hasStaticShape())
      return op.emitOpError() << "has no static size";
    int64_t bytes = // a truth value takes a byte, too
        type.getNumElements() *
        llvm::divideCeil(type.getElementTypeBitWidth(), 8);
    buffers.push_back({op, int64_t(llvm::alignTo(bytes, kCacheLineBytes)),
                       positions[op], lastUse(op, block, positions)});
  }
  int64_t size = place(buffers);

  OpBuilder builder(function.getContext());
  auto bytes = MemRefType::get({ShapedType::kDynamic}, builder.getI8Type());
  unsigned index = function.getNumArguments();
  (void)function.insertArgument(index, bytes, {}, function.getLoc());
  Value workspace = function.getArgument(index);
  for (Buffer &buffer : buffers) {
    builder.setInsertionPoint(buffer.op);
    Location loc = buffer.op.getLoc();
    Value offset = arith::ConstantIndexOp::create(builder, loc, buffer.offset);
    Value view = memref::ViewOp::create(builder, loc, buffer.op.getType(),
                                        workspace, offset, ValueRange());
    buffer.op.replaceAllUsesWith(view);
    buffer.op.erase();
  }
  function->setAttr("ssm.workspace_bytes", builder.getI64IntegerAttr(size));
  return size;
}

namespace {
struct PlanWorkspace : ssmc::impl::PlanWorkspaceBase<PlanWorkspace> {
  void runOnOperation() override {
    for (auto function : getOperation().getOps<func::FuncOp>())
      if (function->hasAttr("ssm.kind") && !function.isExternal() &&
          failed(planBuffers(function)))
        return signalPassFailure();
  }
};
} // namespace
