// Calls what docs/c-api.md defines.
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "digits.h"
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

extern "C" {
void *new_streams(int64_t n);
void *new_workspace(int64_t n, size_t *bytes);
int tick(void *states, const float *x, float *y, void *ws, size_t bytes);
int look_ahead(void *states, int64_t stream, const float *x, int64_t T,
               float *y, void *ws, size_t bytes);
int move(const void *from, int64_t i, void *to, int64_t j);
int classify(const float *x, int64_t batch, int64_t L, float *y, void *ws,
             size_t bytes);
}
int classifyOnThreads(const float *x, int64_t batch, int64_t L, float *y,
                      int32_t workers);

constexpr int64_t kStreams = 8, kSteps = 50, kFeatures = digits_INPUT_FEATURES,
                  kOutputs = digits_OUTPUT_FEATURES;

static void check(int error) {
  if (error == digits_OK)
    return;
  std::printf("error: %s\n", digits_strerror(error));
  std::exit(1);
}

static const char *compare(const void *a, const void *b, size_t bytes) {
  return std::memcmp(a, b, bytes) ? "differ" : "same";
}

int main() {
  static_assert(digits_POOLED, "the page says so");
  std::vector<float> x(kStreams * kSteps * kFeatures);
  for (size_t i = 0; i < x.size(); ++i)
    x[i] = std::sin(0.37f * float(i));
  size_t bytes;
  void *states = new_streams(kStreams), *others = new_streams(kStreams);
  void *ws = new_workspace(kStreams, &bytes);

  // Streams 7 and 2 get rows 0 and 1 of x, all steps but the last.
  std::vector<float> both(2 * kFeatures), y(2 * kOutputs);
  auto gather = [&](int64_t step) {
    for (int64_t row = 0; row < 2; ++row)
      std::memcpy(&both[row * kFeatures], &x[(row * kSteps + step) * kFeatures],
                  kFeatures * sizeof(float));
  };
  for (int64_t step = 0; step < kSteps - 1; ++step) {
    gather(step);
    check(tick(states, both.data(), y.data(), ws, bytes));
  }
  std::vector<float> ahead(kOutputs);
  std::vector<char> before((char *)states,
                           (char *)states + kStreams * digits_STATE_BYTES);
  check(look_ahead(states, 7, &x[(kSteps - 1) * kFeatures], 1, ahead.data(), ws,
                   bytes));
  const char *record = compare(before.data(), states, before.size());

  for (int64_t stream : {7, 2})
    check(move(states, stream, others, stream));
  gather(kSteps - 1);
  std::vector<float> moved(2 * kOutputs);
  check(tick(states, both.data(), y.data(), ws, bytes));
  check(tick(others, both.data(), moved.data(), ws, bytes));
  std::printf("move, then one step: %s\n",
              compare(y.data(), moved.data(), y.size() * sizeof(float)));

  std::vector<float> all(kStreams * kOutputs), threaded(kStreams * kOutputs);
  check(classify(x.data(), kStreams, kSteps, all.data(), ws, bytes));
  std::printf("steps and forward: %s\n",
              compare(y.data(), all.data(), y.size() * sizeof(float)));
  std::printf("look ahead: %s answer, %s record\n",
              compare(ahead.data(), all.data(), ahead.size() * sizeof(float)),
              record);
  check(classifyOnThreads(x.data(), kStreams, kSteps, threaded.data(), 3));
  std::printf("threads: %s\n",
              compare(threaded.data(), all.data(), all.size() * sizeof(float)));
  std::free(states);
  std::free(others);
  std::free(ws);
  return 0;
}
