/* Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * What x86-64 CPUs say of themselves, in words of 32 bits: the registers of
 * CPUID that hold instruction sets, and which registers the operating system
 * saves. Shared by the compiler, which says what code needs, and by the code
 * that looks for it (dispatch.c). */
#ifndef SSMC_DISPATCH_H
#define SSMC_DISPATCH_H

enum {
  LEAF_1_ECX,
  LEAF_7_EBX,
  LEAF_7_ECX,
  LEAF_7_EDX,
  LEAF_7_1_EAX,
  LEAF_7_1_EDX,
  LEAF_EXTENDED_1_ECX,
  XCR0_LOW,
  CPU_WORDS
};

#endif /* SSMC_DISPATCH_H */
