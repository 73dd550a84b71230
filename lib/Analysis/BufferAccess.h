//===- BufferAccess.h - Loads and stores of any dialect ---------*- C++ -*-===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SSMC_LIB_ANALYSIS_BUFFERACCESS_H
#define SSMC_LIB_ANALYSIS_BUFFERACCESS_H

#include "mlir/IR/Operation.h"
#include <optional>

namespace ssmc {

/// A load or store of one number or vector, masked or not.
struct BufferAccess {
  /// The memref, and where in it.
  mlir::Value view;
  mlir::ValueRange indices;
  /// Null for a load.
  mlir::Value stored;
  /// With all lanes of a mask.
  int64_t bytes;

  bool isStore() const { return bool(stored); }
};

/// Empty for all other operations.
std::optional<BufferAccess> getBufferAccess(mlir::Operation *op);

/// Whether `op` reads or writes memory in a way that getBufferAccess does not
/// know.
bool hasUnknownAccess(mlir::Operation *op);

/// Bytes of a number or a vector; an index is 8.
int64_t getBytes(mlir::Type type);

} // namespace ssmc

#endif // SSMC_LIB_ANALYSIS_BUFFERACCESS_H
