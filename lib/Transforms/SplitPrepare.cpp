//===- SplitPrepare.cpp - Parameters are a program of their own -----------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Before:
//   func @chunk.block0(%x, %s, %b)          { %p = ssm.pack_panels %b
//                                             ssm.panel_map product(%x, %p) }
// After:
//   func @prepare.block0(%b, %blob)         { %p = ssm.pack_panels %b
//                                             return insert %p into %blob }
//   func @chunk.block0(%x, %s, %blob)       { %p = extract from %blob
//                                             ssm.panel_map product(%x, %p) }
//
//===----------------------------------------------------------------------===//

#include "dialect/SsmDialect.h"
#include "lib/Transforms/Passes.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/Transforms/RegionUtils.h"
#include "llvm/ADT/SetVector.h"

namespace ssmc {
#define GEN_PASS_DEF_SPLITPREPARE
#include "lib/Transforms/Passes.h.inc"
} // namespace ssmc

using namespace mlir;
using namespace ssmc;

/// Parts of a blob start at cache lines.
static constexpr int64_t kLineFloats = 16;

namespace {
/// Where each packed value lies in its unit's part of the blob, in floats.
struct BlobLayout {
  llvm::SetVector<Value> values;
  SmallVector<int64_t> offsets;
  int64_t size = 0;

  void add(Value value) {
    if (!values.insert(value))
      return;
    offsets.push_back(size);
    size += llvm::alignTo(
        cast<RankedTensorType>(value.getType()).getNumElements(), kLineFloats);
  }
};
} // namespace

/// The operations of `chunk` that depend on parameters and constants only.
static llvm::SetVector<Operation *> findPrepareOps(func::FuncOp chunk) {
  llvm::SmallPtrSet<Value, 32> known;
  for (unsigned i = 0; i < chunk.getNumArguments(); ++i)
    if (chunk.getArgAttr(i, "ssm.parameter"))
      known.insert(chunk.getArgument(i));
  llvm::SetVector<Operation *> ops;
  for (Operation &op : chunk.getBody().front()) {
    // A place to write rows to is no parameter, though it depends on nothing.
    bool place = isa<tensor::EmptyOp>(op) &&
                 llvm::any_of(op.getUsers(),
                              llvm::IsaPred<DestinationStyleOpInterface>) &&
                 llvm::none_of(op.getUsers(), [](Operation *user) {
                   return isa<tensor::InsertSliceOp>(user) ||
                          user->getName().getDialectNamespace() == "linalg";
                 });
    if (place || op.hasTrait<OpTrait::IsTerminator>() ||
        !llvm::all_of(op.getOperands(),
                      [&](Value v) { return known.contains(v); }))
      continue;
    ops.insert(&op);
    known.insert(op.result_begin(), op.result_end());
  }
  return ops;
}

static SmallVector<OpFoldResult> asAttrs(OpBuilder &builder, int64_t value) {
  return {builder.getIndexAttr(value)};
}

/// The reassociation that makes a tensor of `rank` from one of rank 1.
static SmallVector<ReassociationIndices> flat(int64_t rank) {
  ReassociationIndices all;
  for (int64_t i = 0; i < rank; ++i)
    all.push_back(i);
  return {all};
}

