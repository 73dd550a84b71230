/* Holds runtime/load.c to the rules of the generated header, around a model of
 * three tensors whose packed weights are the raw ones. Files lie in memory of
 * exactly their size, so that AddressSanitizer sees every access beyond. */
#include "errors.h"
#include "tensors.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { A = 6, B = 2, RAW = 128, TABLES = 64, SET = 64 + RAW };
enum { ROOM = 4096, MESSAGE = 200 };
#define LEAST -0x3f000000ll /* b must be at least -0.5 */

const int64_t model_packed_bytes = RAW;
const uint64_t model_hash = 77;
const bool model_takes_weights = true;
const char model_weights[1];
const int64_t model_state_bytes = 64;
const int64_t model_raw_bytes = RAW;
const int64_t model_load_workspace_bytes = RAW + TABLES;
const int64_t model_tensor_count = 3;
const int64_t model_hashed_tensors = 2;
const char model_tensor_text[] = "b\0a.weight\0a.first\0in 3\0";
const int64_t model_tensors_by_name[] = {2, 1, 0};
const struct model_tensor model_tensors[] = {
    {0, 1, 1, {B}, 64, 0, LEAST},
    {2, 19, 2, {2, 3}, 0, 0, INT64_MIN},
    {11, 1, 0, {0}, -1, 1, INT64_MIN}};

void ssm_prepare(const char *raw, char *packed, char *ws) {
  memset(ws, 0xff, TABLES);
  memcpy(packed, raw, A * sizeof(float));
  memcpy(packed + 64, raw + 64, B * sizeof(float));
}

int MODEL_load(void *weights, size_t bytes, const void *safetensors, size_t n,
               void *ws, size_t ws_bytes, char *problem, size_t problem_bytes);

