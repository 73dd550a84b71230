/* Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * Which worker runs what, and when; a part of entry_points.c.
 *
 * A call's work is a sequence of tickets. Workers draw the next one from a
 * counter until none is left. The first `whole` tickets are a stream each (or a
 * group of streams, in step) and depend on nothing. Those after them are chunks
 * of the last streams, stream by stream, in the order of time. A chunk goes
 * through all layers on one worker. It passes on the carried states of each
 * unit separately: chunk c may use them once the unit's counter says c, and
 * sets it to c + 1 after its last use, in the middle of the unit.
 *
 * So a ticket waits for earlier tickets only, and these have been drawn: the
 * first unfinished one waits for nothing. There is progress on any number of
 * threads that run bodies in any order, one alone included. */
#ifndef SSMC_SCHEDULE_H
#define SSMC_SCHEDULE_H

#include "cpu.h"
#include "model.h"
#include "ssmc_executor.h"
#include <stddef.h>

/* A call whose arguments are checked: n streams of T time steps each. */
struct call {
  enum { STEP, CHUNK, FORWARD } kind;
  const char *weights; /* packed */
  char *states;        /* records; NULL: somewhere in the workspace */
  const int64_t *ids;
  const int64_t *lengths;
  int64_t n;
  int64_t T;
  const char *x;
  const float *dt; /* a number per row of x; NULL: the model takes none */
  char *y;
  const ssmc_executor *executor;
  char *ws;
  /* Set by plan_tickets. */
  int32_t workers;
  int64_t whole;   /* tickets that are streams or groups */
  int64_t piece;   /* time steps of a shared chunk, streams of a group */
  int64_t tickets; /* in all */
};

/* -- Workspace ------------------------------------------------------------- */

/* For each worker a slice: workspace of the generated functions, then a record
 * for streams whose final state nobody wants, then what is kept of all T time
 * steps of a stream, if its layers read it backwards, too. With several workers
 * there are behind the slices as many records of this kind for streams that
 * workers share, and counters: of tickets, of each unit, and of each of these
 * records.
 *
 * Apart from each other, so that no two share a cache line (128 bytes on some
 * CPUs; others fetch lines in pairs). */
enum { COUNTER_BYTES = 128 };

static int64_t slice_bytes(int64_t T) {
  return model_workspace_bytes + model_state_bytes + T * model_sequence_bytes;
}

/* Returns whether the size can be told. */
static bool get_workspace_bytes(int64_t T, int32_t workers, int64_t *bytes) {
  int64_t stored;
  if (__builtin_mul_overflow(T, model_sequence_bytes, &stored) ||
      stored > INT64_MAX / 2)
    return false;
  int64_t shared = workers > 1 ? model_state_bytes + COUNTER_BYTES : 0;
  int64_t counters = workers > 1 ? (1 + model_units) * COUNTER_BYTES : 0;
  return !__builtin_mul_overflow(slice_bytes(T) + shared, (int64_t)workers,
                                 bytes) &&
         !__builtin_add_overflow(*bytes, counters, bytes);
}

static char *slice_of(const struct call *call, int32_t worker) {
  return call->ws + worker * slice_bytes(call->T);
}

static char *shared_record(const struct call *call, int64_t slot) {
  return slice_of(call, call->workers) + slot * model_state_bytes;
}

static int64_t *get_counter(char *counters, int64_t i) {
  return (int64_t *)(counters + i * COUNTER_BYTES);
}

static char *counters_of(const struct call *call) {
  return shared_record(call, call->workers);
}

static int64_t *next_ticket(const struct call *call) {
  return get_counter(counters_of(call), 0);
}

static char *unit_counters(const struct call *call) {
  return counters_of(call) + COUNTER_BYTES;
}

/* How many streams are done with a shared record. */
static int64_t *uses_of_record(const struct call *call, int64_t slot) {
  return get_counter(unit_counters(call), model_units + slot);
}

static void clear_counters(const struct call *call) {
  int64_t counters = 1 + model_units + call->workers;
  for (int64_t i = 0; i < counters; ++i)
    *get_counter(counters_of(call), i) = 0;
}

/* -- Turns ----------------------------------------------------------------- */

struct turn {
  char *counters; /* one per unit */
  int64_t number; /* of the chunk, from 0 on */
  const ssmc_executor *executor;
  uint64_t callers_mode; /* of floating point */
};

