//===- ChannelRowsToLoops.cpp - Recurrences of channels in registers ------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Rows that are time steps of one stream:
//
// for channels that fill a register
//   for modes step kModes            // their states in registers, over all rows
//     for row
//       y = the modes before (in memory); each mode: step, y += its readout
//
// Rows that name their streams change states at every row:
//
// for channels that fill a register
//   for row
//     for modes step kModes          // y in a register
//
// Either way an output is one chain of fused multiply-adds in the order of
// modes, and a mode's state one in the order of rows. Factors are memory
// operands of the arithmetic: 6 per mode would not fit registers.
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

/// Modes whose recurrences run side by side. From state to state take three
/// dependent instructions of about four cycles each, and a mode has twelve
/// instructions, of which two start per cycle: two modes would do if nothing
/// else waited, four hide y's chain as well. Their states are half of AVX2's
/// registers.
static constexpr int64_t kModes = 4;

namespace {
class ChannelRowsLowering {
public:
  ChannelRowsLowering(ChannelRowsOp op, int64_t f32Lanes, OpBuilder &builder)
      : op(op), rows(builder, op.getLoc()), builder(builder), loc(op.getLoc()),
        lanes(std::min(f32Lanes, kPanelLanes)), panels(op.getNumPanels()),
        modes(op.getNumModes()) {}

  void run();

private:
  using Values = SmallVector<Value>;
  /// `lanes` channels from lane `lane` of panel `panel` on.
  struct Channels {
    Value panel;
    int64_t lane;
  };

  void emitTimeSteps(const Channels &channels);
  void emitModesOverTime(const Channels &channels, Value mode, int64_t count,
                         bool isFirst);
  void emitStreams(const Channels &channels);
  Value emitModes(const Channels &channels, Value mode, int64_t count, Value x,
                  Value y, Values &states);
  void emitMode(const Channels &channels, Value mode, Value x, Value &y,
                Value &re, Value &im);
  Value firstLane(const Channels &channels);
  Value statePlace(const Channels &channels, Value mode, int64_t plane);
  Values loadStates(const Channels &channels, Value stream, Value mode,
                    int64_t count);
  void storeStates(const Channels &channels, Value stream, Value mode,
                   ValueRange states);
  Value zeros();

  ChannelRowsOp op;
  RowBuilder rows;
  OpBuilder &builder;
  Location loc;
  int64_t lanes, panels, modes;
};
} // namespace

void ChannelRowsLowering::run() {
  if (cast<MemRefType>(op.getX().getType()).getDimSize(0) == 0)
    return;
  rows.loop(0, panels, 1, {}, [&](Value panel, ValueRange) {
    for (int64_t lane = 0; lane < kPanelLanes; lane += lanes) {
      Channels channels{panel, lane};
      if (op.getStreams())
        emitStreams(channels);
      else
        emitTimeSteps(channels);
    }
    return Values();
  });
}

Value ChannelRowsLowering::zeros() {
  auto type = VectorType::get(lanes, builder.getF32Type());
  return arith::ConstantOp::create(builder, loc, builder.getZeroAttr(type));
}

/// Of the channels, in a row.
Value ChannelRowsLowering::firstLane(const Channels &channels) {
  return rows.add(rows.scale(channels.panel, kPanelLanes), channels.lane);
}

/// Of a mode's real (0) or imaginary (1) parts, in a record.
Value ChannelRowsLowering::statePlace(const Channels &channels, Value mode,
                                      int64_t plane) {
  Value number = arith::AddIOp::create(
      builder, loc, rows.scale(channels.panel, modes), mode);
  return rows.add(rows.scale(number, 2 * kPanelLanes),
                  plane * kPanelLanes + channels.lane);
}

SmallVector<Value> ChannelRowsLowering::loadStates(const Channels &channels,
                                                   Value stream, Value mode,
                                                   int64_t count) {
  Values states;
  for (int64_t n = 0; n < count; ++n)
    for (int64_t plane : {0, 1})
      states.push_back(rows.loadLanes(
          op.getCarry(), stream,
          statePlace(channels, rows.add(mode, n), plane), lanes));
  return states;
}

void ChannelRowsLowering::storeStates(const Channels &channels, Value stream,
                                      Value mode, ValueRange states) {
  for (auto [i, state] : llvm::enumerate(states))
    rows.storeLanes(state, op.getCarry(), stream,
                    statePlace(channels, rows.add(mode, i / 2), i % 2));
}

