//===- Memory.h - What kernels may access ---------------------------------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Device memory is host memory between margins that nobody may access. An
// allocation holds NaNs until it is written.
//
//===----------------------------------------------------------------------===//

#ifndef SSMC_TEST_SIMT_MEMORY_H
#define SSMC_TEST_SIMT_MEMORY_H

#include "test/simt/Races.h"
#include <map>
#include <string>
#include <vector>

namespace ssmc::simt {

/// Which bytes of an allocation a launch has touched.
class TouchedBytes {
public:
  void reset(size_t bytes) { words.assign(bytes / 64 + 2, 0); }
  /// Marks bytes and returns how many were not marked before.
  unsigned mark(size_t offset, unsigned bytes);

private:
  std::vector<uint64_t> words;
};

struct Allocation {
  uintptr_t begin = 0;
  size_t bytes = 0;
  char *margins = nullptr; ///< The host memory around it; null: not ours.
  /// The parameter of the running kernel that points here; -1: none.
  int parameter = -1;
  TouchedBytes loaded, stored;
  LastAccesses accesses; ///< Of the running kernel,
  bool written = false;  ///< from its first store on.

  bool holds(uintptr_t address, size_t size) const {
    return address >= begin && size <= bytes && address - begin <= bytes - size;
  }
};

class DeviceMemory {
public:
  ~DeviceMemory();

  /// New memory at a multiple of 256; 0: there is not so much.
  uintptr_t allocate(size_t bytes);
  /// False: not the beginning of an allocation.
  bool release(uintptr_t address);

  /// Makes memory of somebody else (a module's global) accessible.
  void add(uintptr_t address, size_t bytes);
  void remove(uintptr_t address) { allocations.erase(address); }

  /// The allocation that holds all of these bytes; null: none.
  Allocation *find(uintptr_t address, size_t bytes);
  /// Where an address lies, in words for a message.
  std::string describe(uintptr_t address);

  std::map<uintptr_t, Allocation> allocations; ///< By their first byte.
};

} // namespace ssmc::simt

#endif // SSMC_TEST_SIMT_MEMORY_H
