//===- ChannelRowsToThreads.cpp - Recurrences of channels on threads ------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A thread is a channel, and takes some of its modes through all rows at a
// time, with their states in registers: y is the modes before, in memory. Rows
// that name their streams are a thread each, too. What a chunk does to a mode's
// state is a complex number to the power of its rows, in f64; modes pass on
// their states a thread each.
//
//===----------------------------------------------------------------------===//

#include "lib/Conversion/ChunkToGpu/LookBack.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"

using namespace mlir;
using namespace ssmc;

/// Modes of a thread at a time: what they wait for each other, and the memory
/// accesses of y, are shared among so many.
static constexpr int64_t kModes = 4;

namespace {
class ChannelRowsThreads {
public:
  ChannelRowsThreads(ChannelRowsOp op, int64_t threads, OpBuilder &builder)
      : op(op), rows(builder, op.getLoc(), threads), builder(builder),
        loc(op.getLoc()), panels(op.getNumPanels()), modes(op.getNumModes()),
        available(cast<MemRefType>(op.getX().getType()).getDimSize(0)) {}

  void emitStreams();
  void emitTimeSteps();
  void emitLinked(const ChunkLink &link);

private:
  using Values = SmallVector<Value>;
  /// A channel: its number and where it lies in panels.
  struct Channel {
    Value number, panel, lane;
  };
  /// (re, im).
  using Complex = std::pair<Value, Value>;

  void forEachChannel(llvm::function_ref<void(const Channel &)> body);
  void forEachMode(llvm::function_ref<void(const Channel &, Value)> body);
  void forSomeModes(llvm::function_ref<void(Value, int64_t, bool)> body);
  Values loadFactors(const Channel &channel, Value mode, size_t count);
  Value loadFeature(Value buffer, Value row, const Channel &channel);
  void storeFeature(Value value, Value row, const Channel &channel);
  Value statePlace(const Channel &channel, Value mode, int64_t plane);
  Complex loadState(Value buffer, Value row, const Channel &channel,
                    Value mode);
  void storeState(Value buffer, Value row, const Channel &channel, Value mode,
                  Complex state);
  Complex emitStep(ArrayRef<Value> factors, Complex state, Value x);
  Value emitReadout(ArrayRef<Value> factors, Complex state, Value y);
  Values emitRows(const Channel &channel, Value mode, int64_t count,
                  bool isFirst, ValueRange states);
  Complex emitStatesOnly(const Channel &channel, Value mode);

  Complex toWide(Complex state);
  Complex multiply(Complex a, Complex b, Complex added = {});
  Complex emitTransition(const Channel &channel, Value mode);
  Complex emitIncoming(const ChunkLink &link, const Channel &channel,
                       Value mode);
  Complex narrow(Complex state);

  Value fma(Value a, Value b, Value sum) {
    return math::FmaOp::create(builder, loc, a, b, sum);
  }
  Value times(Value a, Value b) {
    return arith::MulFOp::create(builder, loc, a, b);
  }
  Value zero() {
    return arith::ConstantOp::create(builder, loc, builder.getF32FloatAttr(0));
  }

  ChannelRowsOp op;
  ThreadBuilder rows;
  OpBuilder &builder;
  Location loc;
  int64_t panels, modes, available;
};
} // namespace

//===----------------------------------------------------------------------===//
// Channels, modes, memory
//===----------------------------------------------------------------------===//

void ChannelRowsThreads::forEachChannel(
    llvm::function_ref<void(const Channel &)> body) {
  rows.forEach(panels * kPanelLanes, [&](Value item) {
    body({item, rows.divide(item, kPanelLanes),
          rows.remainder(item, kPanelLanes)});
  });
}

/// Lanes are neighbours in memory: they are the fastest digit.
void ChannelRowsThreads::forEachMode(
    llvm::function_ref<void(const Channel &, Value)> body) {
  rows.forEach(panels * modes * kPanelLanes, [&](Value item) {
    Value lane = rows.remainder(item, kPanelLanes);
    Value number = rows.divide(item, kPanelLanes);
    Value panel = rows.divide(number, modes);
    Channel channel{rows.plus(rows.scale(panel, kPanelLanes), lane), panel,
                    lane};
    body(channel, rows.remainder(number, modes));
  });
}

