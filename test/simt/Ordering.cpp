//===- Ordering.cpp - What threads know of each other by flags ------------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// This machine orders memory accesses that a GPU does not. So it is found out
// what the GPU's rules promise: a flag that is released tells whoever acquires
// it of all that was before, and barriers tell the other threads of a block.
//
//===----------------------------------------------------------------------===//

#include "test/simt/Launch.h"

using namespace ssmc::simt;

Moment Launch::now(uint32_t site) const {
  Moment now;
  now.block = block->index;
  now.blockMoment = block->moment;
  now.warpMoment = block->warpMoments[current->index / 32];
  now.thread = current->index;
  now.threadMoment = current->moment;
  now.site = site;
  return now;
}

bool Launch::isOver(const Moment &moment) const {
  return block->known.covers(moment) || current->known.covers(moment);
}

/// All that the current thread knows; what it does from now on is not in it.
Knowledge Launch::tell() {
  Knowledge all = block->known;
  all.learn(current->known);
  all.learn(now(0));
  ++current->moment;
  return all;
}

void Launch::release(const Site &site, uintptr_t address) {
  if (!request.races || !site.writes)
    return;
  // Updates go on with what was released before them; stores do not.
  Knowledge &told = released[address];
  if (!site.reads)
    told.clear();
  told.learn(site.releases ? tell() : current->fenced);
}

void Launch::acquire(const Site &site, uintptr_t address) {
  if (!request.races || !site.reads)
    return;
  auto it = released.find(address);
  if (it != released.end())
    (site.acquires ? current->known : current->heard).learn(it->second);
}

void Launch::fence(const Site &site) {
  if (!request.races)
    return;
  if (site.acquires)
    current->known.learn(current->heard);
  if (site.releases)
    current->fenced = tell();
}

void Launch::passBarrier(Block &block) {
  ++block.moment;
  if (!request.races)
    return;
  for (Thread &thread : block.threads) {
    block.known.learn(thread.known);
    thread.known.clear();
  }
}
