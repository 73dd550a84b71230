//===- ArrayFormats.h - NumPy and CSV files ---------------------*- C++ -*-===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SSMC_LIB_IMPORT_ARRAYFORMATS_H
#define SSMC_LIB_IMPORT_ARRAYFORMATS_H

#include "lib/Import/Array.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/raw_ostream.h"

namespace ssmc {

/// Parses a .npy file of numbers in C order (NEP 1).
llvm::Expected<Array> parseNpy(llvm::StringRef text);
/// Writes version 1; BF16, which NumPy lacks, becomes F32.
void writeNpy(llvm::raw_ostream &os, const ArrayView &array);

/// Parses rows of numbers, all of the same length, into an F64 array (rows,
/// columns). Empty lines are skipped.
llvm::Expected<Array> parseCsv(llvm::StringRef text);
/// Writes one row per row of a two-dimensional array; a one-dimensional array
/// is one row. Numbers read back exactly.
void writeCsv(llvm::raw_ostream &os, const ArrayView &array);

} // namespace ssmc

#endif // SSMC_LIB_IMPORT_ARRAYFORMATS_H
