/* The peak that the figures are related to: single-precision fused
 * multiply-adds of one core, in 12 independent accumulators of the widest
 * vector. Build with -O3 -march=native -shared -fPIC.
 */
#include <immintrin.h>
#include <time.h>

enum { ACCUMULATORS = 12 };
static const long iterations = 4000000;

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

/* Returns GFLOP/s (a multiply-add counts two); takes some 10 ms. */
double fma_peak(float *sink) {
  struct timespec start, end;
  vector a[ACCUMULATORS];
  for (int i = 0; i < ACCUMULATORS; i++)
    a[i] = SET(0.1f * (float)(i + 1));
  vector x = SET(0.999f), y = SET(0.001f);
  clock_gettime(CLOCK_MONOTONIC, &start);
  for (long k = 0; k < iterations; k++) {
#pragma GCC unroll 12
    for (int i = 0; i < ACCUMULATORS; i++)
      a[i] = FMA(a[i], x, y);
    __asm__ volatile("" : "+x"(x), "+x"(y));
  }
  for (int i = 1; i < ACCUMULATORS; i++)
    a[0] = ADD(a[0], a[i]);
  STORE(sink, a[0]);
  clock_gettime(CLOCK_MONOTONIC, &end);
  double seconds = (double)(end.tv_sec - start.tv_sec) +
                   1e-9 * (double)(end.tv_nsec - start.tv_nsec);
  return 2e-9 * ACCUMULATORS * (sizeof(vector) / sizeof(float)) *
         (double)iterations / seconds;
}
