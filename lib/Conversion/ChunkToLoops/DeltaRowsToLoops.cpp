//===- DeltaRowsToLoops.cpp - The delta rule as loops ---------------------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Two loops over the rows. The first computes four numbers per row and head,
// four heads side by side:
//
//   beta rk, -beta rk^2, rq, k . q        rk = 1 / (|k| + epsilon), rq alike
//
// The second is the recurrence: for each row, head and panel of v
//
//   for k: Sk += S[k] k[k], Sq += S[k] q[k]     two chains each: even, odd k
//   e = beta rk v - beta rk^2 Sk, y = rq (Sq + e (k . q))
//   for k: S[k] += e k[k]
//
// S stays in the L1 cache: heads and panels do not wait for each other, so a
// core has several of these short chains in flight.
//
//===----------------------------------------------------------------------===//

#include "lib/Conversion/ChunkToLoops/ChunkToLoops.h"
#include "lib/Conversion/ChunkToLoops/RowLoops.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace ssmc;

/// Heads whose factors are computed side by side, and kinds of factors.
static constexpr int64_t kGroup = 4;
/// Steps over k without a loop around them.
static constexpr int64_t kUnrolled = 16;

namespace {
/// Emits the loops of one operation.
class DeltaRows {
public:
  DeltaRows(DeltaRowsOp op, OpBuilder &builder)
      : op(op), builder(builder), loc(op.getLoc()), rows(builder, loc),
        panels(op.getHeadPanels()), lanes(panels * kPanelLanes) {}

  void emit() {
    forEachRow([&](Value row) { emitFactors(row); });
    forEachRow([&](Value row) { emitStep(row); });
  }

private:
  void forEachRow(llvm::function_ref<void(Value)> body);
  void forEach(int64_t from, int64_t to, int64_t step,
               llvm::function_ref<void(Value)> body);

  void emitFactors(Value row);
  void emitGroup(Value row, Value firstHead, int64_t heads, Value beta);
  SmallVector<Value> sumsOfHead(Value row, Value head);
  Value sumLanes(MutableArrayRef<Value> vectors);

  void emitStep(Value row);
  void emitPanel(Value row, Value stream, Value head, ArrayRef<Value> factors,
                 Value panel);
  SmallVector<Value> readState(Value row, Value place, Value stream,
                               Value kColumn);
  void updateState(Value row, Value place, Value stream, Value kColumn,
                   Value change);

