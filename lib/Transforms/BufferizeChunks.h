//===- BufferizeChunks.h - Bufferization of operations on rows --*- C++ -*-===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SSMC_LIB_TRANSFORMS_BUFFERIZECHUNKS_H
#define SSMC_LIB_TRANSFORMS_BUFFERIZECHUNKS_H

namespace mlir {
class DialectRegistry;
} // namespace mlir

namespace ssmc {

/// Teaches one-shot bufferization the operations on rows.
void registerRowOpBufferization(mlir::DialectRegistry &registry);

} // namespace ssmc

#endif // SSMC_LIB_TRANSFORMS_BUFFERIZECHUNKS_H
