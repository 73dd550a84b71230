/* Calls all of the model "one": what the calls return, and a hash of the bits.
 */
#include "one.h"
#include <stdio.h>
#include <stdlib.h>

enum { L = 30, F = one_INPUT_FEATURES, O = one_OUTPUT_FEATURES };

static one_in_t x[L * F];
static float y[3][one_POOLED ? O : L * O];

static void report(const char *call, int error) {
  printf("%s: %s\n", call, one_strerror(error));
}

int main(void) {
  size_t bytes = one_workspace_bytes(1, 1);
  void *memory = NULL;
  char *record, blob[one_STATE_BLOB_BYTES];
  if (!(memory = malloc(bytes + 2 * one_STATE_BYTES + one_ALIGN)))
    return 1;
  record =
      (char *)(((uintptr_t)memory + one_ALIGN - 1) / one_ALIGN * one_ALIGN);
  char *ws = record + one_STATE_BYTES;
  for (int i = 0; i < L * F; ++i)
    x[i] = (one_in_t)(i % 37) / 19 - 1;
  int error = one_state_reset(record, 0, 1);
  error = error ? error : one_state_save(record, blob, sizeof blob);
  error = error ? error : one_state_load(record, blob, sizeof blob);
  report("memory", error);
  report("step", one_step(record, NULL, 1, x, y[0], NULL, ws, bytes));
  report("chunk",
         one_chunk(record, NULL, 1, NULL, L - 1, x + F, y[1], NULL, ws, bytes));
  report("forward", one_forward(x, y[2], 1, NULL, L, NULL, NULL, ws, bytes));
  uint32_t sum = 1;
  for (size_t i = 0; i < sizeof y; ++i)
    sum = (sum ^ ((unsigned char *)y)[i]) * 16777619u;
  for (size_t i = 0; i < one_STATE_BYTES; ++i)
    sum = (sum ^ (unsigned char)record[i]) * 16777619u;
  printf("bits %08x\n", (unsigned)sum);
  free(memory);
  return 0;
}
