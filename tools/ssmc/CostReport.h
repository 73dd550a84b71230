//===- CostReport.h - What a compiled model costs, printed ----- -*- C++
//-*-===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SSMC_TOOLS_SSMC_COSTREPORT_H
#define SSMC_TOOLS_SSMC_COSTREPORT_H

#include "lib/Analysis/ModelCosts.h"
#include "lib/Pipelines/Compile.h"
#include "llvm/Support/JSON.h"

namespace ssmc {

/// Operations that a model-level module needs for one time step; a multiply-add
/// is two. Counted are products, D, recurrences (8 per complex mode, 20 per
/// complex oscillator) and the sums of a pooled head; not norms and
/// non-linearities, padding, and what is done once per sequence. The benchmark
/// counts alike (bench/workloads.py). Errors are reported on the context.
mlir::FailureOr<int64_t> countFlopsPerStep(mlir::ModuleOp model,
                                           const CompileOptions &options);

/// What the loops of a model do, and what that should take.
struct CostReport {
  TargetDescription target;
  std::vector<EntryCost> entries;
  /// countFlopsPerStep().
  int64_t flops = 0;

  /// Lowers a copy of the model-level `model` for the first of `options`' CPUs
  /// and counts. Errors are reported on its context.
  static mlir::FailureOr<CostReport> make(mlir::ModuleOp model,
                                          const CompileOptions &options);

  /// Floating-point operations that the model needs, of those that the CPU
  /// could do in the time that `entry` should take.
  double predictPeak(const EntryCost &entry) const;

  void print(llvm::raw_ostream &os) const;
  void print(llvm::json::OStream &json) const;
};

} // namespace ssmc

#endif // SSMC_TOOLS_SSMC_COSTREPORT_H
