/* Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * Reads the header of a safetensors file: 8 bytes of length, then JSON,
 *
 *   {"NAME": {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]}, ...}
 *
 * then data. Any bytes may come: nothing is read beyond the header, nothing
 * recurs, and whatever is not of this form is an error. A part of load.c. */
#ifndef SSMC_SAFETENSORS_H
#define SSMC_SAFETENSORS_H

#include "json.h"

/* Longer names are no tensor's of any model, and are cut. */
enum { MOST_NAME = 255, MOST_RANK = 8 };
/* The limit of the format's reference implementation. */
static const uint64_t most_header_bytes = 100000000;

/* Integers between brackets. */
struct integers {
  int64_t count, numbers[MOST_RANK];
};

/* An entry of the header. */
struct entry {
  char name[MOST_NAME + 1];
  char dtype[16];
  struct integers shape, offsets;
  int64_t bytes; /* that type and shape mean */
};

/* "the header's entry of NAME", then `words`. */
static bool fail_entry(struct reader *reader, const struct entry *entry,
                       const char *words) {
  put(reader->problem, "the header's entry of ");
  put(reader->problem, entry->name);
  put(reader->problem, words);
  return false;
}

/* An integer from 0 to INT64_MAX, of the list `key`. */
static bool read_integer(struct reader *reader, const struct entry *entry,
                         const char *key, int64_t *number) {
  if (!require_value(reader))
    return false;
  const char *first = reader->at;
  int64_t value = 0;
  bool fits = true;
  for (; reader->at < reader->end && is_digit(*reader->at); ++reader->at)
    fits = fits && !__builtin_mul_overflow(value, 10, &value) &&
           !__builtin_add_overflow(value, *reader->at - '0', &value);
  char next = reader->at < reader->end ? *reader->at : 0;
  bool is_whole = reader->at > first && next != '.' && (next | 0x20) != 'e';
  *number = value;
  if (fits && is_whole && (*first != '0' || reader->at == first + 1))
    return true;
  reader->at = first;
  fail_entry(reader, entry, " has ");
  put_value(reader);
  put(reader->problem, " in '");
  put(reader->problem, key);
  put(reader->problem,
      "'; expected an integer of at least 0 that fits 64 bits");
  return false;
}

/* The list `key`: [2, 3]. */
static bool read_integers(struct reader *reader, const struct entry *entry,
                          const char *key, struct integers *list) {
  list->count = 0;
  if (!require_value(reader))
    return false;
  if (!accept(reader, '[')) {
    fail_entry(reader, entry, " has no list '");
    put(reader->problem, key);
    put(reader->problem, "'");
    return false;
  }
  if (accept(reader, ']'))
    return true;
  do {
    if (list->count == MOST_RANK)
      return fail(reader, "expected fewer integers");
    if (!read_integer(reader, entry, key, &list->numbers[list->count++]))
      return false;
  } while (accept(reader, ','));
  return require(reader, ']', "',' or ']'");
}

/* "NAME has dtype "; what was found and fail_dtype follow. */
static void put_dtype(struct reader *reader, const struct entry *entry) {
  put(reader->problem, entry->name);
  put(reader->problem, " has dtype ");
}

static bool fail_dtype(struct reader *reader) {
  put(reader->problem,
      "; expected F32, F64, F16, BF16, BOOL, I32, I64, U32 or U8");
  return false;
}

static bool read_dtype(struct reader *reader, struct entry *entry) {
  if (!require_value(reader))
    return false;
  if (accept(reader, '"'))
    return read_string(reader, entry->dtype, sizeof entry->dtype - 1);
  put_dtype(reader, entry);
  put_value(reader);
  return fail_dtype(reader);
}

/* A member of an entry; `seen` has a bit for each. */
static bool read_member(struct reader *reader, struct entry *entry,
                        unsigned *seen) {
  char key[16];
  skip_blanks(reader);
  const char *begin = reader->at;
  if (!read_key(reader, key, sizeof key - 1))
    return false;
  unsigned bit = is_equal(key, "dtype")          ? 1
                 : is_equal(key, "shape")        ? 2
                 : is_equal(key, "data_offsets") ? 4
                                                 : 0;
  if (bit == 0 || (*seen & bit)) {
    reader->at = begin;
    return fail(reader, "expected dtype, shape and data_offsets, each once");
  }
  *seen |= bit;
  if (bit == 1)
    return read_dtype(reader, entry);
  return read_integers(reader, entry, key,
                       bit == 2 ? &entry->shape : &entry->offsets);
}

