//===- Launch.cpp - Whose turn it is --------------------------------------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "test/simt/Launch.h"
#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <numeric>

using namespace llvm;
using namespace ssmc::simt;

Launch *ssmc::simt::currentLaunch = nullptr;

Expected<Order> Order::parse(StringRef text) {
  Order order;
  if (text.empty() || text == "forward")
    return order;
  order.kind = text == "reverse" ? Reverse : Random;
  if (text == "reverse" ||
      (text.consume_front("random:") && !text.getAsInteger(10, order.seed)))
    return order;
  return createStringError("order '" + text +
                           "'; expected forward, reverse or random:SEED");
}

Launch::Launch(const LaunchRequest &request, const LaunchOptions &options)
    : request(request), options(options), random(options.order.seed) {
  waiting.resize(request.grid.count());
  std::iota(waiting.begin(), waiting.end(), 0);
  if (options.order.kind == Order::Reverse)
    std::reverse(waiting.begin(), waiting.end());
  if (options.order.kind == Order::Random)
    std::shuffle(waiting.begin(), waiting.end(), random);
}

Launch::~Launch() {
  for (auto &block : resident)
    finish(*block);
}

//===----------------------------------------------------------------------===//
// Blocks
//===----------------------------------------------------------------------===//

void Launch::admit() {
  while (!waiting.empty() && resident.size() < options.resident) {
    auto block = std::make_unique<Block>();
    block->index = waiting.front();
    block->id = request.grid.at(block->index);
    waiting.pop_front();
    resident.push_back(std::move(block));
    progress();
  }
}

void Launch::start(Block &block) {
  unsigned count = request.block.count();
  block.live = count;
  block.threads = std::vector<Thread>(count);
  std::vector<Thread *> all;
  for (unsigned i = 0; i < count; ++i) {
    Thread &thread = block.threads[i];
    thread.block = &block;
    thread.index = i;
    thread.id = request.block.at(i);
    thread.stack = request.stacks->take();
    thread.context = prepareStack(thread.stack, i, threadMain);
    all.push_back(&thread);
  }
  makeReady(all);
  size_t bytes = alignTo(request.sharedBytes, 1024) + 1024;
  block.shared = static_cast<char *>(std::aligned_alloc(1024, bytes));
  std::memset(block.shared, 0xFF, bytes); // NaN
}

void Launch::finish(Block &block) {
  for (Thread &thread : block.threads)
    request.stacks->give(thread.stack);
  std::free(block.shared);
}

bool Launch::run() {
  Launch *outer = std::exchange(currentLaunch, this);
  while (failure.empty()) {
    admit();
    if (resident.empty())
      break;
    if (options.order.kind == Order::Random)
      nextBlock = random();
    nextBlock %= resident.size();
    if (resident[nextBlock].get() == publisher)
      nextBlock = (nextBlock + 1) % resident.size();
    Block &turn = *resident[nextBlock];
    takeTurn(turn);
    if (!failure.empty())
      break;
    if (turn.live > 0) {
      ++nextBlock;
      continue;
    }
    finish(turn);
    resident.erase(resident.begin() + nextBlock);
    progress();
  }
  currentLaunch = outer;
  return failure.empty();
}

/// Runs threads of a block until enough have given the word away.
void Launch::takeTurn(Block &block) {
  if (block.threads.empty())
    start(block);
  this->block = &block;
  for (Range *range : request.sharedRanges) {
    size_t all = request.sharedBytes, each = range->sharedBytes;
    range->begin = reinterpret_cast<uintptr_t>(block.shared);
    range->count = all < each ? 0 : all - each + 1;
  }
  // Blocks take turns at every access to a flag, or as seldom as possible, or
  // at random, after short turns more often than after long ones.
  uint64_t preemptions = 1;
  if (options.order.kind == Order::Reverse)
    preemptions = block.ready.size();
  if (options.order.kind == Order::Random)
    preemptions = 1 + (random() % 64 >> (publisher ? 0 : random() % 7));
  publisher = nullptr;
  published = false;
  while (failure.empty()) {
    if (block.ready.empty()) {
      regroup(block);
      if (block.live == 0)
        return;
      if (block.ready.empty())
        return reportStuck(block);
    }
    current = pick(block);
    simt_switch(&scheduler, current->context);
    if (!failure.empty())
      return;
    if (current->state == State::Returned) {
      --block.live;
      progress();
    }
    if (current->state != State::Ready)
      continue;
    block.ready.push_back(current);
    if (++idle > 100000 + 200 * request.block.count() * resident.size())
      return reportIdle(*current);
    // What others wait for is there: now they go on before this block does.
    if (std::exchange(published, false) &&
        options.order.kind == Order::Random && random() % 2 == 0) {
      publisher = &block;
      preemptions = 1;
    }
    if (--preemptions == 0) {
      regroup(block);
      return;
    }
  }
}

