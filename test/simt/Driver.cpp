//===- Driver.cpp - A libcuda.so.1 that runs kernels on the CPU --------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The functions of the CUDA driver that emitted objects and tests call. Host
// memory is device memory, and every call is done when it returns.
//
// Environment:
//   SSMC_SIMT_IR        the kernels, as LLVM IR; read by cuModuleLoadData,
//   which
//                       ignores the image
//   SSMC_SIMT_ORDER     forward (default), reverse or random:SEED
//   SSMC_SIMT_RESIDENT  thread blocks at a time; default: all
//   SSMC_SIMT_CHECK     0: accesses are neither checked nor counted
//   SSMC_SIMT_COUNTS    file for the counters, written when a module is
//   unloaded SSMC_SIMT_DEVICES   number of devices; default: 1 SSMC_SIMT_SM
//   compute capability; default: 80
//
// After a kernel has failed, its message is on stderr, and every call returns
// an error, like on a GPU.
//
//===----------------------------------------------------------------------===//

#include "test/simt/KernelModule.h"
#include <cstdlib>
#include <cstring>
#include <mutex>

using namespace llvm;
using namespace ssmc::simt;

// Of CUresult.
enum : int {
  success = 0,
  invalidValue = 1,
  outOfMemory = 2,
  noDevice = 100,
  invalidDevice = 101,
  invalidImage = 200,
  invalidContext = 201,
  invalidHandle = 400,
  notFound = 500,
  launchFailed = 719
};

namespace {

/// The device, and everything on it.
struct Device {
  std::mutex mutex;
  DeviceMemory memory;
  std::map<KernelModule *, std::unique_ptr<KernelModule>> modules;
  bool failed = false; ///< A kernel has.

  Kernel *find(void *function) {
    for (auto &[module, owner] : modules)
      if (auto *kernel = static_cast<Kernel *>(function);
          kernel && module->owns(kernel))
        return kernel;
    return nullptr;
  }
};

} // namespace

/// Never destroyed: objects may close models while the process ends.
static Device &device() {
  static auto *device = new Device;
  return *device;
}

static std::vector<void *> &contexts() {
  static thread_local std::vector<void *> stack;
  return stack;
}

static int64_t number(const char *variable, int64_t otherwise) {
  const char *text = std::getenv(variable);
  int64_t value;
  if (!text || StringRef(text).getAsInteger(10, value))
    return otherwise;
  return value;
}

static int report(const Twine &message, int code) {
  errs() << "simt: error: " << message << "\n";
  return code;
}

/// What every call on a context checks first.
static int checkContext() {
  if (contexts().empty())
    return report("call without a current context", invalidContext);
  return device().failed ? launchFailed : success;
}

#define SSMC_EXPORT extern "C" __attribute__((visibility("default"))) int

//===----------------------------------------------------------------------===//
// Devices and contexts
//===----------------------------------------------------------------------===//

static int countDevices() { return number("SSMC_SIMT_DEVICES", 1); }

SSMC_EXPORT cuInit(unsigned flags) {
  return countDevices() > 0 ? success : noDevice;
}

SSMC_EXPORT cuDriverGetVersion(int *version) {
  *version = 13000;
  return success;
}

SSMC_EXPORT cuDeviceGetCount(int *count) {
  *count = countDevices();
  return success;
}

SSMC_EXPORT cuDeviceGet(int *device, int ordinal) {
  if (ordinal < 0 || ordinal >= countDevices())
    return invalidDevice;
  *device = ordinal;
  return success;
}

SSMC_EXPORT cuDeviceGetAttribute(int *value, int attribute, int device) {
  int capability = number("SSMC_SIMT_SM", 80);
  switch (attribute) {
  case 1: // threads of a block
    *value = 1024;
    return success;
  case 8: // shared bytes of a block
    *value = 48 * 1024;
    return success;
  case 10: // warp size
    *value = 32;
    return success;
  case 16: // multiprocessors
    *value = number("SSMC_SIMT_MULTIPROCESSORS", 4);
    return success;
  case 75:
    *value = capability / 10;
    return success;
  case 76:
    *value = capability % 10;
    return success;
  case 81: // shared bytes of a multiprocessor
    *value = 164 * 1024;
    return success;
  case 97: // shared bytes of a block that asks for them
    *value = 163 * 1024;
    return success;
  }
  return report("cuDeviceGetAttribute: unknown attribute " + Twine(attribute),
                invalidValue);
}

/// Contexts are nothing but the numbers of devices, plus one.
static void *contextOf(int device) {
  return reinterpret_cast<void *>(intptr_t(device) + 1);
}

SSMC_EXPORT cuDevicePrimaryCtxRetain(void **context, int device) {
  if (device < 0 || device >= countDevices())
    return invalidDevice;
  *context = contextOf(device);
  return success;
}

SSMC_EXPORT cuDevicePrimaryCtxRelease_v2(int device) { return success; }