#define EXPECT(condition)                                                      \
  do {                                                                         \
    if (!(condition)) {                                                        \
      printf("line %d: %s\n", __LINE__, #condition);                           \
      exit(1);                                                                 \
    }                                                                          \
  } while (0)

static _Alignas(64) char set[SET], ws[RAW + TABLES];

/* A file of this header and `bytes` of data; a pointer to free. */
static char *make_file(const char *header, const float *data, size_t bytes,
                       size_t *n) {
  uint64_t length = strlen(header);
  *n = sizeof length + length + bytes;
  char *file = malloc(*n);
  memcpy(file, &length, sizeof length);
  memcpy(file + sizeof length, header, length);
  memcpy(file + sizeof length + length, data, bytes);
  return file;
}

static const float numbers[A + B] = {1, 2, 3, 4, 5, 6, 7, 8};

/* What comes of a file: prints the sentence, and checks that nothing was
 * written if there was an error, or the weights if there was none. */
static int load(const char *file, size_t n, char *message) {
  memset(set, 1, sizeof set);
  int error = MODEL_load(set, sizeof set, file, n, ws, sizeof ws, message,
                         message ? MESSAGE : 0);
  char before[SET];
  memset(before, 1, sizeof before);
  EXPECT((memcmp(set, before, sizeof set) == 0) == (error != OK));
  return error;
}

static void try(const char *what, const char *header, const float *data,
                size_t bytes) {
  size_t n;
  char message[MESSAGE], *file = make_file(header, data, bytes, &n);
  int error = load(file, n, message);
  printf("%s: %d %s\n", what, error, message);
  free(file);
}

#define A_ENTRY                                                                \
  "\"a.weight\":{\"dtype\":\"F32\",\"shape\":[2,3],\"data_offsets\":[0,24]}"
#define B_ENTRY                                                                \
  "\"b\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[24,32]}"
#define FIRST                                                                  \
  "\"a.first\":{\"dtype\":\"BOOL\",\"shape\":[],\"data_offsets\":[32,33]}"
#define TRY(what, header) try(what, "{" header "}", numbers, sizeof numbers)

static void try_files(void) {
  TRY("good", A_ENTRY "," B_ENTRY);
  EXPECT(memcmp(set + 64, numbers, 24) == 0 &&
         memcmp(set + 128, numbers + 6, 8) == 0 && set[64 + 24] == 0);
  TRY("other order", " \"__metadata__\" : {\"x\":\"\\u0041\\\"\"} ,\n" B_ENTRY
                     " , " A_ENTRY " ");
  TRY("escaped name", "\"\\u0061.weight\":{\"shape\":[2,3],\"data_offsets\":[0,"
                      "24],\"dtype\":\"F32\"}," B_ENTRY);
  float more[A + B + 1] = {1, 2, 3, 4, 5, 6, 7, 8, 0};
  try("with a flag", "{" A_ENTRY "," B_ENTRY "," FIRST "}", more,
      sizeof numbers + 1);
  TRY("empty", "");
  TRY("missing",
      "\"b\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}");
  TRY("unknown", A_ENTRY "," B_ENTRY ",\"c\":{\"dtype\":\"F32\",\"shape\":[0],"
                         "\"data_offsets\":[0,0]}");
  TRY("twice", A_ENTRY "," A_ENTRY);
  TRY("dtype", A_ENTRY ",\"b\":{\"dtype\":\"F16\",\"shape\":[4],"
                       "\"data_offsets\":[24,32]}");
  TRY("shape", "\"a.weight\":{\"dtype\":\"F32\",\"shape\":[3,2],"
               "\"data_offsets\":[0,24]}");
  TRY("rank", "\"a.weight\":{\"dtype\":\"F32\",\"shape\":[1,2,3,1,1,1,1,1],"
              "\"data_offsets\":[0,24]}");
  TRY("many dimensions",
      "\"a.weight\":{\"dtype\":\"F32\",\"shape\":[2,3,1,1,1,1,1,"
      "1,1],\"data_offsets\":[0,24]}");
  TRY("behind the end", A_ENTRY ",\"b\":{\"dtype\":\"F32\",\"shape\":[2],"
                                "\"data_offsets\":[28,36]}");
  TRY("wrong size", A_ENTRY ",\"b\":{\"dtype\":\"F32\",\"shape\":[2],"
                            "\"data_offsets\":[24,28]}");
  TRY("backwards", A_ENTRY ",\"b\":{\"dtype\":\"F32\",\"shape\":[2],"
                           "\"data_offsets\":[32,24]}");
  TRY("overlap", A_ENTRY ",\"b\":{\"dtype\":\"F32\",\"shape\":[2],"
                         "\"data_offsets\":[20,28]}");
  try("left over", "{" A_ENTRY "," B_ENTRY "}", more, sizeof more);
  TRY("huge offset", A_ENTRY ",\"b\":{\"dtype\":\"F32\",\"shape\":[2],"
                             "\"data_offsets\":[9223372036854775800,"
                             "9223372036854775808]}");
  TRY("negative", A_ENTRY ",\"b\":{\"dtype\":\"F32\",\"shape\":[-2],"
                          "\"data_offsets\":[24,32]}");
  TRY("no data_offsets", "\"b\":{\"dtype\":\"F32\",\"shape\":[2]}");
  TRY("nested", "\"b\":[[[[[[[[[[[[[[[[[[[[[[[[[[");
  TRY("behind", A_ENTRY "," B_ENTRY "} x {");
  float nan[A + B] = {1, 2, 3, 4, 0.0f / 0.0f, 6, 7, 8};
  try("NaN", "{" A_ENTRY "," B_ENTRY "}", nan, sizeof nan);
  float least[A + B] = {-1, 2, 3, 4, 5, 6, -0.5f, -0.0f};
  try("least", "{" A_ENTRY "," B_ENTRY "}", least, sizeof least);
  least[A + 1] = -0.50000006f;
  try("less", "{" A_ENTRY "," B_ENTRY "}", least, sizeof least);
}

static void try_lengths(void) {
  const char *header = "{" A_ENTRY "," B_ENTRY "}";
  size_t n;
  char message[MESSAGE], *file = make_file(header, numbers, 32, &n);
  for (size_t k = 0; k < n; ++k) {
    char *cut = malloc(k);
    memcpy(cut, file, k);
    EXPECT(load(cut, k, message) == E_WEIGHTS_FORMAT);
    if (k == 5 || k == 20 || k == n - 1)
      printf("%zu of %zu bytes: %s\n", k, n, message);
    free(cut);
  }
  memset(file, 0xff, 8);
  printf("header length: %d ", load(file, n, message));
  puts(message);
  free(file);
}

static void try_arguments(void) {
  size_t n;
  char message[MESSAGE];
  char *file = make_file("{" A_ENTRY "," B_ENTRY "}", numbers, 32, &n);
#define LOAD(...) MODEL_load(__VA_ARGS__, message, MESSAGE)
  EXPECT(LOAD(NULL, SET, file, n, ws, sizeof ws) == E_ARG);
  EXPECT(LOAD(set, SET - 1, file, n, ws, sizeof ws) == E_ARG);
  EXPECT(LOAD(set, SET, NULL, n, ws, sizeof ws) == E_ARG);
  EXPECT(LOAD(set, SET, file, n, NULL, sizeof ws) == E_ARG);
  EXPECT(LOAD(set, SET, file, n, ws, sizeof ws - 1) == E_WORKSPACE);
  EXPECT(LOAD(set, SET, file, n, ws + 4, sizeof ws) == E_ALIGN);
  EXPECT(LOAD(set + 4, SET, file, n, ws, sizeof ws) == E_ALIGN);
  EXPECT(message[0] == 0);
  EXPECT(MODEL_load(set, SET, file, n, ws, sizeof ws, NULL, 0) == OK);
  /* A sentence is cut to the room there is. */
  char *small = malloc(7);
  EXPECT(MODEL_load(set, SET, file, n - 1, ws, sizeof ws, small, 7) ==
         E_WEIGHTS_FORMAT);
  EXPECT(strlen(small) == 6);
  free(small);
  /* The hash depends on every number, and on nothing else of the file. */
  uint64_t hash, other;
  memcpy(&hash, set + 24, sizeof hash);
  file[n - 1] ^= 1;
  EXPECT(MODEL_load(set, SET, file, n, ws, sizeof ws, NULL, 0) == OK);
  memcpy(&other, set + 24, sizeof other);
  EXPECT(hash != other);
  free(file);
}

/* Files with some bytes changed: whatever comes of it is no access beyond. */
static void fuzz(int count) {
  const char *header =
      "{\"__metadata__\":{\"k\":\"v\"}," A_ENTRY "," B_ENTRY "," FIRST "}";
  static const char likely[] = "{}[]:,\"\\u09 -aF\xff\0";
  float data[A + B + 1] = {1, 2, 3, 4, 5, 6, 7, 8, 0};
  uint32_t seed = 1;
  int good = 0;
  for (int i = 0; i < count; ++i) {
    size_t n;
    char message[MESSAGE];
    char *file = make_file(header, data, sizeof numbers + 1, &n);
    for (int changes = i % 4 + 1; changes > 0; --changes) {
      seed = seed * 1664525u + 1013904223u;
      size_t at = 8 + (seed >> 8) % (strlen(header) + 2);
      seed = seed * 1664525u + 1013904223u;
      file[i % 16 ? at : at % 8] =
          i % 2 ? (char)(seed >> 24) : likely[(seed >> 24) % sizeof likely];
    }
    good += load(file, n, i % 3 ? message : NULL) == OK;
    free(file);
  }
  printf("fuzz: %d files, %s\n", count,
         good > 0 && good < count ? "some good" : "all alike");
}

int main(void) {
  try_files();
  try_lengths();
  try_arguments();
  fuzz(200000);
  puts("all rules hold");
  return 0;
}