//===----------------------------------------------------------------------===//
// Threads
//===----------------------------------------------------------------------===//

void Launch::threadMain() {
  Launch &launch = *currentLaunch;
  launch.request.entry(launch.request.parameters);
  launch.current->state = State::Returned;
  simt_switch(&launch.current->context, launch.scheduler);
  llvm_unreachable("a thread that has returned goes on");
}

Thread *Launch::pick(Block &block) {
  size_t i =
      options.order.kind == Order::Random ? random() % block.ready.size() : 0;
  std::swap(block.ready[i], block.ready.front());
  Thread *thread = block.ready.front();
  block.ready.pop_front();
  thread->state = State::Ready;
  return thread;
}

void Launch::makeReady(ArrayRef<Thread *> threads) {
  for (Thread *thread : threads) {
    thread->state = State::Ready;
    thread->block->ready.push_back(thread);
  }
  if (options.order.kind == Order::Reverse && threads.size() > 1) {
    auto &ready = threads[0]->block->ready;
    std::reverse(ready.end() - threads.size(), ready.end());
  }
}

void Launch::preempt(uint32_t site) {
  current->site = site;
  simt_switch(&current->context, scheduler);
}

void Launch::wait(State state, uint32_t site) {
  current->site = site;
  current->state = state;
  simt_switch(&current->context, scheduler);
}

void Launch::catchUp() { wait(State::LogFull, current->site); }

/// Counts what warps have accessed, and lets those go on that waited for it.
void Launch::regroup(Block &block) {
  if (!request.count)
    return;
  std::vector<Thread *> full;
  for (size_t first = 0; first < block.threads.size(); first += 32) {
    SmallVector<AccessLog *, 32> logs;
    size_t end = std::min(first + 32, block.threads.size());
    for (size_t i = first; i < end; ++i) {
      Thread &thread = block.threads[i];
      logs.push_back(&thread.log);
      if (thread.state == State::LogFull)
        full.push_back(&thread);
    }
    request.counters->groupWarp(*request.sites, *request.memory, logs,
                                reinterpret_cast<uintptr_t>(block.shared),
                                request.sharedBytes);
  }
  makeReady(full);
}

//===----------------------------------------------------------------------===//
// Failures
//===----------------------------------------------------------------------===//

static std::string print(const Dimensions &id, const Dimensions &all) {
  std::string text = std::to_string(id.x);
  if (all.y > 1 || all.z > 1)
    text += "," + std::to_string(id.y) + "," + std::to_string(id.z);
  return text;
}

std::string Launch::where(const Thread &thread) const {
  return "kernel '" + request.kernel->name + "', block " +
         print(thread.block->id, request.grid) + ", thread " +
         print(thread.id, request.block);
}

void Launch::fail(const Twine &what) {
  failure = (where(*current) + ": " + what).str();
  simt_switch(&current->context, scheduler);
  llvm_unreachable("a thread that has failed goes on");
}

/// No thread of a block can ever go on.
void Launch::reportStuck(Block &block) {
  const Thread *first = nullptr, *returned = nullptr, *other = nullptr;
  for (const Thread &thread : block.threads) {
    if (thread.state == State::Returned)
      returned = returned ? returned : &thread;
    else if (!first)
      first = &thread;
    else if (thread.state != first->state || thread.site != first->site)
      other = other ? other : &thread;
  }
  const Sites &sites = *request.sites;
  failure =
      where(*first) + ": deadlock: waits at '" + sites[first->site].text + "'";
  if (other)
    failure += ", but thread " + print(other->id, request.block) +
               " waits at '" + sites[other->site].text + "'";
  if (returned)
    failure +=
        ", but thread " + print(returned->id, request.block) + " has returned";
}

void Launch::reportIdle(const Thread &thread) {
  failure = where(thread) + ": waits for ever at '" +
            (*request.sites)[thread.site].text +
            "': no thread that can run changes anything (" +
            std::to_string(resident.size()) + " blocks are resident, " +
            std::to_string(waiting.size()) + " are yet to start)";
}
