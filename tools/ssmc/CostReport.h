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

/// What the loops of a model do, and what that should take.
struct CostReport {
  TargetDescription target;
  std::vector<EntryCost> entries;
  /// Operations that the model needs per time step, without padding: of its
  /// products, and of what the caller adds (scans).
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
