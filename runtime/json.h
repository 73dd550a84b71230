/* Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * Reads JSON from memory, token by token: nothing is read beyond its end, and
 * nothing recurs. Places and words of errors are those of lib/Import/Json.cpp,
 * which test/Tools/ssmc-load-sentences.test compares. A part of load.c. */
#ifndef SSMC_JSON_H
#define SSMC_JSON_H

#include "text.h"
#include <stdbool.h>

struct reader {
  const char *begin, *at, *end; /* the header */
  struct text *problem;
};

/* "header, 1:20: ", line and column of the next character. */
static void put_place(struct reader *reader) {
  uint64_t line = 1, column = 1;
  for (const char *at = reader->begin; at < reader->at; ++at) {
    line += *at == '\n';
    column = *at == '\n' ? 1 : column + 1;
  }
  put(reader->problem, "header, ");
  put_number(reader->problem, line);
  put(reader->problem, ":");
  put_number(reader->problem, column);
  put(reader->problem, ": ");
}

/* Returns false, like all that follows when something is wrong. */
static bool fail(struct reader *reader, const char *what) {
  put_place(reader);
  put(reader->problem, what);
  return false;
}

/* The next character, or what stands for it. */
static void put_found(struct reader *reader) {
  static const char digits[] = "0123456789ABCDEF";
  if (reader->at == reader->end) {
    put(reader->problem, "the end of the file");
    return;
  }
  unsigned char c = (unsigned char)*reader->at;
  char hexadecimal[] = {'\\', digits[c >> 4], digits[c & 15]};
  put(reader->problem, "'");
  if (c >= 0x20 && c < 0x7f)
    put_bytes(reader->problem, reader->at, 1);
  else
    put_bytes(reader->problem, hexadecimal, sizeof hexadecimal);
  put(reader->problem, "'");
}

static bool expected(struct reader *reader, const char *what) {
  put_place(reader);
  put(reader->problem, "expected ");
  put(reader->problem, what);
  put(reader->problem, "; found ");
  put_found(reader);
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

static bool require_colon(struct reader *reader, const char *key) {
  if (accept(reader, ':'))
    return true;
  put_place(reader);
  put(reader->problem, "expected ':' after the key '");
  put(reader->problem, key);
  put(reader->problem, "'; found ");
  put_found(reader);
  return false;
}

static bool is_digit(char c) { return c >= '0' && c <= '9'; }

/* How many letters and digits come next. */
static size_t find_word(const struct reader *reader) {
  const char *at = reader->at;
  while (at < reader->end &&
         (is_digit(*at) || ((*at | 0x20) >= 'a' && (*at | 0x20) <= 'z')))
    ++at;
  return (size_t)(at - reader->at);
}

static bool is_word(const char *at, size_t n, const char *word) {
  size_t i = 0;
  while (i < n && word[i] && at[i] == word[i])
    ++i;
  return i == n && !word[i];
}

/* Whether a value comes next; else says so. Of numbers, lists and objects only
 * how they begin. */
static bool require_value(struct reader *reader) {
  skip_blanks(reader);
  size_t n = find_word(reader);
  char c = reader->at < reader->end ? *reader->at : 0;
  if (c == '{' || c == '[' || c == '"' || c == '-' || is_digit(c) ||
      is_word(reader->at, n, "null") || is_word(reader->at, n, "true") ||
      is_word(reader->at, n, "false"))
    return true;
  if (n == 0)
    return expected(reader, "a value");
  put_place(reader);
  put(reader->problem, "expected a value; found '");
  put_bytes(reader->problem, reader->at, n < 20 ? n : 20);
  put(reader->problem, "'");
  return false;
}

/* The value that comes next, as messages have it: 0.5, "text", a list. */
static void put_value(struct reader *reader) {
  const char *at = reader->at, *end = at + 1;
  if (*at == '[' || *at == '{') {
    put(reader->problem, *at == '[' ? "a list" : "an object");
    return;
  }
  if (*at == '"') {
    while (end < reader->end && *end != '"')
      ++end;
    end += end < reader->end;
  } else {
    while (end < reader->end && *end != ',' && *end != ']' && *end != '}' &&
           (unsigned char)*end > ' ')
      ++end;
  }
  put_bytes(reader->problem, at, (size_t)(end - at));
}

/* The four digits of \u0041, or false without a sentence. */
static bool read_code(struct reader *reader, uint32_t *code) {
  *code = 0;
  for (int i = 0; i < 4; ++i) {
    char c = reader->at < reader->end ? *reader->at : 0;
    char lower = (char)(c | 0x20);
    uint32_t digit = is_digit(c) ? (uint32_t)(c - '0')
                     : lower >= 'a' && lower <= 'f'
                         ? (uint32_t)(lower - 'a') + 10
                         : 16;
    if (digit == 16)
      return false;
    *code = *code << 4 | digit;
    ++reader->at;
  }
  return true;
}

/* What stands behind a backslash. Beyond ASCII it becomes '?', which is in no
 * name of a model's tensor. */
static bool read_escape(struct reader *reader, char *meant) {
  static const char plain[] = "\"\\/bfnrt", meaning[] = "\"\\/\b\f\n\r\t";
  const char *backslash = reader->at - 1;
  char c = reader->at < reader->end ? *reader->at++ : 0;
  for (int i = 0; plain[i]; ++i)
    if (c == plain[i]) {
      *meant = meaning[i];
      return true;
    }
  uint32_t code;
  if (c != 'u' || !read_code(reader, &code)) {
    reader->at = backslash;
    return fail(reader, "invalid escape sequence in a string");
  }
  *meant = code < 0x80 && code > 0 ? (char)code : '?';
  return true;
}

/* What follows a '"', cut to `most` characters and a zero. */
static bool read_string(struct reader *reader, char *string, size_t most) {
  size_t length = 0;
  for (;;) {
    if (reader->at == reader->end)
      return fail(reader, "the string does not end");
    if ((unsigned char)*reader->at < 0x20) {
      char code[] = {(char)('0' + (*reader->at >> 4)),
                     "0123456789abcdef"[*reader->at & 15], 0};
      fail(reader, "control character in a string; write it as \\u00");
      put(reader->problem, code);
      return false;
    }
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

/* "KEY": */
static bool read_key(struct reader *reader, char *key, size_t most) {
  return require(reader, '"', "a key in double quotes") &&
         read_string(reader, key, most) && require_colon(reader, key);
}

#endif /* SSMC_JSON_H */
