/* Holds runtime/entry_points.c around fake_model.c to the rules of the
 * generated header. Buffers are exactly as large as promised, so that
 * AddressSanitizer sees every access beyond them. */
#include "entry_points.h"
#include "errors.h"
#include "executors.h"
#include "expect.h"
#include <float.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { N = 11, T = 13 };

/* Inputs are small integers: their sums are exact in any order. */
static float input(int64_t stream, int64_t t, int64_t i) {
  return (float)((stream * 7 + t * 3 + i) % 10);
}

static float *make_inputs(int64_t n, int64_t steps) {
  float *x = malloc((size_t)(n * steps * INPUTS) * sizeof(float));
  for (int64_t i = 0; i < n * steps * INPUTS; ++i)
    x[i] = input(i / INPUTS / steps, i / INPUTS % steps, i % INPUTS);
  return x;
}

static float expected(int64_t stream, int64_t steps, int64_t i) {
  float sum = 0;
  for (int64_t t = 0; t < steps; ++t)
    sum += input(stream, t, i);
  return POOLED_MODEL ? (steps ? sum / (float)steps : -1.0f) : sum;
}

/* -- Results --------------------------------------------------------------- */

/* Compares row b of an output of (n, steps, INPUTS), or (n, INPUTS) if pooled;
 * what lies behind `length` must be untouched. */
static void expect_row(const float *y, int64_t b, int64_t stream, int64_t steps,
                       int64_t length) {
  float untouched;
  memset(&untouched, 0x5a, sizeof untouched);
  if (POOLED_MODEL) {
    for (int i = 0; i < INPUTS; ++i)
      EXPECT(y[b * INPUTS + i] == expected(stream, length, i));
    return;
  }
  for (int64_t t = 0; t < steps; ++t)
    for (int i = 0; i < INPUTS; ++i)
      EXPECT(memcmp(&y[(b * steps + t) * INPUTS + i],
                    t < length ? (float[]){expected(stream, t + 1, i)}
                               : &untouched,
                    sizeof untouched) == 0);
}

static size_t output_count(int64_t n, int64_t steps) {
  return (size_t)(n * (POOLED_MODEL ? 1 : steps) * INPUTS);
}

static float *make_outputs(int64_t n, int64_t steps) {
  float *y = malloc(output_count(n, steps) * sizeof(float));
  memset(y, 0x5a, output_count(n, steps) * sizeof(float));
  return y;
}

static void test_forward(const ssmc_executor *executor, const int64_t *lengths,
                         int with_states) {
  int32_t workers = executor ? executor->workers : 1;
  size_t bytes = MODEL_workspace_bytes(N, workers);
  void *ws = aligned(bytes);
  char *states = with_states ? aligned(N * RECORD) : NULL;
  float *x = make_inputs(N, T), *y = make_outputs(N, T);
  EXPECT(MODEL_forward(x, y, N, lengths, T, states, executor, ws, bytes) == OK);
  for (int64_t b = 0; b < N; ++b)
    expect_row(y, b, b, T, lengths ? lengths[b] : T);
  if (states && !lengths) { /* the states go on where forward stopped */
    float *one = make_inputs(N, T + 1), *step_x = make_inputs(N, 1);
    float *step_y = make_outputs(N, 1);
    for (int64_t b = 0; b < N; ++b)
      memcpy(step_x + b * INPUTS, one + (b * (T + 1) + T) * INPUTS,
             INPUTS * sizeof(float));
    EXPECT(MODEL_step(states, NULL, N, step_x, step_y, executor, ws, bytes) ==
           OK);
    for (int64_t b = 0; b < N; ++b)
      for (int i = 0; i < INPUTS; ++i)
        EXPECT(step_y[b * INPUTS + i] == expected(b, T + 1, i));
    free(one), free(step_x), free(step_y);
  }
  free(ws), free(states), free(x), free(y);
}

