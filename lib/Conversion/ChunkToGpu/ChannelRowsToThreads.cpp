//===- ChannelRowsToThreads.cpp - Recurrences of channels on threads ------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A thread is a channel, or some modes of one, and takes a few modes through
// rows at a time, with their states in registers: y is the modes before, in
// memory. Rows that name their streams are a thread each, too.
//
// Threads of one channel take turns on its rows, so that y is the same sum in
// the same order however many there are: while the second one adds its modes to
// some rows, the first one is at the rows after.
//
//===----------------------------------------------------------------------===//

#include "lib/Conversion/ChunkToGpu/ChannelRowsThreads.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"

using namespace mlir;
using namespace ssmc;

/// Modes of a thread at a time: what they wait for each other, and the memory
/// accesses of y, are shared among so many.
static constexpr int64_t kModes = 4;
/// Rows of a turn, where threads share a channel: an eighth of all, so that the
/// last of 4 threads idles for 3 turns of 11, but not less than this.
static constexpr int64_t kLeastTurn = 4, kTurns = 8;

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

SmallVector<SmallVector<Value>>
ChannelRowsThreads::loadAllFactors(const Channel &channel, Value mode,
                                   int64_t count) {
  SmallVector<Values> factors;
  for (int64_t n = 0; n < count; ++n)
    factors.push_back(loadFactors(channel, rows.add(mode, n), 8));
  return factors;
}

/// A mode for each of `factors`; adds their readouts to `before`, as y.
SmallVector<Value> ChannelRowsThreads::emitRow(ArrayRef<Values> factors,
                                               const Channel &channel,
                                               Value row, Value before,
                                               ValueRange states) {
  Value x = loadFeature(op.getX(), row, channel), y = before;
  Values next;
  for (auto [n, ofMode] : llvm::enumerate(factors)) {
    Complex state = emitStep(ofMode, {states[2 * n], states[2 * n + 1]}, x);
    y = emitReadout(ofMode, state, y);
    next.append({state.first, state.second});
  }
  storeFeature(y, row, channel);
  return next;
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

/// As many threads as there are, if all have the same number of modes.
std::optional<ChannelRowsThreads::Turns> ChannelRowsThreads::planTurns() const {
  if (available < 2 * kLeastTurn)
    return std::nullopt;
  int64_t most = std::min(rows.threads / (panels * kPanelLanes), modes);
  for (int64_t sharing = most; sharing > 1; --sharing) {
    if (modes % sharing)
      continue;
    int64_t together = std::min(kModes, modes / sharing);
    while (modes / sharing % together)
      --together;
    return Turns{sharing, together};
  }
  return std::nullopt;
}

/// Thread t of a channel is t turns behind the first one. Between turns all
/// threads of the block meet, those without work, too.
void ChannelRowsThreads::emitInTurns(const Turns &turns, LoadStates load,
                                     StoreStates store) {
  int64_t channels = panels * kPanelLanes;
  int64_t turn =
      std::max<int64_t>(kLeastTurn, llvm::divideCeil(available, kTurns));
  int64_t last = llvm::divideCeil(available, turn) + turns.threads - 1;
  Value thread = gpu::ThreadIdOp::create(builder, loc, gpu::Dimension::x);
  Value number = rows.remainder(thread, channels), zeroRow = rows.index(0);
  Channel channel{number, rows.divide(number, kPanelLanes),
                  rows.remainder(number, kPanelLanes)};
  Value place = rows.divide(thread, channels);
  Value works = rows.isBelow(place, rows.index(turns.threads));
  place = rows.smaller(place, rows.index(turns.threads - 1));
  Value count = rows.rowCount(op.getCount(), available);
  auto choose = [&](Value condition, Value yes, Value no) -> Value {
    return arith::SelectOp::create(builder, loc, condition, yes, no);
  };
  // All threads of a channel, through all rows, with some modes each.
  auto pass = [&](Value pass, ValueRange) -> Values {
    Value number = rows.plus(rows.scale(pass, turns.threads), place);
    Value mode = rows.scale(number, turns.modes);
    Value isFirst = rows.isBelow(number, rows.index(1));
    Values states;
    for (int64_t n = 0; n < turns.modes; ++n) {
      auto [re, im] = load(channel, rows.add(mode, n));
      states.append({re, im});
    }
    SmallVector<Values> factors = loadAllFactors(channel, mode, turns.modes);
    auto takeTurn = [&](Value now, ValueRange states) -> Values {
      Value early = rows.isBelow(now, place);
      Value since = arith::SubIOp::create(builder, loc, now, place);
      Value from = choose(early, zeroRow, rows.scale(since, turn));
      Value to = rows.smaller(rows.add(from, turn), count);
      to = choose(works, choose(early, zeroRow, to), zeroRow);
      Values next =
          rows.loop(from, to, 1, states, [&](Value row, ValueRange carried) {
            Value y = loadFeature(op.getY(), row, channel);
            return emitRow(factors, channel, row, choose(isFirst, zero(), y),
                           carried);
          });
      rows.barrier();
      return next;
    };
    states = rows.loop(0, last, 1, states, takeTurn);
    rows.onlyIf(works, [&] {
      for (int64_t n = 0; n < turns.modes; ++n)
        store(channel, rows.add(mode, n), {states[2 * n], states[2 * n + 1]});
    });
    return Values();
  };
  rows.loop(0, modes / (turns.threads * turns.modes), 1, {}, pass);
}

/// All modes through all rows.
void ChannelRowsThreads::emitAllRows(LoadStates load, StoreStates store) {
  if (std::optional<Turns> turns = planTurns())
    return emitInTurns(*turns, load, store);
  forEachChannel([&](const Channel &channel) {
    forSomeModes([&](Value mode, int64_t count, bool isFirst) {
      Values states;
      for (int64_t n = 0; n < count; ++n) {
        auto [re, im] = load(channel, rows.add(mode, n));
        states.append({re, im});
      }
      SmallVector<Values> factors = loadAllFactors(channel, mode, count);
      states = rows.loop(rows.index(0), rows.rowCount(op.getCount(), available),
                         1, states, [&](Value row, ValueRange carried) {
                           Value y = isFirst
                                         ? zero()
                                         : loadFeature(op.getY(), row, channel);
                           return emitRow(factors, channel, row, y, carried);
                         });
      for (int64_t n = 0; n < count; ++n)
        store(channel, rows.add(mode, n), {states[2 * n], states[2 * n + 1]});
    });
  });
}

void ChannelRowsThreads::emitTimeSteps() {
  Value record = rows.index(0);
  emitAllRows(
      [&](const Channel &channel, Value mode) {
        return loadState(op.getCarry(), record, channel, mode);
      },
      [&](const Channel &channel, Value mode, Complex state) {
        storeState(op.getCarry(), record, channel, mode, state);
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