/* 20 to 90 microseconds: longer than most units take when all workers run, and
 * short beside a time slice when they do not. */
enum { PAUSES_BEFORE_YIELD = 2000 };

/* Waits until the counter says `number`: a while busily, then giving way to the
 * thread that is waited for, which may need this CPU. */
__attribute__((noinline)) static void wait_for(const int64_t *counter,
                                               int64_t number,
                                               const ssmc_executor *executor,
                                               uint64_t callers_mode) {
  for (int64_t pauses = 0; __atomic_load_n(counter, __ATOMIC_ACQUIRE) < number;
       ++pauses) {
    if (pauses < PAUSES_BEFORE_YIELD || !executor->yield) {
      relax_cpu();
      continue;
    }
    uint64_t own = set_own_fp_mode();
    restore_fp_mode(callers_mode);
    executor->yield(executor);
    restore_fp_mode(own);
  }
}

/* Not inlined: the hot loops around keep their registers. The fences are for
 * the compiler, which must not move a state's loads and stores across. */
__attribute__((noinline)) void ssm_await(const struct turn *turn,
                                         int64_t unit) {
  if (turn)
    wait_for(get_counter(turn->counters, unit), turn->number, turn->executor,
             turn->callers_mode);
  __atomic_signal_fence(__ATOMIC_SEQ_CST);
}

__attribute__((noinline)) void ssm_release(const struct turn *turn,
                                           int64_t unit) {
  __atomic_signal_fence(__ATOMIC_SEQ_CST);
  if (turn)
    __atomic_store_n(get_counter(turn->counters, unit), turn->number + 1,
                     __ATOMIC_RELEASE);
}

/* -- Streams --------------------------------------------------------------- */

static char *find_record(const struct call *call, int64_t stream) {
  return call->states +
         (call->ids ? call->ids[stream] : stream) * model_state_bytes;
}

static int64_t steps_of(const struct call *call, int64_t stream) {
  return call->lengths ? call->lengths[stream] : call->T;
}

static void answer(const struct call *call, int64_t stream, const char *record,
                   char *ws) {
  if (model_pooled && call->y)
    ssm_answers(call->weights, record, NULL, 0, 1,
                (float *)(call->y + stream * model_outputs * VALUE_BYTES), ws);
}

/* The `steps` <= model_rows time steps of a stream from `first` on. */
static void run_chunk(const struct call *call, int64_t stream, int64_t first,
                      int64_t steps, char *record, const struct turn *turn,
                      char *ws) {
  int64_t row = stream * call->T + first;
  const char *x = call->x + row * model_inputs * VALUE_BYTES;
  float *y = model_pooled
                 ? NULL
                 : (float *)(call->y + row * model_outputs * VALUE_BYTES);
  const float *dt = model_takes_dt ? call->dt + row : NULL;
  bool full = steps == model_rows;
  if (model_takes_dt && full)
    ssm_chunk_full_timed(call->weights, record, turn, x, dt, y, ws);
  else if (model_takes_dt)
    ssm_rows_timed(call->weights, record, NULL, 0, 0, steps, turn, x, dt, y,
                   ws);
  else if (full)
    ssm_chunk_full(call->weights, record, turn, x, y, ws);
  else
    ssm_rows(call->weights, record, NULL, 0, 0, steps, turn, x, y, ws);
}

/* The same of a model that reads sequences backwards, too. */
static void run_sequence(const struct call *call, int64_t stream, char *record,
                         char *ws) {
  int64_t row = stream * call->T, steps = steps_of(call, stream);
  const char *x = call->x + row * model_inputs * VALUE_BYTES;
  float *y = model_pooled
                 ? NULL
                 : (float *)(call->y + row * model_outputs * VALUE_BYTES);
  char *store = ws + slice_bytes(0);
  if (model_takes_dt)
    ssm_sequence_timed(call->weights, record, steps, x, call->dt + row, store,
                       y, ws);
  else
    ssm_sequence(call->weights, record, steps, x, store, y, ws);
  answer(call, stream, record, ws);
}

