//===- TrainingInfo.h - What training mode adds to a model ------*- C++ -*-===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The facts that the entry points for training mode need (see
// runtime/train_model.h), beside those of ModelInfo.h.
//
//===----------------------------------------------------------------------===//

#ifndef SSMC_LIB_TARGET_TRAININGINFO_H
#define SSMC_LIB_TARGET_TRAININGINFO_H

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

namespace ssmc {

/// A norm with running statistics.
struct TrainingNorm {
  /// Where it is: "layers.1.blocks.0.norm".
  std::string path;
  int64_t features = 0;
  double epsilon = 0, momentum = 0;
  /// The statistics that the model was compiled with.
  std::vector<float> mean, var;
  bool firstTime = false;

  /// Bytes of its statistics: mean, var and first_time, 4 bytes each number.
  int64_t getBytes() const { return 4 * (2 * features + 1); }
};

/// All rows go through one step after the other.
struct TrainingStep {
  enum class Kind { Rows = 0, Pool = 1, Answer = 2 };
  /// Number of the unit, for ssm_train_rows.
  int64_t unit = 0;
  Kind kind = Kind::Rows;
  /// Of the unit's part of the weights, in bytes.
  int64_t blob = 0;
  /// Number of the norm whose statistics its input gives; -1: none.
  int64_t norm = -1;
  /// Floats of a row that it takes and gives.
  int64_t in = 0, out = 0;
  bool inPlace = false;
  /// For each dropout of the unit, the splits that make its key.
  std::vector<std::vector<int64_t>> keys;
};

struct TrainingInfo {
  std::vector<TrainingNorm> norms;
  std::vector<TrainingStep> steps;
  /// Of a record, and of the workspace of ssm_train_rows, in bytes.
  int64_t stateBytes = 0, workspaceBytes = 0;
  /// Most rows in a call of ssm_train_rows.
  int64_t rowsPerChunk = 1;
  /// Of its weights, and of the norms' statistics behind them, in the packed
  /// weights.
  int64_t blobOffset = 0, statisticsOffset = 0;

  /// Bytes of all norms' statistics, one norm after the other.
  int64_t getStatisticsBytes() const {
    int64_t bytes = 0;
    for (const TrainingNorm &norm : norms)
      bytes += norm.getBytes();
    return bytes;
  }
  bool hasDropout() const {
    return std::any_of(
        steps.begin(), steps.end(),
        [](const TrainingStep &step) { return !step.keys.empty(); });
  }
  /// As ModelInfo::growTo.
  void growTo(const TrainingInfo &other) {
    workspaceBytes = std::max(workspaceBytes, other.workspaceBytes);
    rowsPerChunk = std::max(rowsPerChunk, other.rowsPerChunk);
  }
};

} // namespace ssmc

#endif // SSMC_LIB_TARGET_TRAININGINFO_H
