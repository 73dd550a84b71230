/* Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * The C API of a compiled model, around the functions that the compiler
 * generates for it. The build compiles this file to LLVM IR that is part of the
 * compiler; for each model it is linked with the generated functions, the
 * constants below get their values, and MODEL_ becomes the model's name. The
 * generated header documents the functions (lib/Target/EmitHeader.cpp).
 *
 * Nothing here computes with floating-point numbers, allocates, or keeps
 * anything between calls. */

#include "cpu.h"
#include "errors.h"
#include "ssmc_executor.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* -- What the compiler knows about the model ------------------------------- */

extern const int64_t model_state_bytes;     /* of a stream's record */
extern const int64_t model_workspace_bytes; /* of a generated function's */
extern const int64_t model_rows;            /* most streams in ssm_rows */
extern const int64_t model_steps;           /* time steps in ssm_chunk_full */
extern const int64_t model_inputs;          /* of a time step */
extern const int64_t model_outputs;         /* of a time step, or a stream */
extern const bool model_pooled;             /* one answer per stream */
extern const uint64_t model_hash;           /* of configuration and weights */
extern const char model_weights[];          /* packed parameters */

/* One time step of n <= model_rows streams: row r uses the record number
 * ids ? ids[r] : first + r, x is (n, inputs), y is (n, outputs). */
void ssm_rows(const char *weights, char *states, const int64_t *ids,
              int64_t first, int64_t n, const void *x, float *y, char *ws);
/* One time step of one stream. */
void ssm_step(const char *weights, char *record, const void *x, float *y,
              char *ws);
/* model_steps time steps of one stream: x is (steps, inputs). */
void ssm_chunk_full(const char *weights, char *record, const void *x, float *y,
                    char *ws);
/* n < model_steps time steps of one stream. */
void ssm_chunk_tail(const char *weights, char *record, int64_t n, const void *x,
                    float *y, char *ws);
/* The answer of a pooled head for all that a stream has seen. The functions
 * above leave y alone when the model has one. */
void ssm_answer(const char *weights, const char *record, float *y, char *ws);

/* -- Errors ---------------------------------------------------------------- */

/* One block of characters: a table of pointers would need relocations. */
static const char messages[E_COUNT + 1][64] = {
    "no error",
    "argument out of range, or a null pointer where data is needed",
    "pointer not aligned as required",
    "workspace too small",
    "this CPU lacks instructions that the model was compiled for",
    "saved state has the wrong size",
    "not a saved state",
    "saved state is of another version of the format",
    "saved state is of another model, or of other weights",
    "executor did not run all of its work",
    "unknown error"};

const char *MODEL_strerror(int error) {
  return messages[error < 0 || error > E_COUNT ? E_COUNT : error];
}

/* -- Arguments ------------------------------------------------------------- */

enum { RECORD_ALIGNMENT = 64, VALUE_BYTES = 4 /* of float and int32_t */ };

static bool is_aligned(const void *pointer, uintptr_t alignment) {
  return ((uintptr_t)pointer & (alignment - 1)) == 0;
}

/* Whether an array of a * b * c elements of `bytes` each can exist. */
static bool can_exist(int64_t a, int64_t b, int64_t c, int64_t bytes) {
  return !__builtin_mul_overflow(a, b, &a) &&
         !__builtin_mul_overflow(a, c, &a) &&
         !__builtin_mul_overflow(a, bytes, &a);
}

/* Bytes of one worker's slice: workspace of the generated functions, then a
 * record for streams whose final state nobody wants. */
static int64_t slice_bytes(void) {
  return model_workspace_bytes + model_state_bytes;
}

size_t MODEL_workspace_bytes(int64_t n, int32_t workers) {
  int64_t bytes;
  if (n < 0 || workers < 1 ||
      __builtin_mul_overflow(slice_bytes(), (int64_t)workers, &bytes))
    return 0;
  return (size_t)bytes;
}

/* A checked call: n streams of T time steps each. */
struct call {
  enum { STEP, CHUNK, FORWARD } kind;
  char *states; /* records; NULL: the worker's own */
  const int64_t *ids;
  const int64_t *lengths;
  int64_t n;
  int64_t T;
  const char *x;
  char *y;
  const ssmc_executor *executor;
  char *ws;
};

