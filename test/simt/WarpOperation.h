//===- WarpOperation.h - What the lanes of a warp do together -------------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SSMC_TEST_SIMT_WARPOPERATION_H
#define SSMC_TEST_SIMT_WARPOPERATION_H

namespace ssmc::simt {

enum WarpOperation {
  ShuffleIndex,
  ShuffleUp,
  ShuffleDown,
  ShuffleXor,
  VoteAll,
  VoteAny,
  VoteUniform,
  VoteBallot,
  WarpBarrier,
  MultiplyBf16,
  MultiplyTf32
};

/// 32-bit words of a lane: 4 of A, 2 of B, 4 of the sums.
inline constexpr unsigned fragmentWords = 10;

} // namespace ssmc::simt

#endif // SSMC_TEST_SIMT_WARPOPERATION_H
