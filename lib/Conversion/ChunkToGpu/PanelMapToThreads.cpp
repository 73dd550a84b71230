//===- PanelMapToThreads.cpp - A panel map on a thread block --------------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Tiles of rows and panels (see PanelMapTiles.cpp), each with its body. With
// carries that pass on from row to row, the sums are left in the output first,
// and
//
// for (panel, lane) of this thread
//   for row                           // carries, loop-carried
//     body
//
//===----------------------------------------------------------------------===//

#include "lib/Conversion/ChunkToGpu/PanelMapThreads.h"

using namespace mlir;
using namespace ssmc;

PanelMapThreads::PanelMapThreads(PanelMapOp op, int64_t threads,
                                 const ThreadTile &tile, OpBuilder &builder)
    : op(op), rows(builder, op.getLoc(), threads), builder(builder),
      loc(op.getLoc()), tile(tile) {
  // Without a product there is nothing to share between rows.
  if (!op.getX())
    this->tile = {1, 1, 1};
  this->tile.rows = std::min(this->tile.rows, op.getNumRows());
  this->tile.panels = std::min(this->tile.panels, op.getNumPanels());
}

void PanelMapThreads::run(const ChunkLink *link) {
  if (op.getNumPanels() == 0 || op.getNumRows() == 0)
    return;
  if (op.getCarries().empty() || op.getStreams())
    return emitTiles([&](const Place &place) {
      Value stream = rows.streamOf(op.getStreams(), place.row);
      Values carries = loadCarries(op.getCarries(), stream, place);
      storeCarries(emitBody(place, carries), op.getCarries(), stream, place);
    });
  if (op.getX()) {
    emitTiles([&](const Place &place) {
      rows.storeLanes(place.sum, op.getOuts().front(), place.row, place.panel,
                      place.lane, kPanelLanes);
    });
    rows.barrier();
  }
  if (link)
    emitLinkedScan(*link);
  else
    emitScan();
}

/// Runs `body` for each panel and lane: its row is not set.
void PanelMapThreads::forEachMode(Finish body) {
  rows.forEach(op.getNumPanels() * kHalfPanel, [&](Value item) {
    Place place;
    place.lane = rows.remainder(item, kHalfPanel);
    place.panel = rows.divide(item, kHalfPanel);
    Values columns = loadColumns(place.panel, place.lane);
    place.columns = columns;
    body(place);
  });
}

/// The body of all rows, one after the other; returns the last carries. Where
/// registers allow, a row's sum is loaded before the row before it runs, whose
/// output is stored where a sum was: no load waits for a store, nor a step for
/// a load.
SmallVector<Value> PanelMapThreads::emitSteps(Place place, ValueRange carries,
                                              bool storeOutputs) {
  Value count = rows.rowCount(op.getCount(), op.getNumRows());
  auto loadSum = [&](Value row) {
    return rows.loadLanes(op.getOuts().front(), row, place.panel, place.lane,
                          kPanelLanes);
  };
  bool ahead = op.getX() && readsAhead(op);
  Values carried(carries);
  if (ahead)
    carried.push_back(loadSum(rows.index(0)));
  Value last = rows.index(op.getNumRows() - 1);
  carried = rows.loop(
      rows.index(0), count, 1, carried, [&](Value row, ValueRange carried) {
        Values before(carried);
        place.row = row;
        if (op.getX())
          place.sum = ahead ? before.pop_back_val() : loadSum(row);
        Value next =
            ahead ? loadSum(rows.smaller(rows.add(row, 1), last)) : Value();
        Values after = emitBody(place, before, storeOutputs);
        if (ahead)
          after.push_back(next);
        return after;
      });
  carried.truncate(carries.size());
  return carried;
}

void PanelMapThreads::emitScan() {
  forEachMode([&](const Place &place) {
    Value record = rows.index(0);
    Values carries = loadCarries(op.getCarries(), record, place);
    carries = emitSteps(place, carries, /*storeOutputs=*/true);
    storeCarries(carries, op.getCarries(), record, place);
  });
}

void ssmc::lowerPanelMapToThreads(PanelMapOp op, int64_t threads,
                                  const ThreadTile &tile, const ChunkLink *link,
                                  OpBuilder &builder) {
  builder.setInsertionPoint(op);
  PanelMapThreads(op, threads, tile, builder).run(link);
}
