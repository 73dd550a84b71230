/* Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * What train_entry_points.c is linked with beyond model.h: facts about a model
 * in training form and the function that the compiler generates for it. */
#ifndef SSMC_TRAIN_MODEL_H
#define SSMC_TRAIN_MODEL_H

#include <stdint.h>

enum { MOST_SPLITS = 8, MOST_KEYS = 8 };

/* All rows of a call go through one step before any goes through the next. */
struct train_step {
  enum {
    ROWS = 0,   /* takes rows to rows */
    POOL = 1,   /* leaves their sums, or the last, for the next: an ANSWER */
    ANSWER = 2, /* takes what the pool left in the record to an answer */
  };
  int64_t unit; /* of ssm_train_rows */
  int64_t kind;
  int64_t blob;     /* of the unit's part of the weights, in bytes */
  int64_t norm;     /* whose statistics are those of the rows it takes; -1 */
  int64_t in, out;  /* values of a row */
  int64_t in_place; /* 1: out lies where in does */
  int64_t keys;     /* how many keys the unit takes */
  int64_t key;      /* of the first, in train_keys */
};
extern const struct train_step train_steps[];
extern const int64_t train_step_count;

/* Statistics of a norm: float mean[features], float var[features], and
 * int32_t first_time. */
struct train_norm {
  int64_t features;
  int64_t offset; /* of its statistics, in bytes */
  double epsilon, momentum;
};
extern const struct train_norm train_norms[];

/* A key is a batch element's key, split that often, each time the i-th. */
struct train_key {
  int64_t count;
  int64_t splits[MOST_SPLITS];
};
extern const struct train_key train_keys[];

extern const int64_t train_state_bytes;     /* of ssm_train_rows's record */
extern const int64_t train_workspace_bytes; /* of its workspace */
extern const int64_t train_chunk_rows;      /* most rows in a call of it */
extern const int64_t train_width;           /* most values of a row between */
extern const int64_t train_buffers;     /* how many buffers for rows: 1, 2 */
extern const int64_t train_features;    /* most of a norm, in whole panels */
extern const int64_t train_blob_offset; /* in model_weights */
extern const int64_t train_statistics_offset; /* likewise */

/* n <= train_chunk_rows time steps of one sequence, from the step `first` on,
 * through a unit: x is (n, in), y is (n, out), or x when in place. `columns`:
 * what a norm adds, then what it multiplies by, panels of 16 features each.
 * Dropout, with `keys`, is applied to the first `dropped` rows. */
void ssm_train_rows(int64_t unit, const char *weights, char *record,
                    const float *columns, const uint32_t *keys, int64_t first,
                    int64_t dropped, int64_t n, const void *x, void *y,
                    char *ws);

#endif /* SSMC_TRAIN_MODEL_H */
