//===- PanelMapBody.cpp - A panel map's body on a thread's lanes ----------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Conversion/ChunkToGpu/PanelMapThreads.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace ssmc;

/// What a thread has of a vector of 8 or 16 lanes.
static Type ofThread(Type type, int64_t together, Type element = {}) {
  auto vector = dyn_cast<VectorType>(type);
  if (!vector)
    return type;
  return VectorType::get(vector.getDimSize(0) / kHalfPanel * together,
                         element ? element : vector.getElementType());
}

/// What the body reads of a panel's columns: once for all rows, since the
/// optimizer cannot see that outputs are stored elsewhere.
SmallVector<Value> PanelMapThreads::loadColumns(Value panel, Value lane) {
  Values values;
  for (auto [column, argument] :
       llvm::zip_equal(op.getColumns(), op.getColumnArguments()))
    values.push_back(argument.use_empty()
                         ? Value()
                         : rows.loadLanes(column, panel, rows.index(0), lane,
                                          getLanes(argument)));
  return values;
}

SmallVector<Value> PanelMapThreads::loadCarries(ValueRange buffers, Value row,
                                                const Place &place) {
  Values carries;
  for (auto [buffer, argument] :
       llvm::zip_equal(buffers, op.getCarryArguments()))
    carries.push_back(rows.loadLanes(buffer, row, place.panel, place.lane,
                                     getLanes(argument)));
  return carries;
}

void PanelMapThreads::storeCarries(ValueRange carries, ValueRange buffers,
                                   Value row, const Place &place) {
  for (auto [value, buffer, argument] :
       llvm::zip_equal(carries, buffers, op.getCarryArguments()))
    rows.storeLanes(value, buffer, row, place.panel, place.lane,
                    getLanes(argument));
}

Operation *ssmc::cloneForThread(OpBuilder &builder, Operation &nested,
                                IRMapping &lanes, int64_t together,
                                Type element) {
  if (auto shuffle = dyn_cast<vector::ShuffleOp>(nested)) {
    // Both halves of a panel are in one thread: what moves whole halves moves
    // its elements.
    SmallVector<int64_t> mask;
    for (int64_t from : llvm::seq<int64_t>(shuffle.getMask().size()))
      if (from % kHalfPanel == 0)
        for (int64_t i = 0; i < together; ++i)
          mask.push_back(shuffle.getMask()[from] / kHalfPanel * together + i);
    return vector::ShuffleOp::create(builder, nested.getLoc(),
                                     lanes.lookup(shuffle.getV1()),
                                     lanes.lookup(shuffle.getV2()), mask);
  }
  if (auto slice = dyn_cast<vector::ExtractStridedSliceOp>(nested)) {
    auto first = cast<IntegerAttr>(slice.getOffsets()[0]).getInt();
    auto size = cast<IntegerAttr>(slice.getSizes()[0]).getInt();
    return vector::ExtractStridedSliceOp::create(
        builder, nested.getLoc(), lanes.lookup(slice.getSource()),
        {first / kHalfPanel * together}, {size / kHalfPanel * together}, {1});
  }
  Operation *copy = builder.clone(nested, lanes);
  for (OpResult result : copy->getResults())
    result.setType(ofThread(result.getType(), together, element));
  if (auto constant = dyn_cast<arith::ConstantOp>(copy))
    if (auto splat = dyn_cast<SplatElementsAttr>(constant.getValue())) {
      auto type = cast<ShapedType>(copy->getResult(0).getType());
      constant.setValueAttr(
          type.getElementType() == splat.getElementType()
              ? splat.resizeSplat(type)
              : DenseElementsAttr::get(
                    type, splat.getSplatValue<APFloat>().convertToDouble()));
    }
  return copy;
}

/// Runs the body at a place and stores the outputs; returns the carries.
SmallVector<Value> PanelMapThreads::emitBody(const Place &place,
                                             ArrayRef<Value> carries,
                                             bool storeOutputs) {
  IRMapping lanes;
  if (place.sum)
    lanes.map(op.getAccumulator(), place.sum);
  auto mapRows = [&](ValueRange buffers, Block::BlockArgListType arguments) {
    for (auto [buffer, argument] : llvm::zip_equal(buffers, arguments))
      if (!argument.use_empty())
        lanes.map(argument, rows.loadLanes(buffer, place.row, place.panel,
                                           place.lane, getLanes(argument)));
  };
  mapRows(op.getRows(), op.getRowArguments());
  mapRows(op.getOuts(), op.getOutArguments());
  for (auto [scalar, argument] :
       llvm::zip_equal(op.getScalars(), op.getScalarArguments())) {
    Value number = memref::LoadOp::create(builder, rows.loc, scalar, place.row);
    lanes.map(argument, vector::BroadcastOp::create(
                            builder, rows.loc,
                            ofThread(argument.getType(), rows.together), number)
                            .getResult());
  }
  for (auto [column, argument] :
       llvm::zip_equal(place.columns, op.getColumnArguments()))
    if (column)
      lanes.map(argument, column);
  for (auto [argument, carry] :
       llvm::zip_equal(op.getCarryArguments(), carries))
    lanes.map(argument, carry);
  auto valueOf = [&](Value value) {
    if (!lanes.contains(value)) // a hoisted constant
      lanes.map(value, cloneForThread(builder, *value.getDefiningOp(), lanes,
                                      rows.together)
                           ->getResult(0));
    return lanes.lookup(value);
  };
  for (Operation &nested : op.getBody().front().without_terminator()) {
    for (Value operand : nested.getOperands())
      (void)valueOf(operand);
    Operation *copy = cloneForThread(builder, nested, lanes, rows.together);
    for (auto [from, to] :
         llvm::zip_equal(nested.getResults(), copy->getResults()))
      lanes.map(from, to);
  }
  SmallVector<Value> results;
  for (Value value : op.getYield().getValues())
    results.push_back(valueOf(value));
  for (auto [value, out, argument] :
       llvm::zip(results, op.getOuts(), op.getOutArguments()))
    if (storeOutputs)
      rows.storeLanes(value, out, place.row, place.panel, place.lane,
                      getLanes(argument));
  return SmallVector<Value>(
      ArrayRef<Value>(results).drop_front(op.getOuts().size()));
}
