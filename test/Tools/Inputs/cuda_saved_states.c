/* Saves a record by the object for GPUs, and loads it by the one for CPUs, and
 * the other way round. */
#include "cpu.h"
#include "gpu.h"
#include <stdio.h>
#include <string.h>

#define ALIGNED __attribute__((aligned(64)))
static ALIGNED char state[cpu_STATE_BYTES], copy[cpu_STATE_BYTES];
static char saved[cpu_STATE_BLOB_BYTES];

int main(void) {
  if (cpu_STATE_BYTES != gpu_STATE_BYTES ||
      cpu_STATE_BLOB_BYTES != gpu_STATE_BLOB_BYTES)
    return puts("records differ");
  for (size_t i = 0; i < sizeof state; ++i)
    state[i] = (char)(i * 7);
  if (gpu_state_save(state, saved, sizeof saved) != gpu_OK ||
      cpu_state_load(copy, saved, sizeof saved) != cpu_OK ||
      memcmp(state, copy, sizeof state) != 0)
    return puts("from GPU to CPU: lost");
  memset(copy, 0, sizeof copy);
  if (cpu_state_save(state, saved, sizeof saved) != cpu_OK ||
      gpu_state_load(copy, saved, sizeof saved) != gpu_OK ||
      memcmp(state, copy, sizeof state) != 0)
    return puts("from CPU to GPU: lost");
  saved[16] ^= 1;
  if (gpu_state_load(copy, saved, sizeof saved) != gpu_E_BLOB_MODEL)
    return puts("another model's: taken");
  return puts("records go both ways") < 0;
}
