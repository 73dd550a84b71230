//===- CudaTools.h - What is taken of a CUDA toolkit ------------*- C++ -*-===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SSMC_LIB_TARGET_CUDATOOLS_H
#define SSMC_LIB_TARGET_CUDATOOLS_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include <string>

namespace ssmc {

/// Code for one architecture, part of an image.
struct CudaCode {
  /// Machine code for sm_NN (a cubin), or PTX for compute_NN and later ones.
  bool isPtx = false;
  unsigned architecture = 0;
  llvm::SmallVector<char, 0> bytes;
};

/// ptxas and fatbinary, two programs of the CUDA toolkit. Nothing else of it is
/// used, and nothing at all for PTX.
class CudaTools {
public:
  /// Finds them: ptxas at `ptxas`, or in PATH, $CUDA_HOME/bin or
  /// /usr/local/cuda/bin; fatbinary beside it or in these places. Fails with
  /// where was looked, and where what was found does not say that it is ptxas.
  static llvm::Expected<CudaTools> find(llvm::StringRef ptxas = "");

  /// Fails when there is no fatbinary, which bundle() takes.
  llvm::Error requireFatbinary() const;

  /// PTX to machine code for sm_NN. The error holds what ptxas says.
  llvm::Expected<llvm::SmallVector<char, 0>> assemble(llvm::StringRef ptx,
                                                      unsigned sm) const;
  /// All in one image, of which a driver picks what fits its GPU best.
  llvm::Expected<llvm::SmallVector<char, 0>>
  bundle(llvm::ArrayRef<CudaCode> parts) const;

private:
  std::string ptxas;
  /// Empty: not found.
  std::string fatbinary;
};

} // namespace ssmc

#endif // SSMC_LIB_TARGET_CUDATOOLS_H
