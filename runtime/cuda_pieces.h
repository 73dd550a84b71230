/* Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * Long sequences in pieces; a part of cuda_entry_points.c.
 *
 * Sequences are cut into pieces of as many chunks as fill the device. Each unit
 * of the model is one launch on a piece, whose thread blocks take chunks of it;
 * between units, activations go through the workspace. As many streams as a
 * piece has chunks are a group, the last one smaller; groups go one after the
 * other. So the workspace's size depends on the device and the model, not on
 * the length of sequences nor, from one group on, on their number.
 *
 *   workspace of a piece: activations, one buffer after the other
 *                         a counter of chunks, 64 bytes; two flags per chunk
 *                         what chunks leave for each other */
#ifndef SSMC_CUDA_PIECES_H
#define SSMC_CUDA_PIECES_H

#include "cuda_constants.h"
#include "cuda_launch.h"

enum {
  LINE_BYTES = 64,
  FLAG_BYTES = 8 /* of a chunk */
};

static int64_t round_to_lines(int64_t bytes) {
  return (bytes + LINE_BYTES - 1) / LINE_BYTES * LINE_BYTES;
}

static int64_t get_chunk_rows(void) { return model_kernels[0].rows; }

static int64_t count_chunks(int64_t steps) {
  return (steps - 1) / get_chunk_rows() + 1;
}

/* There is more than one chunk to share out, and a thread block per stream
 * leaves places of the device empty (a processor has room for several, and
 * hides what one waits for behind the others' work), or is slower even if it
 * does not. */
static bool pays_in_pieces(const struct cuda_call *call) {
  return model_launch_count > 0 && call->T > get_chunk_rows() &&
         (model_cuts_all_streams ||
          call->n < call->cuda->kernels[model_time_kernel].resident);
}

/* Chunks of a piece of all streams, at least: also the streams of a group. They
 * fill the places of the unit that has the fewest, whose thread blocks have
 * most to do; as many more as fill those of small units would not stay in the
 * L2 cache from one unit to the next. */
static int64_t get_least_chunks(const struct MODEL_cuda *cuda) {
  int64_t places = INT64_MAX / CUDA_CHUNKS_PER_PLACE;
  for (int64_t i = 0; i < model_launch_count; ++i) {
    int64_t resident = cuda->kernels[model_launches[i].kernel].resident;
    if (resident < places)
      places = resident;
  }
  return CUDA_CHUNKS_PER_PLACE * places;
}

/* Chunks of a stream in a piece. */
static int64_t get_piece_chunks(const struct cuda_call *call) {
  int64_t wanted = (get_least_chunks(call->cuda) - 1) / call->n + 1;
  int64_t all = count_chunks(call->T);
  return wanted < all ? wanted : all;
}

static int64_t get_most_link_bytes(void) {
  int64_t most = 0;
  for (int64_t i = 0; i < model_kernel_count; ++i)
    if (model_kernels[i].link_bytes > most)
      most = model_kernels[i].link_bytes;
  return most;
}

/* Bytes of the counter and of the flags. */
static int64_t get_flag_bytes(int64_t chunks) {
  return LINE_BYTES + round_to_lines(chunks * FLAG_BYTES);
}

/* Of a group's streams: these have a few chunks in all for each place of the
 * device, and nothing overflows. */
static int64_t get_piece_bytes(const struct cuda_call *call) {
  int64_t chunks = call->n * get_piece_chunks(call);
  return round_to_lines(chunks * get_chunk_rows() * model_activation_bytes) +
         get_flag_bytes(chunks) + chunks * get_most_link_bytes();
}

/* Of all groups: the last one has fewer streams, and may have more chunks. */
static int64_t get_group_bytes(const struct cuda_call *call) {
  int64_t most = get_least_chunks(call->cuda);
  struct cuda_call last = *call, whole = *call;
  last.n = call->n % most;
  whole.n = most;
  int64_t of_whole = call->n >= most ? get_piece_bytes(&whole) : 0;
  int64_t of_last = last.n > 0 ? get_piece_bytes(&last) : 0;
  return of_whole > of_last ? of_whole : of_last;
}

