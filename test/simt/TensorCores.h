//===- TensorCores.h - mma.sync on the lanes of a warp ----------*- C++ -*-===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SSMC_TEST_SIMT_TENSORCORES_H
#define SSMC_TEST_SIMT_TENSORCORES_H

#include "test/simt/WarpOperation.h"
#include <array>
#include <cstdint>

namespace ssmc::simt {

/// D = A B + C with A 16 x K, B K x 8: K = 16 in bf16, 8 in tf32. A lane's
/// words are, as the PTX manual has them, 4 of A, 2 of B and 4 of C, which D
/// replaces.
void multiplyFragments(const std::array<uint32_t *, 32> &lanes, bool isBf16);

} // namespace ssmc::simt

#endif // SSMC_TEST_SIMT_TENSORCORES_H
