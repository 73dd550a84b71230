//===- DriverDevices.cpp - Devices, contexts and memory -------------------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Host memory is device memory, and every call is done when it returns.
//
//===----------------------------------------------------------------------===//

#include "test/simt/Driver.h"
#include <cstdlib>
#include <cstring>

using namespace llvm;
using namespace ssmc::simt;

/// Never destroyed: objects may close models while the process ends.
Device &ssmc::simt::device() {
  static auto *device = new Device;
  return *device;
}

Kernel *Device::find(void *function) {
  for (auto &[module, owner] : modules)
    if (auto *kernel = static_cast<Kernel *>(function);
        kernel && module->owns(kernel))
      return kernel;
  return nullptr;
}

static std::vector<void *> &contexts() {
  static thread_local std::vector<void *> stack;
  return stack;
}

int64_t ssmc::simt::readNumber(const char *variable, int64_t otherwise) {
  const char *text = std::getenv(variable);
  int64_t value;
  if (!text || StringRef(text).getAsInteger(10, value))
    return otherwise;
  return value;
}

int ssmc::simt::report(const Twine &message, int code) {
  errs() << "simt: error: " << message << "\n";
  return code;
}

int ssmc::simt::checkContext() {
  if (contexts().empty())
    return report("call without a current context", invalidContext);
  return device().failed ? launchFailed : success;
}

//===----------------------------------------------------------------------===//
// Devices and contexts
//===----------------------------------------------------------------------===//

static int countDevices() { return readNumber("SSMC_SIMT_DEVICES", 1); }

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

int64_t ssmc::simt::getMultiprocessors() {
  return std::max<int64_t>(readNumber("SSMC_SIMT_MULTIPROCESSORS", 4), 1);
}

int ssmc::simt::getCapability() { return int(readNumber("SSMC_SIMT_SM", 80)); }

/// CUDA's programming guide, technical specifications per compute capability.
int ssmc::simt::getSharedBytes() {
  switch (getCapability()) {
  case 86:
  case 88:
  case 89:
  case 120:
  case 121:
    return 100 * 1024;
  case 80:
  case 87:
    return 164 * 1024;
  default:
    return 228 * 1024;
  }
}

SSMC_EXPORT cuDeviceGetAttribute(int *value, int attribute, int device) {
  int capability = getCapability();
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
    *value = int(getMultiprocessors());
    return success;
  case 75:
    *value = capability / 10;
    return success;
  case 76:
    *value = capability % 10;
    return success;
  case 81: // shared bytes of a multiprocessor
    *value = getSharedBytes();
    return success;
  case 97: // shared bytes of a block that asks for them
    *value = getMostSharedBytes();
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