/// All modes, some at a time: the first of them, how many, and whether none
/// came before.
void ChannelRowsThreads::forSomeModes(
    llvm::function_ref<void(Value, int64_t, bool)> body) {
  int64_t first = std::min(kModes, modes), whole = modes / kModes * kModes;
  body(rows.index(0), first, true);
  rows.loop(first, whole, kModes, {}, [&](Value mode, ValueRange) {
    body(mode, kModes, false);
    return Values();
  });
  if (int64_t start = std::max(first, whole); start < modes)
    body(rows.index(start), modes - start, false);
}

/// The first `count` factors of a mode.
SmallVector<Value> ChannelRowsThreads::loadFactors(const Channel &channel,
                                                   Value mode, size_t count) {
  Values factors;
  for (Value factor : op.getFactors().take_front(count))
    factors.push_back(memref::LoadOp::create(
        builder, loc, factor, ValueRange{channel.panel, mode, channel.lane}));
  return factors;
}

static int64_t widthOf(Value buffer) {
  return cast<MemRefType>(buffer.getType()).getDimSize(1);
}

Value ChannelRowsThreads::loadFeature(Value buffer, Value row,
                                      const Channel &channel) {
  int64_t width = widthOf(buffer);
  if (width >= panels * kPanelLanes)
    return memref::LoadOp::create(builder, loc, buffer,
                                  ValueRange{row, channel.number});
  Value near = rows.smaller(channel.number, rows.index(width - 1));
  Value value =
      memref::LoadOp::create(builder, loc, buffer, ValueRange{row, near});
  return arith::SelectOp::create(
      builder, loc, rows.isBelow(channel.number, rows.index(width)), value,
      zero());
}

/// To y.
void ChannelRowsThreads::storeFeature(Value value, Value row,
                                      const Channel &channel) {
  auto store = [&] {
    memref::StoreOp::create(builder, loc, value, op.getY(),
                            ValueRange{row, channel.number});
  };
  int64_t width = widthOf(op.getY());
  if (width >= panels * kPanelLanes)
    store();
  else
    rows.onlyIf(rows.isBelow(channel.number, rows.index(width)), store);
}

Value ChannelRowsThreads::statePlace(const Channel &channel, Value mode,
                                     int64_t plane) {
  Value number = rows.plus(rows.scale(channel.panel, modes), mode);
  number = rows.add(rows.scale(number, 2), plane);
  return rows.plus(rows.scale(number, kPanelLanes), channel.lane);
}

ChannelRowsThreads::Complex
ChannelRowsThreads::loadState(Value buffer, Value row, const Channel &channel,
                              Value mode) {
  auto load = [&](int64_t plane) -> Value {
    return memref::LoadOp::create(
        builder, loc, buffer,
        ValueRange{row, statePlace(channel, mode, plane)});
  };
  Value re = load(0);
  return {re, load(1)};
}

void ChannelRowsThreads::storeState(Value buffer, Value row,
                                    const Channel &channel, Value mode,
                                    Complex state) {
  memref::StoreOp::create(builder, loc, state.first, buffer,
                          ValueRange{row, statePlace(channel, mode, 0)});
  memref::StoreOp::create(builder, loc, state.second, buffer,
                          ValueRange{row, statePlace(channel, mode, 1)});
}

//===----------------------------------------------------------------------===//
// Steps
//===----------------------------------------------------------------------===//

/// The corrected form for all modes: unlike a CPU, a GPU waits for memory here.
ChannelRowsThreads::Complex
ChannelRowsThreads::emitStep(ArrayRef<Value> factors, Complex state, Value x) {
  auto [re, im] = state;
  Value own = fma(factors[0], re, fma(factors[1], re, x));
  Value other = fma(factors[2], im, times(factors[3], im));
  Value nextRe = arith::SubFOp::create(builder, loc, own, other);
  own = fma(factors[0], im, times(factors[1], im));
  other = fma(factors[2], re, times(factors[3], re));
  return {nextRe, arith::AddFOp::create(builder, loc, own, other)};
}

Value ChannelRowsThreads::emitReadout(ArrayRef<Value> factors, Complex state,
                                      Value y) {
  y = fma(factors[6], state.first, y);
  return fma(factors[7], state.second, y);
}

