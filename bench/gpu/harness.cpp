//===- harness.cpp - Drives a model compiled for GPUs ---------------------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// One way to run a model per process (`mode=`), through the C API of its
// object, on memory of the device:
//
//   probe    says which device there is, and does nothing else
//   once     whole sequences, once, for who counts what that does
//   forward  whole sequences of `batch` streams
//   step     a time step of `batch` streams
//   graph    the same, as a CUDA graph
//
// Before it is ready a way is compared with others: sequences with a second run
// and a graph with a step, bit by bit; sequences and steps with chunks, within
// what another order of the same sums changes (few long sequences pass carries
// on by look-back). Sequences bring their outputs along for comparison with the
// other programs. A run ends when the device has finished.
//
//===----------------------------------------------------------------------===//

#include "bench/gpu/driver.h"
#include "bench/machine/serve.h"
#include <algorithm>
#include <cmath>
#include <functional>

using namespace ssmc::bench;

namespace {

/// The functions of a model's header for GPUs.
struct CudaModel {
  CudaModel(const Options &options, int device)
      : stateBytes(options.get("state", 0)), inputs(options.get("inputs", 1)),
        outputs(options.get("outputs", 1)) {
    std::string path = options.getText("library", "");
    void *library = dlopen(path.c_str(), RTLD_NOW);
    if (!library)
      fail(dlerror());
    std::string prefix = options.getText("name", "");
    auto load = [&](auto &function, const char *suffix) {
      void *symbol = dlsym(library, (prefix + suffix).c_str());
      if (!symbol)
        fail("no function " + prefix + suffix);
      std::memcpy(&function, &symbol, sizeof symbol);
    };
    load(open, "_cuda_open");
    load(close, "_cuda_close");
    load(reset, "_cuda_state_reset");
    load(workspaceBytes, "_cuda_workspace_bytes");
    load(step, "_cuda_step");
    load(chunk, "_cuda_chunk");
    load(forward, "_cuda_forward");
    load(strerror, "_strerror");
    check(open(&handle, device));
  }

  ~CudaModel() { close(handle); }

  void check(int error) const {
    if (error)
      fail(strerror(error));
  }

  int64_t stateBytes, inputs, outputs;
  void *handle = nullptr;
  int (*open)(void **handle, int device);
  int (*close)(void *handle);
  int (*reset)(void *handle, void *states, int64_t first, int64_t count,
               void *stream);
  size_t (*workspaceBytes)(const void *handle, int64_t n, int64_t T);
  int (*step)(void *handle, void *states, const int64_t *ids, int64_t n,
              const void *x, float *y, void *ws, size_t bytes, void *stream);
  int (*chunk)(void *handle, void *states, const int64_t *ids, int64_t n,
               const int64_t *lengths, int64_t T, const void *x, float *y,
               void *ws, size_t bytes, void *stream);
  int (*forward)(void *handle, const void *x, float *y, int64_t batch,
                 const int64_t *lengths, int64_t L, void *finalStates, void *ws,
                 size_t bytes, void *stream);
  const char *(*strerror)(int error);
};

/// A model, its inputs (batch, length, features), and memory for all of it.
struct Setup {
  Setup(const Options &options, const Driver &driver, int device)
      : options(options), driver(driver), model(options, device),
        batch(options.get("batch", 1)), length(options.get("length", 784)),
        stream(driver.makeStream()), input(makeInput()), x(driver, input),
        y(driver, batch * model.outputs * sizeof(float)),
        states(driver, batch * model.stateBytes),
        workspace(driver, model.workspaceBytes(model.handle, batch, length)) {}

  /// From a file, again from its start where it is too short; else noise.
  std::vector<float> makeInput() const {
    std::vector<float> values(batch * length * model.inputs);
    std::string path = options.getText("x", "");
    if (path.empty()) {
      uint32_t seed = 1;
      for (float &value : values) {
        seed = seed * 1664525u + 1013904223u;
        value = float(int32_t(seed)) * 0x1p-30f;
      }
      return values;
    }
    FILE *file = std::fopen(path.c_str(), "rb");
    size_t found = file ? std::fread(values.data(), 4, values.size(), file) : 0;
    if (file)
      std::fclose(file);
    if (found == 0)
      fail(path + ": cannot be read");
    for (size_t i = found; i < values.size(); ++i)
      values[i] = values[i - found];
    return values;
  }

  void reset() {
    model.check(model.reset(model.handle, states.get(), 0, batch, stream));
  }

  void runForward() {
    model.check(model.forward(model.handle, x.get(), y.get<float>(), batch,
                              nullptr, length, nullptr, workspace.get(),
                              workspace.size(), stream));
  }

  /// A time step on the input at `at`.
  void runStep(const DeviceMemory &at) {
    model.check(model.step(model.handle, states.get(), nullptr, batch, at.get(),
                           y.get<float>(), workspace.get(), workspace.size(),
                           stream));
  }

  void runChunk(const DeviceMemory &at, int64_t steps) {
    model.check(model.chunk(model.handle, states.get(), nullptr, batch, nullptr,
                            steps, at.get(), y.get<float>(), workspace.get(),
                            workspace.size(), stream));
  }

  /// Inputs (batch, steps, features) of the time steps from `first` on.
  std::vector<float> cut(int64_t first, int64_t steps) const {
    std::vector<float> part;
    for (int64_t b = 0; b < batch; ++b) {
      auto begin = input.begin() + (b * length + first) * model.inputs;
      part.insert(part.end(), begin, begin + steps * model.inputs);
    }
    return part;
  }

  std::vector<float> answers() {
    driver.wait(stream);
    return y.read(batch * model.outputs);
  }

