/* Holds runtime/cuda_entry_points.c, around fake_cuda_model.c and on
 * fake_driver.c, to the rules of the generated header. Buffers are exactly as
 * large as promised, so that AddressSanitizer sees every access beyond them. */
#include "expect.h"
#include "fake_driver.h"
#include <dlfcn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct MODEL_cuda MODEL_cuda;
extern const int64_t model_cuts_all_streams;
int MODEL_cuda_open(MODEL_cuda **, int);
int MODEL_cuda_close(MODEL_cuda *);
int MODEL_cuda_state_reset(MODEL_cuda *, void *, int64_t, int64_t, void *);
size_t MODEL_cuda_workspace_bytes(const MODEL_cuda *, int64_t, int64_t);
int MODEL_cuda_step(MODEL_cuda *, const void *, void *, const int64_t *,
                    int64_t, const float *, const float *, float *, void *,
                    size_t, void *);
int MODEL_cuda_chunk(MODEL_cuda *, const void *, void *, const int64_t *,
                     int64_t, const int64_t *, int64_t, const float *,
                     const float *, float *, void *, size_t, void *);
int MODEL_cuda_forward(MODEL_cuda *, const void *, const float *, const float *,
                       float *, int64_t, const int64_t *, int64_t, void *,
                       void *, size_t, void *);
int MODEL_state_reset(void *, int64_t, int64_t);
int MODEL_state_save(const void *, const void *, void *, size_t);
int MODEL_state_load(const void *, void *, const void *, size_t);
const char *MODEL_strerror(int);

/* The model's own weights; no time deltas. */
#define MODEL_cuda_step(cuda, states, ids, n, x, ...)                          \
  MODEL_cuda_step(cuda, NULL, states, ids, n, x, NULL, __VA_ARGS__)
#define MODEL_cuda_chunk(cuda, states, ids, n, lengths, T, x, ...)             \
  MODEL_cuda_chunk(cuda, NULL, states, ids, n, lengths, T, x, NULL, __VA_ARGS__)
#define MODEL_cuda_forward(cuda, x, ...)                                       \
  MODEL_cuda_forward(cuda, NULL, x, NULL, __VA_ARGS__)
#define MODEL_state_save(...) MODEL_state_save(NULL, __VA_ARGS__)
#define MODEL_state_load(...) MODEL_state_load(NULL, __VA_ARGS__)

enum {
  OK,
  E_ARG,
  E_ALIGN,
  E_WORKSPACE,
  NO_DRIVER = 16,
  OLD_DRIVER,
  NO_DEVICE,
  NO_IMAGE,
  RESOURCES,
  MEMORY,
  CALL = 1000
};
enum { INPUTS = 3, RECORD = 192, N = 7, T = 5 };
static struct fake_driver *fake_state;

static bool is_clean(void) {
  return fake_state->depth == 0 && fake_state->modules == 0 &&
         fake_state->buffers == 0 && fake_state->retained[0] == 0 &&
         fake_state->retained[1] == 0;
}

/* Whatever call fails, opening says which, and leaves nothing behind. */
static void test_failures(void) {
  static const struct {
    const char *function;
    int result, error;
  } cases[] = {{"cuInit", 100, NO_DEVICE},
               {"cuInit", 34, NO_DRIVER},
               {"cuInit", 803, CALL + 803},
               {"cuDeviceGetCount", 3, CALL + 3},
               {"cuDeviceGet", 101, NO_DEVICE},
               {"cuDevicePrimaryCtxRetain", 2, MEMORY},
               {"cuDeviceGetAttribute", 1, CALL + 1},
               {"cuCtxPushCurrent_v2", 201, CALL + 201},
               {"cuModuleLoadData", 209, NO_IMAGE},
               {"cuModuleLoadData", 222, OLD_DRIVER},
               {"cuModuleLoadData", 218, CALL + 218},
               {"cuModuleGetFunction", 500, CALL + 500},
               {"cuFuncSetAttribute", 1, CALL + 1},
               {"cuOccupancyMaxActiveBlocksPerMultiprocessor", 1, CALL + 1},
               {"cuMemAlloc_v2", 2, MEMORY},
               {"cuMemcpyHtoD_v2", 700, CALL + 700},
               {"cuStreamSynchronize", 719, CALL + 719}};
  for (unsigned i = 0; i < sizeof cases / sizeof *cases; ++i) {
    MODEL_cuda *model = (MODEL_cuda *)1;
    fake_state->failing = cases[i].function;
    fake_state->failure = cases[i].result;
    int error = MODEL_cuda_open(&model, 0);
    fake_state->failing = NULL;
    if (error != cases[i].error || model || !is_clean()) {
      printf("%s: error %d, expected %d\n", cases[i].function, error,
             cases[i].error);
      ++failures;
    }
  }
  MODEL_cuda *model = (MODEL_cuda *)1;
  EXPECT(MODEL_cuda_open(&model, DEVICES) == NO_DEVICE && !model);
  EXPECT(MODEL_cuda_open(&model, -2) == E_ARG);
  EXPECT(MODEL_cuda_open(NULL, 0) == E_ARG);
  fake_state->capability = 75;
  EXPECT(MODEL_cuda_open(&model, 0) == NO_IMAGE);
  fake_state->capability = 90;
  fake_state->most_shared = 69999;
  EXPECT(MODEL_cuda_open(&model, 0) == RESOURCES);
  fake_state->most_shared = 70000;
  EXPECT(is_clean() && MODEL_cuda_close(NULL) == OK);
}