/* Streams in any order, by steps and by chunks, to the same sums. */
static void test_streaming(const ssmc_executor *executor) {
  static const int64_t ids[] = {6, 0, 3, 10, 1, 7};
  enum { PICKED = sizeof ids / sizeof ids[0] };
  int32_t workers = executor ? executor->workers : 1;
  size_t bytes = MODEL_workspace_bytes(PICKED, workers);
  void *ws = aligned(bytes);
  char *states = aligned(N * RECORD), *before = aligned(N * RECORD);
  float *all = make_inputs(N, T);
  EXPECT(MODEL_state_reset(states, 0, N) == OK);
  memset(states + 2 * RECORD, 0x77, RECORD); /* a stream that is not picked */
  memcpy(before, states, N * RECORD);
  for (int64_t t = 0; t < 4; ++t)
    for (int64_t n = 1, first = 0; first < PICKED; first += n, ++n) {
      if (n > PICKED - first)
        n = PICKED - first;
      float *x = make_inputs(n, 1), *y = make_outputs(n, 1);
      for (int64_t b = 0; b < n; ++b)
        memcpy(x + b * INPUTS, all + (ids[first + b] * T + t) * INPUTS,
               INPUTS * sizeof(float));
      EXPECT(MODEL_step(states, ids + first, n, x, y, executor, ws, bytes) ==
             OK);
      for (int64_t b = 0; b < n; ++b)
        for (int i = 0; i < INPUTS; ++i)
          EXPECT(y[b * INPUTS + i] == expected(ids[first + b], t + 1, i));
      free(x), free(y);
    }
  enum { REST = T - 4 };
  float *x = make_inputs(PICKED, REST), *y = make_outputs(PICKED, REST);
  for (int64_t b = 0; b < PICKED; ++b)
    memcpy(x + b * REST * INPUTS, all + (ids[b] * T + 4) * INPUTS,
           REST * INPUTS * sizeof(float));
  EXPECT(MODEL_chunk(states, ids, PICKED, NULL, REST, x, y, executor, ws,
                     bytes) == OK);
  for (int64_t b = 0; b < PICKED; ++b)
    for (int i = 0; i < INPUTS; ++i)
      EXPECT(y[POOLED_MODEL ? b * INPUTS + i
                            : (b * REST + REST - 1) * INPUTS + i] ==
             expected(ids[b], T, i));
  for (int64_t s = 0; s < N; ++s) {
    int picked = 0;
    for (int b = 0; b < PICKED; ++b)
      picked |= ids[b] == s;
    EXPECT(!!memcmp(states + s * RECORD, before + s * RECORD, RECORD) ==
           picked);
  }
  free(ws), free(states), free(before), free(all), free(x), free(y);
}

/* -- Errors ---------------------------------------------------------------- */

