//===- Runtime.cpp - The functions that kernels call ----------------------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// They run on the stack of a thread, and find it through currentLaunch.
//
//===----------------------------------------------------------------------===//

#include "test/simt/Runtime.h"
#include "test/simt/Launch.h"
#include <cstring>

using namespace llvm;
using namespace ssmc::simt;

/// Accesses of a thread that are kept before its warp must catch up.
static constexpr size_t mostLogged = 4096;

static uint32_t readRegister(uint32_t number) {
  const Launch &launch = *currentLaunch;
  const Thread &thread = *launch.current;
  const Dimensions *dimensions[] = {&thread.id, &launch.request.block,
                                    &launch.block->id, &launch.request.grid};
  unsigned threads = launch.request.block.count();
  switch (number) {
  case 12:
    return thread.lane();
  case 13:
    return thread.index / 32;
  case 14:
    return (threads + 31) / 32;
  case 15:
    return 32;
  }
  const Dimensions &three = *dimensions[number / 3];
  return number % 3 == 0 ? three.x : number % 3 == 1 ? three.y : three.z;
}

static void *getShared() { return currentLaunch->block->shared; }

//===----------------------------------------------------------------------===//
// Accesses
//===----------------------------------------------------------------------===//

static bool isOnStack(const Thread &thread, uintptr_t address, size_t bytes) {
  uintptr_t stack = reinterpret_cast<uintptr_t>(thread.stack);
  return address >= stack && address + bytes <= stack + StackPool::size;
}

[[noreturn]] static void failAccess(const Site &site, uintptr_t address,
                                    const char *problem) {
  Launch &launch = *currentLaunch;
  uintptr_t shared = reinterpret_cast<uintptr_t>(launch.block->shared);
  std::string place = site.space == Space::Shared
                          ? "at offset " +
                                std::to_string(int64_t(address - shared)) +
                                " of the block's " +
                                std::to_string(launch.request.sharedBytes) +
                                " bytes of shared memory"
                          : launch.request.memory->describe(address);
  launch.fail(Twine(problem) + " access of " + Twine(site.bytes) + " bytes " +
              place + " by '" + site.text + "'");
}

enum class Kind { Shared, Global, Private };

/// Finds what an access touches, or fails; and the allocation, if it is global.
static Kind check(const Site &site, uintptr_t address,
                  Allocation *&allocation) {
  Launch &launch = *currentLaunch;
  if (address % site.alignment != 0)
    failAccess(site, address, "misaligned");
  if (site.space != Space::Global) {
    uintptr_t offset =
        address - reinterpret_cast<uintptr_t>(launch.block->shared);
    size_t all = launch.request.sharedBytes;
    if (offset < all && site.bytes <= all - offset)
      return Kind::Shared;
    if (site.space == Space::Shared)
      failAccess(site, address, "out-of-range");
  }
  allocation = launch.request.memory->find(address, site.bytes);
  if (allocation) {
    site.range->begin = allocation->begin;
    site.range->count = allocation->bytes - site.bytes + 1;
    return Kind::Global;
  }
  if (site.space == Space::Generic &&
      isOnStack(*launch.current, address, site.bytes))
    return Kind::Private;
  failAccess(site, address, "out-of-range");
}

/// Fails if another thread accesses the same, one of them writes, and neither
/// barriers nor flags say which is first.
static void findRace(const Site &site, uint32_t index, uintptr_t address,
                     Allocation *allocation, uint64_t stored) {
  Launch &launch = *currentLaunch;
  Block &block = *launch.block;
  AccessKind kind = AccessKind::Read;
  if (site.access == Access::Store) {
    bool changes = site.bytes > sizeof(stored) ||
                   std::memcmp(reinterpret_cast<void *>(address), &stored,
                               site.bytes) != 0;
    kind = changes ? AccessKind::Write : AccessKind::WriteSame;
  }
  bool writes = kind != AccessKind::Read;
  if (allocation && !(allocation->written |= writes))
    return;
  uintptr_t begin = allocation ? allocation->begin
                               : reinterpret_cast<uintptr_t>(block.shared);
  LastAccesses &accesses = allocation ? allocation->accesses : block.accesses;
  const Moment *other = accesses.note(
      launch.now(index), kind, address - begin, site.bytes,
      [&](const Moment &moment) { return launch.isOver(moment); });
  if (other)
    launch.fail("race at offset " + Twine(address - begin) +
                (allocation ? " of an allocation" : " of shared memory") +
                ": nothing orders '" + site.text + "' and block " +
                Twine(other->block) + ", thread " + Twine(other->thread) +
                "'s '" + (*launch.request.sites)[other->site].text + "'");
}

static void noteAccess(const Site &site, uint32_t index, uintptr_t address,
                       uint64_t stored) {
  Launch &launch = *currentLaunch;
  Allocation *allocation = nullptr;
  Kind kind = check(site, address, allocation);
  if (kind == Kind::Private)
    return;
  if (launch.request.races)
    findRace(site, index, address, allocation, stored);
  if (!launch.request.count)
    return;
  if (allocation)
    launch.request.counters->countGlobal(site, *allocation, address);
  Thread &thread = *launch.current;
  thread.log.emplace_back(index, address);
  if (thread.log.size() >= mostLogged)
    launch.catchUp();
}

