//===- Launch.h - A launch: blocks, threads, and whose turn it is ---------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Blocks become resident in an order, as many at a time as the device holds.
// One thread runs at a time, until it waits, returns, or accesses memory that
// others may wait for; the order says who is next.
//
//===----------------------------------------------------------------------===//

#ifndef SSMC_TEST_SIMT_LAUNCH_H
#define SSMC_TEST_SIMT_LAUNCH_H

#include "test/simt/Counters.h"
#include "test/simt/Fibers.h"
#include "test/simt/PrepareKernels.h"
#include "test/simt/WarpOperation.h"
#include <array>
#include <deque>
#include <memory>
#include <random>

namespace ssmc::simt {

struct Order {
  enum Kind { Forward, Reverse, Random } kind = Forward;
  uint64_t seed = 0;

  /// `forward`, `reverse` or `random:SEED`.
  static llvm::Expected<Order> parse(llvm::StringRef text);
};

struct LaunchOptions {
  Order order;
  size_t resident = SIZE_MAX; ///< Blocks at a time.
};

struct Dimensions {
  unsigned x = 1, y = 1, z = 1;

  uint64_t count() const { return uint64_t(x) * y * z; }
  /// The coordinates of number i; x runs fastest.
  Dimensions at(uint64_t i) const {
    return {unsigned(i % x), unsigned(i / x % y), unsigned(i / x / y)};
  }
};

enum class State : uint8_t {
  Ready,
  AtBarrier,
  AtWarpOperation,
  LogFull, ///< Lets the others of its warp catch up: their accesses are one's.
  Returned
};

struct Block;

struct Thread {
  Block *block = nullptr;
  unsigned index = 0; ///< In the block.
  Dimensions id;
  State state = State::Ready;
  char *stack = nullptr;
  void *context = nullptr;
  uint32_t site = 0; ///< Where it waits.

  // An operation of the warp: what it was asked for, and its result.
  uint32_t operation = 0, mask = 0, value = 0, source = 0, clamp = 0;
  uint32_t result = 0, inRange = 0;
  std::array<uint32_t, fragmentWords> fragment = {}; ///< Sums: its last 4.

  uint64_t seen = 0; ///< A value in memory before an atomic access.
  AccessLog log;

  // What it knows of other blocks beside what all of its block know; what it
  // has read without acquiring, and released without writing.
  Knowledge known, heard, fenced;
  uint32_t moment = 1;

  unsigned lane() const { return index % 32; }
};

struct Barrier {
  unsigned arrived = 0, expected = 0;
  uint32_t site = 0; ///< Of the first that came.
  uint32_t ones = 0; ///< Predicates that hold.
  std::vector<Thread *> waiting;
};

struct Block {
  uint64_t index = 0;
  Dimensions id;
  std::vector<Thread> threads; ///< Empty before its first turn.
  std::deque<Thread *> ready;
  unsigned live = 0;
  std::array<Barrier, 16> barriers;
  char *shared = nullptr;

  // What barriers have passed, and who has accessed shared memory since.
  uint32_t moment = 1;
  std::array<uint32_t, 32> warpMoments = {};
  LastAccesses accesses;
  Knowledge known; ///< Of other blocks.
};

/// What is launched.
struct LaunchRequest {
  const KernelInfo *kernel = nullptr;
  void (*entry)(void **) = nullptr;
  void **parameters = nullptr;
  Dimensions grid, block;
  size_t sharedBytes = 0; ///< Static and dynamic.
  bool count = false;     ///< Keep counters of memory traffic.
  bool races = false;     ///< Look for races.
  const Sites *sites = nullptr;
  llvm::ArrayRef<Range *> sharedRanges;
  DeviceMemory *memory = nullptr;
  KernelCounters *counters = nullptr;
  StackPool *stacks = nullptr;
};

class Launch {
public:
  Launch(const LaunchRequest &request, const LaunchOptions &options);
  ~Launch();

  /// Runs all blocks. On failure, `failure` says why.
  bool run();

  // -- For the functions that kernels call, on the stack of a thread: --------

  /// Gives the word to another thread.
  void preempt(uint32_t site);
  /// Ends the launch. Does not return.
  [[noreturn]] void fail(const llvm::Twine &what);
  /// Waits in a state; returns when somebody has made it ready.
  void wait(State state, uint32_t site);
  /// Something changed that a thread may wait for.
  void progress() { idle = 0; }
  /// An atomic access has changed memory.
  void publish() {
    idle = 0;
    published = true;
  }

  uint32_t barrier(uint32_t site, unsigned id, unsigned count, bool uniform,
                   bool waits, uint32_t predicate, int combination);
  uint32_t warpOperation(uint32_t site, uint32_t operation, uint32_t mask,
                         uint32_t value, uint32_t source, uint32_t clamp);
  /// mma.sync on what the lanes have in their fragments.
  void multiply(uint32_t site, uint32_t operation);
  // What the current thread tells others, and learns from them; for races.
  Moment now(uint32_t site) const;
  bool isOver(const Moment &moment) const;
  void release(const Site &site, uintptr_t address);
  void acquire(const Site &site, uintptr_t address);
  void fence(const Site &site);
  /// A thread's log is long.
  void catchUp();

  const LaunchRequest request;
  const LaunchOptions options;
  Thread *current = nullptr;
  Block *block = nullptr; ///< The current thread's.
  std::string failure;

private:
  void admit();
  void start(Block &block);
  void finish(Block &block);
  void takeTurn(Block &block);
  Thread *pick(Block &block);
  void makeReady(llvm::ArrayRef<Thread *> threads);
  void regroup(Block &block);
  void reportStuck(Block &block);
  void reportIdle(const Thread &thread);
  void resolveWarp(llvm::ArrayRef<Thread *> lanes, uint32_t operation);
  std::string where(const Thread &thread) const;
  void passBarrier(Block &block);
  Knowledge tell();
  static void threadMain();

  std::deque<uint64_t> waiting; ///< Blocks that are not resident yet.
  std::vector<std::unique_ptr<Block>> resident;
  size_t nextBlock = 0;
  bool published = false;
  const Block *publisher = nullptr; ///< Its turn has ended for that.
  std::mt19937_64 random;
  void *scheduler = nullptr;
  std::map<uintptr_t, Knowledge> released; ///< By the address of a flag.
  /// How often a thread gave the word away since something changed.
  uint64_t idle = 0;
};

/// The launch that is running.
extern Launch *currentLaunch;

} // namespace ssmc::simt

#endif // SSMC_TEST_SIMT_LAUNCH_H