/* Bytes of a number of an entry's type; 0: there is no such type. */
static int64_t size_of_type(const struct entry *entry) {
  static const struct {
    char name[5], bytes;
  } types[] = {{"F32", 4}, {"F64", 8}, {"F16", 2}, {"BF16", 2}, {"BOOL", 1},
               {"I32", 4}, {"I64", 8}, {"U32", 4}, {"U8", 1}};
  for (size_t i = 0; i < sizeof types / sizeof *types; ++i)
    if (is_equal(entry->dtype, types[i].name))
      return types[i].bytes;
  return 0;
}

/* Whether all members are there, and type and shape mean a size. */
static bool check_members(struct reader *reader, struct entry *entry,
                          unsigned seen) {
  int64_t bytes = size_of_type(entry);
  if (bytes == 0) {
    put_dtype(reader, entry);
    put(reader->problem, seen & 1 ? entry->dtype : "nothing");
    return fail_dtype(reader);
  }
  if (!(seen & 2))
    return fail_entry(reader, entry, " has no list 'shape'");
  if (!(seen & 4))
    return fail_entry(reader, entry, " has no list 'data_offsets'");
  bool fits = true, is_empty = false;
  for (int64_t i = 0; i < entry->shape.count; ++i) {
    is_empty |= entry->shape.numbers[i] == 0;
    if (entry->shape.numbers[i])
      fits &= !__builtin_mul_overflow(bytes, entry->shape.numbers[i], &bytes);
  }
  if (!fits) {
    put(reader->problem, entry->name);
    put(reader->problem, " has shape ");
    put_shape(reader->problem, entry->shape.numbers, entry->shape.count);
    put(reader->problem, ": its size overflows");
  }
  entry->bytes = is_empty ? 0 : bytes;
  return fits;
}

/* The value of the tensor entry->name. */
static bool read_entry(struct reader *reader, struct entry *entry) {
  unsigned seen = 0;
  entry->dtype[0] = 0;
  if (!require_value(reader))
    return false;
  if (!accept(reader, '{')) {
    fail_entry(reader, entry, " is ");
    put_value(reader);
    put(reader->problem, "; expected an object");
    return false;
  }
  if (!accept(reader, '}')) {
    do {
      if (!read_member(reader, entry, &seen))
        return false;
    } while (accept(reader, ','));
    if (!require(reader, '}', "',' or '}'"))
      return false;
  }
  return check_members(reader, entry, seen);
}

/* Strings by name: any file may have some, and none mean anything here. */
static bool skip_metadata(struct reader *reader) {
  static const char wrong[] =
      "the header's __metadata__ is not an object of strings";
  char key[32];
  if (!require_value(reader))
    return false;
  if (!accept(reader, '{')) {
    put(reader->problem, wrong);
    return false;
  }
  if (accept(reader, '}'))
    return true;
  do {
    if (!read_key(reader, key, sizeof key - 1) || !require_value(reader))
      return false;
    if (!accept(reader, '"')) {
      put(reader->problem, wrong);
      return false;
    }
    if (!read_string(reader, key, 0))
      return false;
  } while (accept(reader, ','));
  return require(reader, '}', "',' or '}'");
}

/* Finds the header and the data behind it. */
static bool find_header(const char *file, size_t n, struct reader *reader,
                        const char **data) {
  uint64_t bytes;
  if (n < sizeof bytes) {
    put(reader->problem, "is no safetensors file: it has ");
    put_number(reader->problem, n);
    put(reader->problem, " bytes");
    return false;
  }
  __builtin_memcpy(&bytes, file, sizeof bytes);
  if (bytes > most_header_bytes || bytes > n - sizeof bytes) {
    put(reader->problem, bytes > most_header_bytes
                             ? "is no safetensors file: its header would have "
                             : "is truncated: the header has ");
    put_number(reader->problem, bytes);
    put(reader->problem, bytes > most_header_bytes ? " bytes; expected at most "
                                                   : " bytes but ");
    put_number(reader->problem, bytes > most_header_bytes ? most_header_bytes
                                                          : n - sizeof bytes);
    put(reader->problem, bytes > most_header_bytes ? "" : " follow");
    return false;
  }
  reader->begin = reader->at = file + sizeof bytes;
  reader->end = *data = reader->begin + bytes;
  return true;
}

#endif /* SSMC_SAFETENSORS_H */
