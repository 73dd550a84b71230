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
//   for modes step kModes            // their states in registers, over all
//   rows
//     for row
//       y = the modes before (in memory); each mode: step, y += its readout
//
// Rows that name their streams change states at every row:
//
// for channels that fill a register
//   for row
//     for modes step kModes          // y in a register
//
// Four modes have a flag that says whether they need the corrections of their
// coefficients, which take half as many instructions again; most do not.
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
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace ssmc;

/// Modes whose recurrences run side by side: those with one flag. From state to
/// state take three dependent instructions of about four cycles each, and a
/// mode has eight or twelve instructions, of which two start per cycle: three
/// modes would do if nothing else waited. The states of four are half of AVX2's
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

  /// Up to kModes modes from `mode` on.
  struct Modes {
    Value mode;
    int64_t count;
    bool isFirst;
  };

  void emitTimeSteps(const Channels &channels);
  void emitModesOverTime(const Channels &channels, const Modes &modes,
                         bool corrected);
  void emitStreams(const Channels &channels);
  Value emitModes(const Channels &channels, const Modes &some, bool corrected,
                  Value x, Value y, Values &states);
  void emitMode(const Channels &channels, Value mode, bool corrected, Value x,
                Value &y, Value &re, Value &im);
  void emitCorrectedStep(ArrayRef<Value> factors, Value x, Value &re,
                         Value &im);
  void emitStep(ArrayRef<Value> factors, Value x, Value &re, Value &im);
  Value isCorrected(const Channels &channels, Value mode);
  Value firstLane(const Channels &channels);
  Value statePlace(const Channels &channels, Value mode, int64_t plane);
  Values loadStates(const Channels &channels, Value stream, Value mode,
                    int64_t count);
  void storeStates(const Channels &channels, Value stream, Value mode,
                   ValueRange states);
  Value zeros();
  Value fma(Value a, Value b, Value sum) {
    return math::FmaOp::create(builder, loc, a, b, sum);
  }
  Value times(Value a, Value b) {
    return arith::MulFOp::create(builder, loc, a, b);
  }

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
  Value number = arith::AddIOp::create(builder, loc,
                                       rows.scale(channels.panel, modes), mode);
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
          op.getCarry(), stream, statePlace(channels, rows.add(mode, n), plane),
          lanes));
  return states;
}

void ChannelRowsLowering::storeStates(const Channels &channels, Value stream,
                                      Value mode, ValueRange states) {
  for (auto [i, state] : llvm::enumerate(states))
    rows.storeLanes(state, op.getCarry(), stream,
                    statePlace(channels, rows.add(mode, i / 2), i % 2));
}

/// The flag of the modes that begin with `mode`.
Value ChannelRowsLowering::isCorrected(const Channels &channels, Value mode) {
  Value group = arith::DivUIOp::create(builder, loc, mode, rows.index(kModes));
  Value flag = memref::LoadOp::create(builder, loc, op.getFactors().back(),
                                      ValueRange{channels.panel, group});
  Value zero =
      arith::ConstantOp::create(builder, loc, builder.getF32FloatAttr(0));
  return arith::CmpFOp::create(builder, loc, arith::CmpFPredicate::UNE, flag,
                               zero);
}

/// a is a sum of two numbers. The small products come first, and both parts
/// side by side, as in a scan.
void ChannelRowsLowering::emitCorrectedStep(ArrayRef<Value> factors, Value x,
                                            Value &re, Value &im) {
  Value aRe = factors[0], aReLow = factors[1], aIm = factors[2],
        aImLow = factors[3];
  Value own = fma(aRe, re, fma(aReLow, re, x));
  Value other = fma(aIm, im, times(aImLow, im));
  Value nextRe = arith::SubFOp::create(builder, loc, own, other);
  own = fma(aRe, im, times(aReLow, im));
  other = fma(aIm, re, times(aImLow, re));
  im = arith::AddFOp::create(builder, loc, own, other);
  re = nextRe;
}

/// a is 1 + m: a slow mode's m is small, and its rounding smaller than that of
/// a by as much.
void ChannelRowsLowering::emitStep(ArrayRef<Value> factors, Value x, Value &re,
                                   Value &im) {
  Value mRe = factors[0], mIm = factors[1];
  Value minus = arith::NegFOp::create(builder, loc, mIm);
  Value moreRe = fma(mRe, re, fma(minus, im, x));
  Value moreIm = fma(mRe, im, times(mIm, re));
  re = arith::AddFOp::create(builder, loc, re, moreRe);
  im = arith::AddFOp::create(builder, loc, im, moreIm);
}

