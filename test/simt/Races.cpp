//===- Races.cpp - Accesses that no barrier keeps apart -------------------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "test/simt/Races.h"
#include <algorithm>

using namespace ssmc::simt;

// Narrower accesses side by side would look like races.
static constexpr size_t wordBytes = 2;

bool Knowledge::covers(const Moment &moment) const {
  auto block = blocks.find(moment.block);
  if (block != blocks.end() && block->second >= moment.blockMoment)
    return true;
  auto thread = threads.find({moment.block, moment.thread});
  return thread != threads.end() && thread->second >= moment.threadMoment;
}

void Knowledge::learn(const Knowledge &other) {
  for (auto &[block, moment] : other.blocks)
    blocks[block] = std::max(blocks[block], moment);
  for (auto &[thread, moment] : other.threads)
    threads[thread] = std::max(threads[thread], moment);
}

void Knowledge::learn(const Moment &now) {
  uint32_t &block = blocks[now.block];
  block = std::max(block, now.blockMoment - 1);
  uint32_t &thread = threads[{now.block, now.thread}];
  thread = std::max(thread, now.threadMoment);
}

const Moment *LastAccesses::note(Word &word, const Moment &now, AccessKind kind,
                                 IsOver isOver) {
  auto &[first, second] = word.reads;
  auto racesWith = [&](const Moment &other) {
    return other.block == now.block ? other.races(now)
                                    : other.blockMoment != 0 && !isOver(other);
  };
  bool races = racesWith(word.write);
  if (races && kind == AccessKind::WriteSame) {
    word.writtenBySeveral = true;
    return nullptr;
  }
  if (races && !(kind == AccessKind::Read && word.writtenBySeveral))
    return &word.write;
  if (kind != AccessKind::Read) {
    word.write = now;
    word.writtenBySeveral = false;
    return racesWith(first) ? &first : racesWith(second) ? &second : nullptr;
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
                                 size_t offset, unsigned bytes, IsOver isOver) {
  size_t end = (offset + bytes + wordBytes - 1) / wordBytes;
  if (words.size() < end)
    words.resize(end);
  for (size_t i = offset / wordBytes; i < end; ++i)
    if (const Moment *other = note(words[i], now, kind, isOver))
      return other;
  return nullptr;
}