/* All time steps of one stream. */
static void run_stream(const struct call *call, int64_t stream, char *ws) {
  char *record =
      call->states ? find_record(call, stream) : ws + model_workspace_bytes;
  if (call->kind == FORWARD)
    __builtin_memset(record, 0, (size_t)model_state_bytes);
  if (model_sequence_bytes > 0) {
    run_sequence(call, stream, record, ws);
    return;
  }
  int64_t steps = steps_of(call, stream), t = 0;
  for (; steps - t >= model_rows; t += model_rows)
    run_chunk(call, stream, t, model_rows, record, NULL, ws);
  if (t < steps)
    run_chunk(call, stream, t, steps - t, record, NULL, ws);
  answer(call, stream, record, ws);
}

/* One time step of the streams first, first + 1, ... of a group. */
static void step_group(const struct call *call, int64_t group, char *ws) {
  int64_t first = group * call->piece;
  int64_t left = call->n - first;
  int64_t n = left < call->piece ? left : call->piece;
  const char *x = call->x + first * model_inputs * VALUE_BYTES;
  float *out =
      call->y ? (float *)(call->y + first * model_outputs * VALUE_BYTES) : NULL;
  float *y = model_pooled ? NULL : out;
  const int64_t *ids = call->ids ? call->ids + first : NULL;
  const float *dt = model_takes_dt ? call->dt + first : NULL;
  if (model_takes_dt && n == 1)
    ssm_step_timed(call->weights, find_record(call, first), x, dt, y, ws);
  else if (model_takes_dt)
    ssm_rows_timed(call->weights, call->states, ids, first, 1, n, NULL, x, dt,
                   y, ws);
  else if (n == 1)
    ssm_step(call->weights, find_record(call, first), x, y, ws);
  else
    ssm_rows(call->weights, call->states, ids, first, 1, n, NULL, x, y, ws);
  if (model_pooled && out)
    ssm_answers(call->weights, call->states, ids, first, n, out, ws);
}

/* -- Shared streams -------------------------------------------------------- */

/* Tickets of a stream that workers share; a stream without time steps has one,
 * too, for its answer. */
static int64_t chunks_of(const struct call *call, int64_t stream) {
  int64_t steps = steps_of(call, stream);
  return steps > call->piece ? (steps - 1) / call->piece + 1 : 1;
}

/* Where a worker is among the shared streams: tickets only grow. */
struct cursor {
  int64_t stream;
  int64_t first; /* ticket of the stream's first chunk */
};

/* Records of shared streams without one of their own are used again: the first
 * chunk waits until the stream before is done with its. */
static char *take_record(const struct call *call, int64_t stream, bool is_first,
                         const struct turn *turn) {
  int64_t shared = stream - call->whole;
  char *record = call->states ? find_record(call, stream)
                              : shared_record(call, shared % call->workers);
  if (is_first && !call->states)
    wait_for(uses_of_record(call, shared % call->workers),
             shared / call->workers, turn->executor, turn->callers_mode);
  if (is_first && call->kind == FORWARD)
    __builtin_memset(record, 0, (size_t)model_state_bytes);
  return record;
}

static void give_record_back(const struct call *call, int64_t stream) {
  int64_t shared = stream - call->whole;
  if (!call->states)
    __atomic_store_n(uses_of_record(call, shared % call->workers),
                     shared / call->workers + 1, __ATOMIC_RELEASE);
}

static void run_shared(const struct call *call, int64_t ticket,
                       struct cursor *at, uint64_t callers_mode, char *ws) {
  int64_t chunks;
  while (ticket - at->first >= (chunks = chunks_of(call, at->stream))) {
    at->first += chunks;
    ++at->stream;
  }
  int64_t chunk = ticket - at->first, first = chunk * call->piece;
  int64_t left = steps_of(call, at->stream) - first;
  struct turn turn = {unit_counters(call), ticket - call->whole, call->executor,
                      callers_mode};
  char *record = take_record(call, at->stream, chunk == 0, &turn);
  if (left > 0)
    run_chunk(call, at->stream, first, left < call->piece ? left : call->piece,
              record, &turn, ws);
  for (int64_t unit = 0; left == 0 && unit < model_units; ++unit) {
    ssm_await(&turn, unit);
    ssm_release(&turn, unit);
  }
  if (chunk + 1 < chunks)
    return;
  answer(call, at->stream, record, ws);
  give_record_back(call, at->stream);
}