static int check_data(const struct call *call) {
  bool reads = call->T > 0;
  bool writes = call->y || !model_pooled;
  if (!can_exist(call->n, call->T, model_inputs, VALUE_BYTES) ||
      !can_exist(call->n, model_pooled ? 1 : call->T, model_outputs,
                 VALUE_BYTES) ||
      (reads && !call->x) || (reads && writes && !call->y))
    return E_ARG;
  if (!is_aligned(call->x, VALUE_BYTES) || !is_aligned(call->y, VALUE_BYTES))
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
  size_t needed =
      MODEL_workspace_bytes(call->n, executor ? executor->workers : 1);
  return needed == 0 || ws_bytes < needed ? E_WORKSPACE : OK;
}

/* -- The work -------------------------------------------------------------- */

static char *find_record(const struct call *call, int64_t stream) {
  return call->states +
         (call->ids ? call->ids[stream] : stream) * model_state_bytes;
}

static void answer(const struct call *call, int64_t stream, const char *record,
                   char *ws) {
  if (model_pooled && call->y)
    ssm_answer(model_weights, record,
               (float *)(call->y + stream * model_outputs * VALUE_BYTES), ws);
}

/* One time step of the streams first, first + 1, ... of a group. */
static void step_group(const struct call *call, int64_t group, char *ws) {
  int64_t first = group * model_rows;
  int64_t left = call->n - first;
  int64_t n = left < model_rows ? left : model_rows;
  const char *x = call->x + first * model_inputs * VALUE_BYTES;
  float *y = model_pooled
                 ? NULL
                 : (float *)(call->y + first * model_outputs * VALUE_BYTES);
  if (n == 1)
    ssm_step(model_weights, find_record(call, first), x, y, ws);
  else
    ssm_rows(model_weights, call->states, call->ids ? call->ids + first : NULL,
             first, n, x, y, ws);
  for (int64_t i = first; i < first + n; ++i)
    answer(call, i, find_record(call, i), ws);
}

/* `steps` > 0 time steps of one stream; y is NULL when the model is pooled. */
static void run_steps(const char *x, char *y, int64_t steps, char *record,
                      char *ws) {
  int64_t t = 0;
  for (; steps - t >= model_steps; t += model_steps) {
    ssm_chunk_full(model_weights, record, x, (float *)y, ws);
    x += model_steps * model_inputs * VALUE_BYTES;
    y = y ? y + model_steps * model_outputs * VALUE_BYTES : y;
  }
  if (t < steps)
    ssm_chunk_tail(model_weights, record, steps - t, x, (float *)y, ws);
}

/* All time steps of one stream, from the state in its record. */
static void run_stream(const struct call *call, int64_t stream, char *record,
                       char *ws) {
  int64_t steps = call->lengths ? call->lengths[stream] : call->T;
  int64_t first = stream * call->T;
  if (steps > 0)
    run_steps(call->x + first * model_inputs * VALUE_BYTES,
              model_pooled ? NULL
                           : call->y + first * model_outputs * VALUE_BYTES,
              steps, record, ws);
  answer(call, stream, record, ws);
}

static void run_task(const struct call *call, int64_t task, int32_t worker) {
  char *ws = call->ws + worker * slice_bytes();
  if (call->kind == STEP) {
    step_group(call, task, ws);
  } else if (call->kind == CHUNK) {
    run_stream(call, task, find_record(call, task), ws);
  } else {
    char *record =
        call->states ? find_record(call, task) : ws + model_workspace_bytes;
    __builtin_memset(record, 0, (size_t)model_state_bytes);
    run_stream(call, task, record, ws);
  }
}

/* Not inlined: see cpu.h. */
__attribute__((noinline)) static void run_tasks(const struct call *call,
                                                int64_t first, int64_t last,
                                                int32_t worker) {
  for (int64_t task = first; task < last; ++task)
    run_task(call, task, worker);
}

/* In the floating-point mode of cpu.h; the caller gets its own one back. */
static void run_in_own_environment(const struct call *call, int64_t first,
                                   int64_t last, int32_t worker) {
  uint64_t saved = set_own_fp_mode();
  run_tasks(call, first, last, worker);
  restore_fp_mode(saved);
}

static void run_on_worker(void *context, int64_t task, int32_t worker) {
  run_in_own_environment(context, task, task + 1, worker);
}

static int run(const struct call *call, int64_t tasks) {
  if (!call->executor) {
    run_in_own_environment(call, 0, tasks, 0);
    return OK;
  }
  return call->executor->parallel_for(call->executor, tasks, run_on_worker,
                                      (void *)call)
             ? E_EXECUTOR
             : OK;
}