static float input(int64_t stream, int64_t t, int64_t i) {
  return (float)((stream * 7 + t * 3 + i) % 10);
}

/* What the model says after `steps` steps of a stream, or after step t. */
static float expected(int64_t stream, int64_t t, int64_t i) {
  float sum = 0;
  for (int64_t s = 0; s <= t; ++s)
    sum += input(stream, s, i);
  return POOLED_MODEL ? sum / (float)(t + 1) : sum;
}

static float *make_inputs(int64_t n, int64_t first, int64_t steps) {
  float *x = aligned((size_t)(n * steps * INPUTS) * sizeof *x);
  for (int64_t b = 0; b < n; ++b)
    for (int64_t t = 0; t < steps; ++t)
      for (int64_t i = 0; i < INPUTS; ++i)
        x[(b * steps + t) * INPUTS + i] = input(b, first + t, i);
  return x;
}

/* Row b of y after steps up to `last`, at row `t` of `steps` in the call. */
static bool is_right(const float *y, int64_t b, int64_t t, int64_t steps,
                     int64_t last) {
  int64_t row = POOLED_MODEL ? b : b * steps + t;
  for (int64_t i = 0; i < INPUTS; ++i)
    if (y[row * INPUTS + i] != expected(b, last, i))
      return false;
  return true;
}

static void test_calls(int device, int context) {
  cu_stream stream = (cu_stream)&failures;
  MODEL_cuda *model;
  EXPECT(MODEL_cuda_open(&model, device) == OK);
  EXPECT(fake_state->depth == 0);
  fake_state->is_capturing = true; /* until it is closed */
  size_t bytes = MODEL_cuda_workspace_bytes(model, N, T);
  EXPECT(bytes == N * RECORD &&
         bytes == MODEL_cuda_workspace_bytes(model, N, 1000000));
  void *ws = aligned(bytes);
  char *states = aligned(N * RECORD);
  float *x = make_inputs(N, 0, T), *next = make_inputs(N, T, 1);
  float *y = aligned(N * T * INPUTS * sizeof *y);

  EXPECT(MODEL_cuda_forward(model, x, y, N, NULL, T, NULL, ws, bytes, stream) ==
         OK);
  EXPECT(fake_state->launches == 1 && fake_state->memsets == 1);
  EXPECT(strcmp(fake_state->last.name, "ssm_time") == 0);
  EXPECT(fake_state->last.grid == 1 && fake_state->last.threads == 256);
  EXPECT(fake_state->last.shared_bytes == 70000);
  EXPECT(fake_state->last.stream == stream);
  EXPECT(fake_state->last.context == context);
  for (int64_t b = 0; b < N; ++b)
    EXPECT(is_right(y, b, T - 1, T, T - 1));

  /* Final states go on from where the sequence ended, and need no workspace. */
  EXPECT(MODEL_cuda_forward(model, x, y, N, NULL, T, states, NULL, 0, stream) ==
         OK);
  EXPECT(MODEL_cuda_step(model, states, NULL, N, next, y, NULL, 0, stream) ==
         OK);
  EXPECT(strcmp(fake_state->last.name, "ssm_rows") == 0);
  EXPECT(fake_state->last.grid == 1);
  EXPECT(fake_state->last.threads == 128);
  for (int64_t b = 0; b < N; ++b)
    EXPECT(is_right(y, b, 0, 1, T));

  /* A chunk of the streams that tick, after a reset of theirs. */
  int64_t ids[] = {5, 2}, lengths[] = {T, 0};
  EXPECT(MODEL_cuda_state_reset(model, states, 5, 1, stream) == OK);
  EXPECT(MODEL_cuda_chunk(model, states, ids, 2, lengths, T, x, y, NULL, 0,
                          stream) == OK);
  EXPECT(fake_state->last.grid == 1);
  EXPECT(is_right(y, 0, T - 1, T, T - 1));

  /* Nothing to do is no launch. */
  int launches = fake_state->launches;
  EXPECT(MODEL_cuda_step(model, NULL, NULL, 0, NULL, NULL, NULL, 0, NULL) ==
         OK);
  EXPECT(MODEL_cuda_chunk(model, states, NULL, N, NULL, 0, NULL, NULL, NULL, 0,
                          NULL) == OK);
  EXPECT(fake_state->launches == launches);

  /* A launch that fails says so, and the caller's context is back. */
  fake_state->failing = "cuLaunchKernel";
  fake_state->failure = 701;
  EXPECT(MODEL_cuda_step(model, states, NULL, N, next, y, NULL, 0, NULL) ==
         CALL + 701);
  fake_state->failing = NULL;
  EXPECT(fake_state->depth == 0 && fake_state->buffers == 1);

  fake_state->launches = fake_state->memsets = 0;
  fake_state->is_capturing = false;
  EXPECT(MODEL_cuda_close(model) == OK && is_clean());
  free(ws), free(states), free(x), free(next), free(y);
}

