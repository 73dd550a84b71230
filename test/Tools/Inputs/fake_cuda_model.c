/* Stands in for what the compiler adds to runtime/cuda_entry_points.c: a model
 * whose kernels fake_driver.c runs, with an output per time step or, with
 * POOLED, per stream. With LATE its weights, of which the kernels see to it
 * that they are the text "four", come at run time, as two floats. With
 * CUTS_ALL_STREAMS any number of long streams is cut into pieces. */
#include "cuda_model.h"
#ifdef LATE
#include "tensors.h"
#include <string.h>
#endif

const int64_t model_state_bytes = 192;
const int64_t model_inputs = 3;
const int64_t model_outputs = 3;
#ifdef POOLED
const bool model_pooled = true;
#else
const bool model_pooled = false;
#endif
const uint64_t model_hash = 0x1234567890abcdefu;
const bool model_takes_dt = false;
const int64_t model_sequence_bytes = 0;
const int64_t model_packed_bytes = 8;
const char model_weights[8] = "four";
#ifdef LATE
const bool model_takes_weights = true;
const int64_t model_raw_bytes = 64;
const int64_t model_load_workspace_bytes = 128;
const int64_t model_tensor_count = 1;
const int64_t model_hashed_tensors = 1;
const char model_tensor_text[] = "w";
const int64_t model_tensors_by_name[] = {0};
const struct model_tensor model_tensors[] = {{0, 1, 1, {2}, 0, 0, INT64_MIN}};

void ssm_prepare(const char *raw, char *packed, char *ws) {
  memset(ws, 0xff, 64);
  memcpy(packed, raw, 8);
}
#else
const bool model_takes_weights = false;
#endif
const int64_t model_least_capability = 80;
const char model_image[] = "image";

/* Chunks of 2 time steps. One unit copies x to activations, one doubles them in
 * place, one adds halves of them up: from there to y, or in place when pooled.
 */
enum { ROWS = 2, ROW_BYTES = 12, OF_CALLER = -1 };
const struct cuda_kernel model_kernels[] = {
    {"ssm_time", 256, 70000, ROWS, 0, 0},
    {"ssm_rows", 128, 1000, 4, 0, 0},
    {"ssm_unit_copy", 64, 1000, ROWS, 1, 0}, /* has more room than others */
    {"ssm_unit_double", 128, 1000, ROWS, 1, 192},
    {"ssm_unit_sum", 128, 1000, ROWS, 0, 0},
#ifdef POOLED
    {"ssm_answers", 128, 1000, 4, 0, 0}
#endif
};
const int64_t model_kernel_count = sizeof model_kernels / sizeof *model_kernels;
const int64_t model_time_kernel = 0, model_rows_kernel = 1;
const int64_t model_answers_kernel = 5;
/* Behind activations that are not used: offsets count. */
const int64_t model_activation_bytes = 3 * ROW_BYTES;
const struct cuda_launch model_launches[] = {
    {2, 0, OF_CALLER, 2 * ROW_BYTES, {0}},
    {3, 0, 2 * ROW_BYTES, 2 * ROW_BYTES, {0}},
#ifdef POOLED
    {4, 1, 2 * ROW_BYTES, 2 * ROW_BYTES, {0, 12}}
#else
    {4, 1, 2 * ROW_BYTES, OF_CALLER, {0, 12}}
#endif
};
const int64_t model_launch_count = 3;
#ifdef CUTS_ALL_STREAMS
const int64_t model_cuts_all_streams = 1;
#else
const int64_t model_cuts_all_streams = 0;
#endif
