//===- Sites.h - The places in kernels that the runtime is told of -----===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SSMC_TEST_SIMT_SITES_H
#define SSMC_TEST_SIMT_SITES_H

#include <cstdint>
#include <string>
#include <vector>

namespace ssmc::simt {

struct Allocation;

enum class Access : uint8_t { Load, Store, Atomic };
enum class Space : uint8_t { Generic, Global, Shared };

/// A load, a store, an atomic access, or a point where threads wait.
struct Site {
  std::string text; ///< The function and the instruction.
  Access access = Access::Load;
  Space space = Space::Generic;
  uint32_t bytes = 0;     ///< Accessed by a thread.
  uint32_t piece = 0;     ///< Of these, by one instruction of the GPU: 1 to 16.
  uint32_t alignment = 1; ///< Promised by the instruction.

  /// Where this place's last access was: the next one is likely there, too.
  Allocation *last = nullptr;
};

using Sites = std::vector<Site>;

/// Number of bits for a site's index beside an address, see Counters.h.
constexpr unsigned siteBits = 17;

} // namespace ssmc::simt

#endif // SSMC_TEST_SIMT_SITES_H
