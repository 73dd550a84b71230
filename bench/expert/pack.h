//===- pack.h - Reads a model's weights and packs them into panels --------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SSMC_BENCH_EXPERT_PACK_H
#define SSMC_BENCH_EXPERT_PACK_H

#include "bench/expert/blocks.h"
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

/// Zeroed memory on a cache line's boundary.
struct Array {
  explicit Array(size_t n) : size(n) {
    size_t bytes = (n * sizeof(float) + 127) / 64 * 64;
    data = static_cast<float *>(std::aligned_alloc(64, bytes));
    if (!data)
      std::exit(1);
    std::memset(data, 0, bytes);
  }
  Array(const Array &) = delete;
  ~Array() { std::free(data); }
  operator float *() const { return data; }
  float *data;
  size_t size;
};

/// Takes weights as bench/expert/weights.py wrote them.
class Packer {
public:
  explicit Packer(const char *path) {
    FILE *file = std::fopen(path, "rb");
    if (!file) {
      std::perror(path);
      std::exit(1);
    }
    std::fseek(file, 0, SEEK_END);
    raw.resize(size_t(std::ftell(file)) / sizeof(float));
    std::rewind(file);
    if (std::fread(raw.data(), sizeof(float), raw.size(), file) != raw.size())
      std::exit(1);
    std::fclose(file);
    room = new Array(raw.size() + 4096);
    out = *room;
  }

  Model pack() {
    Model m;
    m.encoder = panels(kFeatures, kHidden, take(kFeatures * kHidden));
    m.zero = out;
    out += kHidden;
    for (Block &b : m.blocks)
      b = packBlock();
    m.head = take(kHidden * kClasses);
    m.headBias = take(kClasses);
    if (next != raw.size()) {
      std::fprintf(stderr, "weights of another shape: %zu floats, not %zu\n",
                   raw.size(), next);
      std::exit(1);
    }
    return m;
  }

  /// What a step reads.
  size_t getBytes() const { return size_t(out - room->data) * sizeof(float); }

private:
  const float *take(size_t n) {
    const float *p = raw.data() + next;
    next += n;
    return p;
  }

  /// A matrix [k][n], column `at(c)` of it in place of column c, as panels.
  template <class Column> const float *panels(int k, int n, Column at) {
    const float *start = out;
    for (int j = 0; j < n; j += kPanel)
      for (int i = 0; i < k; ++i)
        for (int c = 0; c < kPanel; ++c)
          *out++ = at(i, j + c);
    return start;
  }
  const float *panels(int k, int n, const float *w) {
    return panels(k, n, [=](int i, int c) { return w[i * n + c]; });
  }

  Block packBlock() {
    constexpr int h = kHidden, s = kStates, p = s / 2;
    const float *b = take(h * s), *bBias = take(s);
    const float *lambda = take(s); // real parts, then imaginary ones
    const float *c = take(s * h), *d = take(h), *cBias = take(h);
    const float *w1 = take(h * h), *b1 = take(h);
    const float *w2 = take(h * h), *b2 = take(h);
    // Which half of a pair column c belongs to, and where in it.
    auto half = [](int c) { return c / kLanes % 2; };
    auto index = [](int c) { return c / (2 * kLanes) * kLanes + c % kLanes; };
    auto plane = [=](int c) { return half(c) * p + index(c); };
    auto gates = [=](const float *first, const float *second) {
      return [=](int i, int c) {
        constexpr float kLog2E = 1.44269504f;
        return half(c) ? -kLog2E * second[i * h + index(c)]
                       : first[i * h + index(c)];
      };
    };
    Block o;
    o.b = panels(h, s, [=](int i, int c) { return b[i * s + plane(c)]; });
    o.bBias = panels(1, s, [=](int, int c) { return bBias[plane(c)]; });
    o.lambda = panels(1, s, [=](int, int c) { return lambda[plane(c)]; });
    o.c = panels(s, h, [=](int i, int j) { return c[plane(i) * h + j]; });
    o.cBias = panels(1, h, cBias);
    o.d = panels(1, h, d);
    o.gates = panels(h, 2 * h, gates(w1, w2));
    o.gatesBias = panels(1, 2 * h, gates(b1, b2));
    return o;
  }

  std::vector<float> raw;
  size_t next = 0;
  Array *room;
  float *out;
};

#endif // SSMC_BENCH_EXPERT_PACK_H
