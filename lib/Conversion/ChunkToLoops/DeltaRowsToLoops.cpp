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
// The second is the recurrence: for each row, head and some panels of v
//
//   for k: Sk += S[k] k[k], Sq += S[k] q[k]     two chains each: even, odd k
//   e = beta rk v - beta rk^2 Sk, y = rq (Sq + e (k . q))
//   for k: S[k] += e k[k]
//
// S stays in the L1 cache: heads and panels do not wait for each other, so a
// core has several of these short chains in flight. Where S is too large, the
// heads and panels that fit go through all rows before the next ones do.
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
  DeltaRows(DeltaRowsOp op, const TargetDescription &target, OpBuilder &builder)
      : op(op), builder(builder), loc(op.getLoc()), rows(builder, loc),
        panels(op.getHeadPanels()), lanes(panels * kPanelLanes),
        tile(chooseTile(target)), l1Bytes(target.l1Bytes) {}

  void emit() {
    forEachRow([&](Value row) { emitFactors(row); });
    emitRecurrence();
  }

private:
  void forEachRow(llvm::function_ref<void(Value)> body);
  void forEach(int64_t from, int64_t to, int64_t step,
               llvm::function_ref<void(Value)> body);

  void emitFactors(Value row);
  void emitGroup(Value row, Value firstHead, int64_t heads, Value beta);
  SmallVector<Value> sumsOfHead(Value row, Value head);
  Value sumLanes(MutableArrayRef<Value> vectors);

  int64_t chooseTile(const TargetDescription &target);
  int64_t chooseGroup(int64_t units);
  void emitRecurrence();
  void emitUnit(Value row, Value stream, Value unit);
  SmallVector<Value> loadFactors(Value row, Value head);
  SmallVector<Value> readState(Value row, Value place, Value stream,
                               Value kColumn);
  void updateState(Value row, Value place, Value stream, Value kColumn,
                   ArrayRef<Value> changes);

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

  /// Where row k of the state of a unit's panel lies in the carry.
  Value stateAt(Value place, int64_t panel, Value k) {
    return sum(rows.add(place, panel * op.getPanelFloats()),
               rows.scale(k, kPanelLanes));
  }

  DeltaRowsOp op;
  OpBuilder &builder;
  Location loc;
  RowBuilder rows;
  int64_t panels, lanes;
  int64_t tile; ///< panels of v that share the loads of k and q
  int64_t l1Bytes;
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

/// As many panels of a head as have room for four chains each, besides S, k and
/// q.
int64_t DeltaRows::chooseTile(const TargetDescription &target) {
  int64_t perPanel = kPanelLanes / target.f32Lanes;
  for (int64_t count : {4, 2})
    if (op.getHeadPanels() % count == 0 &&
        count * 4 * perPanel <= target.vectorRegisters / 2)
      return count;
  return 1;
}

/// S k and S q of the panels of a unit, whose state begins at `place` of the
/// carry.
SmallVector<Value> DeltaRows::readState(Value row, Value place, Value stream,
                                        Value kColumn) {
  int64_t size = op.getSize(), step = kUnrolled / tile,
          whole = size / step * step;
  // Of each panel Sk and Sq of even k, then of odd k.
  SmallVector<Value> chains(4 * tile, filled(kPanelLanes, 0));
  auto addTerms = [&](Value first, int64_t count, ValueRange before) {
    SmallVector<Value> sums(before);
    for (int64_t i = 0; i < count; ++i) {
      Value k = rows.add(first, i);
      Value column = sum(kColumn, k);
      Value kth = spread(op.getX(), row, column);
      Value qth = spread(
          op.getX(), row,
          arith::SubIOp::create(builder, loc, column, rows.index(lanes)));
      for (int64_t panel = 0; panel < tile; ++panel) {
        Value s =
            load(op.getCarry(), stream, stateAt(place, panel, k), kPanelLanes);
        Value &known = sums[4 * panel + i % 2 * 2],
              &answer = sums[4 * panel + i % 2 * 2 + 1];
        known = fma(s, kth, known);
        answer = fma(s, qth, answer);
      }
    }
    return sums;
  };
  chains =
      rows.loop(0, whole, step, chains, [&](Value first, ValueRange before) {
        return addTerms(first, step, before);
      });
  chains = addTerms(rows.index(whole), size - whole, chains);
  SmallVector<Value> totals;
  for (int64_t panel = 0; panel < tile; ++panel)
    for (int64_t kind : {0, 1})
      totals.push_back(
          add(chains[4 * panel + kind], chains[4 * panel + kind + 2]));
  return totals;
}

