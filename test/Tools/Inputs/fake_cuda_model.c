/* Stands in for what the compiler adds to runtime/cuda_entry_points.c: a model
 * whose kernels fake_driver.c runs, with an output per time step or, with
 * POOLED, per stream. */
#include "cuda_model.h"

const int64_t model_state_bytes = 192;
const int64_t model_inputs = 3;
const int64_t model_outputs = 3;
#ifdef POOLED
const bool model_pooled = true;
#else
const bool model_pooled = false;
#endif
const uint64_t model_hash = 0x1234567890abcdefu;
const char model_weights[5] = "four";
const int64_t model_weight_bytes = 5;
const int64_t model_least_capability = 80;
const char model_image[] = "image";
const struct cuda_kernel model_kernels[] = {{"ssm_time", 256, 70000, 32, 0, 0},
                                            {"ssm_rows", 128, 1000, 4, 0, 0}};
const int64_t model_kernel_count = 2;
const struct cuda_launch model_launches[1];
const int64_t model_launch_count = 0;
const int64_t model_activation_bytes = 0;
