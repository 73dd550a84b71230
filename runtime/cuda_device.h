/* Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * A model on a device: opened and closed; a part of cuda_entry_points.c. */
#ifndef SSMC_CUDA_DEVICE_H
#define SSMC_CUDA_DEVICE_H

#include "cuda_handle.h"

void *dlopen(const char *path, int mode);
void *dlsym(void *library, const char *name);
enum { LAZY_AND_LOCAL = 1 /* RTLD_LAZY | RTLD_LOCAL */ };

/* The caller's context, in the place of a device's primary one. */
enum { CURRENT_CONTEXT = -1 };

/* -- The driver ------------------------------------------------------------ */

/* The library stays loaded when the model is closed: it has threads of its own,
 * and most likely other users. */
static int find_driver(struct cuda_driver *driver) {
  void *library = dlopen("libcuda.so.1", LAZY_AND_LOCAL);
  if (!library)
    return E_CUDA_NO_DRIVER;
#define SSMC_FIND(member, name, parameters)                                    \
  {                                                                            \
    void *found = dlsym(library, #name);                                       \
    if (!found)                                                                \
      return E_CUDA_OLD_DRIVER;                                                \
    __builtin_memcpy(&driver->member, &found, sizeof found);                   \
  }
  SSMC_CUDA_FUNCTIONS(SSMC_FIND)
#undef SSMC_FIND
  return from_result(driver->init(0));
}

/* -- Opening --------------------------------------------------------------- */

static int find_primary_context(struct MODEL_cuda *cuda, int ordinal) {
  int count;
  int error = from_result(cuda->driver.device_count(&count));
  if (error == OK && ordinal >= count)
    error = E_CUDA_NO_DEVICE;
  if (error == OK)
    error = from_result(cuda->driver.device_get(&cuda->device, ordinal));
  if (error == OK)
    error =
        from_result(cuda->driver.primary_retain(&cuda->context, cuda->device));
  cuda->is_retained = error == OK;
  return error;
}

static int find_current_context(struct MODEL_cuda *cuda) {
  int error = from_result(cuda->driver.ctx_current(&cuda->context));
  if (error == OK && !cuda->context)
    error = E_CUDA_CALL + CU_INVALID_CONTEXT;
  if (error == OK)
    error = from_result(cuda->driver.ctx_device(&cuda->device));
  return error;
}

static int get_attribute(const struct MODEL_cuda *cuda, int attribute,
                         int *value) {
  return from_result(
      cuda->driver.device_attribute(value, attribute, cuda->device));
}

/* Newer architectures run older PTX, but nothing runs newer code; what a driver
 * says then depends on its version. */
static int check_capability(const struct MODEL_cuda *cuda) {
  int major, minor;
  int error = get_attribute(cuda, CU_CAPABILITY_MAJOR, &major);
  if (error == OK)
    error = get_attribute(cuda, CU_CAPABILITY_MINOR, &minor);
  if (error == OK && major * 10 + minor < model_least_capability)
    error = E_CUDA_NO_IMAGE;
  return error;
}

/* Asking for its occupancy also loads a kernel, which a driver otherwise puts
 * off until it is first launched, when a stream may be captured. */
static int load_kernel(struct MODEL_cuda *cuda, int64_t i) {
  const struct cuda_driver *driver = &cuda->driver;
  const struct cuda_kernel *kernel = &model_kernels[i];
  struct device_kernel *loaded = &cuda->kernels[i];
  int processors = 0, most_shared = 0, blocks = 0;
  int error = get_attribute(cuda, CU_MULTIPROCESSORS, &processors);
  if (error == OK)
    error = get_attribute(cuda, CU_MOST_SHARED_BYTES, &most_shared);
  if (error == OK && kernel->shared_bytes > most_shared)
    error = E_CUDA_RESOURCES;
  if (error == OK)
    error = from_result(
        driver->module_function(&loaded->function, cuda->module, kernel->name));
  if (error == OK)
    error = from_result(driver->function_attribute(
        loaded->function, CU_FUNCTION_DYNAMIC_SHARED_BYTES,
        (int)kernel->shared_bytes));
  if (error == OK)
    error = from_result(driver->occupancy(&blocks, loaded->function,
                                          (int)kernel->threads,
                                          (size_t)kernel->shared_bytes));
  if (error == OK && blocks < 1)
    error = E_CUDA_RESOURCES;
  loaded->resident = (int64_t)processors * blocks;
  return error;
}

static int load_model(struct MODEL_cuda *cuda) {
  int error = from_result(cuda->driver.module_load(&cuda->module, model_image));
  for (int64_t i = 0; error == OK && i < model_kernel_count; ++i)
    error = load_kernel(cuda, i);
  if (error == OK && !model_takes_weights)
    error =
        copy_to_device(cuda, model_weights, model_packed_bytes, &cuda->weights);
  return error;
}

/* Gives back what the context holds, in it. */
static int unload_model(struct MODEL_cuda *cuda) {
  const struct cuda_driver *driver = &cuda->driver;
  int error = OK;
  if (cuda->weights)
    error = from_result(driver->mem_free(cuda->weights));
  if (cuda->module) {
    int unloaded = from_result(driver->module_unload(cuda->module));
    error = error != OK ? error : unloaded;
  }
  return error;
}

static int close_model(struct MODEL_cuda *cuda) {
  int error = OK;
  if (cuda->context) {
    error = enter(cuda);
    if (error == OK)
      error = leave(cuda, unload_model(cuda));
  }
  if (cuda->is_retained) {
    int released = from_result(cuda->driver.primary_release(cuda->device));
    error = error != OK ? error : released;
  }
  free(cuda);
  return error;
}

static int open_model(struct MODEL_cuda *cuda, int ordinal) {
  int error = find_driver(&cuda->driver);
  if (error == OK)
    error = ordinal == CURRENT_CONTEXT ? find_current_context(cuda)
                                       : find_primary_context(cuda, ordinal);
  if (error == OK)
    error = check_capability(cuda);
  if (error == OK)
    error = enter(cuda);
  return error == OK ? leave(cuda, load_model(cuda)) : error;
}

#endif /* SSMC_CUDA_DEVICE_H */