void DeltaRows::updateState(Value row, Value place, Value stream, Value kColumn,
                            ArrayRef<Value> changes) {
  int64_t size = op.getSize(), step = kUnrolled / tile,
          whole = size / step * step;
  auto update = [&](Value first, int64_t count) {
    for (int64_t i = 0; i < count; ++i) {
      Value k = rows.add(first, i);
      Value kth = spread(op.getX(), row, sum(kColumn, k));
      for (int64_t panel = 0; panel < tile; ++panel) {
        Value at = stateAt(place, panel, k);
        Value s = load(op.getCarry(), stream, at, kPanelLanes);
        s = fma(changes[panel], kth, s);
        vector::StoreOp::create(builder, loc, s, op.getCarry(),
                                ValueRange{stream, at});
      }
    }
  };
  forEach(0, whole, step, [&](Value first) { update(first, step); });
  update(rows.index(whole), size - whole);
}

/// beta rk, -beta rk^2, rq and k . q of a head, each in all lanes.
SmallVector<Value> DeltaRows::loadFactors(Value row, Value head) {
  Value four = rows.index(kGroup);
  Value group = arith::DivUIOp::create(builder, loc, head, four);
  Value within = arith::RemUIOp::create(builder, loc, head, four);
  Value place = sum(rows.scale(group, kPanelLanes), within);
  SmallVector<Value> factors;
  for (int64_t kind = 0; kind < 4; ++kind)
    factors.push_back(
        spread(op.getFactors(), row, rows.add(place, kind * kGroup)));
  return factors;
}

/// One step of `tile` panels of v of one head.
void DeltaRows::emitUnit(Value row, Value stream, Value unit) {
  Value perHead = rows.index(panels / tile);
  Value head = arith::DivUIOp::create(builder, loc, unit, perHead);
  Value within = arith::RemUIOp::create(builder, loc, unit, perHead);
  SmallVector<Value> factors = loadFactors(row, head);
  Value place = rows.scale(unit, tile * op.getPanelFloats());
  Value kColumn = columnOf(head, 1);
  SmallVector<Value> read = readState(row, place, stream, kColumn);
  Value vColumn =
      sum(columnOf(head, 2), rows.scale(within, tile * kPanelLanes));
  Value yColumn = rows.scale(unit, tile * kPanelLanes);
  SmallVector<Value> changes;
  for (int64_t panel = 0; panel < tile; ++panel) {
    Value v = load(op.getX(), row, rows.add(vColumn, panel * kPanelLanes),
                   kPanelLanes);
    Value change = fma(factors[1], read[2 * panel], mul(factors[0], v));
    Value y = fma(change, factors[3], read[2 * panel + 1]);
    vector::StoreOp::create(
        builder, loc, mul(factors[2], y), op.getY(),
        ValueRange{row, rows.add(yColumn, panel * kPanelLanes)});
    changes.push_back(change);
  }
  updateState(row, place, stream, kColumn, changes);
}

/// Units that take turns on a row: all that a row's stream has, or as many as
/// keep their state in half of an L1 cache while all rows pass.
int64_t DeltaRows::chooseGroup(int64_t units) {
  int64_t bytes = tile * op.getPanelFloats() * int64_t(sizeof(float));
  int64_t group = units;
  while (!op.getStreams() && group > 1 &&
         (units % group || group * bytes > l1Bytes / 2))
    --group;
  return group;
}

void DeltaRows::emitRecurrence() {
  int64_t units = op.getHeads() * panels / tile, group = chooseGroup(units);
  forEach(0, units, group, [&](Value first) {
    forEachRow([&](Value row) {
      Value stream = rows.streamOf(op.getStreams(), row);
      forEach(0, group, 1,
              [&](Value unit) { emitUnit(row, stream, sum(first, unit)); });
    });
  });
}

void ssmc::lowerDeltaRows(DeltaRowsOp op, const TargetDescription &target,
                          OpBuilder &builder) {
  DeltaRows(op, target, builder).emit();
}
