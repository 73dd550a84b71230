/* Random calls of runtime/entry_points.c around fake_model.c: on any executor
 * and number of workers they must do what they do without one. Built with
 * ThreadSanitizer, which sees every access to memory that no turn guards. */
#include "entry_points.h"
#include "executors.h"
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { STREAMS = 14, STEPS = 70, GUARD = 64 };

extern void (*fake_pause)(int unit);

/* Threads lose their CPU at random moments. */
static void shake(int unit) {
  (void)unit;
  static _Thread_local unsigned seed;
  seed = seed * 1664525u + 1013904223u + (unsigned)(uintptr_t)&seed;
  if (seed >> 29 == 0)
    sched_yield();
}

static unsigned seed = 1;

static int64_t choose(int64_t from, int64_t to) {
  seed = seed * 1664525u + 1013904223u;
  return from + (int64_t)(seed >> 8) % (to - from + 1);
}

struct call {
  int64_t kind, n, T;
  int64_t lengths[STREAMS], ids[STREAMS];
  int has_lengths, has_states;
  float x[STREAMS * STEPS * INPUTS];
};

struct result {
  int error;
  char records[STREAMS * RECORD];
  float y[STREAMS * STEPS * INPUTS];
};

static void choose_call(struct call *call) {
  call->kind = choose(0, 2);
  call->n = choose(1, STREAMS);
  call->T = choose(1, STEPS);
  call->has_lengths = choose(0, 1);
  call->has_states = choose(0, 1);
  for (int64_t i = 0; i < STREAMS; ++i) {
    /* Forward needs a time step of each; often one stream is all there is. */
    call->lengths[i] = choose(call->kind == 2, choose(0, 1) ? call->T : 1);
    call->ids[i] = i;
  }
  for (int64_t i = STREAMS - 1; i > 0; --i) {
    int64_t k = choose(0, i), id = call->ids[i];
    call->ids[i] = call->ids[k];
    call->ids[k] = id;
  }
  for (int64_t i = 0; i < STREAMS * STEPS * INPUTS; ++i)
    call->x[i] = (float)choose(0, 9);
}

static void run(const struct call *call, const ssmc_executor *executor,
                struct result *result) {
  size_t bytes =
      MODEL_workspace_bytes(call->n, executor ? executor->workers : 1);
  char *ws = aligned_alloc(64, (bytes + GUARD + 63) / 64 * 64);
  memset(ws, 0x5a, bytes + GUARD);
  memset(result->y, 0x5a, sizeof result->y);
  char *records = aligned_alloc(64, sizeof result->records);
  MODEL_state_reset(records, 0, STREAMS);
  const int64_t *lengths = call->has_lengths ? call->lengths : NULL;
  void *states = call->has_states ? records : NULL;
  if (call->kind == 0)
    result->error = MODEL_step(records, call->ids, call->n, call->x, result->y,
                               executor, ws, bytes);
  else if (call->kind == 1)
    result->error = MODEL_chunk(records, call->ids, call->n, lengths, call->T,
                                call->x, result->y, executor, ws, bytes);
  else
    result->error = MODEL_forward(call->x, result->y, call->n, lengths, call->T,
                                  states, executor, ws, bytes);
  memcpy(result->records, records, sizeof result->records);
  for (int i = 0; i < GUARD; ++i)
    if (ws[bytes + (size_t)i] != 0x5a)
      result->error = -1;
  free(ws), free(records);
}

int main(int count, char **arguments) {
  int64_t calls = count > 1 ? atoi(arguments[1]) : 100;
  static struct call call;
  static struct result expected, got;
  fake_pause = shake;
  for (int64_t i = 0; i < calls; ++i) {
    choose_call(&call);
    run(&call, NULL, &expected);
    const int e = (int)choose(0, EXECUTORS - 1);
    const int32_t workers = (int32_t)choose(1, 8);
    /* Without a way to yield, workers beyond the CPUs wait very long. */
    ssmc_executor executor = {workers, executors[e].parallel_for,
                              workers > 2 || choose(0, 1) ? yield_cpu : NULL};
    run(&call, &executor, &got);
    if (expected.error || memcmp(&expected, &got, sizeof got)) {
      printf("call %lld of kind %lld, %lld streams of %lld steps, %s, %d "
             "workers: error %d\n",
             (long long)i, (long long)call.kind, (long long)call.n,
             (long long)call.T, executors[e].name, executor.workers, got.error);
      return 1;
    }
  }
  printf("%lld calls: the same\n", (long long)calls);
  return 0;
}
