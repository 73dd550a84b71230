//===- DeltaRowsToThreads.cpp - The delta rule in a thread block ----------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// First each thread computes the factors of a row and head. Then a thread has
// one v of one head, and so a row of S, which nobody else needs: it takes it
// through all rows in time order (or, with streams, through the one row of its
// stream). Heads of up to 64 features have it in registers all the while.
//
// A piece of a sequence multiplies S by a matrix that depends on its keys, so
// that pieces cannot pass S on by a power of one matrix, as scans do: units
// with a delta rule are not linked, and their kernels run chunks in time order.
//
//===----------------------------------------------------------------------===//

#include "lib/Conversion/ChunkToGpu/ChunkToGpu.h"
#include "lib/Conversion/ChunkToGpu/ThreadBuilder.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"

using namespace mlir;
using namespace ssmc;

using Values = SmallVector<Value>;

/// Heads whose factors lie side by side: four kinds of four numbers.
static constexpr int64_t kGroup = 4;
/// Features of a head up to which a row of S fits a thread's registers.
static constexpr int64_t kMostInRegisters = 64;

namespace {
/// Emits the work of the threads of one operation.
class DeltaThreads {
public:
  DeltaThreads(DeltaRowsOp op, int64_t threads, OpBuilder &builder)
      : op(op), builder(builder), loc(op.getLoc()), rows(builder, loc, threads),
        size(op.getSize()), lanes(op.getHeadPanels() * kPanelLanes),
        available(cast<MemRefType>(op.getX().getType()).getDimSize(0)) {}

  void emit();

private:
  /// One v of one head.
  struct Place {
    Value head, lane, feature; ///< feature: head and lane as one number
  };

  void emitFactors(Value row, Value head);
  Value emitBeta(Value row);
  void emitStream(const Place &place);
  void emitRow(Value row, const Place &place);
  Values loadState(Value stream, const Place &place);
  void storeState(ValueRange state, Value stream, const Place &place);
  Values emitStep(Value row, const Place &place, ValueRange state);
  void emitStepInMemory(Value row, Value stream, const Place &place);
  Value emitOutput(Value row, const Place &place, ValueRange sums);

  Value number(double value) {
    return arith::ConstantOp::create(
        builder, loc, builder.getF32FloatAttr(static_cast<float>(value)));
  }
  Value mul(Value a, Value b) {
    return arith::MulFOp::create(builder, loc, a, b);
  }
  Value add(Value a, Value b) {
    return arith::AddFOp::create(builder, loc, a, b);
  }
  Value fma(Value a, Value b, Value c) {
    return math::FmaOp::create(builder, loc, a, b, c);
  }
  Value load(Value buffer, Value row, Value column) {
    return memref::LoadOp::create(builder, loc, buffer,
                                  ValueRange{row, column});
  }
  void store(Value value, Value buffer, Value row, Value column) {
    memref::StoreOp::create(builder, loc, value, buffer,
                            ValueRange{row, column});
  }
  /// Feature `feature` of q (part 0), k (1) or v (2) of a head.
  Value loadInput(Value row, Value head, int64_t part, Value feature) {
    Value column = rows.add(rows.scale(head, 3 * lanes), part * lanes);
    return load(op.getX(), row, rows.plus(column, feature));
  }
  Value loadFactor(Value row, Value head, int64_t kind) {
    return load(op.getFactors(), row, factorAt(head, kind));
  }
  Value factorAt(Value head, int64_t kind) {
    Value group = rows.scale(rows.divide(head, kGroup), kPanelLanes);
    return rows.add(rows.plus(group, rows.remainder(head, kGroup)),
                    kind * kGroup);
  }
  /// Where S[v, k] lies in a stream's carry.
  Value stateAt(const Place &place, Value k) {
    Value panel = rows.divide(place.feature, kPanelLanes);
    Value row = rows.plus(rows.scale(panel, size), k);
    return rows.plus(rows.scale(row, kPanelLanes),
                     rows.remainder(place.feature, kPanelLanes));
  }
  Place placeOf(Value feature) {
    return {rows.divide(feature, lanes), rows.remainder(feature, lanes),
            feature};
  }
  /// Runs `body` if `row` is one of those to be run.
  void ifCounted(Value row, llvm::function_ref<void()> body) {
    if (op.getCount())
      rows.onlyIf(rows.isBelow(row, op.getCount()), body);
    else
      body();
  }

  DeltaRowsOp op;
  OpBuilder &builder;
  Location loc;
  ThreadBuilder rows;
  int64_t size, lanes, available;
};
} // namespace

//===----------------------------------------------------------------------===//
// Factors
//===----------------------------------------------------------------------===//

/// 1 / (1 + exp(-b)).
Value DeltaThreads::emitBeta(Value row) {
  Value b = load(op.getX(), row, rows.index(3 * op.getHeads() * lanes));
  Value power = math::Exp2Op::create(builder, loc,
                                     mul(b, number(GateOp::kExponentScale)));
  return arith::DivFOp::create(builder, loc, number(1), add(number(1), power));
}

