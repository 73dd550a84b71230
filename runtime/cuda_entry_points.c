/* Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * The C API of a model compiled for GPUs, around its kernels. The build
 * compiles this file to LLVM IR that is part of the compiler; for each model it
 * is linked with the kernels' image and their table, the constants get their
 * values, and MODEL_ becomes the model's name. The generated header documents
 * the functions (lib/Target/CudaHeader.h.template).
 *
 * Parameters that only some models have (`weights`, `dt`) are removed from the
 * functions of all others, as in entry_points.c.
 *
 * Memory is allocated and freed where a model is opened and closed, and where
 * weights are loaded (cuda_load.c), nowhere else, and nothing is kept between
 * calls but in the handle. */

#include "cuda_schedule.h"
#include "cuda_weights.h"
#include "saved_states.h"

const char *MODEL_strerror(int error) { return get_cuda_message(error); }

/* -- Arguments ------------------------------------------------------------- */

/* What the pointers show: what they point to is in the device's memory. */
static int check_data(const struct cuda_call *call) {
  bool reads = call->T > 0;
  bool writes = call->y || !model_pooled;
  if (!can_exist(call->n, call->T, model_inputs, VALUE_BYTES) ||
      !can_exist(call->n, model_pooled ? 1 : call->T, model_outputs,
                 VALUE_BYTES) ||
      !can_exist(call->n, model_state_bytes, 1, 1) || (reads && !call->x) ||
      (reads && writes && !call->y) || (reads && model_takes_dt && !call->dt))
    return E_ARG;
  if (call->kind == FORWARD && model_pooled && call->T == 0)
    return E_ARG;
  return OK;
}

static int check_alignment(const struct cuda_call *call) {
  return is_aligned(call->x, VALUE_BYTES) && is_aligned(call->y, VALUE_BYTES) &&
                 is_aligned(call->dt, VALUE_BYTES) &&
                 is_aligned(call->states, RECORD_ALIGNMENT) &&
                 is_aligned(call->ids, sizeof(int64_t)) &&
                 is_aligned(call->lengths, sizeof(int64_t))
             ? OK
             : E_ALIGN;
}

static int check_workspace(const struct cuda_call *call, size_t ws_bytes) {
  int64_t needed;
  if (!get_workspace_bytes(call, &needed) || ws_bytes < (size_t)needed)
    return E_WORKSPACE;
  if (needed > 0 && !call->ws)
    return E_ARG;
  return needed == 0 || is_aligned(call->ws, RECORD_ALIGNMENT) ? OK : E_ALIGN;
}

static int check_and_run(struct cuda_call *call,
                         const struct MODEL_cuda_weights *weights,
                         size_t ws_bytes) {
  if (!call->cuda)
    return E_ARG;
  int error = find_packed(call->cuda, weights, &call->weights);
  if (error != OK)
    return error;
  if (call->n < 0 || call->T < 0)
    return E_ARG;
  if (call->n == 0)
    return OK;
  if (call->kind != FORWARD && !call->states)
    return E_ARG;
  error = check_data(call);
  if (error == OK)
    error = check_alignment(call);
  if (error == OK)
    error = check_workspace(call, ws_bytes);
  if (error == OK)
    error = enter(call->cuda);
  return error == OK ? leave(call->cuda, queue(call)) : error;
}

/* -- The API --------------------------------------------------------------- */

int MODEL_cuda_open(struct MODEL_cuda **handle, int device) {
  if (!handle)
    return E_ARG;
  *handle = NULL;
  if (device < 0 && device != CURRENT_CONTEXT)
    return E_ARG;
  struct MODEL_cuda *cuda =
      calloc(1, sizeof *cuda +
                    (size_t)model_kernel_count * sizeof(struct device_kernel));
  if (!cuda)
    return E_CUDA_MEMORY;
  int error = open_model(cuda, device);
  if (error == OK)
    *handle = cuda;
  else
    close_model(cuda);
  return error;
}

int MODEL_cuda_close(struct MODEL_cuda *cuda) {
  return cuda ? close_model(cuda) : OK;
}

int MODEL_cuda_state_reset(struct MODEL_cuda *cuda, void *states, int64_t first,
                           int64_t count, void *stream) {
  int error = cuda ? check_records(states, first, count) : E_ARG;
  if (error != OK || count == 0)
    return error;
  error = enter(cuda);
  if (error != OK)
    return error;
  return leave(cuda,
               clear_records(cuda, (char *)states + first * model_state_bytes,
                             count, stream));
}

size_t MODEL_cuda_workspace_bytes(const struct MODEL_cuda *cuda, int64_t n,
                                  int64_t T) {
  int64_t bytes;
  if (!cuda || n < 0 || T < 0 || !get_most_workspace_bytes(cuda, n, T, &bytes))
    return 0;
  return (size_t)bytes;
}

int MODEL_cuda_step(struct MODEL_cuda *cuda,
                    const struct MODEL_cuda_weights *weights, void *states,
                    const int64_t *ids, int64_t n, const void *x,
                    const float *dt, float *y, void *ws, size_t ws_bytes,
                    void *stream) {
  struct cuda_call call = {.kind = STEP,
                           .cuda = cuda,
                           .states = states,
                           .ids = ids,
                           .n = n,
                           .T = 1,
                           .x = x,
                           .dt = dt,
                           .y = y,
                           .ws = ws,
                           .stream = stream};
  return check_and_run(&call, weights, ws_bytes);
}

int MODEL_cuda_chunk(struct MODEL_cuda *cuda,
                     const struct MODEL_cuda_weights *weights, void *states,
                     const int64_t *ids, int64_t n, const int64_t *lengths,
                     int64_t T, const void *x, const float *dt, float *y,
                     void *ws, size_t ws_bytes, void *stream) {
  struct cuda_call call = {.kind = CHUNK,
                           .cuda = cuda,
                           .states = states,
                           .ids = ids,
                           .lengths = lengths,
                           .n = n,
                           .T = T,
                           .x = x,
                           .dt = dt,
                           .y = y,
                           .ws = ws,
                           .stream = stream};
  return check_and_run(&call, weights, ws_bytes);
}

int MODEL_cuda_forward(struct MODEL_cuda *cuda,
                       const struct MODEL_cuda_weights *weights, const void *x,
                       const float *dt, float *y, int64_t batch,
                       const int64_t *lengths, int64_t L, void *final_states,
                       void *ws, size_t ws_bytes, void *stream) {
  struct cuda_call call = {.kind = FORWARD,
                           .cuda = cuda,
                           .states = final_states,
                           .lengths = lengths,
                           .n = batch,
                           .T = L,
                           .x = x,
                           .dt = dt,
                           .y = y,
                           .ws = ws,
                           .stream = stream};
  if (batch > 0 && !y && !final_states && L > 0)
    return E_ARG;
  return check_and_run(&call, weights, ws_bytes);
}
