/* Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * What entry_points.c is linked with: facts about a model and the functions
 * that the compiler generates for it. */
#ifndef SSMC_MODEL_H
#define SSMC_MODEL_H

#include <stdbool.h>
#include <stdint.h>

extern const int64_t model_state_bytes;     /* of a stream's record */
extern const int64_t model_workspace_bytes; /* of a generated function's */
extern const int64_t model_rows;            /* of a chunk; a group's streams */
extern const int64_t model_units;           /* parts of a record with a turn */
extern const int64_t model_inputs;          /* of a time step */
extern const int64_t model_outputs;         /* of a time step, or a stream */
extern const bool model_pooled;             /* one answer per stream */
extern const uint64_t model_hash;           /* of configuration and weights */
extern const char model_weights[];          /* packed parameters */
/* Whether these come with each call instead: model_hash is then that of the
 * configuration alone, and there is no model_weights. */
extern const bool model_takes_weights;
extern const int64_t model_packed_bytes; /* of packed parameters */

/* Of a model some of whose layers read the sequence backwards, too, what a time
 * step takes in the workspace: all others have 0. Such a model has, of the
 * functions below, ssm_sequence and ssm_answers only. */
extern const int64_t model_sequence_bytes;

/* Whether a time delta comes with each step. Then there are, of the functions
 * below, those called _timed, and otherwise the others. */
extern const bool model_takes_dt;

enum { VALUE_BYTES = 4 /* of float and int32_t */ };

/* A chunk's place among those of its stream; see schedule.h. NULL: nobody else
 * works on the stream. */
struct turn;

/* model_rows time steps of one stream: x is (rows, inputs), y is
 * (rows, outputs). */
void ssm_chunk_full(const char *weights, char *record, const struct turn *turn,
                    const void *x, float *y, char *ws);
/* One time step of one stream. */
void ssm_step(const char *weights, char *record, const void *x, float *y,
              char *ws);
/* n <= model_rows rows: x is (n, inputs), y is (n, outputs). Row r is the next
 * time step of the stream whose record has the number
 * ids ? ids[r] : first + r * stride. With stride 1 these are different streams,
 * and there is no turn; with stride 0 all are time steps of one. */
void ssm_rows(const char *weights, char *states, const int64_t *ids,
              int64_t first, int64_t stride, int64_t n, const struct turn *turn,
              const void *x, float *y, char *ws);
/* The same with the time deltas of the rows. */
void ssm_chunk_full_timed(const char *weights, char *record,
                          const struct turn *turn, const void *x,
                          const float *dt, float *y, char *ws);
void ssm_step_timed(const char *weights, char *record, const void *x,
                    const float *dt, float *y, char *ws);
void ssm_rows_timed(const char *weights, char *states, const int64_t *ids,
                    int64_t first, int64_t stride, int64_t n,
                    const struct turn *turn, const void *x, const float *dt,
                    float *y, char *ws);
/* All n time steps of one stream, whose record is clear: `store` has
 * n * model_sequence_bytes bytes. */
void ssm_sequence(const char *weights, char *record, int64_t n, const void *x,
                  char *store, float *y, char *ws);
void ssm_sequence_timed(const char *weights, char *record, int64_t n,
                        const void *x, const float *dt, char *store, float *y,
                        char *ws);
/* The answers of a pooled head for all that n <= model_rows streams have seen,
 * each with the record number ids ? ids[r] : first + r. The functions above
 * leave y alone when the model has such a head. */
void ssm_answers(const char *weights, const char *states, const int64_t *ids,
                 int64_t first, int64_t n, float *y, char *ws);

/* What ssm_chunk_full and ssm_rows call before they touch the states of unit 0,
 * 1, ... model_units - 1, and when they no longer will. */
void ssm_await(const struct turn *turn, int64_t unit);
void ssm_release(const struct turn *turn, int64_t unit);

#endif /* SSMC_MODEL_H */
