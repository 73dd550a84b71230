/* Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * The part of a compiled model's C API that runs it in training mode, beside
 * entry_points.c: see there how it becomes part of an object.
 *
 * A norm in training mode needs statistics of all that enters it, over batch
 * and time, before it gives anything. So all rows go through one step before
 * any goes through the next; between steps they lie in the workspace. */

#include "arguments.h"
#include "cpu.h"
#include "errors.h"
#include "model.h"
#include "ssmc_executor.h"
#include "train_keys.h"
#include "train_model.h"
#include "train_statistics.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A call whose arguments are checked. */
struct train_call {
  const char *statistics_in;
  char *statistics_out;
  const uint32_t *keys;
  const char *x;
  char *y;
  int64_t batch, L;
  const ssmc_executor *executor;
  int32_t workers;
  char *ws;
  /* Of the phase that runs now. */
  const struct train_step *step;
  bool takes_statistics;
  const char *from;
  char *to;
};

/* -- Workspace ------------------------------------------------------------- */

/* For each worker a slice: workspace of the generated function, a record, keys.
 * Behind them the rows between two steps, a norm's moments and columns, and the
 * counter of tickets. */
enum { KEY_BYTES = 2 * 4, COUNTER_BYTES = 128 };

static int64_t slice_bytes(void) {
  return train_workspace_bytes + train_state_bytes + MOST_KEYS * KEY_BYTES;
}

/* Returns whether the size of a buffer for rows can be told. */
static bool get_buffer_bytes(int64_t batch, int64_t L, int64_t *bytes) {
  if (__builtin_mul_overflow(batch, L, bytes) ||
      __builtin_mul_overflow(*bytes, train_width * VALUE_BYTES, bytes) ||
      __builtin_add_overflow(*bytes, RECORD_ALIGNMENT - 1, bytes))
    return false;
  *bytes &= -(int64_t)RECORD_ALIGNMENT;
  return true;
}

static int64_t norm_bytes(void) {
  return train_features * (2 * (int64_t)sizeof(double) + 2 * VALUE_BYTES);
}

size_t MODEL_train_workspace_bytes(int64_t batch, int64_t L, int32_t workers) {
  int64_t buffers, slices, bytes;
  if (batch < 1 || L < 1 || workers < 1 ||
      !get_buffer_bytes(batch, L, &buffers) ||
      __builtin_mul_overflow(buffers, train_buffers, &buffers) ||
      __builtin_mul_overflow(slice_bytes(), (int64_t)workers, &slices) ||
      __builtin_add_overflow(buffers, slices, &bytes) ||
      __builtin_add_overflow(bytes, norm_bytes() + COUNTER_BYTES, &bytes))
    return 0;
  return (size_t)bytes;
}

static char *slice_of(const struct train_call *call, int32_t worker) {
  return call->ws + worker * slice_bytes();
}

static char *buffer_of(const struct train_call *call, int64_t i) {
  int64_t bytes = 0;
  get_buffer_bytes(call->batch, call->L, &bytes);
  return slice_of(call, call->workers) + i * bytes;
}

static double *moments_of(const struct train_call *call) {
  return (double *)buffer_of(call, train_buffers);
}

static float *columns_of(const struct train_call *call) {
  return (float *)(moments_of(call) + 2 * train_features);
}

static int64_t *next_ticket(const struct train_call *call) {
  return (int64_t *)(columns_of(call) + 2 * train_features);
}

/* -- A phase --------------------------------------------------------------- */

/* All rows of a batch element through the step. */
static void run_element(const struct train_call *call, int64_t element,
                        char *slice) {
  const struct train_step *step = call->step;
  char *record = slice + train_workspace_bytes;
  uint32_t *keys = (uint32_t *)(record + train_state_bytes);
  const char *weights = model_weights + train_blob_offset;
  if (call->keys)
    make_keys(step, call->keys + 2 * element, keys);
  __builtin_memset(record, 0, (size_t)train_state_bytes);
  for (int64_t t = 0; t < call->L; t += train_chunk_rows) {
    int64_t left = call->L - t;
    int64_t n = left < train_chunk_rows ? left : train_chunk_rows;
    int64_t row = element * call->L + t;
    ssm_train_rows(step->unit, weights + step->blob, record, columns_of(call),
                   keys, t, call->keys ? n : 0, n,
                   call->from + row * step->in * VALUE_BYTES,
                   call->to + row * step->out * VALUE_BYTES, slice);
  }
  if (step->kind != POOL)
    return;
  const struct train_step *answer = step + 1;
  ssm_train_rows(answer->unit, weights + answer->blob, record, columns_of(call),
                 keys, 0, 0, 1, NULL,
                 call->y + element * model_outputs * VALUE_BYTES, slice);
}

static void run_ticket(const struct train_call *call, int64_t ticket,
                       char *slice) {
  if (!call->takes_statistics) {
    run_element(call, ticket, slice);
    return;
  }
  double *mean = moments_of(call), *var = mean + train_features;
  take_moments((const float *)call->from, call->batch * call->L, call->step->in,
               ticket, mean, var);
}

