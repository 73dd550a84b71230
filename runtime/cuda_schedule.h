/* Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * Which kernels a call launches, and on what; a part of cuda_entry_points.c.
 *
 * A call is a launch, or one for each unit, piece and group of streams, and
 * memsets in front of some, queued on the caller's stream: nothing waits, and
 * nothing is allocated. Each scheme is a
 * function that says how much workspace it needs and a function that queues its
 * launches; get_scheme chooses between them by numbers that the host knows
 * (lengths and ids are in the device's memory).
 *
 * There are three:
 *   rows     one time step of many streams: ssm_rows, whose thread blocks share
 *            them out evenly
 *   streams  many time steps: ssm_time, a thread block per stream, which takes
 *            it through all layers chunk by chunk
 *   pieces   many time steps of fewer streams than ssm_time has places on the
 *            device, or of any number where that is faster: cuda_pieces.h */
#ifndef SSMC_CUDA_SCHEDULE_H
#define SSMC_CUDA_SCHEDULE_H

#include "cuda_pieces.h"

enum scheme { ROWS_SCHEME, STREAMS_SCHEME, PIECES_SCHEME };

static enum scheme get_scheme(const struct cuda_call *call) {
  if (call->kind == STEP)
    return ROWS_SCHEME;
  return pays_in_pieces(call) ? PIECES_SCHEME : STREAMS_SCHEME;
}

/* -- Workspace ------------------------------------------------------------- */

/* Records of streams whose final state nobody wants. */
static bool get_record_bytes(const struct cuda_call *call, int64_t *bytes) {
  bool own = call->kind == FORWARD && !call->states;
  return !__builtin_mul_overflow(own ? call->n : 0, model_state_bytes, bytes);
}

/* Returns whether the size of the workspace of a call can be told. */
static bool get_workspace_bytes(const struct cuda_call *call, int64_t *bytes) {
  switch (get_scheme(call)) {
  case ROWS_SCHEME:
    *bytes = 0;
    return true;
  case STREAMS_SCHEME:
    return get_record_bytes(call, bytes);
  case PIECES_SCHEME:
    return get_record_bytes(call, bytes) &&
           !__builtin_add_overflow(*bytes, get_group_bytes(call), bytes);
  }
  return false;
}

/* The same for any call with up to n streams and T time steps. Fewer streams,
 * cut into pieces, can need more than many. */
static bool get_most_workspace_bytes(const struct MODEL_cuda *cuda, int64_t n,
                                     int64_t T, int64_t *bytes) {
  struct cuda_call call = {.kind = FORWARD, .cuda = cuda, .n = n, .T = T};
  int64_t records, most = 0, group = get_least_chunks(cuda);
  bool can_tell = get_record_bytes(&call, &records);
  for (call.n = 1; call.n <= n && call.n <= group && pays_in_pieces(&call);
       ++call.n) {
    int64_t pieces = get_piece_bytes(&call);
    most = pieces > most ? pieces : most;
  }
  return can_tell && !__builtin_add_overflow(records, most, bytes);
}

/* -- Launches -------------------------------------------------------------- */

/* ssm_rows(weights, states, ids, n, x, y), and dt where the model takes it: a
 * launch reads no more parameters than the kernel has. */
static int run_rows(const struct cuda_call *call) {
  cu_pointer weights = call->weights;
  char *states = call->states;
  const int64_t *ids = call->ids;
  int64_t n = call->n;
  const void *x = call->x;
  float *y = call->y;
  const float *dt = call->dt;
  void *parameters[] = {&weights, &states, &ids, &n, &x, &y, &dt};
  return launch(call, model_rows_kernel, n, parameters);
}

/* ssm_time(weights, states, ids, n, lengths, L, x, y), and dt likewise. */
static int run_streams(const struct cuda_call *call, char *states) {
  cu_pointer weights = call->weights;
  const int64_t *ids = call->ids, *lengths = call->lengths;
  int64_t n = call->n, steps = call->T;
  const void *x = call->x;
  float *y = call->y;
  const float *dt = call->dt;
  void *parameters[] = {&weights, &states, &ids, &n, &lengths,
                        &steps,   &x,      &y,   &dt};
  return launch(call, model_time_kernel, n, parameters);
}

/* -- Calls ----------------------------------------------------------------- */

static int clear_records(const struct MODEL_cuda *cuda, char *records,
                         int64_t count, cu_stream stream) {
  return from_result(cuda->driver.memset_async(
      (cu_pointer)records, 0,
      (size_t)(count * model_state_bytes / (int64_t)sizeof(uint32_t)), stream));
}

static bool has_nothing_to_do(const struct cuda_call *call) {
  return call->T == 0 && (!model_pooled || !call->y);
}

static int queue(const struct cuda_call *call) {
  char *states = call->states ? call->states : call->ws;
  int64_t record_bytes;
  int error = get_record_bytes(call, &record_bytes) ? OK : E_ARG;
  if (error == OK && call->kind == FORWARD && states)
    error = clear_records(call->cuda, states, call->n, call->stream);
  if (error != OK || has_nothing_to_do(call))
    return error;
  switch (get_scheme(call)) {
  case ROWS_SCHEME:
    return run_rows(call);
  case STREAMS_SCHEME:
    return run_streams(call, states);
  case PIECES_SCHEME:
    return run_pieces(call, states, call->ws + record_bytes);
  }
  return E_ARG;
}

#endif /* SSMC_CUDA_SCHEDULE_H */
