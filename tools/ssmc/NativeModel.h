//===- NativeModel.h - A compiled model, loaded and called ---- -*- C++ -*-===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SSMC_TOOLS_SSMC_NATIVEMODEL_H
#define SSMC_TOOLS_SSMC_NATIVEMODEL_H

#include "lib/Import/Array.h"
#include "lib/Target/JitSession.h"
#include "lib/Target/ModelInfo.h"
#include "runtime/ssmc_executor.h"
#include "tools/ssmc/CudaSession.h"
#include <functional>
#include <vector>

namespace ssmc {

/// Memory aligned to kRecordAlignment, zero at first.
class AlignedBytes {
public:
  explicit AlignedBytes(size_t size)
      : storage(size + kRecordAlignment, 0),
        start(llvm::alignTo<kRecordAlignment>(
                  reinterpret_cast<uintptr_t>(storage.data())) -
              reinterpret_cast<uintptr_t>(storage.data())),
        size(size) {}

  char *data() { return storage.data() + start; }
  const char *data() const { return storage.data() + start; }
  size_t getSize() const { return size; }

private:
  std::vector<char> storage;
  size_t start, size;
};

/// In which pieces sequences are given to a model.
struct RunMode {
  enum class Kind { Forward, Step, Chunk };
  Kind kind = Kind::Forward;
  /// Time steps of a chunk.
  int64_t steps = 1;

  /// "forward", "step" or "chunk=N".
  static llvm::Expected<RunMode> parse(llvm::StringRef text);
};

/// The C API of an object file, in this process.
class NativeModel {
public:
  static llvm::Expected<NativeModel> load(llvm::ArrayRef<char> object,
                                          const ModelInfo &info);
  /// The same of an object for GPUs: each call copies to the device and back.
  static llvm::Expected<NativeModel>
  loadOnGpu(std::unique_ptr<CudaDevice> device, llvm::ArrayRef<char> object,
            const ModelInfo &info);

  /// Runs all of `x`, (B, L, F) or tokens (B, L), from the states in `records`
  /// (B of them), and leaves the last states there. Returns (B, L, O), or
  /// (B, O) when the model is pooled. `dt` is (B, L) for a model that takes
  /// time deltas, else empty. `isFresh` says that the states are those of new
  /// streams.
  llvm::Expected<Array> run(const ArrayView &x, llvm::ArrayRef<float> dt,
                            RunMode mode, AlignedBytes &records, bool isFresh,
                            const ssmc_executor *executor = nullptr) const;

  /// Runs `x` in training mode, if the model was compiled for it too. The
  /// statistics are laid out as in TrainingInfo.h; null: those compiled with.
  /// `keys` are two words per batch element; null: nothing is dropped.
  llvm::Expected<Array> train(const ArrayView &x, const char *statisticsIn,
                              llvm::MutableArrayRef<char> statisticsOut,
                              const uint32_t *keys,
                              const ssmc_executor *executor) const;

  /// B records of new streams.
  llvm::Expected<AlignedBytes> makeRecords(int64_t batch) const;

  const ModelInfo &getInfo() const { return info; }

private:
  using Step = int(char *records, int64_t n, Rows rows, float *y,
                   const ssmc_executor *, AlignedBytes &ws);
  using Chunk = int(char *records, int64_t n, int64_t T, Rows rows, float *y,
                    const ssmc_executor *, AlignedBytes &ws);
  using Reset = int(void *, int64_t, int64_t);
  using WorkspaceBytes = size_t(int64_t, int32_t);
  using StrError = const char *(int);
  using TrainForward = int(const void *, void *, const uint32_t *, const void *,
                           float *, int64_t, int64_t, const ssmc_executor *,
                           void *, size_t);
  using TrainWorkspaceBytes = size_t(int64_t, int64_t, int32_t);

  ModelInfo info;
  std::unique_ptr<JitSession> session;
  std::unique_ptr<CudaSession> cuda;
  /// Of the API, on a CPU or a GPU; forward leaves the last states in records.
  std::function<Step> step;
  std::function<Chunk> chunk, forward;
  Reset *reset = nullptr;
  /// Of a GPU's calls: in the session.
  std::function<WorkspaceBytes> workspaceBytes;
  StrError *strError = nullptr;
  TrainForward *trainForward = nullptr;
  TrainWorkspaceBytes *trainWorkspaceBytes = nullptr;

  llvm::Error findCommon(JitSession &code);
  llvm::Error findTraining(JitSession &code);
  /// Finds NAME_`name`.
  template <typename Function>
  llvm::Error find(JitSession &code, llvm::StringRef name,
                   Function *&function) {
    auto found = code.lookupFunction<Function>((info.name + "_" + name).str());
    if (!found)
      return found.takeError();
    function = *found;
    return llvm::Error::success();
  }
  llvm::Error check(int code, llvm::StringRef function) const;
  template <typename... Delta> llvm::Error findRuns(JitSession &code);
  llvm::Error runPieces(const ArrayView &x, llvm::ArrayRef<float> dt,
                        RunMode mode, char *records, std::vector<float> &y,
                        const ssmc_executor *executor, AlignedBytes &ws) const;
};

} // namespace ssmc

#endif // SSMC_TOOLS_SSMC_NATIVEMODEL_H
