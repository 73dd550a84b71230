//===- Threads.cpp - Threads that share a model's work --------------------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Compiled with exceptions: by one of them the C++ library reports that it
// cannot start a thread.
//
//===----------------------------------------------------------------------===//

#include "tools/ssmc/Threads.h"
#include "runtime/ssmc_threads.hpp"
#include "llvm/ADT/Twine.h"

using namespace llvm;
using namespace ssmc;

Expected<int32_t> ssmc::parseThreads(const CommandLine &line) {
  constexpr int64_t kMost = 1024;
  auto threads = parseInteger(kThreadsFlag, line.get(kThreadsFlag, "1"), 1);
  if (!threads)
    return threads.takeError();
  if (*threads > kMost)
    return createStringError(kThreadsFlag + " is " + Twine(*threads) +
                             "; expected at most " + Twine(kMost));
  return int32_t(*threads);
}

Threads::Threads(std::unique_ptr<ThreadPool> pool) : pool(std::move(pool)) {}
Threads::Threads(Threads &&) noexcept = default;
Threads::~Threads() = default;

Expected<Threads> Threads::start(int32_t count) {
  if (count == 1)
    return Threads(nullptr);
  auto pool = std::make_unique<ThreadPool>(count);
  if (std::error_code error = pool->error())
    return createStringError(kThreadsFlag + " is " + Twine(count) +
                             ", but the system gives " +
                             Twine(pool->workers()) + ": " + error.message());
  return Threads(std::move(pool));
}

const ssmc_executor *Threads::getExecutor() const {
  return pool ? pool->executor() : nullptr;
}
