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

#include "text.h"
#include <stdbool.h>

/* Longer names are no tensor's of any model, and are cut. */
enum { MOST_NAME = 255, MOST_RANK = 8 };
/* The limit of the format's reference implementation. */
static const uint64_t most_header_bytes = 100000000;

struct reader {
  const char *begin, *at, *end; /* the header */
  struct text *problem;
};

/* An entry of the header. */
struct entry {
  char name[MOST_NAME + 1];
  char dtype[16];
  int64_t rank, shape[MOST_RANK];
  int64_t offsets[2];
};

/* -- JSON ------------------------------------------------------------------ */

/* Returns false, like all that follows when something is wrong. */
static bool expected(struct reader *reader, const char *what) {
  put(reader->problem, "header, byte ");
  put_number(reader->problem, (uint64_t)(reader->at - reader->begin));
  put(reader->problem, ": expected ");
  put(reader->problem, what);
  return false;
}

static void skip_blanks(struct reader *reader) {
  while (reader->at < reader->end &&
         (*reader->at == ' ' || *reader->at == '\n' || *reader->at == '\t' ||
          *reader->at == '\r'))
    ++reader->at;
}

/* Whether `c` comes next; skips it. */
static bool accept(struct reader *reader, char c) {
  skip_blanks(reader);
  if (reader->at == reader->end || *reader->at != c)
    return false;
  ++reader->at;
  return true;
}

static bool require(struct reader *reader, char c, const char *what) {
  return accept(reader, c) || expected(reader, what);
}

/* The four digits of \u0041. */
static bool read_code(struct reader *reader, uint32_t *code) {
  *code = 0;
  for (int i = 0; i < 4; ++i) {
    if (reader->at == reader->end)
      return expected(reader, "four hexadecimal digits");
    char c = *reader->at, lower = (char)(c | 0x20);
    uint32_t digit = c >= '0' && c <= '9' ? (uint32_t)(c - '0')
                     : lower >= 'a' && lower <= 'f'
                         ? (uint32_t)(lower - 'a') + 10
                         : 16;
    if (digit == 16)
      return expected(reader, "four hexadecimal digits");
    *code = *code << 4 | digit;
    ++reader->at;
  }
  return true;
}

/* What stands behind a backslash. Beyond ASCII it becomes '?', which is in no
 * name of a model's tensor. */
static bool read_escape(struct reader *reader, char *meant) {
  static const char plain[] = "\"\\/bfnrt", meaning[] = "\"\\/\b\f\n\r\t";
  char c = reader->at < reader->end ? *reader->at : 0;
  for (int i = 0; plain[i]; ++i)
    if (c == plain[i]) {
      ++reader->at;
      *meant = meaning[i];
      return true;
    }
  if (c != 'u')
    return expected(reader, "an escape sequence of JSON");
  ++reader->at;
  uint32_t code;
  if (!read_code(reader, &code))
    return false;
  *meant = code < 0x80 && code > 0 ? (char)code : '?';
  return true;
}

/* A string, cut to `most` characters and a zero. */
static bool read_string(struct reader *reader, char *string, size_t most) {
  if (!require(reader, '"', "a string"))
    return false;
  size_t length = 0;
  for (;;) {
    if (reader->at == reader->end || (unsigned char)*reader->at < 0x20)
      return expected(reader, "'\"' at the end of a string");
    char c = *reader->at++;
    if (c == '"')
      break;
    if (c == '\\' && !read_escape(reader, &c))
      return false;
    if (length < most)
      string[length++] = c;
  }
  string[length] = 0;
  return true;
}

/* An integer from 0 to INT64_MAX. */
static bool read_integer(struct reader *reader, int64_t *number) {
  skip_blanks(reader);
  const char *first = reader->at;
  int64_t value = 0;
  for (; reader->at < reader->end && *reader->at >= '0' && *reader->at <= '9';
       ++reader->at)
    if (__builtin_mul_overflow(value, 10, &value) ||
        __builtin_add_overflow(value, *reader->at - '0', &value))
      return expected(reader, "an integer that fits 64 bits");
  *number = value;
  return (reader->at > first && (*first != '0' || reader->at == first + 1)) ||
         expected(reader, "an integer of at least 0");
}

/* [2, 3]: at most `most` integers. */
static bool read_integers(struct reader *reader, int64_t *numbers, int64_t most,
                          int64_t *count) {
  *count = 0;
  if (!require(reader, '[', "'[' and integers"))
    return false;
  if (accept(reader, ']'))
    return true;
  do {
    if (*count == most)
      return expected(reader, "fewer integers");
    if (!read_integer(reader, &numbers[(*count)++]))
      return false;
  } while (accept(reader, ','));
  return require(reader, ']', "',' or ']'");
}

/* -- The header ------------------------------------------------------------ */

static bool is_equal(const char *a, const char *b) {
  while (*a && *a == *b)
    ++a, ++b;
  return *a == *b;
}

/* A member of an entry; `seen` has a bit for each. */
static bool read_member(struct reader *reader, struct entry *entry,
                        unsigned *seen) {
  char key[16];
  int64_t count;
  if (!read_string(reader, key, sizeof key - 1) || !require(reader, ':', "':'"))
    return false;
  unsigned bit = is_equal(key, "dtype")          ? 1
                 : is_equal(key, "shape")        ? 2
                 : is_equal(key, "data_offsets") ? 4
                                                 : 0;
  if (bit == 0 || (*seen & bit))
    return expected(reader, "dtype, shape and data_offsets, each once, before");
  *seen |= bit;
  if (bit == 1)
    return read_string(reader, entry->dtype, sizeof entry->dtype - 1);
  if (bit == 2)
    return read_integers(reader, entry->shape, MOST_RANK, &entry->rank);
  return read_integers(reader, entry->offsets, 2, &count) &&
         (count == 2 ||
          expected(reader, "begin and end as data_offsets before"));
}

/* The value of the tensor entry->name. */
static bool read_entry(struct reader *reader, struct entry *entry) {
  unsigned seen = 0;
  if (!require(reader, '{', "an object"))
    return false;
  do {
    if (!read_member(reader, entry, &seen))
      return false;
  } while (accept(reader, ','));
  return require(reader, '}', "',' or '}'") &&
         (seen == 7 ||
          expected(reader, "dtype, shape and data_offsets before"));
}

/* Strings by name: any file may have some, and none mean anything here. */
static bool skip_metadata(struct reader *reader) {
  char ignored[1];
  if (!require(reader, '{', "an object of strings"))
    return false;
  if (accept(reader, '}'))
    return true;
  do {
    if (!read_string(reader, ignored, 0) || !require(reader, ':', "':'") ||
        !read_string(reader, ignored, 0))
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
