//===- StateLayout.cpp - Where states lie in a stream's record ------------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Target/StateLayout.h"
#include "llvm/Support/ErrorHandling.h"
#include "llvm/Support/MathExtras.h"
#include <cassert>
#include <cstring>

using namespace llvm;
using namespace ssmc;

/// Modes of a block, and the bytes of a block: their real and imaginary parts.
static constexpr int64_t kBlockModes = 8;

/// Bytes of a number: oscillators are carried in f64.
static int64_t getNumberBytes(StateEntry::Kind kind) {
  return kind == StateEntry::Kind::Oscillator ? sizeof(double) : sizeof(float);
}

static int64_t getPlaneBytes(StateEntry::Kind kind, int64_t modes) {
  return divideCeil(modes, kBlockModes) * 2 * kBlockModes *
         getNumberBytes(kind);
}

int64_t ssmc::getPackedBytes(StateEntry::Kind kind, int64_t size) {
  switch (kind) {
  case StateEntry::Kind::Diagonal:
    return getPlaneBytes(kind, size);
  case StateEntry::Kind::Oscillator:
    return 2 * getPlaneBytes(kind, size);
  case StateEntry::Kind::Sums:
    return size * sizeof(double);
  case StateEntry::Kind::Count:
    return sizeof(int64_t);
  }
  llvm_unreachable("all kinds are above");
}

SmallVector<int64_t> ssmc::getStateShape(const StateEntry &entry) {
  switch (entry.kind) {
  case StateEntry::Kind::Diagonal:
    return {entry.size, 2};
  case StateEntry::Kind::Oscillator:
    return {entry.size, 2, 2};
  case StateEntry::Kind::Sums:
    return {entry.size};
  case StateEntry::Kind::Count:
    return {};
  }
  llvm_unreachable("all kinds are above");
}

/// Complex values per mode: 1, or z and y.
static int64_t getPlanes(const StateEntry &entry) {
  return entry.kind == StateEntry::Kind::Oscillator ? 2 : 1;
}

/// Where in a record part `part` (0 real, 1 imaginary) of plane `plane` (z, y)
/// of a mode lies.
static int64_t getOffset(const StateEntry &entry, int64_t mode, int64_t plane,
                         int64_t part) {
  int64_t lane = part * kBlockModes + mode % kBlockModes;
  int64_t block = mode / kBlockModes * 2 * kBlockModes;
  return entry.offset + plane * getPlaneBytes(entry.kind, entry.size) +
         (block + lane) * getNumberBytes(entry.kind);
}

/// Calls visit(index outside, offset inside the record) for every float.
template <typename Visit>
static void forEachValue(const StateEntry &entry, Visit visit) {
  int64_t planes = getPlanes(entry), index = 0;
  for (int64_t mode = 0; mode < entry.size; ++mode)
    for (int64_t plane = 0; plane < planes; ++plane)
      for (int64_t part = 0; part < 2; ++part)
        visit(index++, getOffset(entry, mode, plane, part));
}

void ssmc::unpackState(const StateEntry &entry, const char *record,
                       MutableArrayRef<double> values) {
  assert(int64_t(values.size()) == 2 * getPlanes(entry) * entry.size);
  forEachValue(entry, [&](int64_t index, int64_t offset) {
    if (entry.kind == StateEntry::Kind::Oscillator) {
      std::memcpy(&values[index], record + offset, sizeof(double));
      return;
    }
    float value;
    std::memcpy(&value, record + offset, sizeof(float));
    values[index] = value;
  });
}

void ssmc::packState(const StateEntry &entry, ArrayRef<double> values,
                     char *record) {
  assert(int64_t(values.size()) == 2 * getPlanes(entry) * entry.size);
  forEachValue(entry, [&](int64_t index, int64_t offset) {
    if (entry.kind == StateEntry::Kind::Oscillator) {
      std::memcpy(record + offset, &values[index], sizeof(double));
      return;
    }
    float value = values[index];
    std::memcpy(record + offset, &value, sizeof(float));
  });
}
