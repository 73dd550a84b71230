//===- Races.h - Accesses that no barrier keeps apart ---------------------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SSMC_TEST_SIMT_RACES_H
#define SSMC_TEST_SIMT_RACES_H

#include "llvm/ADT/STLFunctionalExtras.h"
#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <utility>
#include <vector>

namespace ssmc::simt {

/// A thread at a moment. Moments are what barriers of the block and of the warp
/// have passed so far, and how often the thread has released.
struct Moment {
  uint32_t block = 0;
  uint32_t blockMoment = 0; ///< 0: never.
  uint32_t warpMoment = 0;
  uint32_t thread = 0;
  uint32_t threadMoment = 0;
  uint32_t site = 0;

  /// Whether neither barriers nor program order say which of two moments of
  /// one block is first.
  bool races(const Moment &other) const {
    return blockMoment == other.blockMoment && block == other.block &&
           thread != other.thread &&
           (thread / 32 != other.thread / 32 || warpMoment == other.warpMoment);
  }
};

/// Moments of other blocks that are over, as far as releases and acquires say.
class Knowledge {
public:
  bool covers(const Moment &moment) const;
  void learn(const Knowledge &other);
  /// That all of this thread is over up to now, and all of its block up to the
  /// last barrier.
  void learn(const Moment &now);
  void clear() { *this = Knowledge(); }

private:
  std::map<uint32_t, uint32_t> blocks;
  std::map<std::pair<uint32_t, uint32_t>, uint32_t> threads;
};

enum class AccessKind {
  Read,
  Write,
  WriteSame ///< What is there already: harmless beside such a write.
};

/// Who has accessed each word of some memory last.
class LastAccesses {
public:
  /// Whether another block's moment comes before now.
  using IsOver = llvm::function_ref<bool(const Moment &)>;

  /// Notes an access; returns another thread's that races with it, or null.
  const Moment *note(const Moment &now, AccessKind kind, size_t offset,
                     unsigned bytes, IsOver isOver);
  void clear() { words.clear(); }

private:
  struct Word {
    Moment write;
    bool writtenBySeveral = false; ///< The same, at that moment.
    std::array<Moment, 2> reads;   ///< By different threads.
  };
  const Moment *note(Word &word, const Moment &now, AccessKind kind,
                     IsOver isOver);

  std::vector<Word> words;
};

} // namespace ssmc::simt

#endif // SSMC_TEST_SIMT_RACES_H
