/* Two workers on one stream. They are in the same unit's neighbourhood at the
 * same time: a chunk passes on a unit's states long before it is done. And a
 * worker that waits for long lets other threads have its CPU, in the
 * floating-point mode of the program. */
#include "executors.h"
#include <fenv.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

size_t MODEL_workspace_bytes(int64_t, int32_t);
int MODEL_forward(const void *, const float *, const float *, float *, int64_t,
                  const int64_t *, int64_t, void *, const ssmc_executor *,
                  void *, size_t);
extern void (*fake_pause)(int unit);

enum { INPUTS = 3, STEPS = 40 };

static int yields, wrong_modes, held, arrived, met;

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
static void hold(int unit) {
  (void)unit;
  if (__atomic_fetch_add(&held, 1, __ATOMIC_RELAXED) == 0)
    while (__atomic_load_n(&yields, __ATOMIC_RELAXED) == 0)
      sched_yield();
}

/* Whoever comes first between units 0 and 1 waits there for another worker,
 * with the next chunk. */
static void meet(int unit) {
  if (unit != 1 || __atomic_fetch_add(&arrived, 1, __ATOMIC_RELAXED) > 0)
    return;
  for (int i = 0; i < 10000 && !met; ++i) {
    usleep(1000);
    met = __atomic_load_n(&arrived, __ATOMIC_RELAXED) > 1;
  }
}

/* As run_on_threads, in the mode that `count_yield` looks for. */
static int run_rounding_up(const ssmc_executor *self, int64_t count,
                           executor_body *body, void *context) {
  fesetround(FE_UPWARD); /* new threads get their maker's mode */
  int error = run_on_threads(self, count, body, context);
  fesetround(FE_TONEAREST);
  return error;
}

static size_t bytes;
static void *ws;
static float x[STEPS * INPUTS], expected[STEPS * INPUTS];

static const char *run(const ssmc_executor *executor, void (*pause)(int)) {
  float y[STEPS * INPUTS];
  fake_pause = pause;
  int error = MODEL_forward(NULL, x, NULL, y, 1, NULL, STEPS, NULL, executor,
                            ws, bytes);
  return error || memcmp(y, expected, sizeof y) ? "wrong" : "right";
}

int main(void) {
  ssmc_executor executor = {2, run_rounding_up, count_yield};
  bytes = MODEL_workspace_bytes(1, 2);
  ws = aligned_alloc(64, (bytes + 63) / 64 * 64);
  for (int i = 0; i < STEPS * INPUTS; ++i)
    x[i] = (float)(i % 7);
  MODEL_forward(NULL, x, NULL, expected, 1, NULL, STEPS, NULL, NULL, ws, bytes);
  const char *result = run(&executor, meet);
  printf("%s, %s\n", result, met ? "together" : "alone");
  yields = wrong_modes = 0;
  result = run(&executor, hold);
  printf("%s, %s, in the %s mode\n", result,
         yields ? "yielded" : "never yielded",
         wrong_modes ? "model's" : "caller's");
  free(ws);
  return 0;
}