  const Options &options;
  const Driver &driver;
  CudaModel model;
  int64_t batch, length;
  Driver::Handle stream;
  std::vector<float> input;
  DeviceMemory x, y, states, workspace;
};

bool areSame(const std::vector<float> &a, const std::vector<float> &b) {
  return a.size() == b.size() &&
         std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}

void expectSame(const std::vector<float> &a, const std::vector<float> &b,
                const char *what) {
  if (!areSame(a, b))
    fail(std::string(what) + " differ in their bits");
}

/// Within 1e-4 of the largest magnitude.
void expectClose(const std::vector<float> &a, const std::vector<float> &b,
                 const char *what) {
  float difference = 0, largest = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    difference = std::max(difference, std::fabs(a[i] - b[i]));
    largest = std::max(largest, std::fabs(a[i]));
    if (std::isnan(a[i]) != std::isnan(b[i]))
      fail(std::string(what) + " differ in what is not a number");
  }
  if (difference > 1e-4f * largest)
    fail(std::string(what) + " differ by " + std::to_string(difference));
}

using Run = std::function<void()>;

Run prepareForward(Setup &setup) {
  setup.runForward();
  std::vector<float> whole = setup.answers();
  setup.runForward();
  expectSame(whole, setup.answers(), "two runs of whole sequences");
  setup.reset();
  int64_t first = setup.length / 3;
  for (auto [begin, steps] :
       {std::pair<int64_t, int64_t>{0, first}, {first, setup.length - first}}) {
    if (steps == 0)
      continue;
    DeviceMemory part(setup.driver, setup.cut(begin, steps));
    setup.runChunk(part, steps);
    setup.driver.wait(setup.stream);
  }
  expectClose(whole, setup.answers(), "whole sequences and chunks");
  return [&setup] {
    setup.runForward();
    setup.driver.wait(setup.stream);
  };
}

/// Answers of `length` steps are those of one chunk.
Run prepareStep(Setup &setup, const DeviceMemory &once) {
  setup.reset();
  DeviceMemory all(setup.driver, setup.input);
  setup.runChunk(all, setup.length);
  std::vector<float> answers = setup.answers();
  setup.reset();
  for (int64_t t = 0; t < setup.length; ++t) {
    once.copyFrom(setup.cut(t, 1));
    setup.runStep(once);
    setup.driver.wait(setup.stream);
  }
  expectClose(answers, setup.answers(), "answers of steps and of a chunk");
  return [&setup, &once] {
    setup.runStep(once);
    setup.driver.wait(setup.stream);
  };
}

Run prepareGraph(Setup &setup, const DeviceMemory &once) {
  const Driver &driver = setup.driver;
  setup.reset();
  setup.runStep(once);
  std::vector<float> answers = setup.answers();
  Driver::Handle graph = nullptr, ready = nullptr;
  driver.check("cuStreamBeginCapture_v2", setup.stream, 1 /* this thread's */);
  setup.runStep(once);
  driver.check("cuStreamEndCapture", setup.stream, &graph);
  driver.check("cuGraphInstantiateWithFlags", &ready, graph,
               (unsigned long long)(0));
  setup.reset();
  driver.check("cuGraphLaunch", ready, setup.stream);
  expectSame(answers, setup.answers(), "answers of a graph and of a step");
  return [&setup, ready] {
    setup.driver.check("cuGraphLaunch", ready, setup.stream);
    setup.driver.wait(setup.stream);
  };
}

/// Members of a JSON object.
std::string describe(const Driver &driver, int device) {
  // Of CUdevice_attribute: capability, SMs, clock in kHz.
  std::string text = "\"gpu\": \"" + driver.name(device) + "\"";
  for (auto [name, which] : {std::pair<const char *, int>{"major", 75},
                             {"minor", 76},
                             {"sm_count", 16},
                             {"clock_khz", 13}}) {
    int value = 0;
    driver.call("cuDeviceGetAttribute", &value, which, device);
    text += std::string(", \"") + name + "\": " + std::to_string(value);
  }
  return text;
}

std::string withOutputs(std::string info, const std::vector<float> &y) {
  info += ", \"y\": [";
  for (size_t i = 0; i < y.size(); ++i) {
    char number[32];
    std::snprintf(number, sizeof number, "%s%.9g", i ? ", " : "", y[i]);
    info += number;
  }
  return info + "]";
}

} // namespace

int main(int argc, char **argv) {
  Options options(argc, argv);
  Driver driver;
  int device = int(options.get("device", 0));
  std::string mode = options.getText("mode", "forward");
  std::string info = describe(driver, device);
  if (mode == "probe") {
    std::printf("{%s}\n", info.c_str());
    return 0;
  }
  driver.use(device);
  Setup setup(options, driver, device);
  if (mode == "once") {
    setup.runForward();
    driver.wait(setup.stream);
    return 0;
  }
  DeviceMemory once(driver, setup.cut(0, 1));
  Run run;
  if (mode == "forward") {
    run = prepareForward(setup);
    std::vector<float> y = setup.answers();
    // Outputs of streams that are there twice say nothing new.
    y.resize(std::min<size_t>(y.size(), options.get("checked", 64) *
                                            setup.model.outputs));
    info = withOutputs(info, y);
  } else if (mode == "step") {
    run = prepareStep(setup, once);
  } else if (mode == "graph") {
    run = prepareGraph(setup, once);
  } else {
    fail("mode=" + mode +
         "; expected probe, once, forward, step or "
         "graph");
  }
  serve([](void *context) { (*static_cast<Run *>(context))(); }, &run,
        info.c_str());
  return 0;
}
