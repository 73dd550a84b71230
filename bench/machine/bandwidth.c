/* Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * bandwidth BYTES: reads a buffer of that size once per run, with the widest
 * vectors: the time that a step cannot beat when BYTES are the model's weights.
 * Build with -O3 -march=native. */
#include "serve.h"
#include <immintrin.h>
#include <stdint.h>

#ifdef __AVX512F__
typedef __m512i vector;
#define LOAD(p) _mm512_load_si512(p)
#define OR _mm512_or_si512
#define ZERO _mm512_setzero_si512()
#else
typedef __m256i vector;
#define LOAD(p) _mm256_load_si256(p)
#define OR _mm256_or_si256
#define ZERO _mm256_setzero_si256()
#endif

enum { UNROLL = 8, HUGE = 2 << 20 };

struct buffer {
  const char *data;
  size_t bytes; /* a multiple of UNROLL vectors */
};

static void run(void *context) {
  const struct buffer *b = (const struct buffer *)context;
  vector sum[UNROLL];
  for (int i = 0; i < UNROLL; ++i)
    sum[i] = ZERO;
  for (const char *p = b->data, *end = p + b->bytes; p < end; p += sizeof sum) {
#pragma GCC unroll 8
    for (int i = 0; i < UNROLL; ++i)
      sum[i] = OR(sum[i], LOAD((const vector *)p + i));
  }
  for (int i = 0; i < UNROLL; ++i)
    __asm__ volatile("" ::"x"(sum[i]));
}

int main(int argc, char **argv) {
  if (argc != 2 || atoll(argv[1]) <= 0) {
    fprintf(stderr, "usage: bandwidth BYTES\n");
    return 2;
  }
  size_t step = UNROLL * sizeof(vector);
  size_t wanted = (size_t)atoll(argv[1]);
  struct buffer b = {NULL, (wanted + step - 1) / step * step};
  size_t room = (b.bytes + HUGE - 1) / HUGE * HUGE;
  char *data = (char *)aligned_alloc(HUGE, room);
  if (!data) {
    fprintf(stderr, "bandwidth: no memory for %zu bytes\n", room);
    return 1;
  }
  memset(data, 1, room);
  b.data = data;
  char info[64];
  snprintf(info, sizeof info, "\"bytes\": %zu", b.bytes);
  serve(run, &b, info);
  return 0;
}