/// beta rk, -beta rk^2, rq and k . q, with rk = 1 / (|k| + epsilon).
void DeltaThreads::emitFactors(Value row, Value head) {
  Value zero = number(0);
  Values sums = rows.loop(
      0, size, 1, {zero, zero, zero}, [&](Value i, ValueRange before) {
        Value q = loadInput(row, head, 0, i), k = loadInput(row, head, 1, i);
        return Values{fma(k, k, before[0]), fma(q, q, before[1]),
                      fma(k, q, before[2])};
      });
  auto invert = [&](Value square) -> Value {
    Value length = add(math::SqrtOp::create(builder, loc, square),
                       number(op.getEpsilon().convertToDouble()));
    return arith::DivFOp::create(builder, loc, number(1), length);
  };
  Value rk = invert(sums[0]), rq = invert(sums[1]);
  Value scaled = mul(emitBeta(row), rk);
  Value factors[] = {scaled,
                     arith::NegFOp::create(builder, loc, mul(scaled, rk)), rq,
                     sums[2]};
  for (auto [kind, factor] : llvm::enumerate(factors))
    store(factor, op.getFactors(), row, factorAt(head, int64_t(kind)));
}

//===----------------------------------------------------------------------===//
// The recurrence
//===----------------------------------------------------------------------===//

Values DeltaThreads::loadState(Value stream, const Place &place) {
  Values state;
  for (int64_t k = 0; k < size; ++k)
    state.push_back(load(op.getCarry(), stream, stateAt(place, rows.index(k))));
  return state;
}

void DeltaThreads::storeState(ValueRange state, Value stream,
                              const Place &place) {
  for (auto [k, value] : llvm::enumerate(state))
    store(value, op.getCarry(), stream, stateAt(place, rows.index(int64_t(k))));
}

/// Stores y and returns e, from Sk and Sq over even and over odd k.
Value DeltaThreads::emitOutput(Value row, const Place &place, ValueRange sums) {
  Value sk = add(sums[0], sums[2]), sq = add(sums[1], sums[3]);
  Value v = loadInput(row, place.head, 2, place.lane);
  Value change = fma(loadFactor(row, place.head, 1), sk,
                     mul(loadFactor(row, place.head, 0), v));
  Value y = fma(change, loadFactor(row, place.head, 3), sq);
  store(mul(loadFactor(row, place.head, 2), y), op.getY(), row, place.feature);
  return change;
}

Values DeltaThreads::emitStep(Value row, const Place &place, ValueRange state) {
  Values sums(4, number(0)), keys;
  for (auto [k, s] : llvm::enumerate(state)) {
    Value at = rows.index(int64_t(k));
    keys.push_back(loadInput(row, place.head, 1, at));
    Value &known = sums[k % 2 * 2], &answer = sums[k % 2 * 2 + 1];
    known = fma(s, keys.back(), known);
    answer = fma(s, loadInput(row, place.head, 0, at), answer);
  }
  Value change = emitOutput(row, place, sums);
  Values next;
  for (auto [s, key] : llvm::zip_equal(state, keys))
    next.push_back(fma(change, key, s));
  return next;
}

void DeltaThreads::emitStepInMemory(Value row, Value stream,
                                    const Place &place) {
  auto addTerm = [&](Value k, Value &known, Value &answer) {
    Value s = load(op.getCarry(), stream, stateAt(place, k));
    known = fma(s, loadInput(row, place.head, 1, k), known);
    answer = fma(s, loadInput(row, place.head, 0, k), answer);
  };
  Values zeros(4, number(0));
  Values sums =
      rows.loop(0, size / 2 * 2, 2, zeros, [&](Value k, ValueRange before) {
        Values next(before);
        addTerm(k, next[0], next[1]);
        addTerm(rows.add(k, 1), next[2], next[3]);
        return next;
      });
  if (size % 2)
    addTerm(rows.index(size - 1), sums[0], sums[1]);
  Value change = emitOutput(row, place, sums);
  rows.loop(0, size, 1, {}, [&](Value k, ValueRange) {
    Value at = stateAt(place, k);
    Value s = load(op.getCarry(), stream, at);
    s = fma(change, loadInput(row, place.head, 1, k), s);
    store(s, op.getCarry(), stream, at);
    return Values();
  });
}

/// All rows are time steps of one stream.
void DeltaThreads::emitStream(const Place &place) {
  Value zero = rows.index(0), count = rows.rowCount(op.getCount(), available);
  bool inRegisters = size <= kMostInRegisters;
  Values state = inRegisters ? loadState(zero, place) : Values();
  state = rows.loop(zero, count, 1, state, [&](Value row, ValueRange before) {
    if (inRegisters)
      return emitStep(row, place, before);
    emitStepInMemory(row, zero, place);
    return Values();
  });
  storeState(state, zero, place);
}

/// Each row is the only one of its stream.
void DeltaThreads::emitRow(Value row, const Place &place) {
  Value stream = rows.streamOf(op.getStreams(), row);
  if (size <= kMostInRegisters)
    storeState(emitStep(row, place, loadState(stream, place)), stream, place);
  else
    emitStepInMemory(row, stream, place);
}

void DeltaThreads::emit() {
  int64_t heads = op.getHeads(), features = heads * lanes;
  rows.forEach(available * heads, [&](Value item) {
    Value row = rows.divide(item, heads);
    ifCounted(row, [&] { emitFactors(row, rows.remainder(item, heads)); });
  });
  rows.barrier();
  if (!op.getStreams()) {
    rows.forEach(features, [&](Value item) { emitStream(placeOf(item)); });
    return;
  }
  rows.forEach(available * features, [&](Value item) {
    Value row = rows.divide(item, features);
    ifCounted(row,
              [&] { emitRow(row, placeOf(rows.remainder(item, features))); });
  });
}

void ssmc::lowerDeltaRowsToThreads(DeltaRowsOp op, int64_t threads,
                                   OpBuilder &builder) {
  DeltaThreads(op, threads, builder).emit();
}
