//===- NativeModel.cpp - A compiled model, loaded and called --------------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tools/ssmc/NativeModel.h"
#include "tools/ssmc/CommandLine.h"
#include <cstring>

using namespace llvm;
using namespace ssmc;

/// Bytes of an element of x and of y: float or int32_t.
static constexpr int64_t kValueBytes = 4;

Expected<RunMode> RunMode::parse(StringRef text) {
  if (text == "forward")
    return RunMode{Kind::Forward, 1};
  if (text == "step")
    return RunMode{Kind::Step, 1};
  if (text.consume_front("chunk=")) {
    auto steps = parseInteger("the chunk's length in --mode", text, 1);
    if (!steps)
      return steps.takeError();
    return RunMode{Kind::Chunk, *steps};
  }
  return createStringError("--mode is '" + text +
                           "'; expected forward, step or chunk=N");
}

Expected<NativeModel> NativeModel::load(ArrayRef<char> object,
                                        const ModelInfo &info) {
  NativeModel model;
  model.info = info;
  auto session = JitSession::load(object);
  if (!session)
    return session.takeError();
  model.session = std::move(*session);
  if (Error error = model.findCommon(*model.session))
    return error;
  Error error = info.takesTimeSteps
                    ? model.findRuns<const float *>(*model.session)
                    : model.findRuns<>(*model.session);
  if (error)
    return error;
  if (Error missing = model.findTraining(*model.session))
    return missing;
  return model;
}

/// Finds what runs the model in training mode, if there is such.
Error NativeModel::findTraining(JitSession &code) {
  if (!info.training)
    return Error::success();
  if (Error error = find(code, "train_forward", trainForward))
    return error;
  return find(code, "train_workspace_bytes", trainWorkspaceBytes);
}

/// Finds what runs the model; `Delta` is the type of dt, where there is one.
template <typename... Delta> Error NativeModel::findRuns(JitSession &code) {
  Error error = Error::success();
  auto find = [&](StringRef name, auto *&function) {
    error = joinErrors(std::move(error), this->find(code, name, function));
  };
  using Step = int(void *, const int64_t *, int64_t, const void *, Delta...,
                   float *, const ssmc_executor *, void *, size_t);
  using Chunk = int(void *, const int64_t *, int64_t, const int64_t *, int64_t,
                    const void *, Delta..., float *, const ssmc_executor *,
                    void *, size_t);
  using Forward = int(const void *, Delta..., float *, int64_t, const int64_t *,
                      int64_t, void *, const ssmc_executor *, void *, size_t);
  Step *step;
  Chunk *chunk;
  Forward *forward;
  WorkspaceBytes *bytes;
  find("step", step);
  find("chunk", chunk);
  find("forward", forward);
  // Of sequences: L instead of the number of streams.
  find(info.isBidirectional() ? "forward_workspace_bytes" : "workspace_bytes",
       bytes);
  this->step = [step](char *records, int64_t n, Rows rows, float *y,
                      const ssmc_executor *executor, AlignedBytes &ws) {
    return step(records, nullptr, n, rows.x, Delta(rows.dt)..., y, executor,
                ws.data(), ws.getSize());
  };
  this->chunk = [chunk](char *records, int64_t n, int64_t T, Rows rows,
                        float *y, const ssmc_executor *executor,
                        AlignedBytes &ws) {
    return chunk(records, nullptr, n, nullptr, T, rows.x, Delta(rows.dt)..., y,
                 executor, ws.data(), ws.getSize());
  };
  bool keepsStates = !info.isBidirectional();
  this->forward = [forward, keepsStates](
                      char *records, int64_t n, int64_t T, Rows rows, float *y,
                      const ssmc_executor *executor, AlignedBytes &ws) {
    return forward(rows.x, Delta(rows.dt)..., y, n, nullptr, T,
                   keepsStates ? records : nullptr, executor, ws.data(),
                   ws.getSize());
  };
  workspaceBytes = bytes;
  return error;
}

Expected<NativeModel> NativeModel::loadOnGpu(std::unique_ptr<CudaDevice> device,
                                             ArrayRef<char> object,
                                             const ModelInfo &info) {
  NativeModel model;
  model.info = info;
  auto loaded = CudaSession::load(std::move(device), object, info);
  if (!loaded)
    return loaded.takeError();
  model.cuda = std::move(*loaded);
  if (Error error = model.findCommon(model.cuda->getCode()))
    return error;
  CudaSession *cuda = model.cuda.get();
  model.step = [cuda](char *records, int64_t n, Rows rows, float *y,
                      const ssmc_executor *, AlignedBytes &) {
    return cuda->step(records, n, rows, y);
  };
  model.chunk = [cuda](char *records, int64_t n, int64_t T, Rows rows, float *y,
                       const ssmc_executor *, AlignedBytes &) {
    return cuda->chunk(records, n, T, rows, y);
  };
  model.forward = [cuda](char *records, int64_t n, int64_t T, Rows rows,
                         float *y, const ssmc_executor *, AlignedBytes &) {
    return cuda->forward(records, n, T, rows, y);
  };
  model.workspaceBytes = [](int64_t, int32_t) { return size_t(0); };
  return model;
}

