//===- Driver.cpp - A libcuda.so.1 that runs kernels on the CPU -----------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The functions of the CUDA driver that emitted objects and tests call: modules
// and launches here, the rest in DriverDevices.cpp. docs/cuda.md lists what the
// environment sets.
//
// After a kernel has failed, its message is on stderr, and every call returns
// an error, like on a GPU.
//
//===----------------------------------------------------------------------===//

#include "test/simt/Driver.h"
#include <cstdlib>

using namespace llvm;
using namespace ssmc::simt;

//===----------------------------------------------------------------------===//
// Modules
//===----------------------------------------------------------------------===//

static ModuleOptions readModuleOptions() {
  ModuleOptions options;
  if (const char *counters = std::getenv("SSMC_SIMT_COUNTS"))
    options.counters = counters;
  options.races = readNumber("SSMC_SIMT_RACES", 0) != 0;
  if (options.races || !options.counters.empty())
    options.prepare.accesses = PrepareOptions::All;
  else if (readNumber("SSMC_SIMT_CHECK", 1) == 0)
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
  int most = getMostSharedBytes() - int(kernel->module->staticSharedBytes());
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
  size_t most =
      std::min<size_t>(2048 / std::max(threads, 1), getSharedBytes() / bytes);
  // Where few blocks run at a time, as many as that fill the device.
  int64_t places = readNumber("SSMC_SIMT_RESIDENT", 0);
  if (places > 0)
    most = std::min<size_t>(
        most, std::max<int64_t>(places / getMultiprocessors(), 1));
  *blocks = int(most);
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
  int64_t resident = readNumber("SSMC_SIMT_RESIDENT", 0);
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
