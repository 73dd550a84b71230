/* Holds runtime/entry_points.c around fake_model.c with BIDIRECTIONAL to the
 * rules of the generated header: only forward runs, and with a workspace that
 * grows with the length of sequences. Buffers are exactly as large as promised,
 * so that AddressSanitizer sees every access beyond them. */
#include "entry_points.h"
#include "errors.h"
#include "executors.h"
#include "expect.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

size_t MODEL_forward_workspace_bytes(int64_t, int32_t);

enum {
  KEPT = 64,
  WORKSPACE = 128,
  COUNTER = 128,
  UNITS = 3
}; /* fake_model.c */

extern void (*fake_pause)(int unit);

/* Threads lose their CPU where a sequence is half done. */
static void give_way(int unit) {
  (void)unit;
  sched_yield();
}

/* Small integers: their sums are exact in any order. */
static float input(int64_t stream, int64_t t, int64_t i) {
  return (float)((stream * 7 + t * 3 + i) % 10);
}

static float sum(int64_t stream, int64_t from, int64_t length, int64_t i) {
  float all = 0;
  for (int64_t t = from; t < length; ++t)
    all += input(stream, t, i);
  return all;
}

static void expect_stream(const float *y, int64_t b, int64_t L,
                          int64_t length) {
  float untouched;
  memset(&untouched, 0x5a, sizeof untouched);
  for (int64_t i = 0; POOLED_MODEL && i < INPUTS; ++i)
    EXPECT(y[b * INPUTS + i] == sum(b, 0, length, i) / (float)length);
  for (int64_t t = 0; !POOLED_MODEL && t < L; ++t)
    for (int64_t i = 0; i < INPUTS; ++i) {
      float wanted = t < length ? sum(b, t, length, i) : untouched;
      EXPECT(memcmp(&y[(b * L + t) * INPUTS + i], &wanted, sizeof wanted) == 0);
    }
}

static void test_forward(const ssmc_executor *executor, int64_t batch,
                         int64_t L, int is_ragged) {
  int32_t workers = executor ? executor->workers : 1;
  size_t bytes = MODEL_forward_workspace_bytes(L, workers);
  size_t inputs = (size_t)(batch * L * INPUTS) * sizeof(float);
  size_t outputs =
      POOLED_MODEL ? (size_t)(batch * INPUTS) * sizeof(float) : inputs;
  char *ws = aligned(bytes);
  float *x = (float *)aligned(inputs), *y = (float *)aligned(outputs);
  int64_t *lengths = (int64_t *)aligned((size_t)batch * sizeof *lengths);
  for (int64_t b = 0; b < batch; ++b) {
    lengths[b] = is_ragged ? L - b * 5 % L : L;
    for (int64_t k = 0; k < L * INPUTS; ++k)
      x[b * L * INPUTS + k] = input(b, k / INPUTS, k % INPUTS);
  }
  EXPECT(MODEL_forward(x, y, batch, is_ragged ? lengths : NULL, L, NULL,
                       executor, ws, bytes) == OK);
  for (int64_t b = 0; b < batch; ++b)
    expect_stream(y, b, L, lengths[b]);
  EXPECT(MODEL_forward(x, y, batch, NULL, L, NULL, executor, ws, bytes - 1) ==
         E_WORKSPACE);
  free(ws), free(x), free(y), free(lengths);
}

static void test_executor(const ssmc_executor *executor) {
  for (int64_t batch = 1; batch < 12; batch += 5)
    for (int64_t L = 1; L < 60; L += 29)
      for (int is_ragged = 0; is_ragged < 2; ++is_ragged)
        test_forward(executor, batch, L, is_ragged);
}

/* All that knows states. */
static void test_refusals(void) {
  size_t bytes = MODEL_forward_workspace_bytes(1, 1);
  char *ws = aligned(bytes), *state = aligned(RECORD);
  char *blob = aligned(RECORD + 32);
  float x[INPUTS] = {0}, y[INPUTS] = {0};
  EXPECT(MODEL_state_reset(state, 0, 1) == E_BIDIRECTIONAL);
  EXPECT(MODEL_step(state, NULL, 1, x, y, NULL, ws, bytes) == E_BIDIRECTIONAL);
  EXPECT(MODEL_chunk(state, NULL, 1, NULL, 1, x, y, NULL, ws, bytes) ==
         E_BIDIRECTIONAL);
  EXPECT(MODEL_forward(x, y, 1, NULL, 1, state, NULL, ws, bytes) ==
         E_BIDIRECTIONAL);
  EXPECT(MODEL_state_save(state, blob, RECORD + 32) == E_BIDIRECTIONAL);
  EXPECT(MODEL_state_load(state, blob, RECORD + 32) == E_BIDIRECTIONAL);
  EXPECT(MODEL_forward(x, NULL, 1, NULL, 1, NULL, NULL, ws, bytes) == E_ARG);
  for (int i = 0; i < RECORD; ++i)
    EXPECT(state[i] == 0x5a);
  free(ws), free(state), free(blob);
}

/* Sizes are told, or 0 where there is none. */
static void test_sizes(void) {
  const size_t record = WORKSPACE + RECORD;
  EXPECT(MODEL_workspace_bytes(1, 1) == 0);
  EXPECT(MODEL_forward_workspace_bytes(0, 1) == record);
  EXPECT(MODEL_forward_workspace_bytes(7, 1) == record + 7 * KEPT);
  EXPECT(MODEL_forward_workspace_bytes(7, 3) ==
         3 * (record + 7 * KEPT + RECORD + COUNTER) + (1 + UNITS) * COUNTER);
  EXPECT(MODEL_forward_workspace_bytes(-1, 1) == 0);
  EXPECT(MODEL_forward_workspace_bytes(1, 0) == 0);
  const int64_t most = INT64_MAX / 2 / KEPT; /* of all steps: half of it all */
  EXPECT(MODEL_forward_workspace_bytes(most, 1) ==
         record + (size_t)most * KEPT);
  EXPECT(MODEL_forward_workspace_bytes(most + 1, 1) == 0);
  EXPECT(MODEL_forward_workspace_bytes(most, 2) == 0);
  EXPECT(MODEL_forward_workspace_bytes(INT64_MAX, 1) == 0);
  EXPECT(MODEL_forward_workspace_bytes(INT64_MAX, INT32_MAX) == 0);
}

int main(void) {
  test_sizes();
  test_refusals();
  test_executor(NULL);
  fake_pause = give_way;
  for (int e = 0; e < EXECUTORS; ++e)
    for (int32_t workers = 1; workers <= 8; workers += workers < 3 ? 1 : 5) {
      ssmc_executor executor = {workers, executors[e].parallel_for, yield_cpu};
      test_executor(&executor);
      if (failures) {
        printf("%s, %d workers\n", executors[e].name, workers);
        return 1;
      }
    }
  if (!failures)
    puts("all rules hold");
  return failures != 0;
}
