//===- ThreadBuilder.cpp - Work of a thread block on rows -----------------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Conversion/ChunkToGpu/ThreadBuilder.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace ssmc;

void ThreadBuilder::forEach(int64_t count,
                            llvm::function_ref<void(Value)> body) {
  if (count <= 0)
    return;
  Value thread = gpu::ThreadIdOp::create(builder, loc, gpu::Dimension::x);
  if (count == threads)
    return body(thread);
  if (count < threads)
    return onlyIf(isBelow(thread, index(count)), [&] { body(thread); });
  loop(thread, index(count), threads, {}, [&](Value item, ValueRange) {
    body(item);
    return SmallVector<Value>();
  });
}

void ThreadBuilder::barrier() { gpu::BarrierOp::create(builder, loc); }

void ThreadBuilder::onlyIf(Value condition, llvm::function_ref<void()> body) {
  auto choice = scf::IfOp::create(builder, loc, condition,
                                  /*withElseRegion=*/false);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(choice.thenBlock());
  body();
}

Value ThreadBuilder::isBelow(Value a, Value b) {
  return arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::ult, a, b);
}

Value ThreadBuilder::divide(Value a, int64_t b) {
  return arith::DivUIOp::create(builder, loc, a, index(b));
}

Value ThreadBuilder::remainder(Value a, int64_t b) {
  return arith::RemUIOp::create(builder, loc, a, index(b));
}

Value ThreadBuilder::plus(Value a, Value b) {
  return arith::AddIOp::create(builder, loc, a, b);
}

Value ThreadBuilder::smaller(Value a, Value b) {
  return arith::MinUIOp::create(builder, loc, a, b);
}

static int64_t widthOf(Value buffer) {
  return cast<MemRefType>(buffer.getType()).getShape().back();
}

/// Bytes that a vector of lanes side by side begins at a multiple of.
static constexpr uint64_t kRunAlignment = 16;

Value ThreadBuilder::loadRun(Value buffer, ValueRange place, Value lane,
                             int64_t lanes) {
  Type element = cast<MemRefType>(buffer.getType()).getElementType();
  auto type = VectorType::get(together, element);
  SmallVector<Value> at(place);
  Value first = plus(place.back(), scale(lane, together));
  auto load = [&](int64_t half) -> Value {
    at.back() = add(first, half * kHalfPanel);
    return vector::LoadOp::create(builder, loc, type, buffer, at,
                                  /*nontemporal=*/false,
                                  llvm::MaybeAlign(kRunAlignment));
  };
  Value low = load(0);
  if (lanes == kHalfPanel)
    return low;
  auto both = llvm::to_vector(llvm::seq<int64_t>(2 * together));
  return vector::ShuffleOp::create(builder, loc, low, load(1), both);
}

Value ThreadBuilder::loadLanes(Value buffer, Value row, Value panel, Value lane,
                               int64_t lanes) {
  Type element = cast<MemRefType>(buffer.getType()).getElementType();
  int64_t width = widthOf(buffer);
  if (together > 1)
    return loadRun(buffer, ValueRange{row, scale(panel, lanes)}, lane, lanes);
  Value first = plus(scale(panel, lanes), lane);
  SmallVector<Value> values;
  for (int64_t half = 0; half < lanes / kHalfPanel; ++half) {
    Value feature = add(first, half * kHalfPanel);
    if (width % lanes == 0) {
      values.push_back(memref::LoadOp::create(builder, loc, buffer,
                                              ValueRange{row, feature}));
      continue;
    }
    Value inside = isBelow(feature, index(width));
    Value near = smaller(feature, index(width - 1));
    Value value =
        memref::LoadOp::create(builder, loc, buffer, ValueRange{row, near});
    Value zero =
        arith::ConstantOp::create(builder, loc, builder.getZeroAttr(element));
    values.push_back(
        arith::SelectOp::create(builder, loc, inside, value, zero));
  }
  auto type = VectorType::get(int64_t(values.size()), element);
  return vector::FromElementsOp::create(builder, loc, type, values);
}

void ThreadBuilder::storeLanes(Value value, Value buffer, Value row,
                               Value panel, Value lane, int64_t lanes) {
  int64_t width = widthOf(buffer);
  Value first = plus(scale(panel, lanes), scale(lane, together));
  for (int64_t half = 0; half < lanes / kHalfPanel; ++half) {
    Value feature = add(first, half * kHalfPanel);
    if (together > 1) {
      Value run = vector::ExtractStridedSliceOp::create(
          builder, loc, value, {half * together}, {together}, {1});
      vector::StoreOp::create(builder, loc, run, buffer,
                              ValueRange{row, feature}, /*nontemporal=*/false,
                              llvm::MaybeAlign(kRunAlignment));
      continue;
    }
    Value element = vector::ExtractOp::create(builder, loc, value, half);
    auto store = [&] {
      memref::StoreOp::create(builder, loc, element, buffer,
                              ValueRange{row, feature});
    };
    if (width % lanes == 0)
      store();
    else
      onlyIf(isBelow(feature, index(width)), store);
  }
}