/* -- Tickets --------------------------------------------------------------- */

/* What is worth sharing: fewer rows make poor use of the weights. It is a
 * multiple of the rows of the tiles that the cost model prefers: 6, 8, 12. */
enum { LEAST_ROWS = 24, TICKETS_PER_WORKER = 8 };

/* Chunks are as long as the model likes best, but shorter where there would be
 * too few to keep all workers busy to the end. */
static int64_t choose_steps(int64_t shared, int32_t workers) {
  int64_t steps = shared / TICKETS_PER_WORKER / workers;
  steps = (steps / LEAST_ROWS + 1) * LEAST_ROWS;
  return steps < model_rows ? steps : model_rows;
}

/* Groups are as large as possible, but of one size, and as many for each. */
static int64_t choose_group(int64_t n, int32_t workers) {
  int64_t rounds = (n - 1) / (model_rows * workers) + 1;
  int64_t rows = (n - 1) / (rounds * workers) + 1;
  rows = rows < LEAST_ROWS ? LEAST_ROWS : rows;
  return rows < model_rows && workers > 1 ? rows : model_rows;
}

/* A worker that finds no whole stream left may be early by the longest one. So
 * the last streams are shared, as many as it takes to keep all other workers
 * busy for that long. */
static void plan_streams(struct call *call) {
  int64_t longest = 0, shared = 0; /* time steps */
  for (int64_t i = 0; i < (call->lengths ? call->n : 1); ++i)
    if (longest < steps_of(call, i))
      longest = steps_of(call, i);
  int64_t least = choose_steps(0, call->workers);
  while (longest > least && call->whole > 0 &&
         shared / (call->workers - 1) < longest)
    shared += steps_of(call, --call->whole);
  call->piece = choose_steps(shared, call->workers);
  call->tickets = call->whole;
  for (int64_t i = call->whole; i < call->n; ++i)
    call->tickets += chunks_of(call, i);
}

static void plan_tickets(struct call *call) {
  call->workers = call->executor ? call->executor->workers : 1;
  call->whole = call->n;
  if (call->kind == STEP) {
    call->piece = choose_group(call->n, call->workers);
    call->whole = (call->n - 1) / call->piece + 1;
  }
  call->tickets = call->whole;
  if (call->kind != STEP && call->workers > 1 && model_sequence_bytes == 0)
    plan_streams(call);
}

static void run_whole(const struct call *call, int64_t ticket, char *ws) {
  if (call->kind == STEP)
    step_group(call, ticket, ws);
  else
    run_stream(call, ticket, ws);
}

/* Not inlined, and neither is the next one: see cpu.h. */
__attribute__((noinline)) static void run_all(const struct call *call) {
  for (int64_t ticket = 0; ticket < call->tickets; ++ticket)
    run_whole(call, ticket, call->ws);
}

__attribute__((noinline)) static void
draw_tickets(const struct call *call, int32_t worker, uint64_t callers_mode) {
  struct cursor at = {call->whole, call->whole};
  char *ws = slice_of(call, worker);
  int64_t ticket;
  while ((ticket = __atomic_fetch_add(next_ticket(call), 1, __ATOMIC_RELAXED)) <
         call->tickets) {
    if (ticket < call->whole)
      run_whole(call, ticket, ws);
    else
      run_shared(call, ticket, &at, callers_mode, ws);
  }
}

static void run_body(void *context, int64_t i, int32_t worker) {
  (void)i;
  uint64_t mode = set_own_fp_mode();
  draw_tickets(context, worker, mode);
  restore_fp_mode(mode);
}

/* Returns whether all work was done. A call with one ticket needs no threads,
 * and neither does an executor without any. */
static bool run_call(struct call *call) {
  plan_tickets(call);
  if (call->workers == 1 || call->tickets == 1) {
    uint64_t mode = set_own_fp_mode();
    run_all(call);
    restore_fp_mode(mode);
    return true;
  }
  clear_counters(call);
  int64_t bodies =
      call->tickets < call->workers ? call->tickets : call->workers;
  int error =
      call->executor->parallel_for(call->executor, bodies, run_body, call);
  return !error &&
         __atomic_load_n(next_ticket(call), __ATOMIC_RELAXED) >= call->tickets;
}

#endif /* SSMC_SCHEDULE_H */
