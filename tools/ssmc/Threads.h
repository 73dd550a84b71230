//===- Threads.h - Threads that share a model's work ---------- -*- C++ -*-===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SSMC_TOOLS_SSMC_THREADS_H
#define SSMC_TOOLS_SSMC_THREADS_H

#include "runtime/ssmc_executor.h"
#include "tools/ssmc/CommandLine.h"
#include "llvm/Support/Error.h"
#include <memory>

namespace ssmc {

class ThreadPool;

/// The flag --threads, without its help.
inline constexpr llvm::StringLiteral kThreadsFlag = "--threads";

/// What --threads says: from 1 (the default) to 1024.
llvm::Expected<int32_t> parseThreads(const CommandLine &line);

/// Threads for the calls of a model, until they go out of scope.
class Threads {
public:
  /// `count` of them, the caller's included. Fails with the system's reason
  /// when it does not give as many.
  static llvm::Expected<Threads> start(int32_t count);
  Threads(Threads &&) noexcept;
  ~Threads();

  /// For a model's calls; null for one thread.
  const ssmc_executor *getExecutor() const;

private:
  explicit Threads(std::unique_ptr<ThreadPool> pool);
  std::unique_ptr<ThreadPool> pool; // none for one thread
};

} // namespace ssmc

#endif // SSMC_TOOLS_SSMC_THREADS_H