/* Few streams and many time steps: pieces, whose results and carried states are
 * those of any other way. */
static void test_pieces(void) {
  enum { LONG = 61, FEW = 3 };
  fake_state->processors = FEW; /* a stream for each leaves room */
  fake_state->room = 3;
  MODEL_cuda *model;
  EXPECT(MODEL_cuda_open(&model, 0) == OK);
  fake_state->is_capturing = true;
  size_t bytes = MODEL_cuda_workspace_bytes(model, FEW, LONG);
  EXPECT(bytes > FEW * RECORD);
  EXPECT(bytes > MODEL_cuda_workspace_bytes(model, FEW, LONG / 10));
  EXPECT(MODEL_cuda_workspace_bytes(model, FEW, 1000) ==
         MODEL_cuda_workspace_bytes(model, FEW, 1000000000));
  EXPECT(MODEL_cuda_workspace_bytes(model, 0, LONG) == 0);
  size_t last = 0; /* enough for fewer streams and steps, too */
  for (int64_t n = 1; n < 12; ++n) {
    EXPECT(MODEL_cuda_workspace_bytes(model, n, LONG) >= last);
    last = MODEL_cuda_workspace_bytes(model, n, LONG);
    EXPECT(MODEL_cuda_workspace_bytes(model, n, LONG - 9) <= last);
  }
  char *states = aligned(5 * RECORD);
  float *x = make_inputs(FEW, 0, LONG), *next = make_inputs(FEW, LONG, 1);
  float *y = aligned(FEW * LONG * INPUTS * sizeof *y);

  for (int64_t n = 1; n <= FEW; ++n) {
    size_t needed = MODEL_cuda_workspace_bytes(model, n, LONG);
    void *ws = aligned(needed);
    fake_state->launches = 0;
    EXPECT(MODEL_cuda_forward(model, x, y, n, NULL, LONG, NULL, ws, needed,
                              NULL) == OK);
    EXPECT(fake_state->launches >= 3);
    EXPECT(strcmp(fake_state->last.name,
                  POOLED_MODEL ? "ssm_answers" : "ssm_unit_sum") == 0);
    for (int64_t b = 0; b < n; ++b)
      for (int64_t t = POOLED_MODEL ? LONG - 1 : 0; t < LONG; ++t)
        EXPECT(is_right(y, b, t, LONG, t));
    free(ws);
  }

  int64_t ids[] = {4, 1, 0}, lengths[] = {LONG, LONG - 1, 0};
  char *ws = aligned(bytes);
  EXPECT(MODEL_cuda_state_reset(model, states, 0, 5, NULL) == OK);
  fake_state->launches = 0;
  EXPECT(MODEL_cuda_chunk(model, states, ids, FEW, lengths, LONG, x, y, ws,
                          bytes, NULL) == OK);
  EXPECT(fake_state->launches >= 6);
  EXPECT(is_right(y, 0, LONG - 1, LONG, LONG - 1));
  EXPECT(is_right(y, 1, LONG - 2, LONG, LONG - 2));
  EXPECT(MODEL_cuda_step(model, states, ids, 1, next, y, NULL, 0, NULL) == OK);
  EXPECT(is_right(y, 0, 0, 1, LONG));
  EXPECT(MODEL_cuda_chunk(model, states, ids, FEW, lengths, LONG, x, y, ws, 64,
                          NULL) == E_WORKSPACE);
  fake_state->is_capturing = false;
  EXPECT(MODEL_cuda_close(model) == OK && is_clean());
  fake_state->processors = fake_state->room = 1;
  free(states), free(ws), free(x), free(next), free(y);
}