/// One step of one mode; adds its readout to y.
void ChannelRowsLowering::emitMode(const Channels &channels, Value mode,
                                   bool corrected, Value x, Value &y, Value &re,
                                   Value &im) {
  auto type = VectorType::get(lanes, builder.getF32Type());
  // Where factors lie must not be seen to be the same for all rows, nor to be
  // beside those of the mode before: LLVM would keep them in registers, or load
  // all modes' first.
  Value panel = rows.opaque(channels.panel);
  auto load = [&](size_t first, size_t count) {
    Values values;
    for (Value factor : op.getFactors().slice(first, count))
      values.push_back(vector::LoadOp::create(
          builder, loc, type, factor,
          ValueRange{panel, mode, rows.index(channels.lane)}));
    return values;
  };
  if (corrected)
    emitCorrectedStep(load(0, 4), x, re, im);
  else
    emitStep(load(4, 2), x, re, im);
  Values readout = load(6, 2);
  y = fma(readout[0], re, y);
  y = fma(readout[1], im, y);
}

Value ChannelRowsLowering::emitModes(const Channels &channels,
                                     const Modes &some, bool corrected, Value x,
                                     Value y, Values &states) {
  for (int64_t n = 0; n < some.count; ++n)
    emitMode(channels, rows.add(some.mode, n), corrected, x, y, states[2 * n],
             states[2 * n + 1]);
  return y;
}

void ChannelRowsLowering::emitModesOverTime(const Channels &channels,
                                            const Modes &some, bool corrected) {
  Value stream = rows.index(0);
  Values states = loadStates(channels, stream, some.mode, some.count);
  int64_t available = cast<MemRefType>(op.getX().getType()).getDimSize(0);
  auto step = [&](Value row, ValueRange carried) {
    Values next(carried);
    Value first = firstLane(channels);
    Value x = rows.loadLanes(op.getX(), row, first, lanes);
    Value y =
        some.isFirst ? zeros() : rows.loadLanes(op.getY(), row, first, lanes);
    y = emitModes(channels, some, corrected, x, y, next);
    rows.storeLanes(y, op.getY(), row, first);
    return next;
  };
  states = op.getCount()
               ? rows.loop(rows.index(0), op.getCount(), 1, states, step)
               : rows.loop(0, available, 1, states, step);
  storeStates(channels, stream, some.mode, states);
}

void ChannelRowsLowering::emitTimeSteps(const Channels &channels) {
  auto emit = [&](const Modes &some) {
    auto choice =
        scf::IfOp::create(builder, loc, isCorrected(channels, some.mode),
                          /*withElseRegion=*/true);
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(choice.thenBlock());
    emitModesOverTime(channels, some, /*corrected=*/true);
    builder.setInsertionPointToStart(choice.elseBlock());
    emitModesOverTime(channels, some, /*corrected=*/false);
  };
  int64_t first = std::min(kModes, modes), whole = modes / kModes * kModes;
  emit({rows.index(0), first, /*isFirst=*/true});
  rows.loop(first, whole, kModes, {}, [&](Value mode, ValueRange) {
    emit({mode, kModes, /*isFirst=*/false});
    return Values();
  });
  if (int64_t start = std::max(first, whole); start < modes)
    emit({rows.index(start), modes - start, /*isFirst=*/false});
}

void ChannelRowsLowering::emitStreams(const Channels &channels) {
  int64_t available = cast<MemRefType>(op.getX().getType()).getDimSize(0);
  Value count = rows.rowCount(op.getCount(), available);
  rows.loop(rows.index(0), count, 1, {}, [&](Value row, ValueRange) {
    Value stream = rows.streamOf(op.getStreams(), row);
    Value first = firstLane(channels);
    Value x = rows.loadLanes(op.getX(), row, first, lanes);
    auto step = [&](const Modes &some, bool corrected, Value y) {
      Values states = loadStates(channels, stream, some.mode, some.count);
      y = emitModes(channels, some, corrected, x, y, states);
      storeStates(channels, stream, some.mode, states);
      scf::YieldOp::create(builder, loc, y);
    };
    auto emit = [&](const Modes &some, Value y) -> Value {
      auto choice =
          scf::IfOp::create(builder, loc, TypeRange{y.getType()},
                            isCorrected(channels, some.mode),
                            /*addThenBlock=*/true, /*addElseBlock=*/true);
      OpBuilder::InsertionGuard guard(builder);
      builder.setInsertionPointToStart(choice.thenBlock());
      step(some, /*corrected=*/true, y);
      builder.setInsertionPointToStart(choice.elseBlock());
      step(some, /*corrected=*/false, y);
      return choice.getResult(0);
    };
    int64_t whole = modes / kModes * kModes;
    Value y = rows.loop(0, whole, kModes, zeros(),
                        [&](Value mode, ValueRange carried) -> Values {
                          return {emit({mode, kModes, false}, carried[0])};
                        })[0];
    if (whole < modes)
      y = emit({rows.index(whole), modes - whole, false}, y);
    rows.storeLanes(y, op.getY(), row, first);
    return Values();
  });
}

void ssmc::lowerChannelRows(ChannelRowsOp op, const TargetDescription &target,
                            OpBuilder &builder) {
  ChannelRowsLowering(op, target.f32Lanes, builder).run();
}
