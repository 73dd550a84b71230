/* Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * NAME_load of a model that was compiled with --weights runtime: from a
 * safetensors file to a packed set of weights, by the model's own @prepare. The
 * build compiles this file to LLVM IR like entry_points.c; it is linked with
 * the model's table of tensors and the function that the compiler generates
 * from @prepare.
 *
 * Everything is checked before anything is written to the packed set. Messages
 * are those of `ssmc compile` (lib/Import/FileWeights.cpp, Safetensors.cpp). */

#include "cpu.h"
#include "hash.h"
#include "safetensors.h"
#include "tensors.h"
#include "weights.h"

/* A load under way. */
struct load {
  const char *data, *end; /* of the file, behind the header */
  char *ws;
  int64_t *begins;  /* of each tensor's data; -1: not there */
  int32_t *by_data; /* numbers of tensors, in the order of their data */
  struct text problem;
};

/* -- Tensors by name ------------------------------------------------------- */

static const char *name_of(int64_t tensor) {
  return model_tensor_text + model_tensors[tensor].name;
}

/* The number of the tensor `name`, or -1. */
static int64_t find_tensor(const char *name) {
  int64_t first = 0, end = model_tensor_count;
  while (first < end) {
    int64_t middle = first + (end - first) / 2;
    int64_t tensor = model_tensors_by_name[middle];
    int order = compare(name, name_of(tensor));
    if (order == 0)
      return tensor;
    if (order < 0)
      end = middle;
    else
      first = middle + 1;
  }
  return -1;
}

static int64_t bytes_of(int64_t tensor) {
  const struct model_tensor *own = &model_tensors[tensor];
  int64_t bytes = own->optional ? 1 : sizeof(float);
  for (int64_t i = 0; i < own->rank; ++i)
    bytes *= own->shape[i];
  return bytes;
}

/* "[32,64,2] (state_dim 64, conj_sym)" */
static void put_expected_shape(struct text *problem, int64_t tensor) {
  const struct model_tensor *own = &model_tensors[tensor];
  const char *note = model_tensor_text + own->note;
  put_shape(problem, own->shape, own->rank);
  if (*note) {
    put(problem, " (");
    put(problem, note);
    put(problem, ")");
  }
}

/* -- Checks ---------------------------------------------------------------- */

static int check_type(struct load *load, const struct entry *entry,
                      int64_t tensor) {
  const struct model_tensor *own = &model_tensors[tensor];
  struct text *problem = &load->problem;
  const char *dtype = own->optional ? "BOOL" : "F32";
  if (!is_equal(entry->dtype, dtype)) {
    put(problem, entry->name);
    put(problem, " has dtype ");
    put(problem, entry->dtype);
    put(problem, "; expected ");
    put(problem, dtype);
    return E_WEIGHTS_SHAPE;
  }
  bool same = entry->shape.count == own->rank;
  for (int64_t i = 0; same && i < own->rank; ++i)
    same = entry->shape.numbers[i] == own->shape[i];
  if (same)
    return OK;
  put(problem, entry->name);
  put(problem, " has shape ");
  put_shape(problem, entry->shape.numbers, entry->shape.count);
  put(problem, "; expected ");
  put_expected_shape(problem, tensor);
  return E_WEIGHTS_SHAPE;
}

static int check_place(struct load *load, const struct entry *entry) {
  struct text *problem = &load->problem;
  bool are_two = entry->offsets.count == 2;
  int64_t begin = are_two ? entry->offsets.numbers[0] : 0;
  int64_t end = are_two ? entry->offsets.numbers[1] : -1;
  int64_t size = load->end - load->data;
  if (begin <= end && end <= size && end - begin == entry->bytes)
    return OK;
  put(problem, entry->name);
  if (begin > end || end > size) {
    put(problem, " has data_offsets ");
    put_shape(problem, entry->offsets.numbers, entry->offsets.count);
  }
  if (begin > end) {
    put(problem, "; expected its begin and end");
  } else if (end > size) {
    put(problem, ", but the file holds ");
    put_number(problem, (uint64_t)size);
    put(problem, " bytes of data: it is truncated, or the header is wrong");
  } else {
    put(problem, " has ");
    put_number(problem, (uint64_t)(end - begin));
    put(problem, " bytes of data; expected ");
    put_number(problem, (uint64_t)entry->bytes);
    put(problem, " (");
    put(problem, entry->dtype);
    put(problem, ", shape ");
    put_shape(problem, entry->shape.numbers, entry->shape.count);
    put(problem, ")");
  }
  return E_WEIGHTS_FORMAT;
}

static int add_entry(struct load *load, const struct entry *entry) {
  int error = check_place(load, entry);
  if (error != OK)
    return error;
  int64_t tensor = find_tensor(entry->name);
  if (tensor < 0 || load->begins[tensor] >= 0) {
    put(&load->problem,
        tensor < 0 ? "the model has no tensor " : "there are two tensors ");
    put(&load->problem, entry->name);
    return E_WEIGHTS_TENSOR;
  }
  error = check_type(load, entry, tensor);
  if (error == OK)
    load->begins[tensor] = entry->offsets.numbers[0];
  return error;
}

