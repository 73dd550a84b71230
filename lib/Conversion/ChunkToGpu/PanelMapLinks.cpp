//===- PanelMapLinks.cpp - A scan over chunks that run side by side -------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The order of things is that of LookBack.h.
//
//===----------------------------------------------------------------------===//

#include "lib/Conversion/ChunkToGpu/LookBack.h"
#include "lib/Conversion/ChunkToGpu/PanelMapThreads.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace ssmc;

//===----------------------------------------------------------------------===//
// What a chunk does to the state that enters it
//===----------------------------------------------------------------------===//

/// Where the body exchanges the planes, each plane of each carry is a part, a
/// number; else each carry is one, a vector of both planes.
bool PanelMapThreads::mixesPlanes() {
  return !op.getBody().getOps<vector::ShuffleOp>().empty();
}

static VectorType wide(OpBuilder &builder) {
  return VectorType::get(kPanelLanes / kHalfPanel, builder.getF64Type());
}

static Value toWide(OpBuilder &builder, Location loc, Value value) {
  Type type = wide(builder);
  if (value.getType() == type)
    return value;
  return arith::ExtFOp::create(builder, loc, type, value);
}

static SmallVector<Value> toParts(OpBuilder &builder, Location loc, bool mixes,
                                  ValueRange carries) {
  SmallVector<Value> parts;
  for (Value carry : carries) {
    carry = toWide(builder, loc, carry);
    if (!mixes) {
      parts.push_back(carry);
      continue;
    }
    for (int64_t plane : {0, 1})
      parts.push_back(vector::ExtractOp::create(builder, loc, carry, plane));
  }
  return parts;
}

static SmallVector<Value> fromParts(OpBuilder &builder, Location loc,
                                    bool mixes, ValueRange parts) {
  if (!mixes)
    return parts;
  SmallVector<Value> carries;
  for (size_t i = 0; i < parts.size(); i += 2)
    carries.push_back(vector::FromElementsOp::create(
        builder, loc, wide(builder), ValueRange{parts[i], parts[i + 1]}));
  return carries;
}

/// entries * parts + added (none: zeros).
static SmallVector<Value> apply(OpBuilder &builder, Location loc,
                                ArrayRef<SmallVector<Value>> entries,
                                ArrayRef<Value> parts, ArrayRef<Value> added) {
  SmallVector<Value> result;
  for (auto [i, row] : llvm::enumerate(entries)) {
    Value sum = added.empty() ? Value() : added[i];
    for (auto [entry, part] : llvm::zip_equal(row, parts))
      sum =
          sum ? math::FmaOp::create(builder, loc, entry, part, sum).getResult()
              : arith::MulFOp::create(builder, loc, entry, part).getResult();
    result.push_back(sum);
  }
  return result;
}

static SmallVector<SmallVector<Value>>
multiply(OpBuilder &builder, Location loc, ArrayRef<SmallVector<Value>> a,
         ArrayRef<SmallVector<Value>> b) {
  SmallVector<SmallVector<Value>> product(a.size());
  for (size_t column = 0; column < b.size(); ++column) {
    SmallVector<Value> parts;
    for (ArrayRef<Value> row : b)
      parts.push_back(row[column]);
    for (auto [row, value] :
         llvm::zip_equal(product, apply(builder, loc, a, parts, {})))
      row.push_back(value);
  }
  return product;
}

/// One step of the body in f64, without forcing.
SmallVector<Value> PanelMapThreads::emitLinearStep(const Place &place,
                                                   ArrayRef<Value> carries) {
  Type f64 = builder.getF64Type();
  IRMapping lanes;
  for (auto [column, argument] :
       llvm::zip_equal(place.columns, op.getColumnArguments()))
    if (column)
      lanes.map(argument, toWide(builder, loc, column));
  for (auto [argument, carry] :
       llvm::zip_equal(op.getCarryArguments(), carries))
    lanes.map(argument, carry);
  // Everything else that enters a step is forcing.
  for (BlockArgument argument : op.getBody().getArguments())
    if (!lanes.contains(argument)) {
      auto type = VectorType::get(getLanes(argument) / kHalfPanel, f64);
      lanes.map(argument, arith::ConstantOp::create(builder, loc,
                                                    builder.getZeroAttr(type)));
    }
  auto valueOf = [&](Value value) {
    if (!lanes.contains(value)) // a hoisted constant
      lanes.map(value, cloneForThread(builder, *value.getDefiningOp(), lanes,
                                      rows.together, f64)
                           ->getResult(0));
    return lanes.lookup(value);
  };
  for (Operation &nested : op.getBody().front().without_terminator()) {
    for (Value operand : nested.getOperands())
      (void)valueOf(operand);
    // All is f64 already.
    if (isa<arith::ExtFOp, arith::TruncFOp>(nested))
      lanes.map(nested.getResult(0), lanes.lookup(nested.getOperand(0)));
    else
      lanes.map(nested.getResult(0),
                cloneForThread(builder, nested, lanes, rows.together, f64)
                    ->getResult(0));
  }
  Values next;
  for (Value value : op.getYield().getValues().drop_front(op.getOuts().size()))
    next.push_back(valueOf(value));
  return next;
}

