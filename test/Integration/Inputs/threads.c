/* A model on all kinds of executors: bit for bit what it computes without one.
 * Compiled with -DMODEL=name and the model's header included in front. */
#include "executors.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define JOIN_(a, b) a##_##b
#define JOIN(a, b) JOIN_(a, b)
#define M(name) JOIN(MODEL, name)

/* The i-th executor of threads_pool.cpp and threads_openmp.c; NULL: no more. */
const ssmc_executor *get_pool(int i);
const ssmc_executor *get_openmp(int i);

enum {
  BATCH = 32,
  LONG = 203, /* time steps of a single sequence: 8 chunks and a tail */
  SHORT = 61, /* of each of many */
  F = M(INPUT_FEATURES),
  O = M(OUTPUT_FEATURES),
  RECORD = M(STATE_BYTES),
  GUARD = 64
};

static M(in_t) x[BATCH * SHORT * F];
static int64_t lengths[BATCH], ids[BATCH];
static int calls, failures;

/* What a call leaves behind. */
struct result {
  float y[BATCH * SHORT * O];
  char states[BATCH * RECORD];
};

static void *aligned(size_t bytes) {
  void *memory = NULL;
  if (posix_memalign(&memory, M(ALIGN), bytes))
    exit(1);
  memset(memory, 0x5a, bytes);
  return memory;
}

static void fill_inputs(void) {
  uint32_t seed = 1;
  int tokens = (M(in_t))0.5 == 0;
  for (int64_t i = 0; i < BATCH * SHORT * F; ++i) {
    seed = seed * 1664525u + 1013904223u;
    x[i] = tokens ? (M(in_t))(seed >> 29)
                  : (M(in_t))((double)(seed >> 8) / (1 << 23) - 1);
  }
  if (!tokens) /* NaN stays what it is, too, and in its own sequence */
    x[(2 * SHORT + 30) * F] = (M(in_t))NAN;
  for (int64_t b = 0; b < BATCH; ++b) {
    lengths[b] = b % 7 == 3 ? 1 : (b * 29) % SHORT + 1;
    ids[b] = (b * 5 + 3) % BATCH;
  }
}

enum kind { FORWARD, FORWARD_STATELESS, CHUNK, STEP, KINDS };

static int call(enum kind kind, int64_t n, int64_t T, const int64_t *some,
                char *states, float *y, const ssmc_executor *executor, void *ws,
                size_t bytes) {
  if (kind == FORWARD || kind == FORWARD_STATELESS)
    return M(forward)(x, y, n, some, T, kind == FORWARD ? states : NULL,
                      executor, ws, bytes);
  int error = M(state_reset)(states, 0, BATCH);
  /* Twice, so that states are not zero at first. */
  for (int i = 0; i < 2 && !error; ++i)
    error = kind == CHUNK
                ? M(chunk)(states, ids, n, some, T, x, y, executor, ws, bytes)
                : M(step)(states, ids, n, x, y, executor, ws, bytes);
  return error;
}

static void run(enum kind kind, int64_t n, int64_t T, const int64_t *some,
                const ssmc_executor *executor, struct result *result) {
  size_t bytes = M(workspace_bytes)(n, executor ? executor->workers : 1);
  char *ws = aligned(bytes + GUARD), *states = aligned(BATCH * RECORD);
  memset(result, 0x5a, sizeof *result);
  int error = call(kind, n, T, some, states, result->y, executor, ws, bytes);
  if (error) {
    printf("FAILED: %s\n", M(strerror)(error));
    exit(1);
  }
  for (int i = 0; i < GUARD; ++i)
    if (ws[bytes + (size_t)i] != 0x5a)
      memset(result, 0xff, sizeof *result); /* equal to nothing */
  memcpy(result->states, states, sizeof result->states);
  free(ws), free(states);
}

/* All calls; without an executor they are kept, otherwise compared. */
static void run_all(const char *name, const ssmc_executor *executor) {
  static const struct {
    int64_t n, T;
    int ragged;
  } shapes[] = {{1, LONG, 0},  {1, 24, 0},        {3, SHORT, 0},
                {3, SHORT, 1}, {BATCH, SHORT, 0}, {BATCH, SHORT, 1},
                {BATCH, 20, 0}};
  enum { SHAPES = sizeof shapes / sizeof shapes[0] };
  static struct result wanted[KINDS][SHAPES], got;
  for (int kind = 0; kind < KINDS; ++kind)
    for (int s = 0; s < SHAPES; ++s) {
      const int64_t *some = shapes[s].ragged ? lengths : NULL;
      struct result *result = executor ? &got : &wanted[kind][s];
      run((enum kind)kind, shapes[s].n, shapes[s].T, some, executor, result);
      if (!executor)
        continue;
      ++calls;
      if (memcmp(&got, &wanted[kind][s], sizeof got) == 0)
        continue;
      ++failures;
      printf("FAILED: %s, %d workers: call %d of %d streams, %d steps%s\n",
             name, executor->workers, kind, (int)shapes[s].n, (int)shapes[s].T,
             some ? ", ragged" : "");
    }
}

int main(void) {
  fill_inputs();
  run_all("none", NULL);
#ifdef QUICK /* for emulators */
  ssmc_executor few = {3, run_on_threads, yield_cpu};
  run_all("on threads", &few);
#else
  static const int32_t workers[] = {1, 2, 3, 4, 8};
  for (int e = 0; e < EXECUTORS; ++e)
    for (int w = 0; w < 5; ++w) {
      ssmc_executor executor = {workers[w], executors[e].parallel_for,
                                yield_cpu};
      run_all(executors[e].name, &executor);
    }
  for (int i = 0; get_pool(i); ++i)
    run_all("ssmc_threads.hpp", get_pool(i));
#endif
#ifdef OPENMP
  for (int i = 0; get_openmp(i); ++i)
    run_all("ssmc_openmp.h", get_openmp(i));
#endif
  printf("%d calls, %d differ\n", calls, failures);
  return failures != 0;
}
