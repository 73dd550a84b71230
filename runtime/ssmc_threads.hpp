// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// An executor on threads of the C++ library (C++17, link with -pthread).
//
//   ssmc::ThreadPool pool(4);
//   if (pool.error())
//     std::cerr << "going on with fewer threads: " << pool.error().message();
//   size_t bytes = NAME_workspace_bytes(n, pool.workers());
//   ...
//   NAME_forward(x, y, n, nullptr, L, nullptr, pool.executor(), ws, bytes);
//
// The pool's threads wait for work until the pool is gone. Threads may share a
// pool: a call that finds it at work runs on its own thread alone.
#ifndef SSMC_THREADS_HPP
#define SSMC_THREADS_HPP

#include "ssmc_executor.h"
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <new>
#include <system_error>
#include <thread>
#include <vector>

namespace ssmc {

class ThreadPool {
public:
  /// Starts `workers` - 1 threads: the caller of a model is a worker, too. What
  /// the system refuses is left out, and error() says why. (Without exceptions
  /// the C++ library ends the program instead.)
  explicit ThreadPool(int32_t workers = defaultWorkers()) {
    view.pool = this;
    view.parallel_for = runBodies;
    view.yield = giveWay;
    for (int32_t worker = 1; worker < workers && !failure; ++worker)
      start(worker);
    view.workers = static_cast<int32_t>(threads.size()) + 1;
  }

  ~ThreadPool() {
    {
      std::lock_guard<std::mutex> lock(mutex);
      stopped = true;
      ++calls;
    }
    wake.notify_all();
    for (std::thread &thread : threads)
      thread.join();
  }

  ThreadPool(const ThreadPool &) = delete;
  ThreadPool &operator=(const ThreadPool &) = delete;

  /// For the calls of a model; lives as long as the pool.
  const ssmc_executor *executor() const { return &view; }
  /// How many threads work at the same time, the caller's included; at least 1.
  int32_t workers() const { return view.workers; }
  /// Why there are fewer than asked for; none if there are not.
  std::error_code error() const { return failure; }

  /// As many as the CPU runs at the same time.
  static int32_t defaultWorkers() {
    unsigned threads = std::thread::hardware_concurrency();
    return threads > 0 ? static_cast<int32_t>(threads) : 1;
  }

private:
  using Body = void(void *context, int64_t i, int32_t worker);
  struct Executor : ssmc_executor {
    ThreadPool *pool;
  };

  /// How long a thread stays awake for what it waits for: to wake it takes
  /// longer than many a call.
  static constexpr std::chrono::microseconds kPatience{50};

  void start(int32_t worker) {
#ifdef __cpp_exceptions
    try {
      threads.emplace_back([this, worker] { work(worker); });
    } catch (const std::system_error &error) {
      failure = error.code();
    } catch (const std::bad_alloc &) {
      failure = std::make_error_code(std::errc::not_enough_memory);
    }
#else
    threads.emplace_back([this, worker] { work(worker); });
#endif
  }

  /// A sleep, for the reasons of ssmc_executor.h; Windows would sleep for a
  /// millisecond and more.
  static void giveWay(const ssmc_executor *) {
#ifdef _WIN32
    std::this_thread::yield();
#else
    std::this_thread::sleep_for(std::chrono::microseconds(20));
#endif
  }

  /// A moment's pause of a loop that waits.
  static void relax() {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__) && !defined(_MSC_VER)
    __asm__ volatile("isb");
#endif
  }

  /// Waits for a condition on atomic variables: awake at first, without the
  /// lock, then asleep. To yield instead would put the thread behind all others
  /// that are ready, for many times as long.
  template <typename Condition>
  static void waitFor(std::unique_lock<std::mutex> &lock,
                      std::condition_variable &change, Condition holds) {
    lock.unlock();
    auto end = std::chrono::steady_clock::now() + kPatience;
    while (!holds() && std::chrono::steady_clock::now() < end)
      for (int look = 0; look < 16 && !holds(); ++look)
        relax();
    lock.lock();
    change.wait(lock, holds);
  }

  /// Runs bodies until none is left to start. Takes and returns with the lock.
  void runSome(std::unique_lock<std::mutex> &lock, int32_t worker) {
    while (next < count) {
      int64_t i = next++;
      Body *run = body;
      void *argument = context;
      lock.unlock();
      run(argument, i, worker);
      lock.lock();
      if (++finished == count)
        done.notify_all();
    }
  }

  /// A thread of the pool.
  void work(int32_t worker) {
    std::unique_lock<std::mutex> lock(mutex);
    while (!stopped) {
      runSome(lock, worker);
      uint64_t seen = calls.load();
      waitFor(lock, wake, [&] { return calls.load() != seen; });
    }
  }

  int share(int64_t bodies, Body *function, void *argument) {
    if (isBusy.exchange(true)) {
      for (int64_t i = 0; i < bodies; ++i)
        function(argument, i, 0);
      return 0;
    }
    std::unique_lock<std::mutex> lock(mutex);
    body = function;
    context = argument;
    finished = next = 0;
    count = bodies;
    ++calls;
    lock.unlock();
    wake.notify_all();
    lock.lock();
    runSome(lock, 0);
    waitFor(lock, done, [&] { return finished.load() == bodies; });
    lock.unlock();
    isBusy = false;
    return 0;
  }

  static int runBodies(const ssmc_executor *self, int64_t count, Body *body,
                       void *context) {
    auto *pool = static_cast<const Executor *>(self)->pool;
    return pool->share(count, body, context);
  }

  Executor view = {};
  std::error_code failure;
  std::vector<std::thread> threads;
  std::atomic<bool> isBusy{false}; ///< with the call of some thread
  std::mutex mutex;                ///< of all that follows
  std::condition_variable wake, done;
  std::atomic<uint64_t> calls{0}; ///< changes when there is work, or no more
  std::atomic<int64_t> finished{0};
  int64_t count = 0, next = 0;
  Body *body = nullptr;
  void *context = nullptr;
  bool stopped = false;
};

} // namespace ssmc

#endif // SSMC_THREADS_HPP
