//===- expert.cpp - Inference written by hand, for the benchmark ----------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// expert forward WEIGHTS X BATCH LENGTH: whole sequences with their answers.
// expert step WEIGHTS X STREAMS LENGTH: one time step of each stream, without.
// Build with -O3 -march=native and the macros of blocks.h.
//
//===----------------------------------------------------------------------===//

#include "bench/expert/pack.h"
#include "bench/machine/serve.h"
#include <algorithm>
#include <cmath>
#include <string>

static constexpr int kChunk = 24; ///< rows

namespace {
struct Run {
  Model model;
  std::vector<float> x; // [batch][length][kFeatures]
  int batch, length, t = 0;
  Array state, sum, a, b, c;
  std::vector<float> y;
  Scratch scratch;

  Run(const Model &model, int batch, int length)
      : model(model), x(size_t(batch) * length * kFeatures), batch(batch),
        length(length), state(size_t(kBlocks) * kStates * batch),
        sum(size_t(kHidden) * batch), a(kChunk * stride(kHidden)),
        b(kChunk * stride(kStates)), c(kChunk * stride(kHidden)),
        y(size_t(batch) * kClasses), scratch{a, b, c} {}
};
} // namespace

static void read(const char *path, std::vector<float> &x) {
  FILE *file = std::fopen(path, "rb");
  if (!file || std::fread(x.data(), 4, x.size(), file) != x.size()) {
    std::fprintf(stderr, "%s: cannot be read, or too short\n", path);
    std::exit(1);
  }
  std::fclose(file);
}

/// Log-probabilities of the mean of `steps` rows.
static void answer(const Model &m, const float *sum, int steps, float *y) {
  double o[kClasses], total = 0;
  for (int k = 0; k < kClasses; ++k) {
    o[k] = m.headBias[k];
    for (int h = 0; h < kHidden; ++h)
      o[k] += double(sum[h]) / steps * m.head[h * kClasses + k];
  }
  double most = *std::max_element(o, o + kClasses);
  for (double v : o)
    total += std::exp(v - most);
  for (int k = 0; k < kClasses; ++k)
    y[k] = float(o[k] - most - std::log(total));
}

static void runForward(void *context) {
  Run &r = *static_cast<Run *>(context);
  for (int i = 0; i < r.batch; ++i) {
    std::memset(r.state, 0, sizeof(float) * kBlocks * kStates);
    std::memset(r.sum, 0, sizeof(float) * kHidden);
    const float *x = &r.x[size_t(i) * r.length * kFeatures];
    for (int t = 0; t < r.length; t += kChunk)
      runChunk<true>(r.model, x + size_t(t) * kFeatures,
                     std::min(kChunk, r.length - t), r.state, r.sum, r.scratch);
    answer(r.model, r.sum, r.length, &r.y[size_t(i) * kClasses]);
  }
}

/// Streams in groups of kChunk rows, each with its own piece of state.
static void runStep(void *context) {
  Run &r = *static_cast<Run *>(context);
  const float *x = &r.x[size_t(r.t) * r.batch * kFeatures]; // [length][batch]
  r.t = (r.t + 1) % r.length;
  for (int i = 0; i < r.batch; i += kChunk)
    runChunk<false>(r.model, x + size_t(i) * kFeatures,
                    std::min(kChunk, r.batch - i),
                    r.state + size_t(i) * kBlocks * kStates,
                    r.sum + size_t(i) * kHidden, r.scratch);
}

int main(int argc, char **argv) {
  if (argc != 6) {
    std::fprintf(stderr, "usage: expert forward|step WEIGHTS X BATCH LENGTH\n");
    return 2;
  }
  Packer packer(argv[2]);
  Run run(packer.pack(), std::atoi(argv[4]), std::atoi(argv[5]));
  bool isForward = std::string(argv[1]) == "forward";
  if (isForward) {
    read(argv[3], run.x);
    runForward(&run);
  } else {
    for (size_t i = 0; i < run.x.size(); ++i)
      run.x[i] = std::sin(float(i) * 0.37f);
  }
  std::string info = "\"weight_bytes\": " + std::to_string(packer.getBytes());
  char number[32];
  for (size_t i = 0; isForward && i < run.y.size(); ++i) {
    std::snprintf(number, sizeof number, "%s%.9g", i ? ", " : ", \"y\": [",
                  double(run.y[i]));
    info += number;
  }
  serve(isForward ? runForward : runStep, &run,
        (info + (isForward ? "]" : "")).c_str());
  return 0;
}
