//===- Progress.cpp - Tells of steps that take long -----------------------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tools/ssmc/Progress.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/raw_ostream.h"
#include <chrono>

using namespace llvm;
using namespace ssmc;

Progress::Progress(std::string step)
    : step(std::move(step)), watcher([this] { watch(); }) {}

Progress::~Progress() {
  {
    std::lock_guard<std::mutex> lock(mutex);
    isFinished = true;
  }
  finished.notify_one();
  watcher.join();
}

void Progress::watch() {
  auto start = std::chrono::steady_clock::now();
  std::unique_lock<std::mutex> lock(mutex);
  auto isDone = [this] { return isFinished; };
  if (finished.wait_for(lock, std::chrono::seconds(1), isDone))
    return;
  errs() << "ssmc: " << step << " ...\n";
  finished.wait(lock, isDone);
  std::chrono::duration<double> seconds =
      std::chrono::steady_clock::now() - start;
  errs() << "ssmc: " << step << " took " << format("%.1f", seconds.count())
         << " s\n";
}
