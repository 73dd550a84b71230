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

/// Lanes of a panel of channels, or of a head's features.
static constexpr int64_t kPanelLanes = 16;

int64_t ssmc::getPackedBytes(const StateEntry &entry) {
  auto inPanels = [](int64_t size) {
    return divideCeil(size, kPanelLanes) * kPanelLanes * sizeof(float);
  };
  switch (entry.kind) {
  case StateEntry::Kind::Diagonal:
    return getPlaneBytes(entry.kind, entry.size);
  case StateEntry::Kind::Oscillator:
    return 2 * getPlaneBytes(entry.kind, entry.size);
  case StateEntry::Kind::Channels:
    return 2 * entry.shape[2] * inPanels(entry.shape[3]);
  case StateEntry::Kind::Matrices:
    return entry.shape[1] * inPanels(entry.shape[2]) * entry.shape[3];
  case StateEntry::Kind::Sums:
    return entry.size * sizeof(double);
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
  case StateEntry::Kind::Channels:
    return {entry.shape[3], entry.shape[2], 2};
  case StateEntry::Kind::Matrices:
    return {entry.shape[1], entry.shape[2], entry.shape[3]};
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

/// The same for modes of channels and for matrices: panels come first, then
/// modes (rows k), parts, and lanes.
template <typename Visit>
static void forEachLane(const StateEntry &entry, Visit visit) {
  int64_t index = 0;
  auto at = [&](int64_t panel, int64_t inner, int64_t lane) {
    visit(index++, entry.offset + ((panel + inner) * kPanelLanes + lane) *
                                      int64_t(sizeof(float)));
  };
  ArrayRef<int64_t> shape = entry.shape;
  if (entry.kind == StateEntry::Kind::Channels) {
    int64_t modes = shape[2], channels = shape[3];
    for (int64_t h = 0; h < channels; ++h)
      for (int64_t n = 0; n < modes; ++n)
        for (int64_t part = 0; part < 2; ++part)
          at(h / kPanelLanes * modes * 2, 2 * n + part, h % kPanelLanes);
    return;
  }
  int64_t panels = divideCeil(shape[2], kPanelLanes);
  for (int64_t head = 0; head < shape[1]; ++head)
    for (int64_t v = 0; v < shape[2]; ++v)
      for (int64_t k = 0; k < shape[3]; ++k)
        at((head * panels + v / kPanelLanes) * shape[3], k, v % kPanelLanes);
}

/// Calls visit(index outside, offset inside the record) for every number.
template <typename Visit>
static void forEachValue(const StateEntry &entry, Visit visit) {
  if (!entry.shape.empty())
    return forEachLane(entry, visit);
  int64_t planes = getPlanes(entry), index = 0;
  for (int64_t mode = 0; mode < entry.size; ++mode)
    for (int64_t plane = 0; plane < planes; ++plane)
      for (int64_t part = 0; part < 2; ++part)
        visit(index++, getOffset(entry, mode, plane, part));
}

[[maybe_unused]] static size_t countValues(const StateEntry &entry) {
  size_t count = 1;
  for (int64_t size : getStateShape(entry))
    count *= size;
  return count;
}

void ssmc::unpackState(const StateEntry &entry, const char *record,
                       MutableArrayRef<double> values) {
  assert(values.size() == countValues(entry));
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
  assert(values.size() == countValues(entry));
  forEachValue(entry, [&](int64_t index, int64_t offset) {
    if (entry.kind == StateEntry::Kind::Oscillator) {
      std::memcpy(record + offset, &values[index], sizeof(double));
      return;
    }
    float value = values[index];
    std::memcpy(record + offset, &value, sizeof(float));
  });
}
