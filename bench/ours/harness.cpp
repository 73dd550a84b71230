//===- harness.cpp - Drives a compiled model in the benchmark -------------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Ways to run a model, one per process (`mode=`): whole sequences, time steps
// of one or many streams, chunks, loading weights. Before it is ready a way is
// compared, bit by bit, with whole sequences; those bring their outputs along
// for comparison with the other programs.
//
//===----------------------------------------------------------------------===//

#include "bench/machine/serve.h"
#include "bench/ours/latency.h"
#include "bench/ours/model.h"
#include "runtime/ssmc_threads.hpp"
#include <algorithm>
#include <cmath>
#include <functional>
#include <random>

using namespace ssmc::bench;

namespace {

/// What all ways need.
struct Setup {
  explicit Setup(const Options &options)
      : options(options), model(options), batch(options.get("batch", 1)),
        length(options.get("length", 784)),
        pool(int32_t(options.get("threads", 1))),
        workspace(
            model.workspaceBytes(std::max<int64_t>(batch, 1), pool.workers())) {
    if (pool.error())
      fail(pool.error().message());
    x.resize(batch * length * model.inputs);
    makeInput();
  }

  /// From a file, else noise, or an impulse from which states decay to zero.
  void makeInput() {
    std::string path = options.getText("x", "");
    if (!path.empty()) {
      FILE *file = std::fopen(path.c_str(), "rb");
      if (!file || std::fread(x.data(), 4, x.size(), file) != x.size())
        fail(path + ": cannot be read, or too short");
      std::fclose(file);
      return;
    }
    std::mt19937 random(1);
    std::uniform_real_distribution<float> value(-1.7f, 1.7f);
    for (float &v : x)
      v = value(random);
    if (options.getText("signal", "noise") == "impulse")
      std::fill(x.begin() + model.inputs, x.end(), 0.0f);
  }

  /// None for one thread: that is how one calls a model without threads.
  const ssmc_executor *getExecutor() const {
    return pool.workers() > 1 ? pool.executor() : nullptr;
  }

  void forward(const float *in, float *out, int64_t n, int64_t steps,
               void *records) {
    model.check(model.forward(in, out, n, nullptr, steps, records,
                              getExecutor(), workspace.data.get(),
                              workspace.bytes));
  }

  const Options &options;
  Model model;
  int64_t batch, length;
  ssmc::ThreadPool pool;
  Memory workspace;
  std::vector<float> x;
};

} // namespace

/// Serves a function object.
static void serveFunction(std::function<void()> run, const std::string &info) {
  serve([](void *f) { (*static_cast<std::function<void()> *>(f))(); }, &run,
        info.c_str());
}

static std::string describe(const Setup &s) {
  return "\"workspace_bytes\": " + std::to_string(s.workspace.bytes - 64) +
         ", \"state_bytes\": " + std::to_string(s.model.stateBytes);
}

static std::string list(const char *name, const std::vector<float> &values) {
  std::string text = std::string(", \"") + name + "\": [";
  char number[32];
  for (size_t i = 0; i < values.size(); ++i) {
    std::snprintf(number, sizeof number, "%s%.9g", i ? ", " : "", values[i]);
    text += number;
  }
  return text + "]";
}

static void runForward(Setup &s) {
  std::vector<float> y(s.batch * s.model.outputs);
  Memory records(s.options.get("records", 0) * s.batch * s.model.stateBytes);
  char *kept = s.options.get("records", 0) ? records.data.get() : nullptr;
  auto run = [&] { s.forward(s.x.data(), y.data(), s.batch, s.length, kept); };
  double before = serve_memory("VmRSS:");
  double began = serve_clock(CLOCK_PROCESS_CPUTIME_ID);
  run();
  double first = serve_clock(CLOCK_PROCESS_CPUTIME_ID) - began;
  std::string info = describe(s) + list("y", y) + ", \"grown_mb\": " +
                     std::to_string(serve_memory("VmHWM:") - before) +
                     ", \"first\": " + std::to_string(first);
  if (kept) {
    auto words = reinterpret_cast<const uint32_t *>(kept);
    int64_t count = s.batch * s.model.stateBytes / 4;
    info += ", \"words\": " + std::to_string(count) + ", \"zeros\": " +
            std::to_string(std::count(words, words + count, 0u));
  }
  serveFunction(run, info);
}

