//===- CudaSession.h - A model on a GPU, called from here ----- -*- C++ -*-===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SSMC_TOOLS_SSMC_CUDASESSION_H
#define SSMC_TOOLS_SSMC_CUDASESSION_H

#include "lib/Target/JitSession.h"
#include "lib/Target/ModelInfo.h"
#include "runtime/cuda_driver.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/ADT/SmallVector.h"
#include <functional>
#include <memory>

namespace ssmc {

/// The first GPU of this machine, and its memory.
class CudaDevice {
public:
  /// Loads the driver and makes the device's primary context the calling
  /// thread's. Fails where there is no driver or no GPU.
  static llvm::Expected<std::unique_ptr<CudaDevice>> open();
  ~CudaDevice();

  /// Memory that lasts until releaseAll. After a failure nothing more is done.
  void *allocate(size_t bytes);
  void copyToDevice(void *to, const void *from, size_t bytes);
  /// Waits for the work on the default stream first.
  void copyToHost(void *to, const void *from, size_t bytes);
  /// The first failure so far, a CUresult, or 0; forgets it.
  int takeFailure() { return std::exchange(failure, 0); }
  /// Frees what was allocated; returns takeFailure().
  int releaseAll();

private:
  using CopyToHost = cu_result(void *, cu_pointer, size_t);
  cuda_driver driver = {};
  CopyToHost *memcpyToHost = nullptr;
  bool isRetained = false;
  int failure = 0;
  llvm::SmallVector<cu_pointer> buffers;

  void note(int result) { failure = failure ? failure : result; }
};

/// What comes with each time step; `dt` only where the model takes it.
struct Rows {
  const void *x;
  const float *dt;
};

/// The C API of an object for GPUs, in this process, on arrays in the host's
/// memory: every call copies what it needs to the device and back. Errors are
/// those of the API.
class CudaSession {
public:
  static llvm::Expected<std::unique_ptr<CudaSession>>
  load(std::unique_ptr<CudaDevice> device, llvm::ArrayRef<char> object,
       const ModelInfo &info);
  ~CudaSession();

  /// Like NAME_step, NAME_chunk and NAME_forward of an object for CPUs, of n
  /// streams, all there is of T time steps each.
  int step(char *records, int64_t n, Rows rows, float *y);
  int chunk(char *records, int64_t n, int64_t T, Rows rows, float *y);
  int forward(char *records, int64_t n, int64_t T, Rows rows, float *y);

  JitSession &getCode() { return *code; }

private:
  using Open = int(void **, int);
  using Close = int(void *);
  using WorkspaceBytes = size_t(const void *, int64_t, int64_t);
  /// `Delta` is the type of dt, where the model takes it.
  template <typename... Delta>
  using Step = int(void *, void *, const int64_t *, int64_t, const void *,
                   Delta..., float *, void *, size_t, void *);
  template <typename... Delta>
  using Chunk = int(void *, void *, const int64_t *, int64_t, const int64_t *,
                    int64_t, const void *, Delta..., float *, void *, size_t,
                    void *);
  template <typename... Delta>
  using Forward = int(void *, const void *, Delta..., float *, int64_t,
                      const int64_t *, int64_t, void *, void *, size_t, void *);

  ModelInfo info;
  std::unique_ptr<CudaDevice> device;
  std::unique_ptr<JitSession> code;
  void *handle = nullptr;
  Open *open = nullptr;
  Close *close = nullptr;
  WorkspaceBytes *workspaceBytes = nullptr;

  /// A call's arrays on the device.
  struct Arrays {
    void *records, *x, *ws;
    float *dt, *y;
    size_t wsBytes;
  };
  std::function<int(const Arrays &, int64_t n)> stepOnDevice;
  std::function<int(const Arrays &, int64_t n, int64_t T)> chunkOnDevice,
      forwardOnDevice;

  llvm::Error findFunctions();
  template <typename... Delta> llvm::Error findRuns();
  template <typename Function>
  llvm::Error find(llvm::StringRef name, Function *&function);
  int call(char *records, int64_t n, int64_t T, Rows rows, float *y,
           llvm::function_ref<int(const Arrays &)> run);
};

} // namespace ssmc

#endif // SSMC_TOOLS_SSMC_CUDASESSION_H
