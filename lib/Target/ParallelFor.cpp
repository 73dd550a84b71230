//===- ParallelFor.cpp - Work on as many threads as there are
//--------------===//
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

#include "lib/Target/ParallelFor.h"
#include <algorithm>
#include <atomic>
#include <system_error>
#include <thread>
#include <vector>

void ssmc::parallelFor(size_t count, llvm::function_ref<void(size_t)> body) {
  std::atomic<size_t> next = 0;
  auto work = [&] {
    for (size_t i; (i = next++) < count;)
      body(i);
  };
  size_t wanted = std::min<size_t>(
      count, std::max(1u, std::thread::hardware_concurrency()));
  std::vector<std::thread> threads;
  threads.reserve(wanted);
  try {
    while (threads.size() + 1 < wanted)
      threads.emplace_back(work);
  } catch (const std::system_error &) {
    // Those that there are do the work.
  }
  work();
  for (std::thread &thread : threads)
    thread.join();
}