/* More streams than are a group, which the units with the least room fill: each
 * goes its own way, whichever group it is in, in workspace of one group. */
static void test_groups(void) {
  enum { LONG = 23, MANY = 7 }; /* a group has 2 chunks, of as many streams */
  MODEL_cuda *model;
  EXPECT(MODEL_cuda_open(&model, 0) == OK);
  fake_state->is_capturing = true;
  size_t bytes = MODEL_cuda_workspace_bytes(model, MANY, LONG);
  EXPECT(bytes ==
         MODEL_cuda_workspace_bytes(model, 2, LONG) + (MANY - 2) * RECORD);
  char *ws = aligned(bytes), *states = aligned((MANY + 2) * RECORD);
  float *x = make_inputs(MANY, 0, LONG), *next = make_inputs(MANY, LONG, 1);
  float *y = aligned(MANY * LONG * INPUTS * sizeof *y);
  int64_t ids[MANY], lengths[MANY];
  for (int64_t b = 0; b < MANY; ++b) {
    ids[b] = MANY + 1 - b;
    lengths[b] = LONG - b;
  }

  fake_state->launches = 0;
  EXPECT(MODEL_cuda_forward(model, x, y, MANY, NULL, LONG, NULL, ws, bytes,
                            NULL) == OK);
  int groups = 4, pieces = (LONG + 1) / 2, last = (pieces + 1) / 2;
  EXPECT(fake_state->launches ==
         3 * (3 * pieces + last) + (POOLED_MODEL ? groups : 0));
  for (int64_t b = 0; b < MANY; ++b)
    for (int64_t t = POOLED_MODEL ? LONG - 1 : 0; t < LONG; ++t)
      EXPECT(is_right(y, b, t, LONG, t));
  EXPECT(MODEL_cuda_forward(model, x, y, MANY, NULL, LONG, NULL, ws, bytes - 1,
                            NULL) == E_WORKSPACE);

  EXPECT(MODEL_cuda_state_reset(model, states, 0, MANY + 2, NULL) == OK);
  EXPECT(MODEL_cuda_chunk(model, states, ids, MANY, lengths, LONG, x, y, ws,
                          bytes, NULL) == OK);
  for (int64_t b = 0; b < MANY; ++b)
    EXPECT(is_right(y, b, lengths[b] - 1, LONG, lengths[b] - 1));
  EXPECT(MODEL_cuda_step(model, states, ids, 1, next, y, NULL, 0, NULL) == OK);
  EXPECT(is_right(y, 0, 0, 1, LONG));

  /* A group that cannot be launched ends the call. */
  fake_state->memsets = 0;
  fake_state->failing = "cuLaunchKernel";
  fake_state->failure = 701;
  EXPECT(MODEL_cuda_forward(model, x, y, MANY, NULL, LONG, NULL, ws, bytes,
                            NULL) == CALL + 701);
  EXPECT(fake_state->memsets == 2); /* records, and the first unit's counter */
  fake_state->failing = NULL;
  fake_state->is_capturing = false;
  EXPECT(MODEL_cuda_close(model) == OK && is_clean());
  free(ws), free(states), free(x), free(next), free(y);
}

