/* Stands in for generated code under runtime/entry_points.c: a model whose
 * output is the sum of its inputs so far, per feature; with POOLED, one answer
 * per stream, their mean; with BIDIRECTIONAL, the sum of the inputs from a time
 * step on. Aborts when it is called against the rules. */
#include "model.h"
#include <stddef.h>
#include <stdlib.h>

#ifndef MODEL_ROWS
#define MODEL_ROWS 5
#endif
enum { INPUTS = 3, ROWS = MODEL_ROWS };

const int64_t model_state_bytes = 192;
const int64_t model_workspace_bytes = 128;
const int64_t model_rows = ROWS;
const int64_t model_units = INPUTS; /* each feature's sum is passed on alone */
const int64_t model_inputs = INPUTS;
const int64_t model_outputs = INPUTS;
#ifdef POOLED
const bool model_pooled = true;
#else
const bool model_pooled = false;
#endif
const uint64_t model_hash = 0x1234567890abcdefu;
const bool model_takes_weights = false;
const bool model_takes_dt = false;
#ifdef BIDIRECTIONAL
enum { KEPT = 64 }; /* of each time step */
#else
enum { KEPT = 0 };
#endif
const int64_t model_sequence_bytes = KEPT;
const int64_t model_packed_bytes = 1;
const char model_weights[1] = {7};

struct record {
  float sums[INPUTS];
  int32_t count;
};

static void require(bool condition) {
  if (!condition)
    abort();
}

/* What a test does in the middle of the work: it may take its time. `unit` is
 * the one that waits for its turn next, or -1. */
void (*fake_pause)(int unit);

static void pause_here(int unit) {
  if (fake_pause)
    fake_pause(unit);
}

static void advance(const char *weights, char *record, int64_t n,
                    const struct turn *turn, const float *x, float *y,
                    char *ws) {
  struct record *state = (struct record *)record;
  require(weights == model_weights && weights[0] == 7);
  require((uintptr_t)record % 64 == 0 && (uintptr_t)ws % 64 == 0);
  require(model_pooled ? y == NULL : y != NULL);
  require(KEPT == 0);
  for (int i = 0; i < INPUTS; ++i) {
    for (int k = 0; k < 128; ++k) /* all of the workspace is the model's */
      ws[k] = (char)k;
    pause_here(i);
    ssm_await(turn, i);
    for (int64_t t = 0; t < n; ++t) {
      state->sums[i] += x[t * INPUTS + i];
      if (y)
        y[t * INPUTS + i] = state->sums[i];
    }
    pause_here(-1);
    if (i == INPUTS - 1)
      state->count += (int32_t)n;
    ssm_release(turn, i);
  }
}

void ssm_rows(const char *weights, char *states, const int64_t *ids,
              int64_t first, int64_t stride, int64_t n, const struct turn *turn,
              const void *x, float *y, char *ws) {
  require(n >= 1 && n <= ROWS);
  if (stride == 0) {
    require(!ids && first == 0 && n < ROWS);
    advance(weights, states, n, turn, x, y, ws);
    return;
  }
  require(stride == 1 && !turn);
  for (int64_t r = 0; r < n; ++r)
    advance(weights, states + (ids ? ids[r] : first + r) * model_state_bytes, 1,
            NULL, (const float *)x + r * INPUTS, y ? y + r * INPUTS : NULL, ws);
}

void ssm_step(const char *weights, char *record, const void *x, float *y,
              char *ws) {
  advance(weights, record, 1, NULL, x, y, ws);
}

void ssm_chunk_full(const char *weights, char *record, const struct turn *turn,
                    const void *x, float *y, char *ws) {
  advance(weights, record, ROWS, turn, x, y, ws);
}

void ssm_answers(const char *weights, const char *states, const int64_t *ids,
                 int64_t first, int64_t n, float *y, char *ws) {
  pause_here(-1);
  require(model_pooled && y && weights && ws && n > 0 && n <= ROWS);
  for (int64_t r = 0; r < n; ++r) {
    int64_t place = ids ? ids[r] : first + r;
    const struct record *state =
        (const struct record *)(states + place * model_state_bytes);
    for (int i = 0; i < INPUTS; ++i)
      y[r * INPUTS + i] =
          state->count ? state->sums[i] / (float)state->count : -1.0f;
  }
}

/* Never called: the model takes no time deltas. */
void ssm_chunk_full_timed(const char *weights, char *record,
                          const struct turn *turn, const void *x,
                          const float *dt, float *y, char *ws) {
  (void)weights, (void)record, (void)turn, (void)x, (void)dt, (void)y, (void)ws;
  abort();
}
void ssm_step_timed(const char *weights, char *record, const void *x,
                    const float *dt, float *y, char *ws) {
  (void)weights, (void)record, (void)x, (void)dt, (void)y, (void)ws;
  abort();
}
void ssm_rows_timed(const char *weights, char *states, const int64_t *ids,
                    int64_t first, int64_t stride, int64_t n,
                    const struct turn *turn, const void *x, const float *dt,
                    float *y, char *ws) {
  (void)weights, (void)states, (void)ids, (void)first, (void)stride, (void)n;
  (void)turn, (void)x, (void)dt, (void)y, (void)ws;
  abort();
}

/* Keeps the inputs of all time steps, and goes through them backwards. All of
 * the workspace and of what is kept is the model's. */
void ssm_sequence(const char *weights, char *record, int64_t n, const void *x,
                  char *store, float *y, char *ws) {
  struct record *state = (struct record *)record;
  require(KEPT > 0 && n >= 0 && weights == model_weights);
  require((uintptr_t)record % 64 == 0 && (uintptr_t)ws % 64 == 0 &&
          (uintptr_t)store % 64 == 0);
  require(model_pooled ? y == NULL : y != NULL || n == 0);
  for (int64_t k = 0; k < model_state_bytes; ++k)
    require(record[k] == 0);
  for (int64_t k = 0; k < model_workspace_bytes; ++k)
    ws[k] = (char)k;
  for (int64_t k = 0; k < n * KEPT; ++k)
    store[k] = (char)k;
  for (int64_t t = 0; t < n; ++t)
    for (int i = 0; i < INPUTS; ++i)
      ((float *)(store + t * KEPT))[i] = ((const float *)x)[t * INPUTS + i];
  pause_here(-1);
  for (int64_t t = n - 1; t >= 0; --t)
    for (int i = 0; i < INPUTS; ++i) {
      state->sums[i] += ((const float *)(store + t * KEPT))[i];
      if (y)
        y[t * INPUTS + i] = state->sums[i];
    }
  state->count = (int32_t)n;
}

/* Never called, either. */
void ssm_sequence_timed(const char *weights, char *record, int64_t n,
                        const void *x, const float *dt, char *store, float *y,
                        char *ws) {
  (void)weights, (void)record, (void)n, (void)x, (void)dt, (void)store;
  (void)y, (void)ws;
  abort();
}
