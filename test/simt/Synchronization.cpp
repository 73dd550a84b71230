//===- Synchronization.cpp - Barriers, and what warps do together ---------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "test/simt/Launch.h"
#include "test/simt/TensorCores.h"
#include "llvm/ADT/StringExtras.h"

using namespace llvm;
using namespace ssmc::simt;

//===----------------------------------------------------------------------===//
// Barriers
//===----------------------------------------------------------------------===//

/// What a barrier that reduces predicates returns: 1: popc, 2: and, 3: or.
static uint32_t combine(int combination, uint32_t ones, unsigned all) {
  if (combination == 1)
    return ones;
  return combination == 2 ? ones == all : ones > 0;
}

uint32_t Launch::barrier(uint32_t site, unsigned id, unsigned count,
                         bool uniform, bool waits, uint32_t predicate,
                         int combination) {
  ++request.counters->barriers;
  if (id >= block->barriers.size())
    fail("barrier " + Twine(id) + "; there are 16");
  Barrier &barrier = block->barriers[id];
  unsigned all = block->threads.size();
  if (count > all || count % 32 != 0)
    fail("barrier for " + Twine(count) +
         " threads; expected whole warps of the block's " + Twine(all));
  unsigned expected = count ? count : all;
  if (barrier.arrived == 0) {
    barrier.site = site;
    barrier.expected = expected;
  } else if (barrier.expected != expected ||
             (uniform && barrier.site != site)) {
    fail("divergent barrier: arrives at '" + (*request.sites)[site].text +
         "', but thread " +
         Twine(barrier.waiting.empty() ? 0 : barrier.waiting[0]->index) +
         " waits at '" + (*request.sites)[barrier.site].text + "'");
  }
  barrier.ones += predicate;
  if (waits)
    barrier.waiting.push_back(current);
  if (++barrier.arrived < expected) {
    if (waits)
      wait(State::AtBarrier, site);
    return current->result;
  }
  uint32_t result = combine(combination, barrier.ones, expected);
  for (Thread *thread : barrier.waiting)
    thread->result = result;
  std::vector<Thread *> others = std::move(barrier.waiting);
  llvm::erase(others, current);
  // In the order of threads, whoever came first.
  llvm::sort(others, [](Thread *a, Thread *b) { return a->index < b->index; });
  barrier = Barrier();
  progress();
  if (expected == all)
    passBarrier(*block);
  if (!waits) {
    makeReady(others);
    return result;
  }
  // The last to come takes its place in the order, too.
  others.insert(llvm::upper_bound(
                    others, current,
                    [](Thread *a, Thread *b) { return a->index < b->index; }),
                current);
  makeReady(others);
  current->state = State::AtBarrier;
  simt_switch(&current->context, scheduler);
  return current->result;
}

//===----------------------------------------------------------------------===//
// Warps
//===----------------------------------------------------------------------===//

/// shfl.sync of one lane, as the PTX manual writes it.
static void shuffle(Thread &lane, uint32_t operation,
                    ArrayRef<uint32_t> values) {
  unsigned segment = lane.clamp >> 8 & 31, clamp = lane.clamp & 31;
  unsigned own = lane.lane(), source = lane.source & 31;
  unsigned last = (own & segment) | (clamp & ~segment);
  int from = own;
  bool inRange = false;
  switch (operation) {
  case ShuffleUp:
    from = int(own) - int(source);
    inRange = from >= int(last);
    break;
  case ShuffleDown:
    from = own + source;
    inRange = from <= int(last);
    break;
  case ShuffleXor:
    from = own ^ source;
    inRange = from <= int(last);
    break;
  case ShuffleIndex:
    from = (own & segment) | (source & ~segment & 31);
    inRange = from <= int(last);
    break;
  }
  lane.inRange = inRange;
  lane.source = inRange ? from : own;
  lane.result = values[lane.source];
}

static uint32_t vote(uint32_t operation, uint32_t mask, uint32_t ballot) {
  switch (operation) {
  case VoteAll:
    return ballot == mask;
  case VoteAny:
    return ballot != 0;
  case VoteUniform:
    return ballot == mask || ballot == 0;
  default:
    return ballot;
  }
}

void Launch::resolveWarp(ArrayRef<Thread *> lanes, uint32_t operation) {
  if (operation == MultiplyBf16 || operation == MultiplyTf32) {
    std::array<uint32_t *, 32> fragments;
    for (Thread *lane : lanes)
      fragments[lane->lane()] = lane->fragment.data();
    return multiplyFragments(fragments, operation == MultiplyBf16);
  }
  uint32_t values[32] = {}, ballot = 0, mask = lanes[0]->mask;
  for (Thread *lane : lanes) {
    values[lane->lane()] = lane->value;
    ballot |= uint32_t(lane->value != 0) << lane->lane();
  }
  for (Thread *lane : lanes) {
    if (operation > ShuffleXor) {
      lane->result = vote(operation, mask, ballot);
      continue;
    }
    shuffle(*lane, operation, values);
    if (!(mask >> lane->source & 1))
      fail("shuffle: lane " + Twine(lane->lane()) + " reads lane " +
           Twine(lane->source) + ", which takes no part");
  }
}

uint32_t Launch::warpOperation(uint32_t site, uint32_t operation, uint32_t mask,
                               uint32_t value, uint32_t source,
                               uint32_t clamp) {
  if (operation == MultiplyBf16 || operation == MultiplyTf32)
    ++request.counters->multiplications;
  else
    ++request.counters->shuffles;
  Thread &self = *current;
  if (!(mask >> self.lane() & 1))
    fail("lane " + Twine(self.lane()) + " is not in the mask 0x" +
         utohexstr(mask) + " of '" + (*request.sites)[site].text + "'");
  self.operation = operation;
  self.mask = mask;
  self.value = value;
  self.source = source;
  self.clamp = clamp;
  SmallVector<Thread *, 32> lanes, others;
  unsigned first = self.index - self.lane();
  bool complete = true;
  for (unsigned lane = 0; lane < 32; ++lane) {
    if (!(mask >> lane & 1))
      continue;
    Thread *thread = first + lane < block->threads.size()
                         ? &block->threads[first + lane]
                         : nullptr;
    if (!thread || thread->state == State::Returned)
      fail("divergent warp: '" + (*request.sites)[site].text + "' names lane " +
           Twine(lane) +
           (thread ? ", which has returned" : ", which does not exist"));
    lanes.push_back(thread);
    if (thread == &self)
      continue;
    others.push_back(thread);
    bool there = thread->state == State::AtWarpOperation;
    if (there && (thread->site != site || thread->mask != mask))
      fail("divergent warp: at '" + (*request.sites)[site].text +
           "' while lane " + Twine(lane) + " is at '" +
           (*request.sites)[thread->site].text + "'");
    complete &= there;
  }
  if (!complete) {
    wait(State::AtWarpOperation, site);
    return self.result;
  }
  resolveWarp(lanes, operation);
  if (operation == WarpBarrier && mask == ~0u)
    ++block->warpMoments[self.index / 32];
  makeReady(others);
  progress();
  return self.result;
}

void Launch::multiply(uint32_t site, uint32_t operation) {
  // Of all lanes, always.
  (void)warpOperation(site, operation, ~0u, 0, 0, 0);
}
