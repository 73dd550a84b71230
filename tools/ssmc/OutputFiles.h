//===- OutputFiles.h - Several files, all or none ------------- -*- C++ -*-===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SSMC_TOOLS_SSMC_OUTPUTFILES_H
#define SSMC_TOOLS_SSMC_OUTPUTFILES_H

#include "mlir/IR/Diagnostics.h"
#include "mlir/Support/LLVM.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/SmallVector.h"
#include <string>

namespace ssmc {

struct OutputFile {
  std::string path;
  llvm::SmallVector<char, 0> bytes;
};

/// Fails, with an error on `context`, when the folder that files named `prefix`
/// and something would go into does not exist: to be asked before long work.
mlir::LogicalResult checkOutputFolder(mlir::MLIRContext *context,
                                      llvm::StringRef prefix);

/// Writes all files, or none (see writeFiles). An error is reported on
/// `context`, naming the file.
mlir::LogicalResult writeOutputFiles(mlir::MLIRContext *context,
                                     llvm::ArrayRef<OutputFile> files);

} // namespace ssmc

#endif // SSMC_TOOLS_SSMC_OUTPUTFILES_H
