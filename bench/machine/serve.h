/* Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * How a native program takes part in the benchmark. It says that it is ready by
 * a line "@{...}" with what is known of it, then answers each line "n inner" on
 * standard input with the seconds, by the wall clock and by the CPU's, of n
 * times `inner` runs. bench/peers/common.py is the same for Python. */
#ifndef SSMC_BENCH_SERVE_H
#define SSMC_BENCH_SERVE_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static inline double serve_clock(clockid_t clock) {
  struct timespec t;
  clock_gettime(clock, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* A line of /proc/self/status in MB, such as "VmHWM:", the most memory that was
 * ever resident. */
static inline double serve_memory(const char *name) {
  char line[256];
  double kilobytes = 0;
  FILE *file = fopen("/proc/self/status", "r");
  while (file && fgets(line, sizeof line, file))
    if (strncmp(line, name, strlen(name)) == 0)
      kilobytes = atof(line + strlen(name));
  if (file)
    fclose(file);
  return kilobytes / 1024;
}

/* `info`: members of a JSON object, without braces; may be empty. */
static inline void serve_ready(const char *info) {
  printf("@{%s%s\"rss_now_mb\": %.1f}\n", info, *info ? ", " : "",
         serve_memory("VmRSS:"));
  fflush(stdout);
}

/* Reads the next request; 0 at the end. */
static inline int serve_next(int *n, int *inner) {
  return scanf("%d %d", n, inner) == 2 && *n > 0 && *n <= 1000000;
}

static inline void serve_times(const char *name, const double *t, int n) {
  printf("\"%s\": [", name);
  for (int i = 0; i < n; ++i)
    printf("%s%.9g", i ? ", " : "", t[i]);
  printf("], ");
}

static inline void serve_answer(const double *wall, const double *cpu, int n) {
  printf("@{");
  serve_times("t", wall, n);
  serve_times("c", cpu, n);
  printf("\"rss_peak_mb\": %.1f}\n", serve_memory("VmHWM:"));
  fflush(stdout);
}

static inline void serve(void (*run)(void *), void *context, const char *info) {
  int n, inner;
  serve_ready(info);
  while (serve_next(&n, &inner)) {
    double *wall = (double *)malloc((size_t)n * 2 * sizeof(double));
    double *cpu = wall + n;
    for (int i = 0; i < n; ++i) {
      double t = serve_clock(CLOCK_MONOTONIC);
      double c = serve_clock(CLOCK_PROCESS_CPUTIME_ID);
      for (int j = 0; j < inner; ++j)
        run(context);
      cpu[i] = (serve_clock(CLOCK_PROCESS_CPUTIME_ID) - c) / inner;
      wall[i] = (serve_clock(CLOCK_MONOTONIC) - t) / inner;
    }
    serve_answer(wall, cpu, n);
    free(wall);
  }
}

#endif /* SSMC_BENCH_SERVE_H */
