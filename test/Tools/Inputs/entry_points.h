/* The C API of runtime/entry_points.c around fake_model.c: its functions take
 * the model's own weights, and no time deltas. */
#ifndef ENTRY_POINTS_H
#define ENTRY_POINTS_H

#include "ssmc_executor.h"
#include <stddef.h>
#include <stdint.h>

/* Of fake_model.c: floats of a time step, and bytes of a record. */
enum { INPUTS = 3, RECORD = 192 };

int MODEL_state_reset(void *, int64_t, int64_t);
size_t MODEL_workspace_bytes(int64_t, int32_t);
int MODEL_step(const void *, void *, const int64_t *, int64_t, const float *,
               const float *, float *, const ssmc_executor *, void *, size_t);
int MODEL_chunk(const void *, void *, const int64_t *, int64_t, const int64_t *,
                int64_t, const float *, const float *, float *,
                const ssmc_executor *, void *, size_t);
int MODEL_forward(const void *, const float *, const float *, float *, int64_t,
                  const int64_t *, int64_t, void *, const ssmc_executor *,
                  void *, size_t);
int MODEL_state_save(const void *, const void *, void *, size_t);
int MODEL_state_load(const void *, void *, const void *, size_t);
const char *MODEL_strerror(int);

/* The model's own weights, and no time deltas. */
#define MODEL_step(states, ids, n, x, ...)                                     \
  MODEL_step(NULL, states, ids, n, x, NULL, __VA_ARGS__)
#define MODEL_chunk(states, ids, n, lengths, T, x, ...)                        \
  MODEL_chunk(NULL, states, ids, n, lengths, T, x, NULL, __VA_ARGS__)
#define MODEL_forward(x, ...) MODEL_forward(NULL, x, NULL, __VA_ARGS__)
#define MODEL_state_save(...) MODEL_state_save(NULL, __VA_ARGS__)
#define MODEL_state_load(...) MODEL_state_load(NULL, __VA_ARGS__)

#endif /* ENTRY_POINTS_H */
