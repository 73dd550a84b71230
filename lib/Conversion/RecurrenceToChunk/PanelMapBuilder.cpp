//===- PanelMapBuilder.cpp - A panel map in the making --------------------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Conversion/RecurrenceToChunk/PanelMapBuilder.h"

using namespace mlir;
using namespace ssmc;

static Type elementOf(Value value) {
  return cast<RankedTensorType>(value.getType()).getElementType();
}

Value PanelMapBuilder::setProduct(Value productRows, Value weight,
                                  Value productBias) {
  x = productRows;
  w = weight;
  bias = productBias;
  accumulator =
      body.addArgument(VectorType::get(kPanelLanes, elementOf(w)), loc);
  return accumulator;
}

Value PanelMapBuilder::addLeaf(SmallVectorImpl<Leaf> &leaves, Value operand,
                               int64_t leafLanes) {
  for (auto &[known, argument] : leaves)
    if (known == operand)
      return argument;
  BlockArgument argument =
      body.addArgument(VectorType::get(leafLanes, elementOf(operand)), loc);
  leaves.emplace_back(operand, argument);
  return argument;
}

Value PanelMapBuilder::addRows(Value operand) {
  if (operand != destination)
    return addLeaf(rows, operand, lanes);
  if (!before)
    before = body.addArgument(VectorType::get(lanes, elementOf(operand)), loc);
  return before;
}

Value PanelMapBuilder::addHalfRows(Value operand) {
  return addLeaf(rows, operand, kHalfPanel);
}

Value PanelMapBuilder::addColumns(Value operand) {
  return addLeaf(columns, operand,
                 cast<RankedTensorType>(operand.getType()).getDimSize(1));
}

Value PanelMapBuilder::addCarry(Value operand) {
  return addLeaf(carries, operand, kPanelLanes);
}

void PanelMapBuilder::redirect(Value elsewhere) {
  if (before)
    rows.emplace_back(destination, before);
  before = {};
  destination = elsewhere;
}

PanelMapOp PanelMapBuilder::finish(OpBuilder &builder, Value result) {
  auto operandsOf = [](ArrayRef<Leaf> leaves) {
    return llvm::map_to_vector(leaves,
                               [](const Leaf &leaf) { return leaf.first; });
  };
  SmallVector<Value> carryOperands = operandsOf(carries);
  SmallVector<Type> types{destination.getType()};
  llvm::append_range(types, TypeRange(ValueRange(carryOperands)));
  auto map = PanelMapOp::create(
      builder, loc, types, x, w, bias, operandsOf(rows),
      /*scalars=*/ValueRange(), operandsOf(columns), destination, carryOperands,
      Value(), Value(), TensorProductsAttr(), IntegerAttr());

  SmallVector<Value> yielded{result};
  llvm::append_range(yielded, newCarries);
  Block *ordered = &map.getBody().emplaceBlock();
  auto append = [&](BlockArgument argument) {
    BlockArgument moved = ordered->addArgument(argument.getType(), loc);
    argument.replaceAllUsesWith(moved);
    llvm::replace(yielded, Value(argument), Value(moved));
  };
  if (accumulator)
    append(accumulator);
  for (const Leaf &leaf : rows)
    append(leaf.second);
  for (const Leaf &leaf : columns)
    append(leaf.second);
  if (before)
    append(before);
  else // not read, but an argument all the same
    ordered->addArgument(VectorType::get(lanes, elementOf(destination)), loc);
  for (const Leaf &leaf : carries)
    append(leaf.second);
  ordered->getOperations().splice(ordered->end(), body.getOperations());
  OpBuilder end = OpBuilder::atBlockEnd(ordered);
  YieldOp::create(end, loc, yielded);
  return map;
}