SSMC_EXPORT cuCtxPushCurrent_v2(void *context) {
  if (!context)
    return invalidContext;
  contexts().push_back(context);
  return success;
}

SSMC_EXPORT cuCtxPopCurrent_v2(void **context) {
  if (contexts().empty())
    return invalidContext;
  if (context)
    *context = contexts().back();
  contexts().pop_back();
  return success;
}

SSMC_EXPORT cuCtxGetCurrent(void **context) {
  *context = contexts().empty() ? nullptr : contexts().back();
  return success;
}

SSMC_EXPORT cuCtxGetDevice(int *device) {
  if (contexts().empty())
    return invalidContext;
  *device = reinterpret_cast<intptr_t>(contexts().back()) - 1;
  return success;
}

SSMC_EXPORT cuStreamSynchronize(void *stream) { return checkContext(); }
SSMC_EXPORT cuCtxSynchronize() { return checkContext(); }

SSMC_EXPORT cuGetErrorString(int error, const char **text) {
  *text = error == launchFailed ? "a kernel has failed" : "an error";
  return success;
}

//===----------------------------------------------------------------------===//
// Modules
//===----------------------------------------------------------------------===//

static ModuleOptions readModuleOptions() {
  ModuleOptions options;
  if (const char *counters = std::getenv("SSMC_SIMT_COUNTS"))
    options.counters = counters;
  options.races = number("SSMC_SIMT_RACES", 0) != 0;
  if (options.races || !options.counters.empty())
    options.prepare.accesses = PrepareOptions::All;
  else if (number("SSMC_SIMT_CHECK", 1) == 0)
    options.prepare.accesses = PrepareOptions::Unchecked;
  return options;
}

SSMC_EXPORT cuModuleLoadData(void **module, const void *image) {
  if (int error = checkContext())
    return error;
  const char *file = std::getenv("SSMC_SIMT_IR");
  if (!image || !file)
    return report("no kernels: SSMC_SIMT_IR names no file", invalidImage);
  std::lock_guard lock(device().mutex);
  auto loaded = KernelModule::load(file, device().memory, readModuleOptions());
  if (!loaded)
    return report(toString(loaded.takeError()), invalidImage);
  *module = loaded->get();
  device().modules[loaded->get()] = std::move(*loaded);
  return success;
}

SSMC_EXPORT cuModuleUnload(void *module) {
  std::lock_guard lock(device().mutex);
  auto it = device().modules.find(static_cast<KernelModule *>(module));
  if (it == device().modules.end())
    return invalidHandle;
  if (Error error = it->second->writeCounters())
    return report(toString(std::move(error)), invalidValue);
  device().modules.erase(it);
  return success;
}

SSMC_EXPORT cuModuleGetFunction(void **function, void *module,
                                const char *name) {
  std::lock_guard lock(device().mutex);
  auto it = device().modules.find(static_cast<KernelModule *>(module));
  if (it == device().modules.end())
    return invalidHandle;
  *function = it->second->find(name);
  if (!*function)
    return report("no kernel '" + Twine(name) + "' in the IR", notFound);
  return success;
}

SSMC_EXPORT cuFuncSetAttribute(void *function, int attribute, int value) {
  std::lock_guard lock(device().mutex);
  Kernel *kernel = device().find(function);
  if (!kernel)
    return invalidHandle;
  if (attribute == 9) // the part of L1 that is shared memory: a hint
    return success;
  int most = 163 * 1024 - int(kernel->module->staticSharedBytes());
  if (attribute != 8 || value < 0 || value > most)
    return report("cuFuncSetAttribute: attribute " + Twine(attribute) +
                      ", value " + Twine(value),
                  invalidValue);
  kernel->mostDynamicBytes = value;
  return success;
}

SSMC_EXPORT cuOccupancyMaxActiveBlocksPerMultiprocessor(int *blocks,
                                                        void *function,
                                                        int threads,
                                                        size_t sharedBytes) {
  std::lock_guard lock(device().mutex);
  Kernel *kernel = device().find(function);
  if (!kernel)
    return invalidHandle;
  size_t bytes = sharedBytes + kernel->module->staticSharedBytes() + 1024;
  *blocks = std::min<size_t>(2048 / std::max(threads, 1), 164 * 1024 / bytes);
  return success;
}

//===----------------------------------------------------------------------===//
// Memory
//===----------------------------------------------------------------------===//

SSMC_EXPORT cuMemAlloc_v2(uintptr_t *memory, size_t bytes) {
  if (int error = checkContext())
    return error;
  std::lock_guard lock(device().mutex);
  if (bytes == 0)
    return invalidValue;
  *memory = device().memory.allocate(bytes);
  return *memory ? success : outOfMemory;
}

SSMC_EXPORT cuMemFree_v2(uintptr_t memory) {
  std::lock_guard lock(device().mutex);
  return memory == 0 || device().memory.release(memory) ? success
                                                        : invalidValue;
}

