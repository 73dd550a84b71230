//===- Memory.cpp - What kernels may access -------------------------------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "test/simt/Memory.h"
#include "llvm/ADT/bit.h"
#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <iterator>

using namespace ssmc::simt;

static constexpr size_t margin = 4096;
static constexpr int spoilt = 0xFF; // NaN, as floats and as doubles

unsigned TouchedBytes::mark(size_t offset, unsigned bytes) {
  unsigned fresh = 0;
  while (bytes > 0) {
    unsigned bit = offset % 64, count = std::min(bytes, 64 - bit);
    uint64_t wanted = (~uint64_t(0) >> (64 - count)) << bit;
    uint64_t &word = words[offset / 64];
    fresh += llvm::popcount(wanted & ~word);
    word |= wanted;
    offset += count;
    bytes -= count;
  }
  return fresh;
}

DeviceMemory::~DeviceMemory() {
  for (auto &[begin, allocation] : allocations)
    std::free(allocation.margins);
}

uintptr_t DeviceMemory::allocate(size_t bytes) {
  if (bytes > SIZE_MAX / 2)
    return 0;
  size_t rounded = (bytes + 255) / 256 * 256;
  void *memory = std::aligned_alloc(256, rounded + 2 * margin);
  if (!memory)
    return 0;
  std::memset(memory, spoilt, rounded + 2 * margin);
  Allocation allocation;
  allocation.margins = static_cast<char *>(memory);
  allocation.begin = reinterpret_cast<uintptr_t>(memory) + margin;
  allocation.bytes = bytes;
  uintptr_t begin = allocation.begin;
  allocations[begin] = std::move(allocation);
  return begin;
}

bool DeviceMemory::release(uintptr_t address) {
  auto it = allocations.find(address);
  if (it == allocations.end() || !it->second.margins)
    return false;
  std::free(it->second.margins);
  allocations.erase(it);
  return true;
}

void DeviceMemory::add(uintptr_t address, size_t bytes) {
  Allocation allocation;
  allocation.begin = address;
  allocation.bytes = bytes;
  allocations[address] = std::move(allocation);
}

Allocation *DeviceMemory::find(uintptr_t address, size_t bytes) {
  auto it = allocations.upper_bound(address);
  if (it == allocations.begin())
    return nullptr;
  Allocation &allocation = std::prev(it)->second;
  return allocation.holds(address, bytes) ? &allocation : nullptr;
}

std::string DeviceMemory::describe(uintptr_t address) {
  auto it = allocations.upper_bound(address);
  if (it == allocations.begin())
    return "below all device memory";
  const Allocation &allocation = std::prev(it)->second;
  return "at offset " + std::to_string(address - allocation.begin) +
         " of an allocation of " + std::to_string(allocation.bytes) + " bytes";
}