/// `count` modes over all rows; adds their readouts to y, or begins it.
SmallVector<Value> ChannelRowsThreads::emitRows(const Channel &channel,
                                                Value mode, int64_t count,
                                                bool isFirst,
                                                ValueRange states) {
  SmallVector<Values> factors;
  for (int64_t n = 0; n < count; ++n)
    factors.push_back(loadFactors(channel, rows.add(mode, n), 8));
  return rows.loop(
      rows.index(0), rows.rowCount(op.getCount(), available), 1, states,
      [&](Value row, ValueRange carried) {
        Value x = loadFeature(op.getX(), row, channel);
        Value y = isFirst ? zero() : loadFeature(op.getY(), row, channel);
        Values next;
        for (int64_t n = 0; n < count; ++n) {
          Complex state =
              emitStep(factors[n], {carried[2 * n], carried[2 * n + 1]}, x);
          y = emitReadout(factors[n], state, y);
          next.append({state.first, state.second});
        }
        storeFeature(y, row, channel);
        return next;
      });
}

/// What the rows make of a mode's state of zero.
ChannelRowsThreads::Complex
ChannelRowsThreads::emitStatesOnly(const Channel &channel, Value mode) {
  Values factors = loadFactors(channel, mode, 4), zeros{zero(), zero()};
  Values last =
      rows.loop(rows.index(0), rows.rowCount(op.getCount(), available), 1,
                zeros, [&](Value row, ValueRange carried) -> Values {
                  Value x = loadFeature(op.getX(), row, channel);
                  Complex state =
                      emitStep(factors, {carried[0], carried[1]}, x);
                  return {state.first, state.second};
                });
  return {last[0], last[1]};
}

void ChannelRowsThreads::emitTimeSteps() {
  Value record = rows.index(0);
  forEachChannel([&](const Channel &channel) {
    forSomeModes([&](Value mode, int64_t count, bool isFirst) {
      Values states;
      for (int64_t n = 0; n < count; ++n) {
        auto [re, im] =
            loadState(op.getCarry(), record, channel, rows.add(mode, n));
        states.append({re, im});
      }
      states = emitRows(channel, mode, count, isFirst, states);
      for (int64_t n = 0; n < count; ++n)
        storeState(op.getCarry(), record, channel, rows.add(mode, n),
                   {states[2 * n], states[2 * n + 1]});
    });
  });
}

/// Every row is of another stream.
void ChannelRowsThreads::emitStreams() {
  int64_t channels = panels * kPanelLanes;
  rows.forEach(available * channels, [&](Value item) {
    Value row = rows.divide(item, channels);
    Value number = rows.remainder(item, channels);
    Channel channel{number, rows.divide(number, kPanelLanes),
                    rows.remainder(number, kPanelLanes)};
    auto emit = [&] {
      Value stream = rows.streamOf(op.getStreams(), row);
      Value x = loadFeature(op.getX(), row, channel);
      Value y = rows.loop(
          0, modes, 1, zero(), [&](Value mode, ValueRange carried) -> Values {
            Values factors = loadFactors(channel, mode, 8);
            Complex state = loadState(op.getCarry(), stream, channel, mode);
            state = emitStep(factors, state, x);
            storeState(op.getCarry(), stream, channel, mode, state);
            return {emitReadout(factors, state, carried[0])};
          })[0];
      storeFeature(y, row, channel);
    };
    if (op.getCount())
      rows.onlyIf(rows.isBelow(row, op.getCount()), emit);
    else
      emit();
  });
}

//===----------------------------------------------------------------------===//
// Chunks that pass states on
//===----------------------------------------------------------------------===//

ChannelRowsThreads::Complex ChannelRowsThreads::toWide(Complex state) {
  Type f64 = builder.getF64Type();
  auto widen = [&](Value value) -> Value {
    return arith::ExtFOp::create(builder, loc, f64, value);
  };
  Value re = widen(state.first);
  return {re, widen(state.second)};
}

ChannelRowsThreads::Complex ChannelRowsThreads::narrow(Complex state) {
  Type f32 = builder.getF32Type();
  Value re = arith::TruncFOp::create(builder, loc, f32, state.first);
  return {re, arith::TruncFOp::create(builder, loc, f32, state.second)};
}