/// Whether device memory can be written or read by the host.
static int checkRange(const char *call, uintptr_t address, size_t bytes) {
  if (int error = checkContext())
    return error;
  if (bytes == 0 || device().memory.find(address, bytes))
    return success;
  return report(Twine(call) + ": " + Twine(bytes) + " bytes " +
                    device().memory.describe(address),
                invalidValue);
}

SSMC_EXPORT cuMemcpyHtoD_v2(uintptr_t to, const void *from, size_t bytes) {
  std::lock_guard lock(device().mutex);
  if (int error = checkRange("cuMemcpyHtoD", to, bytes))
    return error;
  std::memcpy(reinterpret_cast<void *>(to), from, bytes);
  return success;
}

SSMC_EXPORT cuMemcpyDtoH_v2(void *to, uintptr_t from, size_t bytes) {
  std::lock_guard lock(device().mutex);
  if (int error = checkRange("cuMemcpyDtoH", from, bytes))
    return error;
  std::memcpy(to, reinterpret_cast<void *>(from), bytes);
  return success;
}

SSMC_EXPORT cuMemcpyHtoDAsync_v2(uintptr_t to, const void *from, size_t bytes,
                                 void *stream) {
  return cuMemcpyHtoD_v2(to, from, bytes);
}

SSMC_EXPORT cuMemcpyDtoHAsync_v2(void *to, uintptr_t from, size_t bytes,
                                 void *stream) {
  return cuMemcpyDtoH_v2(to, from, bytes);
}

SSMC_EXPORT cuMemsetD8Async(uintptr_t to, unsigned char value, size_t bytes,
                            void *stream) {
  std::lock_guard lock(device().mutex);
  if (int error = checkRange("cuMemsetD8Async", to, bytes))
    return error;
  std::memset(reinterpret_cast<void *>(to), value, bytes);
  return success;
}

SSMC_EXPORT cuMemsetD32Async(uintptr_t to, unsigned value, size_t words,
                             void *stream) {
  std::lock_guard lock(device().mutex);
  if (to % 4 != 0)
    return report("cuMemsetD32Async: misaligned address", invalidValue);
  if (int error = checkRange("cuMemsetD32Async", to, words * 4))
    return error;
  std::fill_n(reinterpret_cast<unsigned *>(to), words, value);
  return success;
}

//===----------------------------------------------------------------------===//
// Launches
//===----------------------------------------------------------------------===//

static Expected<LaunchOptions> readLaunchOptions() {
  LaunchOptions options;
  const char *text = std::getenv("SSMC_SIMT_ORDER");
  auto order = Order::parse(text ? text : "");
  if (!order)
    return order.takeError();
  options.order = *order;
  int64_t resident = number("SSMC_SIMT_RESIDENT", 0);
  if (resident > 0)
    options.resident = resident;
  return options;
}

static int checkLaunch(const Kernel &kernel, const Dimensions &grid,
                       const Dimensions &block, unsigned sharedBytes) {
  auto refuse = [&](const Twine &what) {
    return report("cannot launch '" + kernel.info->name + "': " + what,
                  invalidValue);
  };
  if (grid.count() == 0 || grid.x > INT32_MAX || grid.y > 65535 ||
      grid.z > 65535)
    return refuse("the grid has " + Twine(grid.x) + " x " + Twine(grid.y) +
                  " x " + Twine(grid.z) + " blocks");
  if (block.count() == 0 || block.count() > kernel.info->mostThreads)
    return refuse("a block has " + Twine(block.count()) + " threads; 1 to " +
                  Twine(kernel.info->mostThreads) + " are allowed");
  if (int64_t(sharedBytes) > kernel.mostDynamicBytes)
    return refuse(Twine(sharedBytes) + " bytes of dynamic shared memory; " +
                  Twine(kernel.mostDynamicBytes) + " are allowed");
  return success;
}

SSMC_EXPORT cuLaunchKernel(void *function, unsigned gridX, unsigned gridY,
                           unsigned gridZ, unsigned blockX, unsigned blockY,
                           unsigned blockZ, unsigned sharedBytes, void *stream,
                           void **parameters, void **extra) {
  if (int error = checkContext())
    return error;
  std::lock_guard lock(device().mutex);
  Kernel *kernel = device().find(function);
  if (!kernel)
    return report("cuLaunchKernel: no function", invalidHandle);
  Dimensions grid{gridX, gridY, gridZ}, block{blockX, blockY, blockZ};
  if (int error = checkLaunch(*kernel, grid, block, sharedBytes))
    return error;
  if (extra || (!parameters && !kernel->info->parameterBytes.empty()))
    return report("cuLaunchKernel: no parameters", invalidValue);
  auto options = readLaunchOptions();
  if (!options)
    return report(toString(options.takeError()), invalidValue);
  std::string failure = kernel->module->launch(
      *kernel, {grid, block, sharedBytes, parameters}, *options);
  if (failure.empty())
    return success;
  device().failed = true;
  return report(failure, launchFailed);
}