/// Fails unless `y`, the answers of streams after `steps` steps each, are those
/// of whole sequences, to the last bit. `row(b)` is where stream b's input is.
static void checkBits(Setup &s, const std::vector<float> &y, int64_t n,
                      int64_t steps,
                      const std::function<const float *(int64_t)> &row) {
  std::vector<float> expected(s.model.outputs);
  for (int64_t b = 0; b < n; ++b) {
    s.forward(row(b), expected.data(), 1, steps, nullptr);
    if (std::memcmp(expected.data(), y.data() + b * s.model.outputs,
                    expected.size() * sizeof(float)))
      fail("stream " + std::to_string(b) +
           ": not the bits of the whole sequence");
  }
}

/// `count` records, of which each call steps `batch`: all of them in order, or
/// a random subset.
static void runStreams(Setup &s) {
  int64_t n = s.batch, count = s.options.get("count", n);
  bool answers = s.options.get("answer", 1) != 0;
  int64_t inputs = s.model.inputs, period = s.length, t = 0;
  Memory records(count * s.model.stateBytes);
  s.model.check(s.model.reset(records.data.get(), 0, count));
  std::vector<float> y(n * s.model.outputs), now(n * inputs * period);
  for (int64_t b = 0; b < n; ++b) // from stream by stream to step by step
    for (int64_t i = 0; i < period; ++i)
      std::copy_n(&s.x[(b * period + i) * inputs], inputs,
                  &now[(i * n + b) * inputs]);

  std::mt19937 random(3);
  std::vector<int64_t> all(count);
  for (int64_t i = 0; i < count; ++i)
    all[i] = i;
  constexpr int kSubsets = 16;
  std::vector<std::vector<int64_t>> subsets;
  for (int i = 0; n < count && i < kSubsets; ++i) {
    std::shuffle(all.begin(), all.end(), random);
    subsets.emplace_back(all.begin(), all.begin() + n);
  }
  auto call = [&](const int64_t *ids, float *out) {
    s.model.check(s.model.step(
        records.data.get(), ids, n, &now[(t++ % period) * n * inputs], out,
        s.getExecutor(), s.workspace.data.get(), s.workspace.bytes));
  };
  const int64_t *first = subsets.empty() ? nullptr : subsets[0].data();
  int64_t steps = std::min(period, s.options.get("check", 32));
  while (t < steps)
    call(first, y.data());
  checkBits(s, y, std::min<int64_t>(n, 256), steps,
            [&](int64_t b) { return &s.x[b * period * inputs]; });
  serveFunction(
      [&] {
        call(subsets.empty() ? nullptr : subsets[t % kSubsets].data(),
             answers ? y.data() : nullptr);
      },
      describe(s));
}

/// Calls of `steps` time steps of one stream, timed one by one: a request
/// "n inner" is answered with how long n * inner calls took.
static void runLatency(Setup &s) {
  int64_t steps = s.options.get("steps", 1), t = 0;
  int64_t calls = s.length / steps;
  Memory records(s.model.stateBytes);
  std::vector<float> y(s.model.outputs);
  auto call = [&] {
    const float *x = &s.x[(t++ % calls) * steps * s.model.inputs];
    s.model.check(
        steps == 1
            ? s.model.step(records.data.get(), nullptr, 1, x, y.data(), nullptr,
                           s.workspace.data.get(), s.workspace.bytes)
            : s.model.chunk(records.data.get(), nullptr, 1, nullptr, steps, x,
                            y.data(), nullptr, s.workspace.data.get(),
                            s.workspace.bytes));
  };
  for (int64_t i = 0; i < std::min<int64_t>(calls, 50); ++i)
    call();
  checkBits(s, y, 1, t * steps, [&](int64_t) { return s.x.data(); });
  serveLatency(call, describe(s));
}

/// Packing a file of weights that is in memory.
static void runLoad(Setup &s) {
  if (!s.model.loadSet)
    fail("mode=load needs weights=FILE");
  serveFunction([&] { s.model.loadWeights(); }, describe(s));
}

int main(int argc, char **argv) {
  Options options(argc, argv);
  std::string mode = options.getText("mode", "forward");
  bool late = !options.getText("weights", "").empty();
  if (late && mode != "forward" && mode != "load")
    fail("weights=FILE: expected mode=forward or load, found " + mode);
  Setup setup(options);
  if (mode == "forward")
    runForward(setup);
  else if (mode == "streams")
    runStreams(setup);
  else if (mode == "latency")
    runLatency(setup);
  else if (mode == "load")
    runLoad(setup);
  else
    fail("mode=" + mode + "; expected forward, streams, latency or load");
  return 0;
}
