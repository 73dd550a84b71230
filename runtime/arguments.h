/* Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * What can be wrong with arguments of the C API, wherever the model runs; a
 * part of the files with entry points. */
#ifndef SSMC_ARGUMENTS_H
#define SSMC_ARGUMENTS_H

#include "errors.h"
#include "model.h"
#include <stdbool.h>
#include <stdint.h>

enum { RECORD_ALIGNMENT = 64 };

static bool is_aligned(const void *pointer, uintptr_t alignment) {
  return ((uintptr_t)pointer & (alignment - 1)) == 0;
}

/* Whether an array of a * b * c elements of `bytes` each can exist. */
static bool can_exist(int64_t a, int64_t b, int64_t c, int64_t bytes) {
  return !__builtin_mul_overflow(a, b, &a) &&
         !__builtin_mul_overflow(a, c, &a) &&
         !__builtin_mul_overflow(a, bytes, &a);
}

/* Whether `states` can hold the records first, ... first + count - 1. */
static inline int check_records(const void *states, int64_t first,
                                int64_t count) {
  int64_t last;
  if (first < 0 || count < 0 || __builtin_add_overflow(first, count, &last) ||
      !can_exist(last, model_state_bytes, 1, 1) || (count > 0 && !states))
    return E_ARG;
  return is_aligned(states, RECORD_ALIGNMENT) || count == 0 ? OK : E_ALIGN;
}

#endif /* SSMC_ARGUMENTS_H */
