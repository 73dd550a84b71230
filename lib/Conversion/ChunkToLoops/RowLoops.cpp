//===- RowLoops.cpp - Loading, storing and looping over rows --------------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Conversion/ChunkToLoops/RowLoops.h"
#include "lib/Analysis/TargetDescription.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace ssmc;

Value RowBuilder::index(int64_t value) {
  return arith::ConstantIndexOp::create(builder, loc, value);
}

Value RowBuilder::add(Value a, int64_t b) {
  return b ? arith::AddIOp::create(builder, loc, a, index(b)).getResult() : a;
}

Value RowBuilder::scale(Value a, int64_t factor) {
  return arith::MulIOp::create(builder, loc, a, index(factor));
}

// Empty assembly that LLVM must suppose to change its operand.
Value RowBuilder::opaque(Value a) {
  Type i64 = builder.getI64Type();
  Value number = arith::IndexCastOp::create(builder, loc, i64, a);
  number = LLVM::InlineAsmOp::create(
               builder, loc, i64, number, /*asm_string=*/"",
               /*constraints=*/"=r,0", /*has_side_effects=*/true,
               /*is_align_stack=*/false, LLVM::tailcallkind::TailCallKind::None,
               /*asm_dialect=*/LLVM::AsmDialectAttr(),
               /*operand_attrs=*/ArrayAttr())
               .getResult(0);
  return arith::IndexCastOp::create(builder, loc, builder.getIndexType(),
                                    number);
}

Value RowBuilder::rowCount(Value count, int64_t rows) {
  return count ? count : index(rows);
}

Value RowBuilder::streamOf(Value streams, Value row) {
  return streams
             ? memref::LoadOp::create(builder, loc, streams, row).getResult()
             : index(0);
}

/// Which of `lanes` lanes from `first` on lie inside a row of `width`; null
/// when all do.
static Value maskFor(RowBuilder &rows, Value buffer, Value first,
                     int64_t lanes) {
  int64_t width = getNumFeatures(buffer.getType());
  if (width % lanes == 0)
    return {};
  Value left =
      arith::SubIOp::create(rows.builder, rows.loc, rows.index(width), first);
  auto type = VectorType::get(lanes, rows.builder.getI1Type());
  return vector::CreateMaskOp::create(rows.builder, rows.loc, type, left);
}

Value RowBuilder::loadLanes(Value buffer, Value row, Value first,
                            int64_t lanes) {
  auto type = VectorType::get(
      lanes, cast<MemRefType>(buffer.getType()).getElementType());
  SmallVector<Value> place{row, first};
  Value mask = maskFor(*this, buffer, first, lanes);
  if (!mask)
    return vector::LoadOp::create(builder, loc, type, buffer, place);
  Value zeros =
      arith::ConstantOp::create(builder, loc, builder.getZeroAttr(type));
  return vector::MaskedLoadOp::create(builder, loc, type, buffer, place, mask,
                                      zeros);
}

void RowBuilder::storeLanes(Value lanes, Value buffer, Value row, Value first) {
  SmallVector<Value> place{row, first};
  int64_t count = cast<VectorType>(lanes.getType()).getDimSize(0);
  if (Value mask = maskFor(*this, buffer, first, count))
    vector::MaskedStoreOp::create(builder, loc, buffer, place, mask, lanes);
  else
    vector::StoreOp::create(builder, loc, lanes, buffer, place);
}

Value RowBuilder::loadScalar(Value buffer, Value row, VectorType type) {
  Value scalar = memref::LoadOp::create(builder, loc, buffer, row);
  return vector::BroadcastOp::create(builder, loc, type, scalar);
}

void RowBuilder::prefetchLanes(Value buffer, Value row, Value first,
                               int64_t lanes) {
  unsigned bits = cast<MemRefType>(buffer.getType()).getElementTypeBitWidth();
  for (int64_t lane = 0; lane < lanes; lane += kCacheLineBytes * 8 / bits)
    memref::PrefetchOp::create(builder, loc, buffer,
                               ValueRange{row, add(first, lane)},
                               /*isWrite=*/false, /*localityHint=*/3,
                               /*isDataCache=*/true);
}

SmallVector<Value> RowBuilder::loop(Value from, Value to, int64_t step,
                                    ValueRange carried, LoopBody body) {
  auto loop = scf::ForOp::create(
      builder, loc, from, to, index(step), carried,
      [&](OpBuilder &inner, Location, Value i, ValueRange values) {
        OpBuilder::InsertionGuard guard(builder);
        builder.setInsertionPointToEnd(inner.getInsertionBlock());
        scf::YieldOp::create(builder, loc, body(i, values));
      });
  return SmallVector<Value>(loop.getResults());
}

SmallVector<Value> RowBuilder::loop(int64_t from, int64_t to, int64_t step,
                                    ValueRange carried, LoopBody body) {
  if (from >= to)
    return SmallVector<Value>(carried);
  if (from + step >= to)
    return body(index(from), carried);
  auto loop = affine::AffineForOp::create(
      builder, loc, from, to, step, carried,
      [&](OpBuilder &inner, Location, Value i, ValueRange values) {
        OpBuilder::InsertionGuard guard(builder);
        builder.setInsertionPointToEnd(inner.getInsertionBlock());
        affine::AffineYieldOp::create(builder, loc, body(i, values));
      });
  return SmallVector<Value>(loop.getResults());
}
