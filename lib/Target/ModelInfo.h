//===- ModelInfo.h - What surrounds a compiled model ------------*- C++ -*-===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The facts about a compiled model that its entry points, its header and the
// driver need: the contract between lib/Pipelines, which lowers a model, and
// lib/Target, which puts an API around it.
//
//===----------------------------------------------------------------------===//

#ifndef SSMC_LIB_TARGET_MODELINFO_H
#define SSMC_LIB_TARGET_MODELINFO_H

#include "lib/Target/TrainingInfo.h"
#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace ssmc {

/// Alignment of state records, workspace and packed weights, in bytes.
inline constexpr int64_t kRecordAlignment = 64;

/// One carried state inside a stream's record, see StateLayout.h.
struct StateEntry {
  enum class Kind {
    /// Complex modes of a diagonal scan (S5, LRU).
    Diagonal,
    /// Complex modes of an oscillator (LinOSS): z, then y.
    Oscillator,
    /// Complex modes of each channel's own (S4D).
    Channels,
    /// A real matrix per head (DeltaNet).
    Matrices,
    /// f64 sums over time of a pooled head's input, one per feature.
    Sums,
    /// int64 number of steps that a pooled head has seen.
    Count
  };
  /// Where the state belongs in the model: "layers.1.blocks.0",
  /// "layers.2.sums", "layers.2.count".
  std::string path;
  Kind kind = Kind::Diagonal;
  /// Modes, features, or 1 for a count.
  int64_t size = 0;
  /// Of the entry in the record, in bytes.
  int64_t offset = 0;
  /// Of channels ([re, im], 1, modes, channels), of matrices (1, heads, v, k):
  /// the state's dimensions in the IR. Empty for others.
  std::vector<int64_t> shape = {};

  /// Whether it is of a mixer, in the mixer's own layout: no sums, no count.
  bool isOfMixer() const { return kind != Kind::Sums && kind != Kind::Count; }
};

/// A tensor that a file of weights holds, for models that take theirs at run
/// time.
struct TensorEntry {
  std::string name;
  /// What the shape follows from: "state_dim 64, conj_sym".
  std::string note;
  std::vector<int64_t> shape;
  /// Of its numbers among raw weights, in bytes; -1: nothing reads them.
  int64_t place = -1;
  /// Whether it is a truth value that files may lack, and that has no
  /// influence.
  bool isOptional = false;
  /// What all of its numbers must be larger than; of variances.
  std::optional<double> above = {};
};

/// What a compiled model is, seen from outside.
struct ModelInfo {
  /// Prefix of every function and macro of the C API: a C identifier.
  std::string name;
  /// Whether the input is token ids (int32) instead of f32 features.
  bool tokens = false;
  /// Features of x per time step; 1 for tokens.
  int64_t inputFeatures = 1;
  /// Floats of y per time step, or per stream when pooled.
  int64_t outputFeatures = 1;
  /// Whether a head pools over time, so that there is one answer per stream.
  bool pooled = false;

  /// Bytes of a stream's record: a multiple of kRecordAlignment.
  int64_t stateBytes = 0;
  /// Bytes of workspace that each ssm_* function needs.
  int64_t workspaceBytes = 0;
  /// Time steps in a call of ssm_chunk_full; most rows in one of ssm_rows.
  int64_t rowsPerChunk = 1;
  /// Of a model some of whose layers read the sequence backwards, too: bytes of
  /// workspace per time step, beside the others. 0: of all others.
  int64_t sequenceBytes = 0;
  /// Units with carried states: what chunks of a stream wait for in turn.
  int64_t statefulUnits = 0;
  /// Identifies configuration and weights: a saved state fits only them.
  uint64_t hash = 0;

  /// The model in a few lines of prose, for the header's comment.
  std::string description;
  /// The states of a record, in the order of their offsets.
  std::vector<StateEntry> states;

  /// Trained numbers in the model.
  int64_t parameters = 0;

  /// Whether weights are bound at run time: the functions of the C API take
  /// packed ones first, and `hash` is that of the configuration alone.
  bool takesWeights = false;
  /// Whether the functions take a time delta per step, behind x.
  bool takesTimeSteps = false;
  /// Bytes of packed weights.
  int64_t packedBytes = 0;
  /// For weights at run time: the tensors of a file, those that `hash` would
  /// take into account first, in that order; bytes of all of them together, and
  /// of the workspace that packing takes beside.
  std::vector<TensorEntry> tensors;
  int64_t hashedTensors = 0;
  int64_t rawBytes = 0;
  int64_t prepareBytes = 0;

  /// Of a model that can also be run in training mode.
  std::optional<TrainingInfo> training;

  /// Whether it runs whole sequences only.
  bool isBidirectional() const { return sequenceBytes > 0; }

  /// Makes the sizes that depend on the CPU large enough for `other`, too: the
  /// same model for another one.
  void growTo(const ModelInfo &other) {
    workspaceBytes = std::max(workspaceBytes, other.workspaceBytes);
    rowsPerChunk = std::max(rowsPerChunk, other.rowsPerChunk);
    sequenceBytes = std::max(sequenceBytes, other.sequenceBytes);
    if (training && other.training)
      training->growTo(*other.training);
    prepareBytes = std::max(prepareBytes, other.prepareBytes);
  }
};

} // namespace ssmc

#endif // SSMC_LIB_TARGET_MODELINFO_H