/* A piece of a group of streams. */
struct piece {
  int64_t first, chunks; /* time step; chunks of a stream */
  char *states;
  char *activations;
  char *link;
};

/* Rows of a stream lie `rows` apart from `first` on. */
struct rows {
  char *data;
  int64_t rows, first;
};

/* `buffer` is the bytes of a row of activations before it, or -1. */
static struct rows find_rows(const struct cuda_call *call,
                             const struct piece *piece, int64_t buffer,
                             const void *of_caller) {
  int64_t steps = piece->chunks * get_chunk_rows();
  if (buffer < 0)
    return (struct rows){(char *)of_caller, call->T, piece->first};
  return (struct rows){piece->activations + buffer * call->n * steps, steps, 0};
}

/* ssm_unit_UNIT(weights, states, ids, n, lengths, L, start, chunks, in, inRows,
 *               inFirst, out, outRows, outFirst, link, carry0, ...) */
static int run_unit(const struct cuda_call *call, struct piece *piece,
                    const struct cuda_launch *unit) {
  const struct cuda_kernel *kernel = &model_kernels[unit->kernel];
  cu_pointer weights = call->weights + (cu_pointer)unit->weights;
  const int64_t *ids = call->ids, *lengths = call->lengths;
  int64_t n = call->n, steps = call->T;
  int64_t carries[LAUNCH_CARRIES];
  __builtin_memcpy(carries, unit->carries, sizeof carries);
  struct rows in = find_rows(call, piece, unit->in, call->x);
  struct rows out = find_rows(call, piece, unit->out, call->y);
  void *parameters[] = {
      &weights,    &piece->states, &ids,           &n,         &lengths,
      &steps,      &piece->first,  &piece->chunks, &in.data,   &in.rows,
      &in.first,   &out.data,      &out.rows,      &out.first, &piece->link,
      &carries[0], &carries[1],    &carries[2],    &carries[3]};
  int64_t chunks = n * piece->chunks;
  int error = OK;
  if (kernel->by_chunk)
    error = clear(call, piece->link,
                  kernel->link_bytes ? get_flag_bytes(chunks) : LINE_BYTES);
  return error == OK ? launch(call, unit->kernel, kernel->by_chunk ? chunks : n,
                              parameters)
                     : error;
}

/* ssm_answers(weights, states, ids, n, y) */
static int run_answers(const struct cuda_call *call, char *states) {
  cu_pointer weights = call->weights;
  const int64_t *ids = call->ids;
  int64_t n = call->n;
  float *y = call->y;
  void *parameters[] = {&weights, &states, &ids, &n, &y};
  return launch(call, model_answers_kernel, n, parameters);
}

/* The streams of `call` are one group. */
static int run_group(const struct cuda_call *call, char *states,
                     char *workspace) {
  int64_t chunks = get_piece_chunks(call), all = count_chunks(call->T);
  int64_t rows = get_chunk_rows();
  int64_t activations =
      round_to_lines(call->n * chunks * rows * model_activation_bytes);
  int error = OK;
  for (int64_t first = 0; first < all && error == OK; first += chunks) {
    struct piece piece = {.first = first * rows,
                          .chunks = all - first < chunks ? all - first : chunks,
                          .states = states,
                          .activations = workspace,
                          .link = workspace + activations};
    for (int64_t i = 0; i < model_launch_count && error == OK; ++i)
      error = run_unit(call, &piece, &model_launches[i]);
  }
  if (error == OK && model_pooled && call->y)
    error = run_answers(call, states);
  return error;
}

static int run_pieces(const struct cuda_call *call, char *states,
                      char *workspace) {
  int64_t most = get_least_chunks(call->cuda);
  int error = OK;
  for (int64_t first = 0; first < call->n && error == OK; first += most) {
    struct cuda_call group = skip_streams(call, first);
    if (group.n > most)
      group.n = most;
    error = run_group(&group,
                      call->ids ? states : states + first * model_state_bytes,
                      workspace);
  }
  return error;
}

#endif /* SSMC_CUDA_PIECES_H */
