//===- ChannelRowsLinks.cpp - Channels' chunks that pass states on --------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What a chunk does to a mode's state is a complex number to the power of its
// rows, in f64; modes pass on their states a thread each.
//
//===----------------------------------------------------------------------===//

#include "lib/Conversion/ChunkToGpu/ChannelRowsThreads.h"

using namespace mlir;
using namespace ssmc;

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

/// A mode's state that enters the chunk, in f64. Where a chunk lies before it
/// in its group, `ofChunk` says what one does.
ChannelRowsThreads::Complex
ChannelRowsThreads::emitIncoming(const ChunkLink &link, const Channel &channel,
                                 Value mode,
                                 llvm::function_ref<Complex()> ofChunk) {
  Complex chunk;
  Value group = rows.divide(link.chunk, kLinkedGroup);
  Complex state =
      toWide(loadState(link.entering.front(), group, channel, mode));
  Values start{state.first, state.second};
  Values last = loopOverGroup(
      rows, link, start, [&] { chunk = ofChunk(); },
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
  auto enter = [&] {
    forEachMode([&](const Channel &channel, Value mode) {
      storeState(entering, zeroRow, channel, mode,
                 loadState(op.getCarry(), zeroRow, channel, mode));
    });
  };
  auto publish = [&] {
    forEachMode([&](const Channel &channel, Value mode) {
      storeState(published, link.chunk, channel, mode,
                 emitStatesOnly(channel, mode));
    });
  };
  auto passOn = [&](Value group) {
    forEachMode([&](const Channel &channel, Value mode) {
      Complex chunk = emitTransition(channel, mode);
      Complex state = emitIncoming(link, channel, mode, [&] { return chunk; });
      Complex added = toWide(loadState(published, link.chunk, channel, mode));
      state = multiply(chunk, state, added);
      storeState(entering, group, channel, mode, narrow(state));
    });
  };
  auto finish = [&] {
    emitAllRows(
        [&](const Channel &channel, Value mode) {
          return narrow(emitIncoming(link, channel, mode, [&] {
            return emitTransition(channel, mode);
          }));
        },
        [&](const Channel &channel, Value mode, Complex state) {
          // The record changes when the last chunk is through.
          rows.onlyIf(link.last, [&] {
            storeState(op.getCarry(), zeroRow, channel, mode, state);
          });
        });
  };
  emitLookBack(rows, link, {enter, publish, passOn, finish});
}
