/* Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * Sentences in the caller's memory; a part of load.c. */
#ifndef SSMC_TEXT_H
#define SSMC_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Where the next character goes, and behind the last place for one. What does
 * not fit is left out; there is a zero at the end if there is any place. */
struct text {
  char *at, *end;
};

static void put_bytes(struct text *text, const char *bytes, size_t n) {
  for (; n > 0 && text->end - text->at > 1; --n)
    *text->at++ = *bytes++;
  if (text->at < text->end)
    *text->at = 0;
}

static size_t length_of(const char *words) {
  size_t n = 0;
  while (words[n])
    ++n;
  return n;
}

/* By characters; negative if a comes first, 0 if they are the same. */
static int compare(const char *a, const char *b) {
  while (*a && *a == *b)
    ++a, ++b;
  return (unsigned char)*a - (unsigned char)*b;
}

static bool is_equal(const char *a, const char *b) {
  return compare(a, b) == 0;
}

static void put(struct text *text, const char *words) {
  put_bytes(text, words, length_of(words));
}

static void put_number(struct text *text, uint64_t number) {
  char digits[20];
  int first = sizeof digits;
  do
    digits[--first] = (char)('0' + number % 10);
  while (number /= 10);
  put_bytes(text, digits + first, sizeof digits - (size_t)first);
}

/* [32,64,2] */
static void put_shape(struct text *text, const int64_t *shape, int64_t rank) {
  put(text, "[");
  for (int64_t i = 0; i < rank; ++i) {
    put(text, i ? "," : "");
    put_number(text, (uint64_t)shape[i]);
  }
  put(text, "]");
}

#endif /* SSMC_TEXT_H */
