/* Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * Which of the variants of a model's code this CPU can run. Called while the
 * program is loaded, when nothing of another object may be used yet, and
 * compiled for any x86-64. The build compiles it to LLVM IR like
 * entry_points.c. */

#include "dispatch.h"
#include "errors.h"
#include <cpuid.h>
#include <stdint.h>

extern const int32_t model_variants;            /* how many there are */
extern const uint32_t model_needs[][CPU_WORDS]; /* of each, the best last */

enum { OSXSAVE = 1 << 27 /* of LEAF_1_ECX */ };

static inline void read_cpu(uint32_t *words) {
  uint32_t a, b, c, d;
  for (int i = 0; i < CPU_WORDS; ++i)
    words[i] = 0;
  if (__get_cpuid(1, &a, &b, &c, &d))
    words[LEAF_1_ECX] = c;
  if (__get_cpuid_count(7, 0, &a, &b, &c, &d)) {
    uint32_t last = a;
    words[LEAF_7_EBX] = b;
    words[LEAF_7_ECX] = c;
    words[LEAF_7_EDX] = d;
    if (last >= 1 && __get_cpuid_count(7, 1, &a, &b, &c, &d)) {
      words[LEAF_7_1_EAX] = a;
      words[LEAF_7_1_EDX] = d;
    }
  }
  if (__get_cpuid(0x80000001, &a, &b, &c, &d))
    words[LEAF_EXTENDED_1_ECX] = c;
  if (words[LEAF_1_ECX] & OSXSAVE)
    __asm__("xgetbv" : "=a"(words[XCR0_LOW]), "=d"(d) : "c"(0));
}

/* The number of the best variant for this CPU, or -1. */
int32_t ssm_choose_variant(void) {
  uint32_t has[CPU_WORDS];
  read_cpu(has);
  for (int32_t variant = model_variants - 1; variant >= 0; --variant) {
    uint32_t missing = 0;
    for (int i = 0; i < CPU_WORDS; ++i)
      missing |= model_needs[variant][i] & ~has[i];
    if (!missing)
      return variant;
  }
  return -1;
}

/* Stands for step, chunk and forward where there is no variant. */
int ssm_no_variant(void) { return E_CPU; }