/// What a chunk of as many rows as there are makes of a state: the matrix of
/// one step, column by column, to the power of the rows.
PanelMapThreads::Transition
PanelMapThreads::emitTransition(const Place &place) {
  bool mixes = mixesPlanes();
  size_t parts = op.getCarries().size() * (mixes ? 2 : 1);
  Transition step(parts);
  for (size_t column = 0; column < parts; ++column) {
    Values unit;
    for (size_t carry = 0; carry < op.getCarries().size(); ++carry) {
      SmallVector<double> planes;
      for (size_t plane : {0, 1})
        planes.push_back((mixes ? 2 * carry + plane : carry) == column);
      unit.push_back(arith::ConstantOp::create(
          builder, loc,
          DenseElementsAttr::get(wide(builder), ArrayRef<double>(planes))));
    }
    Values next = toParts(builder, loc, mixes, emitLinearStep(place, unit));
    for (auto [row, value] : llvm::zip_equal(step, next))
      row.push_back(value);
  }
  Transition power;
  for (int64_t left = op.getNumRows(); left; left /= 2) {
    if (left % 2)
      power = power.empty() ? step : multiply(builder, loc, power, step);
    if (left > 1)
      step = multiply(builder, loc, step, step);
  }
  return power;
}

/// The state that enters the chunk, as parts in f64. Where a chunk lies before
/// it in its group, `ofChunk` says what one does.
SmallVector<Value>
PanelMapThreads::emitIncoming(const ChunkLink &link, const Place &place,
                              llvm::function_ref<Transition()> ofChunk) {
  Value group = rows.divide(link.chunk, kLinkedGroup);
  Values state = toParts(builder, loc, mixesPlanes(),
                         loadCarries(link.entering, group, place));
  Transition chunk;
  return loopOverGroup(
      rows, link, state, [&] { chunk = ofChunk(); },
      [&](Value before) { return loadCarries(link.published, before, place); },
      [&](ValueRange state, ValueRange published) {
        Values added = toParts(builder, loc, mixesPlanes(), published);
        return apply(builder, loc, chunk, Values(state), added);
      });
}

//===----------------------------------------------------------------------===//
// The scan
//===----------------------------------------------------------------------===//

/// `parts` with the element types of the carries.
static SmallVector<Value> round(OpBuilder &builder, Location loc, bool mixes,
                                ValueRange parts, PanelMapOp op) {
  SmallVector<Value> carries = fromParts(builder, loc, mixes, parts);
  for (auto [carry, argument] :
       llvm::zip_equal(carries, op.getCarryArguments())) {
    Type element = cast<VectorType>(argument.getType()).getElementType();
    if (!element.isF64())
      carry = arith::TruncFOp::create(
          builder, loc, VectorType::get(kPanelLanes / kHalfPanel, element),
          carry);
  }
  return carries;
}

void PanelMapThreads::emitLinkedScan(const ChunkLink &link) {
  Value zero = rows.index(0);
  bool mixes = mixesPlanes();
  auto enter = [&] {
    forEachMode([&](const Place &place) {
      storeCarries(loadCarries(op.getCarries(), zero, place), link.entering,
                   zero, place);
    });
  };
  auto publish = [&] {
    forEachMode([&](const Place &place) {
      Values zeros;
      for (BlockArgument argument : op.getCarryArguments()) {
        auto type = VectorType::get(
            getLanes(argument) / kHalfPanel,
            cast<VectorType>(argument.getType()).getElementType());
        zeros.push_back(
            arith::ConstantOp::create(builder, loc, builder.getZeroAttr(type)));
      }
      storeCarries(emitSteps(place, zeros, /*storeOutputs=*/false),
                   link.published, link.chunk, place);
    });
  };
  auto passOn = [&](Value group) {
    forEachMode([&](const Place &place) {
      Transition chunk = emitTransition(place);
      Values state = emitIncoming(link, place, [&] { return chunk; });
      Values added = toParts(builder, loc, mixes,
                             loadCarries(link.published, link.chunk, place));
      state = apply(builder, loc, chunk, state, added);
      storeCarries(round(builder, loc, mixes, state, op), link.entering, group,
                   place);
    });
  };
  auto finish = [&] {
    forEachMode([&](const Place &place) {
      Values state =
          emitIncoming(link, place, [&] { return emitTransition(place); });
      state = emitSteps(place, round(builder, loc, mixes, state, op),
                        /*storeOutputs=*/true);
      // The record changes when the last chunk is through.
      rows.onlyIf(link.last,
                  [&] { storeCarries(state, op.getCarries(), zero, place); });
    });
  };
  emitLookBack(rows, link, {enter, publish, passOn, finish});
}