static int read_entries(struct load *load, struct reader *reader) {
  if (!require_value(reader))
    return E_WEIGHTS_FORMAT;
  if (!accept(reader, '{')) {
    put(&load->problem, "the header is ");
    put_value(reader);
    put(&load->problem, "; expected an object");
    return E_WEIGHTS_FORMAT;
  }
  bool ends = accept(reader, '}');
  while (!ends) {
    struct entry entry;
    if (!read_key(reader, entry.name, MOST_NAME))
      return E_WEIGHTS_FORMAT;
    if (is_equal(entry.name, "__metadata__")) {
      if (!skip_metadata(reader))
        return E_WEIGHTS_FORMAT;
    } else {
      if (!read_entry(reader, &entry))
        return E_WEIGHTS_FORMAT;
      int error = add_entry(load, &entry);
      if (error != OK)
        return error;
    }
    ends = !accept(reader, ',');
    if (ends && !require(reader, '}', "',' or '}'"))
      return E_WEIGHTS_FORMAT;
  }
  skip_blanks(reader);
  return reader->at == reader->end ||
                 fail(reader, "text follows the end of the value")
             ? OK
             : E_WEIGHTS_FORMAT;
}

static int check_missing(struct load *load) {
  for (int64_t i = 0; i < model_tensor_count; ++i) {
    if (load->begins[i] >= 0 || model_tensors[i].optional)
      continue;
    put(&load->problem, "there is no tensor ");
    put(&load->problem, name_of(i));
    put(&load->problem, "; expected one of shape ");
    put_expected_shape(&load->problem, i);
    return E_WEIGHTS_TENSOR;
  }
  return OK;
}

/* The tensors that are there and not empty, by the places of their data (a
 * shell sort); returns how many. */
static int64_t sort_by_data(struct load *load) {
  int64_t count = 0, gap = 1;
  for (int64_t i = 0; i < model_tensor_count; ++i)
    if (load->begins[i] >= 0 && bytes_of(i) > 0)
      load->by_data[count++] = (int32_t)i;
  while (gap < count / 3)
    gap = 3 * gap + 1;
  for (; gap > 0; gap /= 3)
    for (int64_t i = gap; i < count; ++i) {
      int32_t moved = load->by_data[i];
      int64_t at = i;
      for (; at >= gap &&
             load->begins[load->by_data[at - gap]] > load->begins[moved];
           at -= gap)
        load->by_data[at] = load->by_data[at - gap];
      load->by_data[at] = moved;
    }
  return count;
}

/* Every byte of data belongs to exactly one tensor. */
static int check_coverage(struct load *load) {
  struct text *problem = &load->problem;
  int64_t count = sort_by_data(load), end = 0;
  for (int64_t i = 0; i <= count; ++i) {
    bool last = i == count;
    int64_t begin =
        last ? load->end - load->data : load->begins[load->by_data[i]];
    if (begin < end) {
      put(problem, "the data of ");
      put(problem, name_of(load->by_data[i - 1]));
      put(problem, " and ");
      put(problem, name_of(load->by_data[i]));
      put(problem, " overlap");
      return E_WEIGHTS_FORMAT;
    }
    if (begin > end) {
      put_number(problem, (uint64_t)(begin - end));
      put(problem, last ? " bytes at the end of the file"
                        : " bytes before the data of ");
      put(problem, last ? "" : name_of(load->by_data[i]));
      put(problem, " belong to no tensor");
      return E_WEIGHTS_FORMAT;
    }
    end = last ? end : begin + bytes_of(load->by_data[i]);
  }
  return OK;
}

/* -- Numbers --------------------------------------------------------------- */

/* Floats lie anywhere, and modes do not matter: they are read as bits. */
static uint32_t bits_of(const char *floats, int64_t i) {
  uint32_t bits;
  __builtin_memcpy(&bits, floats + i * (int64_t)sizeof bits, sizeof bits);
  return bits;
}

static uint32_t magnitude(const char *floats, int64_t i) {
  return bits_of(floats, i) & 0x7fffffff;
}

/* The number of the first NaN, or -1. */
static int64_t find_nan(const char *floats, int64_t count) {
  const uint32_t infinity = 0x7f800000;
  uint32_t largest = 0;
  for (int64_t i = 0; i < count; ++i) {
    uint32_t bits = magnitude(floats, i);
    largest = largest < bits ? bits : largest;
  }
  for (int64_t i = 0; largest > infinity; ++i)
    if (magnitude(floats, i) > infinity)
      return i;
  return -1;
}

/* The number of the first one whose order (tensors.h) is below `least`, or -1.
 */
