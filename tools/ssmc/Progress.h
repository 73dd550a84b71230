//===- Progress.h - Tells of steps that take long ------------- -*- C++ -*-===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SSMC_TOOLS_SSMC_PROGRESS_H
#define SSMC_TOOLS_SSMC_PROGRESS_H

#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>

namespace ssmc {

/// While it lives, a step of work is under way. When that takes more than a
/// second, standard error hears of it, and of its end:
///
///     ssmc: optimizing ...
///     ssmc: optimizing took 4.2 s
class Progress {
public:
  explicit Progress(std::string step);
  ~Progress();

private:
  std::string step;
  std::mutex mutex;
  std::condition_variable finished;
  bool isFinished = false;
  std::thread watcher;

  void watch();
};

} // namespace ssmc

#endif // SSMC_TOOLS_SSMC_PROGRESS_H
