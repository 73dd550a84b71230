/* Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * peak THREADS: what 100 % means. Single-precision fused multiply-adds in 12
 * independent accumulators of the widest vector, on each of THREADS (1 or 2)
 * threads. Build with -O3 -march=native -pthread.
 *
 * peak busy: keeps a core busy with the same until it is ended. */
#include "serve.h"
#include <immintrin.h>
#include <pthread.h>

enum { ACCUMULATORS = 12 };
/* Some 2 ms, so that a busy machine leaves moments for it as for what it is
 * compared with; two threads take 20, beside which starting one is nothing. */
static long iterations = 1000000;

#ifdef __AVX512F__
typedef __m512 vector;
#define SET _mm512_set1_ps
#define FMA _mm512_fmadd_ps
#define ADD _mm512_add_ps
#define STORE _mm512_storeu_ps
#else
typedef __m256 vector;
#define SET _mm256_set1_ps
#define FMA _mm256_fmadd_ps
#define ADD _mm256_add_ps
#define STORE _mm256_storeu_ps
#endif

static float sink[32];

static void *work(void *out) {
  vector a[ACCUMULATORS];
  for (int i = 0; i < ACCUMULATORS; i++)
    a[i] = SET(0.1f * (float)(i + 1));
  vector x = SET(0.999f), y = SET(0.001f);
  for (long k = 0; k < iterations; k++) {
#pragma GCC unroll 12
    for (int i = 0; i < ACCUMULATORS; i++)
      a[i] = FMA(a[i], x, y);
    __asm__ volatile("" : "+x"(x), "+x"(y));
  }
  for (int i = 1; i < ACCUMULATORS; i++)
    a[0] = ADD(a[0], a[i]);
  STORE((float *)out, a[0]);
  return NULL;
}

static void run(void *context) {
  int threads = *(int *)context;
  pthread_t second;
  if (threads == 2 && pthread_create(&second, NULL, work, sink + 16) != 0)
    exit(1);
  work(sink);
  if (threads == 2)
    pthread_join(second, NULL);
}

int main(int argc, char **argv) {
  if (argc != 2) {
    fprintf(stderr, "usage: peak 1|2|busy\n");
    return 2;
  }
  while (strcmp(argv[1], "busy") == 0)
    work(sink);
  int threads = atoi(argv[1]) == 2 ? 2 : 1;
  if (threads == 2)
    iterations *= 10;
  char info[64];
  snprintf(info, sizeof info, "\"flops\": %.0f",
           2.0 * ACCUMULATORS * threads * (double)iterations *
               (double)(sizeof(vector) / sizeof(float)));
  serve(run, &threads, info);
  return 0;
}