static int check_and_run(const struct call *call, size_t ws_bytes) {
  if (call->n < 0 || call->T < 0)
    return E_ARG;
  if (call->n == 0)
    return OK;
  int error = check_streams(call);
  if (error == OK)
    error = check_data(call);
  if (error == OK)
    error = check_workers(call, ws_bytes);
  if (error != OK)
    return error;
  bool groups = call->kind == STEP;
  return run(call, groups ? (call->n - 1) / model_rows + 1 : call->n);
}

/* -- The API --------------------------------------------------------------- */

int MODEL_state_reset(void *states, int64_t first, int64_t count) {
  int64_t last;
  if (first < 0 || count < 0 || __builtin_add_overflow(first, count, &last) ||
      !can_exist(last, model_state_bytes, 1, 1))
    return E_ARG;
  if (count == 0)
    return OK;
  if (!states)
    return E_ARG;
  if (!is_aligned(states, RECORD_ALIGNMENT))
    return E_ALIGN;
  __builtin_memset((char *)states + first * model_state_bytes, 0,
                   (size_t)(count * model_state_bytes));
  return OK;
}

int MODEL_step(void *states, const int64_t *ids, int64_t n, const void *x,
               float *y, const ssmc_executor *executor, void *ws,
               size_t ws_bytes) {
  struct call call = {STEP, states, ids,       NULL,     n,
                      1,    x,      (char *)y, executor, ws};
  if (n > 0 && !states)
    return E_ARG;
  return check_and_run(&call, ws_bytes);
}

int MODEL_chunk(void *states, const int64_t *ids, int64_t n,
                const int64_t *lengths, int64_t T, const void *x, float *y,
                const ssmc_executor *executor, void *ws, size_t ws_bytes) {
  struct call call = {CHUNK, states, ids,       lengths,  n,
                      T,     x,      (char *)y, executor, ws};
  if (n > 0 && !states)
    return E_ARG;
  return check_and_run(&call, ws_bytes);
}

int MODEL_forward(const void *x, float *y, int64_t batch,
                  const int64_t *lengths, int64_t L, void *final_states,
                  const ssmc_executor *executor, void *ws, size_t ws_bytes) {
  struct call call = {FORWARD, final_states, NULL,     lengths, batch, L,
                      x,       (char *)y,    executor, ws};
  if (batch > 0 && !y && !final_states && L > 0)
    return E_ARG;
  return check_and_run(&call, ws_bytes);
}

/* -- Saved states ---------------------------------------------------------- */

/* In front of the record in a saved state; little-endian. */
struct blob_header {
  char magic[8];
  uint32_t version;
  uint32_t header_bytes;
  uint64_t model_hash;
  uint64_t record_bytes;
};

static struct blob_header make_header(void) {
  struct blob_header header = {{'S', 'S', 'M', 'S', 'T', 'A', 'T', 'E'},
                               1,
                               sizeof(struct blob_header),
                               model_hash,
                               (uint64_t)model_state_bytes};
  return header;
}

int MODEL_state_save(const void *state, void *blob, size_t n) {
  struct blob_header header = make_header();
  if (!state || !blob)
    return E_ARG;
  if (!is_aligned(state, RECORD_ALIGNMENT))
    return E_ALIGN;
  if (n < sizeof header + (size_t)model_state_bytes)
    return E_BLOB_SIZE;
  __builtin_memcpy(blob, &header, sizeof header);
  __builtin_memcpy((char *)blob + sizeof header, state,
                   (size_t)model_state_bytes);
  return OK;
}

int MODEL_state_load(void *state, const void *blob, size_t n) {
  struct blob_header expected = make_header(), found;
  if (!state || !blob)
    return E_ARG;
  if (!is_aligned(state, RECORD_ALIGNMENT))
    return E_ALIGN;
  if (n < sizeof found)
    return E_BLOB_SIZE;
  __builtin_memcpy(&found, blob, sizeof found);
  for (unsigned i = 0; i < sizeof found.magic; ++i)
    if (found.magic[i] != expected.magic[i])
      return E_BLOB_MAGIC;
  if (found.version != expected.version)
    return E_BLOB_VERSION;
  if (found.model_hash != expected.model_hash)
    return E_BLOB_MODEL;
  if (found.header_bytes != expected.header_bytes ||
      found.record_bytes != expected.record_bytes ||
      n < sizeof found + (size_t)model_state_bytes)
    return E_BLOB_SIZE;
  __builtin_memcpy(state, (const char *)blob + sizeof found,
                   (size_t)model_state_bytes);
  return OK;
}