/// a b + added, in f64.
ChannelRowsThreads::Complex ChannelRowsThreads::multiply(Complex a, Complex b,
                                                         Complex added) {
  Value re = added.first ? fma(a.first, b.first, added.first)
                         : times(a.first, b.first);
  Value im = added.second ? fma(a.first, b.second, added.second)
                          : times(a.first, b.second);
  Value minus = arith::NegFOp::create(builder, loc, a.second);
  re = fma(minus, b.second, re);
  return {re, fma(a.second, b.first, im)};
}

/// What a chunk of as many rows as there are makes of a mode's state: a to the
/// power of the rows.
ChannelRowsThreads::Complex
ChannelRowsThreads::emitTransition(const Channel &channel, Value mode) {
  Values f = loadFactors(channel, mode, 4);
  Complex high = toWide({f[0], f[2]}), low = toWide({f[1], f[3]});
  Value re = arith::AddFOp::create(builder, loc, high.first, low.first);
  Complex step{re,
               arith::AddFOp::create(builder, loc, high.second, low.second)};
  Complex power;
  for (int64_t left = available; left; left /= 2) {
    if (left % 2)
      power = power.first ? multiply(power, step) : step;
    if (left > 1)
      step = multiply(step, step);
  }
  return power;
}

/// A mode's state that enters the chunk, in f64.
ChannelRowsThreads::Complex
ChannelRowsThreads::emitIncoming(const ChunkLink &link, const Channel &channel,
                                 Value mode) {
  Complex chunk = emitTransition(channel, mode);
  Value group = rows.divide(link.chunk, kLinkedGroup);
  Complex state =
      toWide(loadState(link.entering.front(), group, channel, mode));
  Values start{state.first, state.second};
  Values last = loopOverGroup(
      rows, link, start,
      [&](Value before) -> Values {
        Complex added =
            loadState(link.published.front(), before, channel, mode);
        return {added.first, added.second};
      },
      [&](ValueRange state, ValueRange published) -> Values {
        Complex added = toWide({published[0], published[1]});
        Complex next = multiply(chunk, {state[0], state[1]}, added);
        return {next.first, next.second};
      });
  return {last[0], last[1]};
}

void ChannelRowsThreads::emitLinked(const ChunkLink &link) {
  Value published = link.published.front(), entering = link.entering.front();
  Value zeroRow = rows.index(0);
  auto publish = [&](Value isFirst) {
    forEachMode([&](const Channel &channel, Value mode) {
      storeState(published, link.chunk, channel, mode,
                 emitStatesOnly(channel, mode));
      rows.onlyIf(isFirst, [&] {
        storeState(entering, zeroRow, channel, mode,
                   loadState(op.getCarry(), zeroRow, channel, mode));
      });
    });
  };
  auto passOn = [&](Value group) {
    forEachMode([&](const Channel &channel, Value mode) {
      Complex state = emitIncoming(link, channel, mode);
      Complex added = toWide(loadState(published, link.chunk, channel, mode));
      state = multiply(emitTransition(channel, mode), state, added);
      storeState(entering, group, channel, mode, narrow(state));
    });
  };
  auto finish = [&] {
    forEachChannel([&](const Channel &channel) {
      forSomeModes([&](Value mode, int64_t count, bool isFirst) {
        Values states;
        for (int64_t n = 0; n < count; ++n) {
          Complex state =
              narrow(emitIncoming(link, channel, rows.add(mode, n)));
          states.append({state.first, state.second});
        }
        states = emitRows(channel, mode, count, isFirst, states);
        // The record changes when the last chunk is through.
        rows.onlyIf(link.last, [&] {
          for (int64_t n = 0; n < count; ++n)
            storeState(op.getCarry(), zeroRow, channel, rows.add(mode, n),
                       {states[2 * n], states[2 * n + 1]});
        });
      });
    });
  };
  emitLookBack(rows, link, {publish, passOn, finish});
}

void ssmc::lowerChannelRowsToThreads(ChannelRowsOp op, int64_t threads,
                                     const ChunkLink *link,
                                     OpBuilder &builder) {
  ChannelRowsThreads lowering(op, threads, builder);
  if (op.getStreams())
    lowering.emitStreams();
  else if (link)
    lowering.emitLinked(*link);
  else
    lowering.emitTimeSteps();
}
