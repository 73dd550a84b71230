/* Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * What load.c is linked with beyond the facts of model.h: the tensors that a
 * model needs, and how they become packed weights. */
#ifndef SSMC_TENSORS_H
#define SSMC_TENSORS_H

#include "model.h"

enum { TENSOR_RANK = 4 };

/* Texts are offsets into model_tensor_text, where a zero ends each. */
struct model_tensor {
  int64_t name;
  int64_t note; /* what the shape follows from: "state_dim 64" */
  int64_t rank;
  int64_t shape[TENSOR_RANK];
  int64_t place;    /* in raw weights, in bytes; -1: not needed there */
  int64_t optional; /* 1: a BOOL that files may lack, and nobody reads */
  /* Of variances: the smallest number that norm_epsilon makes positive, by its
   * order, which are the bits of an f32 without the sign, negative of negative
   * numbers. INT64_MIN: any number will do. */
  int64_t least;
};

extern const struct model_tensor model_tensors[];
extern const int64_t model_tensor_count;
/* The first of them, which the hash of a set takes into account. */
extern const int64_t model_hashed_tensors;
extern const char model_tensor_text[];
/* Their numbers, in the order of their names. */
extern const int64_t model_tensors_by_name[];

/* Of all tensors, as ssm_prepare takes them. */
extern const int64_t model_raw_bytes;
extern const int64_t model_load_workspace_bytes;

/* Discretizes and packs: the model's @prepare. */
void ssm_prepare(const char *raw, char *packed, char *ws);

#endif /* SSMC_TENSORS_H */