static int64_t find_below(const char *floats, int64_t count, int64_t least) {
  for (int64_t i = 0; i < count && least > INT64_MIN; ++i) {
    int64_t order = magnitude(floats, i);
    if ((bits_of(floats, i) >> 31 ? -order : order) < least)
      return i;
  }
  return -1;
}

static int report_number(struct load *load, int64_t tensor, const char *is,
                         int64_t position, const char *expected) {
  const struct model_tensor *own = &model_tensors[tensor];
  int64_t index[MOST_RANK] = {0};
  for (int64_t i = own->rank; i-- > 0; position /= own->shape[i])
    index[i] = position % own->shape[i];
  put(&load->problem, name_of(tensor));
  put(&load->problem, is);
  put_shape(&load->problem, index, own->rank);
  put(&load->problem, expected);
  return E_WEIGHTS_NAN;
}

/* Copies each tensor to where @prepare looks for it, and hashes what has an
 * influence on the model, in the order of hashModel
 * (tools/ssmc/Compilation.cpp). */
static int copy_numbers(struct load *load, uint64_t *hash) {
  *hash = model_hash;
  for (int64_t i = 0; i < model_tensor_count; ++i) {
    if (model_tensors[i].optional)
      continue;
    const char *from = load->data + load->begins[i];
    int64_t bytes = bytes_of(i);
    int64_t count = bytes / (int64_t)sizeof(float);
    int64_t nan = find_nan(from, count);
    if (nan >= 0)
      return report_number(load, i, " is NaN at ", nan,
                           "; expected numbers (infinity is one)");
    int64_t below = find_below(from, count, model_tensors[i].least);
    if (below >= 0)
      return report_number(load, i, " plus norm_epsilon is not positive at ",
                           below, "; expected a variance");
    if (i < model_hashed_tensors)
      *hash = hash_bytes(from, (size_t)bytes, *hash);
    if (model_tensors[i].place >= 0)
      __builtin_memcpy(load->ws + model_tensors[i].place, from, (size_t)bytes);
  }
  return OK;
}

/* -- The API --------------------------------------------------------------- */

/* Workspace: raw weights as @prepare takes them; behind them what it keeps for
 * itself, and before it runs, what is known of the file. */
static void place_tables(struct load *load) {
  load->begins = (int64_t *)(load->ws + model_raw_bytes);
  load->by_data = (int32_t *)(load->begins + model_tensor_count);
  for (int64_t i = 0; i < model_tensor_count; ++i)
    load->begins[i] = -1;
}

static int read_file(struct load *load, const char *file, size_t n,
                     uint64_t *hash) {
  struct reader reader = {.problem = &load->problem};
  if (!find_header(file, n, &reader, &load->data))
    return E_WEIGHTS_FORMAT;
  load->end = file + n;
  place_tables(load);
  int error = read_entries(load, &reader);
  if (error == OK)
    error = check_missing(load);
  if (error == OK)
    error = check_coverage(load);
  return error == OK ? copy_numbers(load, hash) : error;
}

/* Not inlined: see cpu.h. Zeros are between what @prepare writes. */
__attribute__((noinline)) static void pack(const struct load *load,
                                           char *packed) {
  __builtin_memset(packed, 0, (size_t)model_packed_bytes);
  ssm_prepare(load->ws, packed, load->ws + model_raw_bytes);
}

static int check_memory(const void *weights, size_t bytes, const void *file,
                        const void *ws, size_t ws_bytes) {
  if (!weights || !file || !ws)
    return E_ARG;
  if (!is_aligned(weights, RECORD_ALIGNMENT) ||
      !is_aligned(ws, RECORD_ALIGNMENT))
    return E_ALIGN;
  if (bytes < sizeof(struct weights_header) + (size_t)model_packed_bytes)
    return E_ARG;
  return ws_bytes < (size_t)model_load_workspace_bytes ? E_WORKSPACE : OK;
}

int MODEL_load(void *weights, size_t bytes, const void *safetensors, size_t n,
               void *ws, size_t ws_bytes, char *problem, size_t problem_bytes) {
  struct load load = {.ws = ws};
  if (problem)
    load.problem = (struct text){problem, problem + problem_bytes};
  put(&load.problem, "");
  int error = check_memory(weights, bytes, safetensors, ws, ws_bytes);
  uint64_t hash;
  if (error == OK)
    error = read_file(&load, safetensors, n, &hash);
  if (error != OK)
    return error;
  struct weights_header *header = weights;
  *header = (struct weights_header){0}; /* no set while it is written */
  uint64_t mode = set_preparing_fp_mode();
  pack(&load, (char *)weights + sizeof *header);
  restore_fp_mode(mode);
  header->version = WEIGHTS_VERSION;
  header->header_bytes = sizeof *header;
  header->configuration = model_hash;
  header->hash = hash;
  header->packed_bytes = (uint64_t)model_packed_bytes;
  __atomic_signal_fence(__ATOMIC_SEQ_CST);
  header->magic = weights_magic;
  return OK;
}
