/* A worker that waits for long lets other threads have its CPU, in the
 * floating-point mode of the program. Work that would go on only after somebody
 * has yielded comes to an end. */
#include "executors.h"
#include <fenv.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

size_t MODEL_workspace_bytes(int64_t, int32_t);
int MODEL_forward(const float *, float *, int64_t, const int64_t *, int64_t,
                  void *, const ssmc_executor *, void *, size_t);
extern void (*fake_pause)(void);

enum { INPUTS = 3, STEPS = 40 };

static int yields, wrong_modes, held;

static int rounds_up(void) {
  volatile float one = 1.0f, little = 1e-10f;
  return one + little > one;
}

static void count_yield(const ssmc_executor *self) {
  if (!rounds_up())
    __atomic_fetch_add(&wrong_modes, 1, __ATOMIC_RELAXED);
  __atomic_fetch_add(&yields, 1, __ATOMIC_RELAXED);
  yield_cpu(self);
}

/* Whoever comes first holds a chunk back until another worker has waited for
 * it and yielded. */
static void hold(void) {
  if (__atomic_fetch_add(&held, 1, __ATOMIC_RELAXED) == 0)
    while (__atomic_load_n(&yields, __ATOMIC_RELAXED) == 0)
      sched_yield();
}

/* As run_on_threads, in the mode that `count_yield` looks for. */
static int run_rounding_up(const ssmc_executor *self, int64_t count,
                           executor_body *body, void *context) {
  fesetround(FE_UPWARD); /* new threads get their maker's mode */
  int error = run_on_threads(self, count, body, context);
  fesetround(FE_TONEAREST);
  return error;
}

int main(void) {
  ssmc_executor executor = {2, run_rounding_up, count_yield};
  size_t bytes = MODEL_workspace_bytes(1, 2);
  void *ws = aligned_alloc(64, (bytes + 63) / 64 * 64);
  float x[STEPS * INPUTS], y[STEPS * INPUTS], expected[STEPS * INPUTS];
  for (int i = 0; i < STEPS * INPUTS; ++i)
    x[i] = (float)(i % 7);
  int error = MODEL_forward(x, expected, 1, NULL, STEPS, NULL, NULL, ws, bytes);
  fake_pause = hold;
  error += MODEL_forward(x, y, 1, NULL, STEPS, NULL, &executor, ws, bytes);
  free(ws);
  printf("%s, %s, %s\n",
         error || memcmp(y, expected, sizeof y) ? "wrong" : "right",
         yields ? "yielded" : "never yielded",
         wrong_modes ? "in the model's mode" : "in the caller's mode");
  return 0;
}
