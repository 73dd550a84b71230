//===- Sites.h - The places in kernels that the runtime is told of --------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SSMC_TEST_SIMT_SITES_H
#define SSMC_TEST_SIMT_SITES_H

#include <cstdint>
#include <deque>
#include <string>
#include <vector>

namespace ssmc::simt {

enum class Access : uint8_t { Load, Store, Atomic };
enum class Space : uint8_t { Generic, Global, Shared };

struct Range;

/// A load, a store, an atomic access, or a point where threads wait.
struct Site {
  std::string text; ///< The function and the instruction.
  Access access = Access::Load;
  Space space = Space::Generic;
  uint32_t bytes = 0;     ///< Accessed by a thread.
  uint32_t piece = 0;     ///< Of these, by one instruction of the GPU: 1 to 16.
  uint32_t alignment = 1; ///< Promised by the instruction.
  /// Of loads and stores; shared memory has one for all that are alike.
  Range *range = nullptr;

  // Of atomic accesses and fences; those within a block are no news to others.
  bool acquires = false, releases = false;
  bool reads = false, writes = false;
};

/// Addresses that a site may access: shared memory of the running block, or the
/// allocation that its last access was to, where the next one most likely is,
/// too. Kernels look here before they ask the runtime (simt_check in
/// Runtime.cpp knows the layout).
struct Range {
  uint64_t begin = 0, count = 0;
  uint64_t misaligned = 0;  ///< Bits of addresses that have to be 0.
  uint32_t sharedBytes = 0; ///< Shared memory: bytes of the accesses.
};

using Sites = std::vector<Site>;
using Ranges = std::deque<Range>; // whose elements stay where they are

/// Number of bits for a site's index beside an address, see Counters.h.
constexpr unsigned siteBits = 17;

} // namespace ssmc::simt

#endif // SSMC_TEST_SIMT_SITES_H
