//===- Races.cpp - Accesses that no barrier keeps apart -------------------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "test/simt/Races.h"

using namespace ssmc::simt;

// Narrower accesses side by side would look like races.
static constexpr size_t wordBytes = 2;

const Moment *LastAccesses::note(Word &word, const Moment &now,
                                 AccessKind kind) {
  auto &[first, second] = word.reads;
  bool races = word.write.races(now);
  if (races && kind == AccessKind::WriteSame) {
    word.writtenBySeveral = true;
    return nullptr;
  }
  if (races && !(kind == AccessKind::Read && word.writtenBySeveral))
    return &word.write;
  if (kind != AccessKind::Read) {
    word.write = now;
    word.writtenBySeveral = false;
    return first.races(now) ? &first : second.races(now) ? &second : nullptr;
  }
  // A write races with at least one of two readers, if these are of different
  // warps as far as possible.
  if (first.block != now.block || first.blockMoment != now.blockMoment) {
    first = now;
    second = Moment();
  } else if (first.thread == now.thread) {
    first = now;
  } else if (second.blockMoment == 0 ||
             second.thread / 32 == first.thread / 32) {
    second = now;
  }
  return nullptr;
}

const Moment *LastAccesses::note(const Moment &now, AccessKind kind,
                                 size_t offset, unsigned bytes) {
  size_t end = (offset + bytes + wordBytes - 1) / wordBytes;
  if (words.size() < end)
    words.resize(end);
  for (size_t i = offset / wordBytes; i < end; ++i)
    if (const Moment *other = note(words[i], now, kind))
      return other;
  return nullptr;
}
