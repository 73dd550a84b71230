//===- CudaSession.cpp - A model on a GPU, called from here ---------------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tools/ssmc/CudaSession.h"
#include "llvm/ADT/bit.h"
#include <cstdlib>
#include <dlfcn.h>

using namespace llvm;
using namespace ssmc;

/// Bytes of an element of x and of y: float or int32_t.
static constexpr int64_t kValueBytes = 4;
/// Of runtime/cuda_errors.h: the error for a CUresult that has none of its own.
static constexpr int kDriverError = 1000;

static Error describe(StringRef task, int result) {
  if (result == CU_NO_DEVICE || result == CU_INVALID_DEVICE)
    return createStringError("there is no CUDA device");
  return createStringError("the CUDA driver cannot " + task + " (CUresult " +
                           Twine(result) + ")");
}

Expected<std::unique_ptr<CudaDevice>> CudaDevice::open() {
  auto device = std::make_unique<CudaDevice>();
  // It stays loaded: others may use it.
  void *library = dlopen("libcuda.so.1", RTLD_LAZY);
  if (!library)
    return createStringError("no CUDA driver: libcuda.so.1 cannot be loaded");
  auto find = [&](const char *name, auto *&function) {
    function = reinterpret_cast<std::remove_reference_t<decltype(function)>>(
        dlsym(library, name));
    return function != nullptr;
  };
  bool hasAll = find("cuMemcpyDtoH_v2", device->memcpyToHost);
#define SSMC_FIND(member, name, parameters)                                    \
  hasAll &= find(#name, device->driver.member);
  SSMC_CUDA_FUNCTIONS(SSMC_FIND)
#undef SSMC_FIND
  if (!hasAll)
    return createStringError("the CUDA driver is too old");
  if (int result = device->driver.init(0))
    return describe("start", result);
  int count = 0;
  if (int result = device->driver.device_count(&count))
    return describe("count devices", result);
  if (count == 0)
    return createStringError("there is no CUDA device");
  cu_context context;
  if (int result = device->driver.primary_retain(&context, 0))
    return describe("make a context", result);
  device->isRetained = true;
  if (int result = device->driver.ctx_push(context))
    return describe("use a context", result);
  return std::move(device);
}

CudaDevice::~CudaDevice() {
  if (!isRetained)
    return;
  (void)releaseAll();
  cu_context context;
  driver.ctx_pop(&context);
  driver.primary_release(0);
}

void *CudaDevice::allocate(size_t bytes) {
  cu_pointer memory = 0;
  if (failure || bytes == 0)
    return nullptr;
  note(driver.mem_alloc(&memory, bytes));
  if (memory)
    buffers.push_back(memory);
  return llvm::bit_cast<void *>(memory);
}

void CudaDevice::copyToDevice(void *to, const void *from, size_t bytes) {
  if (!failure && bytes)
    note(
        driver.memcpy_to_device(reinterpret_cast<cu_pointer>(to), from, bytes));
}

void CudaDevice::copyToHost(void *to, const void *from, size_t bytes) {
  if (!failure)
    note(driver.stream_synchronize(nullptr));
  if (!failure && bytes)
    note(memcpyToHost(to, reinterpret_cast<cu_pointer>(from), bytes));
}

int CudaDevice::releaseAll() {
  for (cu_pointer memory : buffers)
    note(driver.mem_free(memory));
  buffers.clear();
  return takeFailure();
}

Expected<std::unique_ptr<CudaSession>>
CudaSession::load(std::unique_ptr<CudaDevice> device, ArrayRef<char> object,
                  const ModelInfo &info) {
  auto session = std::make_unique<CudaSession>();
  session->info = info;
  session->device = std::move(device);
  auto code = JitSession::load(
      object, {{"calloc", reinterpret_cast<void *>(&std::calloc)},
               {"free", reinterpret_cast<void *>(&std::free)},
               {"dlopen", reinterpret_cast<void *>(&dlopen)},
               {"dlsym", reinterpret_cast<void *>(&dlsym)}});
  if (!code)
    return code.takeError();
  session->code = std::move(*code);
  if (Error error = session->findFunctions())
    return error;
  auto message =
      session->code->lookupFunction<const char *(int)>(info.name + "_strerror");
  if (!message)
    return message.takeError();
  if (int error = session->open(&session->handle, 0))
    return createStringError((*message)(error));
  return std::move(session);
}

template <typename Function>
Error CudaSession::find(StringRef name, Function *&function) {
  auto found =
      code->lookupFunction<Function>((info.name + "_cuda_" + name).str());
  if (!found)
    return found.takeError();
  function = *found;
  return Error::success();
}

Error CudaSession::findFunctions() {
  if (Error error = find("open", open))
    return error;
  if (Error error = find("close", close))
    return error;
  if (Error error = find("workspace_bytes", workspaceBytes))
    return error;
  return info.takesTimeSteps ? findRuns<const float *>() : findRuns<>();
}

template <typename... Delta> Error CudaSession::findRuns() {
  Step<Delta...> *step;
  Chunk<Delta...> *chunk;
  Forward<Delta...> *forward;
  if (Error error = find("step", step))
    return error;
  if (Error error = find("chunk", chunk))
    return error;
  if (Error error = find("forward", forward))
    return error;
  stepOnDevice = [this, step](const Arrays &a, int64_t n) {
    return step(handle, a.records, nullptr, n, a.x, Delta(a.dt)..., a.y, a.ws,
                a.wsBytes, nullptr);
  };
  chunkOnDevice = [this, chunk](const Arrays &a, int64_t n, int64_t T) {
    return chunk(handle, a.records, nullptr, n, nullptr, T, a.x, Delta(a.dt)...,
                 a.y, a.ws, a.wsBytes, nullptr);
  };
  forwardOnDevice = [this, forward](const Arrays &a, int64_t n, int64_t T) {
    return forward(handle, a.x, Delta(a.dt)..., a.y, n, nullptr, T, a.records,
                   a.ws, a.wsBytes, nullptr);
  };
  return Error::success();
}

CudaSession::~CudaSession() {
  if (handle)
    close(handle);
}

int CudaSession::call(char *records, int64_t n, int64_t T, Rows rows, float *y,
                      function_ref<int(const Arrays &)> run) {
  size_t recordBytes = n * info.stateBytes;
  size_t xBytes = n * T * info.inputFeatures * kValueBytes;
  size_t dtBytes = info.takesTimeSteps ? n * T * kValueBytes : 0;
  size_t yBytes = n * (info.pooled ? 1 : T) * info.outputFeatures * kValueBytes;
  Arrays arrays;
  arrays.wsBytes = workspaceBytes(handle, n, T);
  arrays.records = device->allocate(recordBytes);
  arrays.x = device->allocate(xBytes);
  arrays.dt = static_cast<float *>(device->allocate(dtBytes));
  arrays.y = static_cast<float *>(device->allocate(yBytes));
  arrays.ws = device->allocate(arrays.wsBytes);
  device->copyToDevice(arrays.records, records, recordBytes);
  device->copyToDevice(arrays.x, rows.x, xBytes);
  device->copyToDevice(arrays.dt, rows.dt, dtBytes);
  int result = device->takeFailure();
  if (result == 0) {
    if (int error = run(arrays)) {
      (void)device->releaseAll();
      return error;
    }
    device->copyToHost(records, arrays.records, recordBytes);
    device->copyToHost(y, arrays.y, yBytes);
  }
  int released = device->releaseAll();
  result = result ? result : released;
  return result ? kDriverError + result : 0;
}

int CudaSession::step(char *records, int64_t n, Rows rows, float *y) {
  return call(records, n, 1, rows, y,
              [&](const Arrays &a) { return stepOnDevice(a, n); });
}

int CudaSession::chunk(char *records, int64_t n, int64_t T, Rows rows,
                       float *y) {
  return call(records, n, T, rows, y,
              [&](const Arrays &a) { return chunkOnDevice(a, n, T); });
}

int CudaSession::forward(char *records, int64_t n, int64_t T, Rows rows,
                         float *y) {
  return call(records, n, T, rows, y,
              [&](const Arrays &a) { return forwardOnDevice(a, n, T); });
}