static func::FuncOp createPrepare(func::FuncOp chunk, const BlobLayout &layout,
                                  const llvm::SetVector<Operation *> &ops) {
  OpBuilder builder(chunk);
  Location loc = chunk.getLoc();
  auto blobType = RankedTensorType::get({layout.size}, builder.getF32Type());
  SmallVector<Type> types;
  SmallVector<Value> parameters;
  for (unsigned i = 0; i < chunk.getNumArguments(); ++i)
    if (chunk.getArgAttr(i, "ssm.parameter")) {
      types.push_back(chunk.getArgument(i).getType());
      parameters.push_back(chunk.getArgument(i));
    }
  types.push_back(blobType);
  StringRef unit = chunk.getSymName();
  unit.consume_front("chunk.");
  auto prepare = func::FuncOp::create(builder, loc, ("prepare." + unit).str(),
                                      builder.getFunctionType(types, blobType));
  prepare.setPrivate();
  Block *body = prepare.addEntryBlock();
  builder.setInsertionPointToEnd(body);
  IRMapping mapping;
  mapping.map(parameters, body->getArguments().drop_back());
  for (Operation *op : ops)
    builder.clone(*op, mapping);
  Value blob = body->getArguments().back();
  for (auto [value, offset] : llvm::zip_equal(layout.values, layout.offsets)) {
    Value part = mapping.lookup(value);
    auto type = cast<RankedTensorType>(part.getType());
    if (type.getRank() > 1)
      part = tensor::CollapseShapeOp::create(builder, loc, part,
                                             flat(type.getRank()));
    blob = tensor::InsertSliceOp::create(
        builder, loc, part, blob, asAttrs(builder, offset),
        asAttrs(builder, type.getNumElements()), asAttrs(builder, 1));
  }
  func::ReturnOp::create(builder, loc, blob);
  return prepare;
}

/// Replaces packed values of `chunk` by parts of a last argument, the blob.
static void readFromBlob(func::FuncOp chunk, const BlobLayout &layout,
                         const llvm::SetVector<Operation *> &ops) {
  OpBuilder builder(chunk.getContext());
  Location loc = chunk.getLoc();
  builder.setInsertionPointToStart(&chunk.getBody().front());
  auto blobType = RankedTensorType::get({layout.size}, builder.getF32Type());
  unsigned last = chunk.getNumArguments();
  (void)chunk.insertArgument(last, blobType, {}, loc);
  Value blob = chunk.getArgument(last);
  for (auto [packed, offset] : llvm::zip_equal(layout.values, layout.offsets)) {
    Value value = packed;
    auto type = cast<RankedTensorType>(value.getType());
    Value part = tensor::ExtractSliceOp::create(
        builder, loc, blob, asAttrs(builder, offset),
        asAttrs(builder, type.getNumElements()), asAttrs(builder, 1));
    if (type.getRank() > 1)
      part = tensor::ExpandShapeOp::create(builder, loc, type, part,
                                           flat(type.getRank()));
    value.replaceAllUsesWith(part);
  }
  for (Operation *op : llvm::reverse(ops.getArrayRef()))
    if (op->use_empty())
      op->erase();
  llvm::BitVector parameters(chunk.getNumArguments());
  for (unsigned i = 0; i < chunk.getNumArguments(); ++i)
    parameters[i] = chunk.getArgAttr(i, "ssm.parameter") != nullptr;
  (void)chunk.eraseArguments(parameters);
}

namespace {
struct SplitPrepare : ssmc::impl::SplitPrepareBase<SplitPrepare> {
  void runOnOperation() override {
    SmallVector<func::FuncOp> chunks;
    for (auto function : getOperation().getOps<func::FuncOp>())
      if (function->hasAttr("ssm.kind") && !function.isExternal())
        chunks.push_back(function);
    for (func::FuncOp chunk : chunks) {
      llvm::SetVector<Operation *> ops = findPrepareOps(chunk);
      BlobLayout layout;
      auto addIfUsedByRows = [&](Value value) {
        if (llvm::any_of(value.getUsers(),
                         [&](Operation *user) { return !ops.contains(user); }))
          layout.add(value);
      };
      for (unsigned i = 0; i < chunk.getNumArguments(); ++i)
        if (chunk.getArgAttr(i, "ssm.parameter"))
          addIfUsedByRows(chunk.getArgument(i));
      for (Operation *op : ops)
        llvm::for_each(op->getResults(), addIfUsedByRows);
      for (Value value : layout.values)
        if (!cast<RankedTensorType>(value.getType()).getElementType().isF32()) {
          emitError(value.getLoc()) << "a parameter of type " << value.getType()
                                    << " reaches the rows; expected packed f32";
          return signalPassFailure();
        }
      if (layout.values.empty())
        continue;
      createPrepare(chunk, layout, ops);
      readFromBlob(chunk, layout, ops);
    }
  }
};
} // namespace
