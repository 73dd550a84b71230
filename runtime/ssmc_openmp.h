/* Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * An executor on OpenMP, for C and C++. Compile with -fopenmp; any runtime of
 * OpenMP will do.
 *
 *   ssmc_executor executor = ssmc_openmp_executor(0);
 *   size_t ws_bytes = NAME_workspace_bytes(n, executor.workers);
 *   ...
 *   NAME_forward(x, y, n, NULL, L, NULL, &executor, ws, ws_bytes);
 *
 * Calls from inside a parallel region get one thread, unless OpenMP is told to
 * nest them. */
#ifndef SSMC_OPENMP_H
#define SSMC_OPENMP_H

#ifndef _OPENMP
#error "ssmc_openmp.h needs OpenMP: compile with -fopenmp"
#endif

#include "ssmc_executor.h"
#include <omp.h>
#ifdef _WIN32
#include <windows.h>
#else
#include <stddef.h>
#include <sys/select.h>
#endif

static inline int
ssmc_openmp_parallel_for(const ssmc_executor *self, int64_t count,
                         void (*body)(void *context, int64_t i, int32_t worker),
                         void *context) {
  int64_t i;
#pragma omp parallel for schedule(dynamic, 1) num_threads(self->workers)
  for (i = 0; i < count; ++i)
    body(context, i, omp_get_thread_num());
  return 0;
}

/* Sleeps for 20 microseconds, by what strict C declares, too: see `yield` of
 * ssmc_executor.h. Windows sleeps for a millisecond and more. */
static inline void ssmc_openmp_yield(const ssmc_executor *self) {
#ifdef _WIN32
  SwitchToThread();
#else
  struct timeval pause = {0, 20};
  select(0, NULL, NULL, NULL, &pause);
#endif
  (void)self;
}

/* As many workers as said; 0: as many as OpenMP would use for a parallel
 * region here (OMP_NUM_THREADS, or all processors). */
static inline ssmc_executor ssmc_openmp_executor(int32_t workers) {
  ssmc_executor executor;
  executor.workers = workers > 0 ? workers : omp_get_max_threads();
  executor.parallel_for = ssmc_openmp_parallel_for;
  executor.yield = ssmc_openmp_yield;
  return executor;
}

#endif /* SSMC_OPENMP_H */
