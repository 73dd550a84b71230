//===- Driver.h - What the functions of the emulated driver share ---------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SSMC_TEST_SIMT_DRIVER_H
#define SSMC_TEST_SIMT_DRIVER_H

#include "test/simt/KernelModule.h"
#include <mutex>

#define SSMC_EXPORT extern "C" __attribute__((visibility("default"))) int

namespace ssmc::simt {

/// Of CUresult.
enum Result : int {
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

/// SSMC_SIMT_MULTIPROCESSORS.
int64_t getMultiprocessors();
/// Compute capability times 10, of SSMC_SIMT_SM.
int getCapability();
/// Shared memory of a multiprocessor of that capability, and of a thread block
/// that asks for all of it.
int getSharedBytes();
inline int getMostSharedBytes() { return getSharedBytes() - 1024; }

/// The device, and everything on it.
struct Device {
  std::mutex mutex;
  DeviceMemory memory;
  std::map<KernelModule *, std::unique_ptr<KernelModule>> modules;
  bool failed = false; ///< A kernel has.

  /// The kernel of a handle; null: there is none.
  Kernel *find(void *function);
};

Device &device();

/// A variable of the environment.
int64_t readNumber(const char *variable, int64_t otherwise);

/// Prints an error, and returns its code.
int report(const llvm::Twine &message, int code);

/// What every call on a context checks first.
int checkContext();

} // namespace ssmc::simt

#endif // SSMC_TEST_SIMT_DRIVER_H
