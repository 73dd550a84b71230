// ssmc_threads.hpp: bodies run once each, pools are shared, nested and left
// unused. Built with ThreadSanitizer.
#include "ssmc_threads.hpp"
#include <cstdio>
#include <vector>

static int failures;

static void expect(bool condition, const char *what) {
  if (condition)
    return;
  std::printf("FAILED: %s\n", what);
  ++failures;
}

/// Counts how often each body runs, and notes two with one worker's number.
struct Tally {
  explicit Tally(int64_t bodies, int32_t workers)
      : runs(bodies), busy(workers) {}

  static void run(void *context, int64_t i, int32_t worker) {
    auto &tally = *static_cast<Tally *>(context);
    if (tally.busy[worker].exchange(true))
      tally.collided = true;
    ++tally.runs[i];
    if (i % 3 == 0)
      std::this_thread::yield();
    tally.busy[worker] = false;
  }

  bool isRight() const {
    bool once = true;
    for (const std::atomic<int> &count : runs)
      once &= count == 1;
    return once && !collided;
  }

  std::vector<std::atomic<int>> runs;
  std::vector<std::atomic<bool>> busy;
  std::atomic<bool> collided{false};
};

static bool runOn(const ssmc_executor *executor, int64_t bodies) {
  Tally tally(bodies, executor->workers);
  return executor->parallel_for(executor, bodies, Tally::run, &tally) == 0 &&
         tally.isRight();
}

int main() {
  ssmc::ThreadPool pool(4);
  expect(pool.workers() == 4 && !pool.error(), "four workers");
  for (int64_t bodies = 0; bodies < 200; ++bodies)
    expect(runOn(pool.executor(), bodies % 9), "each body once");

  // Threads of a program that share the pool.
  std::atomic<int> wrong{0};
  std::vector<std::thread> users;
  for (int user = 0; user < 3; ++user)
    users.emplace_back([&] {
      for (int i = 0; i < 100; ++i)
        wrong += !runOn(pool.executor(), 5);
    });
  for (std::thread &user : users)
    user.join();
  expect(wrong == 0, "shared by three threads");

  // A body that uses the pool it runs on.
  struct Nested {
    ssmc::ThreadPool &pool;
    std::atomic<int> wrong{0};
  } nested{pool};
  pool.executor()->parallel_for(
      pool.executor(), 6,
      [](void *context, int64_t, int32_t) {
        auto &nested = *static_cast<Nested *>(context);
        nested.wrong += !runOn(nested.pool.executor(), 4);
      },
      &nested);
  expect(nested.wrong == 0, "nested");

  for (int32_t workers : {-1, 0, 1}) {
    ssmc::ThreadPool alone(workers);
    expect(alone.workers() == 1 && runOn(alone.executor(), 3), "one worker");
  }
  for (int i = 0; i < 20; ++i) {
    ssmc::ThreadPool unused(3);
    if (i % 2)
      expect(runOn(unused.executor(), 1), "fewer bodies than workers");
  }
  expect(ssmc::ThreadPool::defaultWorkers() >= 1, "a default");
  if (!failures)
    std::puts("all rules hold");
  return failures != 0;
}
