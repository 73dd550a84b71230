/* Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * The C API of a compiled model, around the functions that the compiler
 * generates for it. The build compiles this file to LLVM IR that is part of the
 * compiler; for each model it is linked with the generated functions, the
 * constants below get their values, and MODEL_ becomes the model's name. The
 * generated header documents the functions (lib/Target/EmitHeader.cpp).
 *
 * Parameters that only some models have (`weights`, `dt`) are removed from the
 * functions of all others (lib/Target/EntryPoints.cpp); here they are NULL
 * then.
 *
 * Nothing here computes with floating-point numbers, allocates, or keeps
 * anything between calls. */

#include "arguments.h"
#include "messages.h"
#include "model.h"
#include "saved_states.h"
#include "schedule.h"
#include "ssmc_executor.h"
#include "weights.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* -- Errors ---------------------------------------------------------------- */

const char *MODEL_strerror(int error) { return get_message(error); }

/* -- Arguments ------------------------------------------------------------- */

size_t MODEL_workspace_bytes(int64_t n, int32_t workers) {
  int64_t bytes;
  if (n < 0 || workers < 1 || model_sequence_bytes > 0 ||
      !get_workspace_bytes(0, workers, &bytes))
    return 0;
  return (size_t)bytes;
}

size_t MODEL_forward_workspace_bytes(int64_t L, int32_t workers) {
  int64_t bytes;
  if (L < 0 || workers < 1 || !get_workspace_bytes(L, workers, &bytes))
    return 0;
  return (size_t)bytes;
}

static int check_data(const struct call *call) {
  bool reads = call->T > 0;
  bool writes = call->y || !model_pooled;
  if (!can_exist(call->n, call->T, model_inputs, VALUE_BYTES) ||
      !can_exist(call->n, model_pooled ? 1 : call->T, model_outputs,
                 VALUE_BYTES) ||
      (reads && !call->x) || (reads && writes && !call->y) ||
      (reads && model_takes_dt && !call->dt))
    return E_ARG;
  if (!is_aligned(call->x, VALUE_BYTES) || !is_aligned(call->dt, VALUE_BYTES) ||
      !is_aligned(call->y, VALUE_BYTES))
    return E_ALIGN;
  return OK;
}

static int check_streams(const struct call *call) {
  if (!is_aligned(call->states, RECORD_ALIGNMENT) ||
      !is_aligned(call->ids, sizeof(int64_t)) ||
      !is_aligned(call->lengths, sizeof(int64_t)))
    return E_ALIGN;
  int64_t most = INT64_MAX / model_state_bytes;
  if (call->n > most)
    return E_ARG;
  bool needs_steps = model_pooled && call->kind == FORWARD;
  for (int64_t i = 0; call->ids && i < call->n; ++i)
    if (call->ids[i] < 0 || call->ids[i] >= most)
      return E_ARG;
  for (int64_t i = 0; call->lengths && i < call->n; ++i)
    if (call->lengths[i] < needs_steps || call->lengths[i] > call->T)
      return E_ARG;
  return needs_steps && call->T == 0 ? E_ARG : OK;
}

static int check_workers(const struct call *call, size_t ws_bytes) {
  const ssmc_executor *executor = call->executor;
  if (executor && (executor->workers < 1 || !executor->parallel_for))
    return E_ARG;
  if (!call->ws)
    return E_ARG;
  if (!is_aligned(call->ws, RECORD_ALIGNMENT))
    return E_ALIGN;
  int64_t needed;
  bool fits =
      get_workspace_bytes(call->T, executor ? executor->workers : 1, &needed);
  return !fits || ws_bytes < (size_t)needed ? E_WORKSPACE : OK;
}

static int check_and_run(struct call *call, const void *weights,
                         size_t ws_bytes) {
  uint64_t hash;
  int error = find_weights(weights, &call->weights, &hash);
  if (error != OK)
    return error;
  if (call->n < 0 || call->T < 0)
    return E_ARG;
  if (call->n == 0)
    return OK;
  error = check_streams(call);
  if (error == OK)
    error = check_data(call);
  if (error == OK)
    error = check_workers(call, ws_bytes);
  if (error != OK)
    return error;
  return run_call(call) ? OK : E_EXECUTOR;
}

/* -- The API --------------------------------------------------------------- */

int MODEL_step(const void *weights, void *states, const int64_t *ids, int64_t n,
               const void *x, const float *dt, float *y,
               const ssmc_executor *executor, void *ws, size_t ws_bytes) {
  struct call call = {.kind = STEP,
                      .states = states,
                      .ids = ids,
                      .n = n,
                      .T = 1,
                      .x = x,
                      .dt = dt,
                      .y = (char *)y,
                      .executor = executor,
                      .ws = ws};
  if (model_sequence_bytes > 0)
    return E_BIDIRECTIONAL;
  if (n > 0 && !states)
    return E_ARG;
  return check_and_run(&call, weights, ws_bytes);
}

int MODEL_chunk(const void *weights, void *states, const int64_t *ids,
                int64_t n, const int64_t *lengths, int64_t T, const void *x,
                const float *dt, float *y, const ssmc_executor *executor,
                void *ws, size_t ws_bytes) {
  struct call call = {.kind = CHUNK,
                      .states = states,
                      .ids = ids,
                      .lengths = lengths,
                      .n = n,
                      .T = T,
                      .x = x,
                      .dt = dt,
                      .y = (char *)y,
                      .executor = executor,
                      .ws = ws};
  if (model_sequence_bytes > 0)
    return E_BIDIRECTIONAL;
  if (n > 0 && !states)
    return E_ARG;
  return check_and_run(&call, weights, ws_bytes);
}

int MODEL_forward(const void *weights, const void *x, const float *dt, float *y,
                  int64_t batch, const int64_t *lengths, int64_t L,
                  void *final_states, const ssmc_executor *executor, void *ws,
                  size_t ws_bytes) {
  struct call call = {.kind = FORWARD,
                      .states = final_states,
                      .lengths = lengths,
                      .n = batch,
                      .T = L,
                      .x = x,
                      .dt = dt,
                      .y = (char *)y,
                      .executor = executor,
                      .ws = ws};
  if (model_sequence_bytes > 0 && final_states)
    return E_BIDIRECTIONAL;
  if (batch > 0 && !y && !final_states && L > 0)
    return E_ARG;
  return check_and_run(&call, weights, ws_bytes);
}
