//===- model.h - A compiled model as a shared object ----------------------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// One program drives all models: it loads the object that ssmc wrote, linked as
// a shared library, and is told what the header says.
//
//===----------------------------------------------------------------------===//

#ifndef SSMC_BENCH_MODEL_H
#define SSMC_BENCH_MODEL_H

#include "runtime/ssmc_executor.h"
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <dlfcn.h>
#include <fstream>
#include <iterator>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace ssmc::bench {

[[noreturn]] inline void fail(const std::string &message) {
  std::fprintf(stderr, "harness: %s\n", message.c_str());
  std::exit(1);
}

/// The command line: key=value pairs.
class Options {
public:
  Options(int argc, char **argv) {
    for (int i = 1; i < argc; ++i) {
      const char *equals = std::strchr(argv[i], '=');
      if (!equals)
        fail(std::string("expected key=value, not ") + argv[i]);
      values[std::string(argv[i], size_t(equals - argv[i]))] = equals + 1;
    }
  }

  std::string getText(const std::string &key, const char *otherwise) const {
    auto found = values.find(key);
    return found == values.end() ? otherwise : found->second;
  }

  int64_t get(const std::string &key, int64_t otherwise) const {
    auto found = values.find(key);
    return found == values.end() ? otherwise
                                 : std::atoll(found->second.c_str());
  }

private:
  std::map<std::string, std::string> values;
};

/// Zeroed memory on a cache line's boundary.
struct Memory {
  Memory() = default;
  explicit Memory(size_t bytes) : bytes((bytes + 63) / 64 * 64 + 64) {
    data.reset(static_cast<char *>(std::aligned_alloc(64, this->bytes)));
    if (!data)
      fail("no memory for " + std::to_string(bytes) + " bytes");
    std::memset(data.get(), 0, this->bytes);
  }

  struct Free {
    void operator()(char *p) const { std::free(p); }
  };
  size_t bytes = 0;
  std::unique_ptr<char, Free> data;
};

inline std::string readFile(const std::string &path) {
  std::ifstream stream(path, std::ios::binary);
  std::string bytes((std::istreambuf_iterator<char>(stream)), {});
  if (!stream || bytes.empty())
    fail(path + ": cannot be read, or empty");
  return bytes;
}

/// The functions of a model's header, and its sizes.
struct Model {
  explicit Model(const Options &options)
      : stateBytes(options.get("state", 0)), inputs(options.get("inputs", 0)),
        outputs(options.get("outputs", 0)) {
    std::string path = options.getText("library", "");
    std::string name = options.getText("name", "");
    void *library = dlopen(path.c_str(), RTLD_NOW);
    if (!library)
      fail(dlerror());
    auto load = [&](auto &function, const char *suffix) {
      void *symbol = dlsym(library, (name + suffix).c_str());
      if (!symbol)
        fail("no function " + name + suffix);
      std::memcpy(&function, &symbol, sizeof symbol);
    };
    load(reset, "_state_reset");
    load(workspaceBytes, "_workspace_bytes");
    load(step, "_step");
    load(chunk, "_chunk");
    load(regular, "_forward");
    load(timed, "_forward");
    load(late, "_forward");
    // dt=N: the model takes time deltas, of N time steps in all here.
    for (int64_t i = 0; i < options.get("dt", 0); ++i)
      deltas.push_back(0.25f + float(i * 53 % 97) / 64);
    load(strerror, "_strerror");
    // weights=FILE: the model takes them at run time.
    std::string weights = options.getText("weights", "");
    if (weights.empty())
      return;
    load(loadSet, "_load");
    file = readFile(weights);
    set = Memory(options.get("weights_bytes", 0));
    loadSpace = Memory(options.get("load_bytes", 0));
    loadWeights();
  }

  /// Checks and packs the file's weights, once more if they were before.
  void loadWeights() {
    char problem[200] = "";
    if (loadSet(set.data.get(), set.bytes, file.data(), file.size(),
                loadSpace.data.get(), loadSpace.bytes, problem, sizeof problem))
      fail(std::string("weights: ") + problem);
  }

  void check(int error) const {
    if (error)
      fail(strerror(error));
  }

  int64_t stateBytes, inputs, outputs;
  int (*reset)(void *states, int64_t first, int64_t count);
  size_t (*workspaceBytes)(int64_t n, int32_t workers);
  int (*step)(void *states, const int64_t *ids, int64_t n, const void *x,
              float *y, const ssmc_executor *executor, void *ws,
              size_t wsBytes);
  int (*chunk)(void *states, const int64_t *ids, int64_t n,
               const int64_t *lengths, int64_t T, const void *x, float *y,
               const ssmc_executor *executor, void *ws, size_t wsBytes);
  int forward(const void *x, float *y, int64_t batch, const int64_t *lengths,
              int64_t L, void *finalStates, const ssmc_executor *executor,
              void *ws, size_t wsBytes) const {
    if (set.data)
      return late(set.data.get(), x, y, batch, lengths, L, finalStates,
                  executor, ws, wsBytes);
    if (deltas.empty())
      return regular(x, y, batch, lengths, L, finalStates, executor, ws,
                     wsBytes);
    if (int64_t(deltas.size()) < batch * L)
      fail("dt=" + std::to_string(deltas.size()) + " is too few");
    return timed(x, deltas.data(), y, batch, lengths, L, finalStates, executor,
                 ws, wsBytes);
  }
  std::vector<float> deltas;
  int (*regular)(const void *x, float *y, int64_t batch, const int64_t *lengths,
                 int64_t L, void *finalStates, const ssmc_executor *executor,
                 void *ws, size_t wsBytes);
  int (*timed)(const void *x, const float *dt, float *y, int64_t batch,
               const int64_t *lengths, int64_t L, void *finalStates,
               const ssmc_executor *executor, void *ws, size_t wsBytes);
  int (*late)(const void *weights, const void *x, float *y, int64_t batch,
              const int64_t *lengths, int64_t L, void *finalStates,
              const ssmc_executor *executor, void *ws, size_t wsBytes);
  int (*loadSet)(void *weights, size_t weightsBytes, const void *file,
                 size_t fileBytes, void *ws, size_t wsBytes, char *problem,
                 size_t problemBytes) = nullptr;
  std::string file;
  Memory set, loadSpace;
  const char *(*strerror)(int error);
};

} // namespace ssmc::bench

#endif // SSMC_BENCH_MODEL_H
