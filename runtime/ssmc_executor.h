/* Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * How a compiled model borrows the caller's threads. Models start none of their
 * own: they hand bodies of work to an executor, and run everything on the
 * calling thread when they get NULL for one. Results do not depend on the
 * executor, to the last bit. ssmc_openmp.h and ssmc_threads.hpp have executors
 * on OpenMP and on std::thread. */
#ifndef SSMC_EXECUTOR_H
#define SSMC_EXECUTOR_H

#include <stdint.h>

typedef struct ssmc_executor ssmc_executor;

struct ssmc_executor {
  /* How many calls of `body` may run at the same time; at least 1. A model's
   * workspace has one slice for each. */
  int32_t workers;
  /* Calls body(context, i, worker) once for every i in [0, count), in any order
   * and on any thread, one alone included, and returns when all calls have
   * returned. `worker` lies in [0, workers), and no two calls that run at the
   * same time have the same one. Returns 0, or anything else when it failed:
   * the model then returns NAME_E_EXECUTOR. Not called for what a single worker
   * would do. */
  int (*parallel_for)(const ssmc_executor *self, int64_t count,
                      void (*body)(void *context, int64_t i, int32_t worker),
                      void *context);
  /* Lets another thread have this CPU: bodies call it that have waited for a
   * while for what another body computes. Best is a short sleep (20
   * microseconds): one who waits by sched_yield keeps taking a share of the CPU
   * where others work. (A system whose sleeps take a millisecond does better
   * with the latter.) It must not call a body. NULL: they go on waiting
   * busily, which is slow when there are fewer CPUs than workers. */
  void (*yield)(const ssmc_executor *self);
};

#endif /* SSMC_EXECUTOR_H */
