/* Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * How a compiled model borrows the caller's threads. Models start none of their
 * own: they hand independent pieces of work (streams, or groups of streams) to
 * an executor, and run them on the calling thread when they get NULL for one.
 * Results do not depend on the executor, to the last bit. */
#ifndef SSMC_EXECUTOR_H
#define SSMC_EXECUTOR_H

#include <stdint.h>

typedef struct ssmc_executor ssmc_executor;

struct ssmc_executor {
  /* How many calls of `body` may run at the same time; at least 1. A model's
   * workspace has one slice for each. */
  int32_t workers;
  /* Calls body(context, i, worker) once for every i in [0, count), in any order
   * and on any thread, and returns when all calls have returned. `worker` lies
   * in [0, workers), and no two calls that run at the same time have the same
   * one. Returns 0, or anything else when not every call was made: the model
   * then returns NAME_E_EXECUTOR. */
  int (*parallel_for)(const ssmc_executor *self, int64_t count,
                      void (*body)(void *context, int64_t i, int32_t worker),
                      void *context);
};

#endif /* SSMC_EXECUTOR_H */
