/* Holds runtime/cuda_load.c to the rules of the generated header, around
 * fake_cuda_model.c with LATE and on fake_driver.c: a set is there as a whole
 * or not at all, whatever fails, and is taken by the calls that it is for only.
 * AddressSanitizer sees what is left behind. */
#include "expect.h"
#include "fake_driver.h"
#include <dlfcn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct MODEL_cuda MODEL_cuda;
typedef struct MODEL_cuda_weights MODEL_cuda_weights;
int MODEL_cuda_open(MODEL_cuda **, int);
int MODEL_cuda_close(MODEL_cuda *);
int MODEL_cuda_load(MODEL_cuda *, MODEL_cuda_weights **, const void *, size_t,
                    char *, size_t);
int MODEL_cuda_unload(MODEL_cuda_weights *);
int MODEL_cuda_step(MODEL_cuda *, const MODEL_cuda_weights *, void *,
                    const int64_t *, int64_t, const float *, const float *,
                    float *, void *, size_t, void *);
int MODEL_cuda_forward(MODEL_cuda *, const MODEL_cuda_weights *, const float *,
                       const float *, float *, int64_t, const int64_t *,
                       int64_t, void *, void *, size_t, void *);
int MODEL_state_save(const void *, const void *, void *, size_t);
int MODEL_state_load(const void *, void *, const void *, size_t);

enum {
  OK,
  E_ARG,
  E_CPU = 4,
  E_BLOB_MODEL = 8,
  E_WEIGHTS = 10,
  E_WEIGHTS_FORMAT,
  E_WEIGHTS_TENSOR,
  E_WEIGHTS_SHAPE,
  E_WEIGHTS_NAN,
  MEMORY = 21,
  CALL = 1000
};
enum { RECORD = 192, MESSAGE = 200 };

static struct fake_driver *fake_state;
static int32_t variant; /* what dispatch.c would choose */
int32_t ssm_choose_variant(void);
int32_t ssm_choose_variant(void) { return variant; }

/* A file with a tensor of `shape` called `name`; a pointer to free. */
static char *make_file(const char *name, const char *shape, const char *data,
                       size_t *n) {
  char header[200];
  uint64_t length = (uint64_t)sprintf(
      header,
      "{\"%s\":{\"dtype\":\"F32\",\"shape\":%s,\"data_offsets\":[0,8]}}", name,
      shape);
  *n = sizeof length + length + 8;
  char *file = malloc(*n);
  memcpy(file, &length, sizeof length);
  memcpy(file + sizeof length, header, length);
  memcpy(file + sizeof length + length, data, 8);
  return file;
}

static MODEL_cuda_weights *load(MODEL_cuda *model, const char *data) {
  size_t n;
  char *file = make_file("w", "[2]", data, &n);
  MODEL_cuda_weights *set = NULL;
  EXPECT(MODEL_cuda_load(model, &set, file, n, NULL, 0) == OK && set);
  free(file);
  return set;
}

static void try_file(MODEL_cuda *model, const char *what, const char *name,
                     const char *shape, const char *data, size_t cut,
                     int error) {
  size_t n;
  char *file = make_file(name, shape, data, &n), problem[MESSAGE];
  MODEL_cuda_weights *set = (MODEL_cuda_weights *)1;
  int calls = fake_state->calls;
  EXPECT(MODEL_cuda_load(model, &set, file, n - cut, problem, MESSAGE) ==
         error);
  EXPECT(!set && fake_state->calls == calls);
  printf("%s: %s\n", what, problem);
  free(file);
}

/* Wrong files never reach the driver. */
static void test_files(MODEL_cuda *model) {
  try_file(model, "name", "v", "[2]", "four\0\0\0", 0, E_WEIGHTS_TENSOR);
  try_file(model, "shape", "w", "[1,2]", "four\0\0\0", 0, E_WEIGHTS_SHAPE);
  try_file(model, "NaN", "w", "[2]", "\xff\xff\xff\xff\0\0\0", 0,
           E_WEIGHTS_NAN);
  try_file(model, "cut", "w", "[2]", "four\0\0\0", 1, E_WEIGHTS_FORMAT);
}