static void test_errors(void) {
  size_t bytes = MODEL_workspace_bytes(2, 1);
  char *ws = aligned(bytes), *states = aligned(2 * RECORD);
  float *x = make_inputs(2, 2), *y = make_outputs(2, 2);
  int64_t bad_id[] = {0, -1}, huge_id[] = {0, INT64_MAX / 2};
  int64_t long_length[] = {2, 3}, negative[] = {-1, 0}, zero[] = {2, 0};
  ssmc_executor empty = {0, run_in_order, NULL}, hollow = {1, NULL, NULL};
  EXPECT(MODEL_state_reset(states, 0, 2) == OK);

  EXPECT(MODEL_step(NULL, NULL, 2, x, y, NULL, ws, bytes) == E_ARG);
  EXPECT(MODEL_step(states, NULL, -1, x, y, NULL, ws, bytes) == E_ARG);
  EXPECT(MODEL_step(states, NULL, 2, NULL, y, NULL, ws, bytes) == E_ARG);
  EXPECT(MODEL_step(states, NULL, 2, x, NULL, NULL, ws, bytes) ==
         (POOLED_MODEL ? OK : E_ARG));
  EXPECT(MODEL_step(states, NULL, 2, x, y, NULL, NULL, bytes) == E_ARG);
  EXPECT(MODEL_step(states, NULL, 2, x, y, NULL, ws, bytes - 1) == E_WORKSPACE);
  EXPECT(MODEL_step(states, NULL, 2, x, y, NULL, ws + 32, bytes) == E_ALIGN);
  EXPECT(MODEL_step(states + 32, NULL, 1, x, y, NULL, ws, bytes) == E_ALIGN);
  EXPECT(MODEL_step(states, NULL, 2, (float *)((char *)x + 1), y, NULL, ws,
                    bytes) == E_ALIGN);
  EXPECT(MODEL_step(states, bad_id, 2, x, y, NULL, ws, bytes) == E_ARG);
  EXPECT(MODEL_step(states, huge_id, 2, x, y, NULL, ws, bytes) == E_ARG);
  EXPECT(MODEL_step(states, NULL, INT64_MAX, x, y, NULL, ws, bytes) == E_ARG);
  EXPECT(MODEL_step(states, NULL, 2, x, y, &empty, ws, bytes) == E_ARG);
  EXPECT(MODEL_step(states, NULL, 2, x, y, &hollow, ws, bytes) == E_ARG);

  EXPECT(MODEL_chunk(states, NULL, 2, long_length, 2, x, y, NULL, ws, bytes) ==
         E_ARG);
  EXPECT(MODEL_chunk(states, NULL, 2, negative, 2, x, y, NULL, ws, bytes) ==
         E_ARG);
  EXPECT(MODEL_chunk(states, NULL, 2, NULL, -1, x, y, NULL, ws, bytes) ==
         E_ARG);
  EXPECT(MODEL_chunk(states, NULL, 2, NULL, INT64_MAX / 8, x, y, NULL, ws,
                     bytes) == E_ARG);
  EXPECT(MODEL_chunk(states, NULL, 0, NULL, 2, NULL, NULL, NULL, NULL, 0) ==
         OK);
  EXPECT(MODEL_forward(x, y, 2, zero, 2, NULL, NULL, ws, bytes) ==
         (POOLED_MODEL ? E_ARG : OK));
  EXPECT(MODEL_forward(x, NULL, 2, NULL, 2, NULL, NULL, ws, bytes) == E_ARG);
  EXPECT(MODEL_forward(x, NULL, 2, NULL, 2, states, NULL, ws, bytes) ==
         (POOLED_MODEL ? OK : E_ARG));

  EXPECT(MODEL_state_reset(NULL, 0, 1) == E_ARG);
  EXPECT(MODEL_state_reset(states, -1, 1) == E_ARG);
  EXPECT(MODEL_state_reset(states, INT64_MAX, 1) == E_ARG);
  EXPECT(MODEL_state_reset(states + 8, 0, 1) == E_ALIGN);
  EXPECT(MODEL_workspace_bytes(-1, 1) == 0);
  EXPECT(MODEL_workspace_bytes(1, 0) == 0);
  EXPECT(strcmp(MODEL_strerror(OK), "no error") == 0);
  EXPECT(strcmp(MODEL_strerror(E_COUNT), "unknown error") == 0);
  EXPECT(strcmp(MODEL_strerror(-7), "unknown error") == 0);
  free(ws), free(states), free(x), free(y);
}

/* An executor that fails, and one that does nothing and says all is well. */
static int run_nothing(const ssmc_executor *self, int64_t count,
                       executor_body *body, void *context) {
  (void)self, (void)count, (void)body, (void)context;
  return 0;
}

static int run_and_fail(const ssmc_executor *self, int64_t count,
                        executor_body *body, void *context) {
  run_in_order(self, count, body, context);
  return 1;
}

static void test_failing_executors(void) {
  ssmc_executor broken[] = {{2, run_and_fail, NULL}, {2, run_nothing, NULL}};
  size_t bytes = MODEL_workspace_bytes(N, 2);
  char *ws = aligned(bytes), *states = aligned(N * RECORD);
  float *x = make_inputs(N, T), *y = make_outputs(N, T);
  EXPECT(MODEL_state_reset(states, 0, N) == OK);
  for (int e = 0; e < 2; ++e) {
    const ssmc_executor *executor = &broken[e];
    EXPECT(MODEL_forward(x, y, N, NULL, T, NULL, executor, ws, bytes) ==
           E_EXECUTOR);
    EXPECT(MODEL_chunk(states, NULL, 1, NULL, T, x, y, executor, ws, bytes) ==
           E_EXECUTOR);
    EXPECT(MODEL_step(states, NULL, N, x, y, executor, ws, bytes) ==
           E_EXECUTOR);
    /* Work for one worker needs no executor. */
    EXPECT(MODEL_step(states, NULL, 1, x, y, executor, ws, bytes) == OK);
  }
  free(ws), free(states), free(x), free(y);
}

