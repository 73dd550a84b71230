//===- Counters.h - Memory traffic of kernels -----------------------------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SSMC_TEST_SIMT_COUNTERS_H
#define SSMC_TEST_SIMT_COUNTERS_H

#include "test/simt/Memory.h"
#include "test/simt/Sites.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/Support/JSON.h"
#include <map>

namespace ssmc::simt {

/// Bytes that loads or stores of global memory moved.
struct Traffic {
  uint64_t bytes = 0;  ///< Of all threads' accesses.
  uint64_t unique = 0; ///< Each byte once per launch.
  uint64_t sectors =
      0; ///< Sectors of 32 bytes, each once per warp instruction.
};

/// Instructions of whole warps on shared memory. A warp's accesses of 8 or 16
/// bytes take 2 or 4 phases; a phase takes as many wavefronts as the most
/// different words in one of the 32 banks of 4 bytes.
struct SharedTraffic {
  uint64_t bytes = 0;
  uint64_t instructions = 0;
  uint64_t phases = 0;     ///< Wavefronts without conflicts.
  uint64_t wavefronts = 0; ///< Wavefronts with conflicts.
  unsigned degree = 0;     ///< The most wavefronts of a phase.

  SharedTraffic &operator+=(const SharedTraffic &other);
};

/// A thread's access: a site's index and an address.
struct LoggedAccess {
  uint64_t packed;

  LoggedAccess(uint32_t site, uintptr_t address)
      : packed(uint64_t(site) << (64 - siteBits) | address) {}
  uint32_t site() const { return packed >> (64 - siteBits); }
  uintptr_t address() const { return packed & (~uint64_t(0) >> siteBits); }
};
using AccessLog = std::vector<LoggedAccess>;

/// What the launches of one kernel did.
class KernelCounters {
public:
  /// Counts a thread's access to global memory.
  void countGlobal(const Site &site, Allocation &allocation, uintptr_t address);

  /// Groups what the threads of a warp have done since the last call into
  /// instructions of the warp: the n-th access of every lane at one site.
  /// Empties the logs. Shared memory begins at `shared`.
  void groupWarp(const Sites &sites, DeviceMemory &memory,
                 llvm::ArrayRef<AccessLog *> lanes, uintptr_t shared,
                 size_t sharedBytes);

  llvm::json::Object toJson(const Sites &sites) const;

  uint64_t launches = 0, blocks = 0, barriers = 0, shuffles = 0, atomics = 0,
           multiplications = 0; ///< mma.sync, by lane.
  size_t mostSharedBytes = 0;   ///< Static and dynamic, of a block.

private:
  struct Instruction;
  void countInstruction(const Instruction &);
  void countShared(const Instruction &, unsigned offset);
  Traffic &traffic(Access, int parameter);

  /// By the kernel's parameter; -1: other memory.
  std::map<int, Traffic> loads, stores;
  std::map<uint32_t, SharedTraffic> shared; ///< By site.
};

} // namespace ssmc::simt

#endif // SSMC_TEST_SIMT_COUNTERS_H
