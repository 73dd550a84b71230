/* Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * NAME_cuda_load of a model that was compiled with --weights runtime: load.c
 * checks a file and packs its weights in the host's memory, by the model's own
 * @prepare; from there they go to the device. The build compiles this file to
 * LLVM IR like cuda_entry_points.c.
 *
 * Nothing of a set is seen before all of it is there. */

#include "cuda_weights.h"
#include "tensors.h"
#include "weights_header.h"

/* Of load.c; no function of the API here. */
int MODEL_load(void *weights, size_t bytes, const void *safetensors, size_t n,
               void *ws, size_t ws_bytes, char *problem, size_t problem_bytes);

/* Whether this machine can run @prepare, which takes fused multiply-adds. */
#if defined(__x86_64__)
int32_t ssm_choose_variant(void); /* of dispatch.c */
static bool can_prepare(void) { return ssm_choose_variant() >= 0; }
#else
static bool can_prepare(void) { return true; }
#endif

static size_t align(size_t bytes) {
  return (bytes + RECORD_ALIGNMENT - 1) & ~(size_t)(RECORD_ALIGNMENT - 1);
}

static int upload(struct MODEL_cuda_weights *set, const char *packed) {
  const struct MODEL_cuda *cuda = set->cuda;
  int error = enter(cuda);
  if (error != OK)
    return error;
  error = leave(cuda,
                copy_to_device(cuda, packed, model_packed_bytes, &set->packed));
  if (error == OK || !set->packed)
    return error;
  /* Once more, as it may be leaving that failed. */
  if (enter(cuda) == OK)
    (void)leave(cuda, from_result(cuda->driver.mem_free(set->packed)));
  return error;
}

/* `memory`: zeros, enough for a packed set and the workspace behind it. */
static int load(struct MODEL_cuda_weights *set, char *memory, size_t set_bytes,
                const void *safetensors, size_t n, char *problem,
                size_t problem_bytes) {
  int error =
      MODEL_load(memory, set_bytes, safetensors, n, memory + set_bytes,
                 (size_t)model_load_workspace_bytes, problem, problem_bytes);
  if (error != OK)
    return error;
  const struct weights_header *header = (const void *)memory;
  set->hash = header->hash;
  set->configuration = header->configuration;
  error = upload(set, memory + sizeof *header);
  if (error == OK)
    set->magic = cuda_set_magic;
  return error;
}

int MODEL_cuda_load(struct MODEL_cuda *cuda, struct MODEL_cuda_weights **set,
                    const void *safetensors, size_t n, char *problem,
                    size_t problem_bytes) {
  if (problem && problem_bytes > 0)
    *problem = 0;
  if (set)
    *set = NULL;
  if (!cuda || !set || !safetensors)
    return E_ARG;
  if (!can_prepare())
    return E_CPU;
  size_t set_bytes =
      align(sizeof(struct weights_header) + (size_t)model_packed_bytes);
  struct MODEL_cuda_weights *loaded = calloc(1, sizeof *loaded);
  char *memory = calloc(1, RECORD_ALIGNMENT + set_bytes +
                               (size_t)model_load_workspace_bytes);
  int error = E_CUDA_MEMORY;
  if (loaded && memory) {
    loaded->cuda = cuda;
    size_t offset = align((uintptr_t)memory) - (uintptr_t)memory;
    error = load(loaded, memory + offset, set_bytes, safetensors, n, problem,
                 problem_bytes);
  }
  free(memory);
  if (error == OK)
    *set = loaded;
  else
    free(loaded);
  return error;
}

int MODEL_cuda_unload(struct MODEL_cuda_weights *set) {
  if (!set)
    return OK;
  if (set->magic != cuda_set_magic || set->configuration != model_hash)
    return E_WEIGHTS;
  const struct MODEL_cuda *cuda = set->cuda;
  int error = enter(cuda);
  if (error != OK)
    return error;
  error = leave(
      cuda, set->packed ? from_result(cuda->driver.mem_free(set->packed)) : OK);
  set->magic = 0;
  free(set);
  return error;
}