/// What objects for CPUs and for GPUs have alike.
Error NativeModel::findCommon(JitSession &code) {
  if (Error error = find(code, "state_reset", reset))
    return error;
  return find(code, "strerror", strError);
}

Error NativeModel::check(int code, StringRef function) const {
  if (code == 0)
    return Error::success();
  return createStringError(info.name + "_" + function + ": " + strError(code));
}

Expected<AlignedBytes> NativeModel::makeRecords(int64_t batch) const {
  AlignedBytes records(batch * info.stateBytes);
  if (info.isBidirectional()) // which has no states to keep
    return records;
  if (Error error = check(reset(records.data(), 0, batch), "state_reset"))
    return error;
  return records;
}

/// Copies `steps` time steps from `first` on of every sequence between (B, L,
/// F) and (B, steps, F).
static void copySteps(const char *from, int64_t fromSteps, int64_t fromFirst,
                      char *to, int64_t toSteps, int64_t toFirst, int64_t batch,
                      int64_t steps, int64_t features) {
  int64_t row = features * kValueBytes;
  for (int64_t b = 0; b < batch; ++b)
    std::memcpy(to + (b * toSteps + toFirst) * row,
                from + (b * fromSteps + fromFirst) * row, steps * row);
}

Error NativeModel::runPieces(const ArrayView &x, ArrayRef<float> dt,
                             RunMode mode, char *records, std::vector<float> &y,
                             const ssmc_executor *executor,
                             AlignedBytes &ws) const {
  int64_t batch = x.shape[0], length = x.shape[1];
  int64_t inputs = info.inputFeatures, outputs = info.outputFeatures;
  int64_t most = std::min(mode.steps, std::max<int64_t>(length, 1));
  std::vector<int32_t> pieceX(batch * most * inputs);
  std::vector<float> pieceDt(dt.empty() ? 0 : batch * most);
  std::vector<float> pieceY(info.pooled ? 0 : batch * most * outputs);
  for (int64_t t = 0; t < length; t += most) {
    int64_t steps = std::min(most, length - t);
    copySteps(x.bytes.data(), length, t,
              reinterpret_cast<char *>(pieceX.data()), steps, 0, batch, steps,
              inputs);
    if (!dt.empty())
      copySteps(reinterpret_cast<const char *>(dt.data()), length, t,
                reinterpret_cast<char *>(pieceDt.data()), steps, 0, batch,
                steps, 1);
    Rows rows = {pieceX.data(), pieceDt.data()};
    float *out = info.pooled ? y.data() : pieceY.data();
    int code = mode.kind == RunMode::Kind::Step
                   ? step(records, batch, rows, out, executor, ws)
                   : chunk(records, batch, steps, rows, out, executor, ws);
    if (Error error =
            check(code, mode.kind == RunMode::Kind::Step ? "step" : "chunk"))
      return error;
    if (!info.pooled)
      copySteps(reinterpret_cast<const char *>(pieceY.data()), steps, 0,
                reinterpret_cast<char *>(y.data()), length, t, batch, steps,
                outputs);
  }
  return Error::success();
}

Expected<Array> NativeModel::run(const ArrayView &x, ArrayRef<float> dt,
                                 RunMode mode, AlignedBytes &records,
                                 bool isFresh,
                                 const ssmc_executor *executor) const {
  int64_t batch = x.shape[0], length = x.shape[1];
  SmallVector<int64_t, 4> shape = {batch};
  if (!info.pooled)
    shape.push_back(length);
  else if (length == 0 && isFresh)
    return createStringError("the input has no time steps, and the head has no "
                             "answer for none");
  shape.push_back(info.outputFeatures);
  std::vector<float> y(*getNumElements(shape));

  AlignedBytes ws(workspaceBytes(info.isBidirectional() ? length : batch,
                                 executor ? executor->workers : 1));
  // Sequences that go on from a state are one long chunk.
  if (mode.kind == RunMode::Kind::Forward && !isFresh)
    mode = {RunMode::Kind::Chunk, std::max<int64_t>(length, 1)};
  Error error =
      mode.kind == RunMode::Kind::Forward
          ? check(forward(records.data(), batch, length,
                          {x.bytes.data(), dt.data()}, y.data(), executor, ws),
                  "forward")
          : runPieces(x, dt, mode, records.data(), y, executor, ws);
  if (error)
    return error;
  return Array::fromF32(shape, y);
}