/* No time steps: nothing is read, nothing of y written but a pooled answer. */
static void test_no_steps(void) {
  size_t bytes = MODEL_workspace_bytes(1, 1);
  char *ws = aligned(bytes), *state = aligned(RECORD);
  float y[INPUTS];
  EXPECT(MODEL_forward(NULL, POOLED_MODEL ? y : NULL, 1, NULL, 0, state, NULL,
                       ws, bytes) == (POOLED_MODEL ? E_ARG : OK));
  EXPECT(MODEL_state_reset(state, 0, 1) == OK);
  EXPECT(MODEL_chunk(state, NULL, 1, NULL, 0, NULL, POOLED_MODEL ? y : NULL,
                     NULL, ws, bytes) == OK);
  for (int i = 0; POOLED_MODEL && i < INPUTS; ++i)
    EXPECT(y[i] == expected(0, 0, i));
  free(ws), free(state);
}

static void test_saved_states(void) {
  size_t bytes = MODEL_workspace_bytes(1, 1), n = RECORD + 32;
  char *ws = aligned(bytes), *state = aligned(RECORD), *copy = aligned(RECORD);
  char *blob = malloc(n), *other = malloc(n);
  float *x = make_inputs(1, T), *y = make_outputs(1, T);
  EXPECT(MODEL_forward(x, y, 1, NULL, T, state, NULL, ws, bytes) == OK);
  EXPECT(MODEL_state_save(state, blob, n - 1) == E_BLOB_SIZE);
  EXPECT(MODEL_state_save(state, blob, n) == OK);
  EXPECT(MODEL_state_load(copy, blob, n) == OK);
  EXPECT(memcmp(state, copy, RECORD) == 0);
  EXPECT(MODEL_state_load(copy, blob, n - 1) == E_BLOB_SIZE);
  EXPECT(MODEL_state_load(copy, blob, 0) == E_BLOB_SIZE);
  EXPECT(MODEL_state_load(NULL, blob, n) == E_ARG);
  EXPECT(MODEL_state_load(copy + 1, blob, n) == E_ALIGN);
  static const struct {
    int offset, error;
  } flips[] = {{0, E_BLOB_MAGIC},
               {8, E_BLOB_VERSION},
               {16, E_BLOB_MODEL},
               {24, E_BLOB_SIZE}};
  for (size_t i = 0; i < sizeof flips / sizeof flips[0]; ++i) {
    memcpy(other, blob, n);
    other[flips[i].offset] ^= 1;
    EXPECT(MODEL_state_load(copy, other, n) == flips[i].error);
  }
  EXPECT(memcmp(state, copy, RECORD) == 0);
  free(ws), free(state), free(copy), free(blob), free(other), free(x), free(y);
}

static void test_executor(const ssmc_executor *executor) {
  static const int64_t ragged[N] = {13, 1, 5, 10, 11, 4, 12, 13, 9, 6, 2};
  for (int with_states = 0; with_states < 2; ++with_states) {
    test_forward(executor, NULL, with_states);
    test_forward(executor, ragged, with_states);
  }
  test_streaming(executor);
}

int main(void) {
  test_executor(NULL);
  for (int e = 0; e < EXECUTORS; ++e)
    for (int32_t workers = 1; workers <= 8; workers += workers < 3 ? 1 : 5) {
      ssmc_executor executor = {workers, executors[e].parallel_for, yield_cpu};
      test_executor(&executor);
      if (failures) {
        printf("%s, %d workers\n", executors[e].name, workers);
        return 1;
      }
    }
  test_errors();
  test_failing_executors();
  test_no_steps();
  test_saved_states();
  if (!failures)
    puts("all rules hold");
  return failures != 0;
}