/// One step of one mode; adds its readout to y.
void ChannelRowsLowering::emitMode(const Channels &channels, Value mode,
                                   Value x, Value &y, Value &re, Value &im) {
  auto type = VectorType::get(lanes, builder.getF32Type());
  Values factors;
  // Where they lie must not be seen to be the same for all rows, nor to be
  // beside those of the mode before: LLVM would keep them in registers, or load
  // all modes' first.
  Value panel = rows.opaque(channels.panel);
  for (Value factor : op.getFactors())
    factors.push_back(vector::LoadOp::create(
        builder, loc, type, factor,
        ValueRange{panel, mode, rows.index(channels.lane)}));
  auto fma = [&](Value a, Value b, Value sum) -> Value {
    return math::FmaOp::create(builder, loc, a, b, sum);
  };
  auto times = [&](Value a, Value b) -> Value {
    return arith::MulFOp::create(builder, loc, a, b);
  };
  Value aRe = factors[0], aReLow = factors[1], aIm = factors[2],
        aImLow = factors[3];
  // The small products come first, and both parts side by side, as in a scan.
  Value own = fma(aRe, re, fma(aReLow, re, x));
  Value other = fma(aIm, im, times(aImLow, im));
  Value nextRe = arith::SubFOp::create(builder, loc, own, other);
  own = fma(aRe, im, times(aReLow, im));
  other = fma(aIm, re, times(aImLow, re));
  im = arith::AddFOp::create(builder, loc, own, other);
  re = nextRe;
  y = fma(factors[4], re, y);
  y = fma(factors[5], im, y);
}

Value ChannelRowsLowering::emitModes(const Channels &channels, Value mode,
                                     int64_t count, Value x, Value y,
                                     Values &states) {
  for (int64_t n = 0; n < count; ++n)
    emitMode(channels, rows.add(mode, n), x, y, states[2 * n],
             states[2 * n + 1]);
  return y;
}

/// `count` modes from `mode` on, over all rows.
void ChannelRowsLowering::emitModesOverTime(const Channels &channels,
                                            Value mode, int64_t count,
                                            bool isFirst) {
  Value stream = rows.index(0);
  Values states = loadStates(channels, stream, mode, count);
  int64_t available = cast<MemRefType>(op.getX().getType()).getDimSize(0);
  auto step = [&](Value row, ValueRange carried) {
    Values next(carried);
    Value first = firstLane(channels);
    Value x = rows.loadLanes(op.getX(), row, first, lanes);
    Value y = isFirst ? zeros() : rows.loadLanes(op.getY(), row, first, lanes);
    y = emitModes(channels, mode, count, x, y, next);
    rows.storeLanes(y, op.getY(), row, first);
    return next;
  };
  states = op.getCount()
               ? rows.loop(rows.index(0), op.getCount(), 1, states, step)
               : rows.loop(0, available, 1, states, step);
  storeStates(channels, stream, mode, states);
}

void ChannelRowsLowering::emitTimeSteps(const Channels &channels) {
  int64_t first = std::min(kModes, modes);
  emitModesOverTime(channels, rows.index(0), first, /*isFirst=*/true);
  int64_t whole = modes / kModes * kModes;
  rows.loop(first, whole, kModes, {}, [&](Value mode, ValueRange) {
    emitModesOverTime(channels, mode, kModes, /*isFirst=*/false);
    return Values();
  });
  if (int64_t start = std::max(first, whole); start < modes)
    emitModesOverTime(channels, rows.index(start), modes - start,
                      /*isFirst=*/false);
}

void ChannelRowsLowering::emitStreams(const Channels &channels) {
  int64_t available = cast<MemRefType>(op.getX().getType()).getDimSize(0);
  Value count = rows.rowCount(op.getCount(), available);
  rows.loop(rows.index(0), count, 1, {}, [&](Value row, ValueRange) {
    Value stream = rows.streamOf(op.getStreams(), row);
    Value first = firstLane(channels);
    Value x = rows.loadLanes(op.getX(), row, first, lanes);
    auto some = [&](Value mode, int64_t modesHere, Value y) {
      Values states = loadStates(channels, stream, mode, modesHere);
      y = emitModes(channels, mode, modesHere, x, y, states);
      storeStates(channels, stream, mode, states);
      return y;
    };
    int64_t whole = modes / kModes * kModes;
    Value y = rows.loop(0, whole, kModes, zeros(),
                        [&](Value mode, ValueRange carried) -> Values {
                          return {some(mode, kModes, carried[0])};
                        })[0];
    if (whole < modes)
      y = some(rows.index(whole), modes - whole, y);
    rows.storeLanes(y, op.getY(), row, first);
    return Values();
  });
}

void ssmc::lowerChannelRows(ChannelRowsOp op, const TargetDescription &target,
                            OpBuilder &builder) {
  ChannelRowsLowering(op, target.f32Lanes, builder).run();
}
