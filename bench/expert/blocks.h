//===- blocks.h - S5 and LRU blocks, everything fused ---------------------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A block is three products: B with the recurrence as its epilogue, C with D
// and gelu, the two halves of the GLU with gate and skip. Serial: rows are time
// steps of one stream. Else rows are streams, with a row of state each.
//
//===----------------------------------------------------------------------===//

#ifndef SSMC_BENCH_EXPERT_BLOCKS_H
#define SSMC_BENCH_EXPERT_BLOCKS_H

#include "bench/expert/product.h"

// One program per shape: -DHIDDEN=64 -DSTATES=64 ... STATES counts floats:
// twice the complex modes.
constexpr int kHidden = HIDDEN, kStates = STATES, kBlocks = BLOCKS,
              kFeatures = FEATURES, kClasses = CLASSES;

template <int LD> struct Keep {
  float *out;
  template <int R>
  void operator()(Vector (&acc)[R][kVectors], int row, int column) const {
    for (int r = 0; r < R; ++r)
      for (int v = 0; v < kVectors; ++v)
        store(out + (long)(row + r) * LD + column + v * kLanes, acc[r][v]);
  }
};

/// One step of the recurrence; its state goes to o.
INLINE void advance(Vector &re, Vector &im, Vector lr, Vector li, Vector br,
                    Vector bi, float *o) {
  Vector nr = fnma(li, im, fma(lr, re, br));
  Vector ni = fma(li, re, fma(lr, im, bi));
  re = nr, im = ni;
  store(o, re), store(o + kLanes, im);
}

/// s = lambda s + acc; columns are pairs of a vector of real and one of
/// imaginary parts, and so are `state` and `lambda`.
template <bool Serial> struct Scan {
  float *out, *state;
  const float *lambda;

  template <int R>
  void operator()(Vector (&acc)[R][kVectors], int row, int column) const {
    Vector lr = load(lambda + column), li = load(lambda + column + kLanes);
    Vector re, im;
    if (Serial)
      re = load(state + column), im = load(state + column + kLanes);
    for (int r = 0; r < R; ++r) {
      float *s = state + (long)(row + r) * kStates + column;
      if (!Serial)
        re = load(s), im = load(s + kLanes);
      advance(re, im, lr, li, acc[r][0], acc[r][1],
              out + (long)(row + r) * stride(kStates) + column);
      if (!Serial)
        store(s, re), store(s + kLanes, im);
    }
    if (Serial)
      store(state + column, re), store(state + column + kLanes, im);
  }
};

/// gelu(acc + d x)
struct Gelu {
  float *out;
  const float *x, *d;
  template <int R>
  void operator()(Vector (&acc)[R][kVectors], int row, int column) const {
    for (int v = 0; v < kVectors; ++v, column += kLanes) {
      Vector dv = load(d + column);
      for (int r = 0; r < R; ++r) {
        long at = (long)(row + r) * stride(kHidden) + column;
        store(out + at, gelu(fma(dv, load(x + at), acc[r][v])));
      }
    }
  }
};

/// x += w1 sigmoid(w2); columns are pairs of a vector of w1 and one of w2.
struct Gate {
  float *x;
  template <int R>
  void operator()(Vector (&acc)[R][kVectors], int row, int column) const {
    for (int r = 0; r < R; ++r) {
      float *p = x + (long)(row + r) * stride(kHidden) + column / 2;
      store(p, load(p) + gate(acc[r][0], acc[r][1]));
    }
  }
};

/// Packed weights of a block: panels of products, then vectors.
struct Block {
  const float *b, *bBias, *lambda, *c, *cBias, *d, *gates, *gatesBias;
};

struct Model {
  const float *encoder, *zero, *head, *headBias;
  Block blocks[kBlocks];
};

/// Activations of a chunk.
struct Scratch {
  float *x, *states, *gelu;
};

/// All blocks for one chunk of rows; the state is [blocks][rows or 1][kStates]
/// and the sum over time [rows or 1][kHidden].
template <bool Serial>
void runChunk(const Model &m, const float *in, int rows, float *state,
              float *sum, const Scratch &s) {
  constexpr int kLdh = stride(kHidden), kLds = stride(kStates);
  product<kFeatures, kHidden, kFeatures>(in, rows, m.encoder, m.zero,
                                         Keep<kLdh>{s.x});
  for (const Block &b : m.blocks) {
    product<kHidden, kStates, kLdh>(s.x, rows, b.b, b.bBias,
                                    Scan<Serial>{s.states, state, b.lambda});
    product<kStates, kHidden, kLds>(s.states, rows, b.c, b.cBias,
                                    Gelu{s.gelu, s.x, b.d});
    product<kHidden, 2 * kHidden, kLdh>(s.gelu, rows, b.gates, b.gatesBias,
                                        Gate{s.x});
    state += (long)kStates * (Serial ? 1 : rows);
  }
  for (int c = 0; c < kHidden; c += kLanes)
    for (int r = 0; r < rows; ++r) {
      float *to = sum + (Serial ? 0 : (long)r * kHidden) + c;
      store(to, load(to) + load(s.x + (long)r * kLdh + c));
    }
}

#endif // SSMC_BENCH_EXPERT_BLOCKS_H