/* Whatever fails: no set, nothing left on the device, the caller's context. */
static void test_failures(MODEL_cuda *model) {
  static const struct {
    const char *function;
    int result, error;
  } cases[] = {{"cuCtxPushCurrent_v2", 201, CALL + 201},
               {"cuMemAlloc_v2", 2, MEMORY},
               {"cuMemcpyHtoD_v2", 700, CALL + 700},
               {"cuStreamSynchronize", 719, CALL + 719},
               {"cuCtxPopCurrent_v2", 4, CALL + 4}};
  size_t n;
  char *file = make_file("w", "[2]", "four\0\0\0", &n);
  for (unsigned i = 0; i < sizeof cases / sizeof *cases; ++i) {
    MODEL_cuda_weights *set = (MODEL_cuda_weights *)1;
    fake_state->failing = cases[i].function;
    fake_state->failure = cases[i].result;
    int error = MODEL_cuda_load(model, &set, file, n, NULL, 0);
    fake_state->failing = NULL;
    /* A context that could not be left is still there. */
    if (strcmp(cases[i].function, "cuCtxPopCurrent_v2") == 0)
      fake_state->depth -= 2;
    if (error != cases[i].error || set || fake_state->buffers ||
        fake_state->depth) {
      printf("%s: error %d, expected %d\n", cases[i].function, error,
             cases[i].error);
      ++failures;
    }
  }
  MODEL_cuda_weights *set = (MODEL_cuda_weights *)1;
  char problem[MESSAGE] = "x";
  variant = -1;
  EXPECT(MODEL_cuda_load(model, &set, file, n, problem, MESSAGE) == E_CPU);
  EXPECT(!set && problem[0] == 0);
  variant = 0;
  EXPECT(MODEL_cuda_load(NULL, &set, file, n, NULL, 0) == E_ARG);
  EXPECT(MODEL_cuda_load(model, NULL, file, n, NULL, 0) == E_ARG);
  EXPECT(MODEL_cuda_load(model, &set, NULL, n, NULL, 0) == E_ARG);
  free(file);
}

/* Two sets beside each other; calls take one of their own handle. */
static void test_calls(MODEL_cuda *model, MODEL_cuda *other) {
  _Alignas(64) char states[RECORD] = {0}, blob[RECORD + 32];
  float x[3] = {1, 2, 3}, y[3];
  MODEL_cuda_weights *a = load(model, "four\0\0\0"),
                     *b = load(model, "four\0\0\1"),
                     *c = load(other, "four\0\0\0");
  EXPECT(fake_state->buffers == 3);
  int launches = fake_state->launches;
#define STEP(model, set)                                                       \
  MODEL_cuda_step(model, set, states, NULL, 1, x, NULL, y, NULL, 0, NULL)
  EXPECT(STEP(model, a) == OK && STEP(model, b) == OK && STEP(other, c) == OK);
  EXPECT(y[2] == 9 && fake_state->launches == launches + 3);
  EXPECT(MODEL_cuda_forward(model, a, x, NULL, y, 1, NULL, 1, states, NULL, 0,
                            NULL) == OK);
  launches = fake_state->launches;
  EXPECT(STEP(model, NULL) == E_ARG && STEP(model, c) == E_WEIGHTS);
  EXPECT(STEP(model, (MODEL_cuda_weights *)states) == E_WEIGHTS);
  EXPECT(fake_state->launches == launches);

  EXPECT(MODEL_state_save(a, states, blob, sizeof blob) == OK);
  EXPECT(MODEL_state_load(a, states, blob, sizeof blob) == OK);
  EXPECT(MODEL_state_load(c, states, blob, sizeof blob) == OK);
  EXPECT(MODEL_state_load(b, states, blob, sizeof blob) == E_BLOB_MODEL);
  EXPECT(MODEL_state_save(NULL, states, blob, sizeof blob) == E_ARG);

  EXPECT(MODEL_cuda_unload((MODEL_cuda_weights *)states) == E_WEIGHTS);
  fake_state->failing = "cuCtxPushCurrent_v2";
  fake_state->failure = 201;
  EXPECT(MODEL_cuda_unload(a) == CALL + 201 && fake_state->buffers == 3);
  fake_state->failing = NULL;
  EXPECT(STEP(model, a) == OK); /* the set is still there */
  EXPECT(MODEL_cuda_unload(a) == OK && fake_state->buffers == 2);
  EXPECT(STEP(model, b) == OK);
  EXPECT(MODEL_cuda_unload(b) == OK && MODEL_cuda_unload(c) == OK);
  EXPECT(MODEL_cuda_unload(NULL) == OK);
  EXPECT(fake_state->buffers == 0 && fake_state->depth == 0);
}

int main(void) {
  fake_state = dlsym(dlopen("libcuda.so.1", RTLD_LAZY), "fake");
  MODEL_cuda *model = NULL, *other = NULL;
  EXPECT(MODEL_cuda_open(&model, 0) == OK && MODEL_cuda_open(&other, 1) == OK);
  EXPECT(fake_state->buffers == 0);
  test_files(model);
  test_failures(model);
  test_calls(model, other);
  EXPECT(MODEL_cuda_close(model) == OK && MODEL_cuda_close(other) == OK);
  puts(failures ? "rules are broken" : "all rules hold");
  return failures != 0;
}