/* Nothing of a call with bad arguments reaches the driver. */
static void test_arguments(void) {
  MODEL_cuda *model;
  EXPECT(MODEL_cuda_open(&model, 0) == OK);
  int calls = fake_state->calls;
  char *states = aligned(N * RECORD), *ws = aligned(N * RECORD);
  float *x = aligned(N * INPUTS * 4), *y = aligned(N * INPUTS * 4);
  const int64_t *odd = (const int64_t *)(states + 4);
  size_t bytes = N * RECORD;
#define STEP(...) MODEL_cuda_step(__VA_ARGS__, NULL, 0, NULL)
#define FORWARD(...) MODEL_cuda_forward(__VA_ARGS__, NULL)
  EXPECT(STEP(NULL, states, NULL, N, x, y) == E_ARG);
  EXPECT(STEP(model, NULL, NULL, N, x, y) == E_ARG);
  EXPECT(STEP(model, states, NULL, -1, x, y) == E_ARG);
  EXPECT(STEP(model, states, NULL, INT64_MAX / 64, x, y) == E_ARG);
  EXPECT(STEP(model, states, NULL, N, NULL, y) == E_ARG);
  EXPECT(STEP(model, states + 32, NULL, N, x, y) == E_ALIGN);
  EXPECT(STEP(model, states, odd, N, x, y) == E_ALIGN);
  EXPECT(STEP(model, states, NULL, N, (float *)(states + 2), y) == E_ALIGN);
  if (!POOLED_MODEL)
    EXPECT(STEP(model, states, NULL, N, x, NULL) == E_ARG);
  EXPECT(FORWARD(model, x, y, N, NULL, 1, NULL, ws, bytes - 1) == E_WORKSPACE);
  EXPECT(FORWARD(model, x, y, N, NULL, 1, NULL, NULL, bytes) == E_ARG);
  EXPECT(FORWARD(model, x, y, N, NULL, 1, NULL, ws + 8, bytes) == E_ALIGN);
  EXPECT(FORWARD(model, x, y, N, NULL, -1, NULL, ws, bytes) == E_ARG);
  EXPECT(FORWARD(model, x, y, N, odd, 1, NULL, ws, bytes) == E_ALIGN);
  EXPECT(FORWARD(model, x, NULL, N, NULL, 1, NULL, ws, bytes) == E_ARG);
  if (POOLED_MODEL)
    EXPECT(FORWARD(model, x, y, N, NULL, 0, NULL, ws, bytes) == E_ARG);
  EXPECT(MODEL_cuda_state_reset(model, states, -1, 2, NULL) == E_ARG);
  EXPECT(MODEL_cuda_state_reset(model, states + 1, 0, 1, NULL) == E_ALIGN);
  EXPECT(MODEL_cuda_state_reset(NULL, states, 0, 1, NULL) == E_ARG);
  EXPECT(MODEL_cuda_state_reset(model, NULL, 0, 0, NULL) == OK);
  EXPECT(MODEL_cuda_workspace_bytes(model, -1, 1) == 0);
  EXPECT(MODEL_cuda_workspace_bytes(NULL, 1, 1) == 0);
  EXPECT(MODEL_cuda_workspace_bytes(model, INT64_MAX / 8, 1) == 0);
  EXPECT(fake_state->calls == calls);
  EXPECT(MODEL_cuda_close(model) == OK);
  free(states), free(ws), free(x), free(y);
}

/* Without a current context there is nothing to open. */
static void test_no_current_context(void) {
  MODEL_cuda *model;
  fake_state->contexts[0] = 0;
  EXPECT(MODEL_cuda_open(&model, -1) == CALL + 201 && is_clean());
  fake_state->contexts[0] = CALLERS;
}

static void test_host_records(void) {
  char *state = aligned(RECORD), *copy = aligned(RECORD), blob[RECORD + 32];
  EXPECT(MODEL_state_reset(state, 0, 1) == OK && state[RECORD - 1] == 0);
  state[7] = 42;
  EXPECT(MODEL_state_save(state, blob, sizeof blob) == OK);
  EXPECT(MODEL_state_load(copy, blob, sizeof blob) == OK);
  EXPECT(memcmp(state, copy, RECORD) == 0);
  free(state), free(copy);
}

static void test_messages(void) {
  for (int error = -1; error < 2100; ++error)
    EXPECT(MODEL_strerror(error)[0] != 0);
  EXPECT(strstr(MODEL_strerror(NO_DRIVER), "libcuda.so.1"));
  EXPECT(strcmp(MODEL_strerror(MEMORY + 1), "unknown error") == 0);
  EXPECT(strstr(MODEL_strerror(CALL + 700), "illegal address"));
  EXPECT(strstr(MODEL_strerror(CALL + 55), "CUresult"));
}

int main(void) {
  void *library = dlopen("libcuda.so.1", RTLD_LAZY);
  fake_state = library ? dlsym(library, "fake") : NULL;
  if (!fake_state) {
    MODEL_cuda *model = (MODEL_cuda *)1;
    int error = MODEL_cuda_open(&model, 0);
    printf("%d, %s\n", error, MODEL_strerror(error));
    return model != NULL;
  }
  test_failures();
  if (model_cuts_all_streams) {
    test_groups();
  } else {
    test_calls(0, 1);
    test_calls(1, 2);
    test_calls(-1, CALLERS);
  }
  test_pieces();
  test_no_current_context();
  test_arguments();
  test_host_records();
  test_messages();
  puts(failures ? "rules are broken" : "all rules hold");
  return failures != 0;
}