static int64_t count_tickets(const struct train_call *call) {
  if (!call->takes_statistics)
    return call->batch;
  return (train_norms[call->step->norm].features + PANEL - 1) / PANEL;
}

/* Not inlined, and neither are the next ones: see cpu.h. */
__attribute__((noinline)) static void run_all(const struct train_call *call,
                                              int64_t tickets) {
  for (int64_t ticket = 0; ticket < tickets; ++ticket)
    run_ticket(call, ticket, call->ws);
}

__attribute__((noinline)) static void
draw_tickets(const struct train_call *call, int32_t worker) {
  int64_t ticket, tickets = count_tickets(call);
  while ((ticket = __atomic_fetch_add(next_ticket(call), 1, __ATOMIC_RELAXED)) <
         tickets)
    run_ticket(call, ticket, slice_of(call, worker));
}

static void run_body(void *context, int64_t i, int32_t worker) {
  (void)i;
  uint64_t mode = set_own_fp_mode();
  draw_tickets(context, worker);
  restore_fp_mode(mode);
}

/* Returns whether all work was done. */
static bool run_phase(struct train_call *call) {
  int64_t tickets = count_tickets(call);
  if (call->workers == 1 || tickets == 1) {
    uint64_t mode = set_own_fp_mode();
    run_all(call, tickets);
    restore_fp_mode(mode);
    return true;
  }
  __atomic_store_n(next_ticket(call), 0, __ATOMIC_RELAXED);
  int64_t bodies = tickets < call->workers ? tickets : call->workers;
  int error =
      call->executor->parallel_for(call->executor, bodies, run_body, call);
  return !error &&
         __atomic_load_n(next_ticket(call), __ATOMIC_RELAXED) >= tickets;
}

/* -- All steps ------------------------------------------------------------- */

__attribute__((noinline)) static void
update_columns(const struct train_call *call) {
  const double *mean = moments_of(call);
  const struct train_norm *norm = &train_norms[call->step->norm];
  int64_t panels = (norm->features + PANEL - 1) / PANEL;
  float *shift = columns_of(call), *scale = shift + panels * PANEL;
  for (int64_t i = norm->features; i < panels * PANEL; ++i)
    shift[i] = scale[i] = 0;
  update_norm(norm, call->statistics_in, call->statistics_out, mean,
              mean + train_features, shift, scale);
}

static bool run_norm(struct train_call *call) {
  if (call->step->norm < 0)
    return true;
  call->takes_statistics = true;
  bool done = run_phase(call);
  call->takes_statistics = false;
  if (!done)
    return false;
  uint64_t mode = set_own_fp_mode();
  update_columns(call);
  restore_fp_mode(mode);
  return true;
}

/* Returns whether all work was done. */
static bool run_steps(struct train_call *call) {
  int64_t buffer = 0;
  call->from = call->x;
  for (int64_t i = 0; i < train_step_count; ++i) {
    call->step = &train_steps[i];
    if (call->step->kind == ANSWER)
      continue;
    call->to = (char *)call->from;
    if (!call->step->in_place)
      call->to = i + 1 == train_step_count ? call->y : buffer_of(call, buffer);
    if (!run_norm(call) || !run_phase(call))
      return false;
    if (!call->step->in_place)
      buffer = (buffer + 1) % train_buffers;
    call->from = call->to;
  }
  return true;
}

/* -- The API --------------------------------------------------------------- */

static int check_pointers(const struct train_call *call) {
  if (!call->x || !call->y || !call->ws)
    return E_ARG;
  if (!is_aligned(call->statistics_in, VALUE_BYTES) ||
      !is_aligned(call->statistics_out, VALUE_BYTES) ||
      !is_aligned(call->keys, VALUE_BYTES) ||
      !is_aligned(call->x, VALUE_BYTES) || !is_aligned(call->y, VALUE_BYTES) ||
      !is_aligned(call->ws, RECORD_ALIGNMENT))
    return E_ALIGN;
  return OK;
}

int MODEL_train_forward(const void *statistics_in, void *statistics_out,
                        const uint32_t *keys, const void *x, float *y,
                        int64_t batch, int64_t L, const ssmc_executor *executor,
                        void *ws, size_t ws_bytes) {
  struct train_call call = {
      .statistics_in = statistics_in ? (const char *)statistics_in
                                     : model_weights + train_statistics_offset,
      .statistics_out = (char *)statistics_out,
      .keys = keys,
      .x = (const char *)x,
      .y = (char *)y,
      .batch = batch,
      .L = L,
      .executor = executor,
      .workers = executor ? executor->workers : 1,
      .ws = (char *)ws};
  if (batch < 1 || L < 1 || !can_exist(batch, L, model_inputs, VALUE_BYTES) ||
      !can_exist(batch, model_pooled ? 1 : L, model_outputs, VALUE_BYTES) ||
      (executor && (executor->workers < 1 || !executor->parallel_for)))
    return E_ARG;
  int error = check_pointers(&call);
  if (error != OK)
    return error;
  size_t needed = MODEL_train_workspace_bytes(batch, L, call.workers);
  if (needed == 0 || ws_bytes < needed)
    return E_WORKSPACE;
  return run_steps(&call) ? OK : E_EXECUTOR;
}
