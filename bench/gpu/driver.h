//===- driver.h - The CUDA driver, for the benchmark ------------*- C++ -*-===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What a host program needs beside a model: memory, a stream, a graph. The
// driver is found in libcuda.so.1 when it is needed, so that this builds
// without a toolkit and says so where there is no driver.
//
//===----------------------------------------------------------------------===//

#ifndef SSMC_BENCH_GPU_DRIVER_H
#define SSMC_BENCH_GPU_DRIVER_H

#include "bench/ours/model.h"

namespace ssmc::bench {

class Driver {
public:
  using Pointer = uintptr_t; // CUdeviceptr
  using Handle = void *;     // CUstream, CUcontext, CUgraph, ...

  Driver() {
    library = dlopen("libcuda.so.1", RTLD_NOW);
    if (!library)
      noGpu("there is no NVIDIA driver (libcuda.so.1)");
    int count = 0;
    if (int error = call<unsigned>("cuInit", 0u))
      noGpu("cuInit returned " + std::to_string(error));
    if (call("cuDeviceGetCount", &count) || count == 0)
      noGpu("the driver finds no device");
  }

  [[noreturn]] static void noGpu(const std::string &reason) {
    fail("no GPU: " + reason);
  }

  /// Calls a function of the driver; its result is 0 for success.
  template <typename... Arguments>
  int call(const char *name, Arguments... arguments) const {
    void *symbol = dlsym(library, name);
    if (!symbol)
      fail(std::string("the driver has no function ") + name);
    return reinterpret_cast<int (*)(Arguments...)>(symbol)(arguments...);
  }

  template <typename... Arguments>
  void check(const char *name, Arguments... arguments) const {
    if (int error = call(name, arguments...))
      fail(std::string(name) + " returned " + std::to_string(error));
  }

  bool has(const char *name) const { return dlsym(library, name); }

  int attribute(int device, int which) const {
    int value = 0;
    check("cuDeviceGetAttribute", &value, which, device);
    return value;
  }

  std::string name(int device) const {
    char text[256] = "a device without a name";
    if (has("cuDeviceGetName"))
      check("cuDeviceGetName", &text[0], int(sizeof text), device);
    return text;
  }

  /// Makes the primary context of `device` current.
  void use(int device) const {
    Handle context = nullptr;
    check("cuDevicePrimaryCtxRetain", &context, device);
    check("cuCtxPushCurrent_v2", context);
  }

  /// A stream of its own; null, the default one, where there are no others.
  Handle makeStream() const {
    Handle stream = nullptr;
    if (has("cuStreamCreate"))
      check("cuStreamCreate", &stream, 1u /* non-blocking */);
    return stream;
  }

  void wait(Handle stream) const { check("cuStreamSynchronize", stream); }

private:
  void *library = nullptr;
};

/// Memory of the device, for as long as the program runs.
class DeviceMemory {
public:
  DeviceMemory(const Driver &driver, size_t bytes)
      : driver(driver), bytes(bytes ? bytes : 64) {
    driver.check("cuMemAlloc_v2", &place, this->bytes);
  }
  DeviceMemory(const Driver &driver, const std::vector<float> &values)
      : DeviceMemory(driver, values.size() * sizeof(float)) {
    copyFrom(values);
  }

  void copyFrom(const std::vector<float> &values) const {
    driver.check("cuMemcpyHtoD_v2", place,
                 static_cast<const void *>(values.data()),
                 values.size() * sizeof(float));
  }

  std::vector<float> read(size_t count) const {
    std::vector<float> values(count);
    driver.check("cuMemcpyDtoH_v2", static_cast<void *>(values.data()), place,
                 count * sizeof(float));
    return values;
  }

  template <typename T = void> T *get() const {
    return reinterpret_cast<T *>(place);
  }
  size_t size() const { return bytes; }

private:
  const Driver &driver;
  Driver::Pointer place = 0;
  size_t bytes;
};

} // namespace ssmc::bench

#endif // SSMC_BENCH_GPU_DRIVER_H
