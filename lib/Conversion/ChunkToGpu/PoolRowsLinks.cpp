//===- PoolRowsLinks.cpp - A pool over chunks that run side by side -------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Sums are a state that a chunk adds its own to, in the order of LookBack.h:
// the record's, then each chunk's, whatever order chunks run in. Nobody reads
// them between; the last chunk writes the record.
//
//===----------------------------------------------------------------------===//

#include "lib/Conversion/ChunkToGpu/LookBack.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"

using namespace mlir;
using namespace ssmc;

namespace {
class PoolRowsLinks {
public:
  PoolRowsLinks(PoolRowsOp op, int64_t threads, const ChunkLink &link,
                OpBuilder &builder)
      : op(op), link(link), rows(builder, op.getLoc(), threads),
        builder(builder), loc(op.getLoc()),
        features(cast<MemRefType>(op.getSums().getType()).getDimSize(1)),
        available(cast<MemRefType>(op.getX().getType()).getDimSize(0)),
        count(rows.rowCount(op.getCount(), available)) {}

  void run();

private:
  Value load(Value buffer, Value row, Value h) {
    return memref::LoadOp::create(builder, loc, buffer, ValueRange{row, h});
  }
  void store(Value value, Value buffer, Value row, Value h) {
    memref::StoreOp::create(builder, loc, value, buffer, ValueRange{row, h});
  }
  /// What a chunk or row makes of the sum before it.
  Value combine(Value before, Value own) {
    if (op.getLast())
      return own;
    return arith::AddFOp::create(builder, loc, before, own);
  }
  Value sumRows(Value h);
  Value sumBefore(Value h);
  Value sumBehind(Value h) {
    return combine(sumBefore(h), load(link.published.front(), link.chunk, h));
  }
  void addToCount();

  PoolRowsOp op;
  const ChunkLink &link;
  ThreadBuilder rows;
  OpBuilder &builder;
  Location loc;
  int64_t features, available;
  Value count;
};
} // namespace

/// Feature h of the chunk's rows, from zero. Rows are far away: some are loaded
/// together.
Value PoolRowsLinks::sumRows(Value h) {
  constexpr int64_t kTogether = 8;
  Type f64 = builder.getF64Type();
  Value zero =
      arith::ConstantOp::create(builder, loc, builder.getF64FloatAttr(0));
  Value last = rows.add(count, -1);
  auto body = [&](Value first, ValueRange carried) -> SmallVector<Value> {
    SmallVector<Value> loaded, exists;
    for (int64_t i = 0; i < kTogether; ++i) {
      Value row = rows.add(first, i);
      exists.push_back(rows.isBelow(row, count));
      loaded.push_back(load(op.getX(), rows.smaller(row, last), h));
    }
    Value sum = carried.front();
    for (auto [there, x] : llvm::zip_equal(exists, loaded)) {
      x = arith::ExtFOp::create(builder, loc, f64, x);
      sum = arith::SelectOp::create(builder, loc, there, combine(sum, x), sum);
    }
    return {sum};
  };
  return rows.loop(rows.index(0), count, kTogether, zero, body).front();
}

/// The sum of feature h that enters the chunk.
Value PoolRowsLinks::sumBefore(Value h) {
  Value group = rows.divide(link.chunk, kLinkedGroup);
  Value start = load(link.entering.front(), group, h);
  return loopOverGroup(
             rows, link, start, [] {},
             [&](Value chunk) -> SmallVector<Value> {
               return {load(link.published.front(), chunk, h)};
             },
             [&](ValueRange sum, ValueRange own) -> SmallVector<Value> {
               return {combine(sum.front(), own.front())};
             })
      .front();
}

/// All chunks before the last one are full.
void PoolRowsLinks::addToCount() {
  Value zero = rows.index(0);
  Value more = rows.plus(rows.scale(link.chunk, available), count);
  more = arith::IndexCastOp::create(builder, loc, builder.getI64Type(), more);
  Value seen = load(op.getCounts(), zero, zero);
  if (op.getLast()) {
    Value one = arith::ConstantIntOp::create(builder, loc, 1, 64);
    seen = arith::MaxUIOp::create(
        builder, loc, seen, arith::MinUIOp::create(builder, loc, more, one));
  } else {
    seen = arith::AddIOp::create(builder, loc, seen, more);
  }
  store(seen, op.getCounts(), zero, zero);
}

void PoolRowsLinks::run() {
  Value zero = rows.index(0);
  // A chunk that is alone adds up its rows here, too.
  rows.forEach(features, [&](Value h) {
    store(sumRows(h), link.published.front(), link.chunk, h);
  });
  auto enter = [&] {
    rows.forEach(features, [&](Value h) {
      store(load(op.getSums(), zero, h), link.entering.front(), zero, h);
    });
  };
  auto publish = [] {};
  auto passOn = [&](Value group) {
    rows.forEach(features, [&](Value h) {
      store(sumBehind(h), link.entering.front(), group, h);
    });
  };
  auto finish = [&] {
    rows.onlyIf(link.last, [&] {
      rows.forEach(features, [&](Value h) {
        store(sumBehind(h), op.getSums(), zero, h);
      });
      rows.forEach(1, [&](Value) { addToCount(); });
    });
  };
  emitLookBack(rows, link, {enter, publish, passOn, finish});
}

void ssmc::lowerLinkedPoolToThreads(PoolRowsOp op, int64_t threads,
                                    const ChunkLink &link, OpBuilder &builder) {
  PoolRowsLinks(op, threads, link, builder).run();
}