  VectorType vectorOf(int64_t count) {
    return VectorType::get(count, builder.getF32Type());
  }
  Value filled(int64_t count, double number) {
    return arith::ConstantOp::create(
        builder, loc,
        DenseElementsAttr::get(vectorOf(count), static_cast<float>(number)));
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
  Value sum(Value a, Value b) {
    return arith::AddIOp::create(builder, loc, a, b);
  }
  Value load(Value buffer, Value row, Value column, int64_t count) {
    return vector::LoadOp::create(builder, loc, vectorOf(count), buffer,
                                  ValueRange{row, column});
  }
  /// One number of a row in `count` lanes.
  Value spread(Value buffer, Value row, Value column,
               int64_t count = kPanelLanes) {
    Value number =
        memref::LoadOp::create(builder, loc, buffer, ValueRange{row, column});
    return vector::BroadcastOp::create(builder, loc, vectorOf(count), number);
  }
  Value slice(Value vector, int64_t first, int64_t count) {
    return vector::ExtractStridedSliceOp::create(
        builder, loc, vector, ArrayRef<int64_t>{first},
        ArrayRef<int64_t>{count}, ArrayRef<int64_t>{1});
  }
  /// The column of x where q (part 0), k (1) or v (2) of a head begin.
  Value columnOf(Value head, int64_t part) {
    return rows.add(rows.scale(head, 3 * lanes), part * lanes);
  }

  DeltaRowsOp op;
  OpBuilder &builder;
  Location loc;
  RowBuilder rows;
  int64_t panels, lanes;
};
} // namespace

void DeltaRows::forEachRow(llvm::function_ref<void(Value)> body) {
  int64_t available = cast<MemRefType>(op.getX().getType()).getDimSize(0);
  rows.loop(rows.index(0), rows.rowCount(op.getCount(), available), 1, {},
            [&](Value row, ValueRange) {
              body(row);
              return SmallVector<Value>();
            });
}

void DeltaRows::forEach(int64_t from, int64_t to, int64_t step,
                        llvm::function_ref<void(Value)> body) {
  rows.loop(from, to, step, {}, [&](Value i, ValueRange) {
    body(i);
    return SmallVector<Value>();
  });
}

//===----------------------------------------------------------------------===//
// Factors
//===----------------------------------------------------------------------===//

/// k . k, q . q and k . q of a head, still in lanes.
SmallVector<Value> DeltaRows::sumsOfHead(Value row, Value head) {
  SmallVector<Value> zeros(3, filled(kPanelLanes, 0));
  return rows.loop(0, panels, 1, zeros, [&](Value panel, ValueRange before) {
    Value lane = rows.scale(panel, kPanelLanes);
    Value q = load(op.getX(), row, sum(columnOf(head, 0), lane), kPanelLanes);
    Value k = load(op.getX(), row, sum(columnOf(head, 1), lane), kPanelLanes);
    return SmallVector<Value>{fma(k, k, before[0]), fma(q, q, before[1]),
                              fma(k, q, before[2])};
  });
}

/// Lane i of the result is the sum of the lanes of vectors[i], of which there
/// are 16: halves are added, then halves of these, two vectors in one each
/// time.
Value DeltaRows::sumLanes(MutableArrayRef<Value> vectors) {
  for (int64_t half = kPanelLanes / 2; half; half /= 2) {
    for (int64_t i = 0; i < half; ++i) {
      // In each group of 2 half lanes: those of one vector, then of the other.
      SmallVector<int64_t> low, high;
      for (int64_t lane = 0; lane < kPanelLanes; ++lane) {
        int64_t group = lane / (2 * half) * (2 * half), within = lane % half;
        int64_t from =
            group + within + (lane % (2 * half) < half ? 0 : kPanelLanes);
        low.push_back(from);
        high.push_back(from + half);
      }
      Value a = vectors[i], b = vectors[i + half];
      vectors[i] = add(vector::ShuffleOp::create(builder, loc, a, b, low),
                       vector::ShuffleOp::create(builder, loc, a, b, high));
    }
    vectors = vectors.take_front(half);
  }
  return vectors.front();
}

void DeltaRows::emitGroup(Value row, Value firstHead, int64_t heads,
                          Value beta) {
  SmallVector<Value> sums(kPanelLanes, filled(kPanelLanes, 0));
  for (int64_t head = 0; head < heads; ++head)
    for (auto [kind, value] :
         llvm::enumerate(sumsOfHead(row, rows.add(firstHead, head))))
      sums[kind * kGroup + head] = value;
  Value all = sumLanes(sums);
  // k and q side by side.
  Value lengths = math::SqrtOp::create(builder, loc, slice(all, 0, 2 * kGroup));
  lengths = add(lengths, filled(2 * kGroup, op.getEpsilon().convertToDouble()));
  Value inverse =
      arith::DivFOp::create(builder, loc, filled(2 * kGroup, 1), lengths);
  Value rk = slice(inverse, 0, kGroup);
  Value scaled = mul(beta, rk);
  Value factors[] = {
      scaled, arith::NegFOp::create(builder, loc, mul(scaled, rk)),
      slice(inverse, kGroup, kGroup), slice(all, 2 * kGroup, kGroup)};
  Value place = rows.scale(firstHead, kPanelLanes / kGroup);
  for (auto [kind, factor] : llvm::enumerate(factors))
    vector::StoreOp::create(
        builder, loc, factor, op.getFactors(),
        ValueRange{row, rows.add(place, int64_t(kind) * kGroup)});
}

void DeltaRows::emitFactors(Value row) {
  int64_t heads = op.getHeads(), whole = heads / kGroup * kGroup;
  // beta = 1 / (1 + 2^t), t = -log2(e) b.
  Value b = spread(op.getX(), row, rows.index(3 * heads * lanes), kGroup);
  Value t = mul(b, filled(kGroup, GateOp::kExponentScale));
  Value one = filled(kGroup, 1);
  Value beta = arith::DivFOp::create(
      builder, loc, one, add(one, math::Exp2Op::create(builder, loc, t)));
  forEach(0, whole, kGroup,
          [&](Value head) { emitGroup(row, head, kGroup, beta); });
  if (whole != heads)
    emitGroup(row, rows.index(whole), heads - whole, beta);
}

//===----------------------------------------------------------------------===//
// The recurrence
//===----------------------------------------------------------------------===//

/// S k and S q of a panel, whose state begins at `place` of the carry.
SmallVector<Value> DeltaRows::readState(Value row, Value place, Value stream,
                                        Value kColumn) {
  int64_t size = op.getSize(), whole = size / kUnrolled * kUnrolled;
  // Sk and Sq of even k, then of odd k.
  SmallVector<Value> chains(4, filled(kPanelLanes, 0));
  auto addTerms = [&](Value first, int64_t count, ValueRange before) {
    SmallVector<Value> sums(before);
    for (int64_t i = 0; i < count; ++i) {
      Value k = rows.add(first, i);
      Value s = load(op.getCarry(), stream,
                     sum(place, rows.scale(k, kPanelLanes)), kPanelLanes);
      Value kth = spread(op.getX(), row, sum(kColumn, k));
      Value qth = spread(op.getX(), row,
                         arith::SubIOp::create(builder, loc, sum(kColumn, k),
                                               rows.index(lanes)));
      sums[i % 2 * 2] = fma(s, kth, sums[i % 2 * 2]);
      sums[i % 2 * 2 + 1] = fma(s, qth, sums[i % 2 * 2 + 1]);
    }
    return sums;
  };
  chains = rows.loop(0, whole, kUnrolled, chains,
                     [&](Value first, ValueRange before) {
                       return addTerms(first, kUnrolled, before);
                     });
  chains = addTerms(rows.index(whole), size - whole, chains);
  return {add(chains[0], chains[2]), add(chains[1], chains[3])};
}

void DeltaRows::updateState(Value row, Value place, Value stream, Value kColumn,
                            Value change) {
  int64_t size = op.getSize(), whole = size / kUnrolled * kUnrolled;
  auto update = [&](Value first, int64_t count) {
    for (int64_t i = 0; i < count; ++i) {
      Value k = rows.add(first, i);
      Value at = sum(place, rows.scale(k, kPanelLanes));
      Value s = load(op.getCarry(), stream, at, kPanelLanes);
      s = fma(change, spread(op.getX(), row, sum(kColumn, k)), s);
      vector::StoreOp::create(builder, loc, s, op.getCarry(),
                              ValueRange{stream, at});
    }
  };
  forEach(0, whole, kUnrolled, [&](Value first) { update(first, kUnrolled); });
  update(rows.index(whole), size - whole);
}

/// `factors`: beta rk, -beta rk^2, rq, k . q.
void DeltaRows::emitPanel(Value row, Value stream, Value head,
                          ArrayRef<Value> factors, Value panel) {
  Value number = sum(rows.scale(head, panels), panel);
  Value place = rows.scale(number, op.getPanelFloats());
  Value kColumn = columnOf(head, 1);
  SmallVector<Value> read = readState(row, place, stream, kColumn);
  Value lane = rows.scale(panel, kPanelLanes);
  Value v = load(op.getX(), row, sum(columnOf(head, 2), lane), kPanelLanes);
  Value change = fma(factors[1], read[0], mul(factors[0], v));
  Value y = mul(factors[2], fma(change, factors[3], read[1]));
  vector::StoreOp::create(builder, loc, y, op.getY(),
                          ValueRange{row, rows.scale(number, kPanelLanes)});
  updateState(row, place, stream, kColumn, change);
}

void DeltaRows::emitStep(Value row) {
  Value stream = rows.streamOf(op.getStreams(), row);
  forEach(0, op.getHeads(), 1, [&](Value head) {
    Value four = rows.index(kGroup);
    Value group = arith::DivUIOp::create(builder, loc, head, four);
    Value within = arith::RemUIOp::create(builder, loc, head, four);
    SmallVector<Value> factors;
    for (int64_t kind = 0; kind < 4; ++kind)
      factors.push_back(
          spread(op.getFactors(), row,
                 rows.add(sum(rows.scale(group, kPanelLanes), within),
                          kind * kGroup)));
    forEach(0, panels, 1,
            [&](Value panel) { emitPanel(row, stream, head, factors, panel); });
  });
}

void ssmc::lowerDeltaRows(DeltaRowsOp op, OpBuilder &builder) {
  DeltaRows(op, builder).emit();
}