// void simt_check(address rdi, Range * rsi, site edx): asks simt_access unless
// the address is in the range. Changes no register but r11.
asm(R"(
  .text
  .p2align 4
  .hidden simt_check
  .globl simt_check
  .type simt_check, @function
simt_check:
  testq %rdi, 16(%rsi)
  jne 1f
  movq %rdi, %r11
  subq (%rsi), %r11
  cmpq 8(%rsi), %r11
  jae 1f
  retq
1:
  jmp simt_access
  .size simt_check, . - simt_check
)");
extern "C" void simt_check();

/// All registers stay as they are, so that kernels need not save any where they
/// call this.
extern "C"
    __attribute__((preserve_all, target("avx"), visibility("hidden"))) void
    simt_access(void *pointer, Range *range, uint32_t index, uint64_t stored) {
  __builtin_ia32_vzeroupper(); // what was there is saved; what follows is SSE
  noteAccess((*currentLaunch->request.sites)[index], index,
             reinterpret_cast<uintptr_t>(pointer), stored);
}

static uint64_t readValue(const void *pointer, const Site &site) {
  uint64_t value = 0;
  std::memcpy(&value, pointer, std::min<size_t>(site.bytes, sizeof(value)));
  return value;
}

static void beforeAtomic(void *pointer, uint32_t index) {
  Launch &launch = *currentLaunch;
  const Site &site = (*launch.request.sites)[index];
  Allocation *allocation = nullptr;
  check(site, reinterpret_cast<uintptr_t>(pointer), allocation);
  ++launch.request.counters->atomics;
  launch.preempt(index);
  launch.current->seen = readValue(pointer, site);
  launch.release(site, reinterpret_cast<uintptr_t>(pointer));
}

static void afterAtomic(void *pointer, uint32_t index) {
  Launch &launch = *currentLaunch;
  const Site &site = (*launch.request.sites)[index];
  launch.acquire(site, reinterpret_cast<uintptr_t>(pointer));
  if (readValue(pointer, site) != launch.current->seen)
    launch.publish();
  launch.preempt(index);
}

//===----------------------------------------------------------------------===//
// Threads together
//===----------------------------------------------------------------------===//

static void preempt(uint32_t site) { currentLaunch->preempt(site); }

static void fence(uint32_t index) {
  Launch &launch = *currentLaunch;
  launch.fence((*launch.request.sites)[index]);
  launch.preempt(index);
}

static void trap(uint32_t site) {
  Launch &launch = *currentLaunch;
  launch.fail("trap: " + (*launch.request.sites)[site].text);
}

static uint32_t waitAtBarrier(uint32_t site, uint32_t id, uint32_t count,
                              uint32_t uniform, uint32_t predicate,
                              uint32_t combination) {
  return currentLaunch->barrier(site, id, count, uniform, /*waits=*/true,
                                predicate, combination);
}

static uint32_t arrive(uint32_t site, uint32_t id, uint32_t count,
                       uint32_t uniform, uint32_t predicate,
                       uint32_t combination) {
  return currentLaunch->barrier(site, id, count, uniform, /*waits=*/false,
                                predicate, combination);
}

static uint32_t operateInWarp(uint32_t site, uint32_t operation, uint32_t mask,
                              uint32_t value, uint32_t source, uint32_t clamp) {
  return currentLaunch->warpOperation(site, operation, mask, value, source,
                                      clamp);
}

static void multiply(uint32_t site, uint32_t operation, uint32_t a0,
                     uint32_t a1, uint32_t a2, uint32_t a3, uint32_t b0,
                     uint32_t b1, uint32_t c0, uint32_t c1, uint32_t c2,
                     uint32_t c3) {
  currentLaunch->current->fragment = {a0, a1, a2, a3, b0, b1, c0, c1, c2, c3};
  currentLaunch->multiply(site, operation);
}

static uint32_t getSum(uint32_t number) {
  return currentLaunch->current->fragment[fragmentWords - 4 + number];
}

static uint32_t wasInRange() { return currentLaunch->current->inRange; }

ArrayRef<RuntimeFunction> ssmc::simt::runtimeFunctions() {
  static const RuntimeFunction functions[] = {
      {"simt_register", reinterpret_cast<void *>(readRegister)},
      {"simt_shared", reinterpret_cast<void *>(getShared)},
      {"simt_check", reinterpret_cast<void *>(simt_check)},
      {"simt_access", reinterpret_cast<void *>(simt_access)},
      {"simt_before_atomic", reinterpret_cast<void *>(beforeAtomic)},
      {"simt_after_atomic", reinterpret_cast<void *>(afterAtomic)},
      {"simt_preempt", reinterpret_cast<void *>(preempt)},
      {"simt_fence", reinterpret_cast<void *>(fence)},
      {"simt_trap", reinterpret_cast<void *>(trap)},
      {"simt_barrier", reinterpret_cast<void *>(waitAtBarrier)},
      {"simt_arrive", reinterpret_cast<void *>(arrive)},
      {"simt_warp", reinterpret_cast<void *>(operateInWarp)},
      {"simt_multiply", reinterpret_cast<void *>(multiply)},
      {"simt_sum", reinterpret_cast<void *>(getSum)},
      {"simt_in_range", reinterpret_cast<void *>(wasInRange)},
  };
  return functions;
}
