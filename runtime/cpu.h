/* Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * What the entry points need of a CPU beyond C11: its floating-point mode, and
 * a hint that a thread waits. One section per architecture. */
#ifndef SSMC_CPU_H
#define SSMC_CPU_H

#include <stdint.h>

/*   set_own_fp_mode()    round to nearest, denormals flushed to zero on both
 *                        ends where the CPU can, all exceptions masked;
 *                        returns the mode before
 *   set_preparing_fp_mode()  the same, but denormals are numbers: the mode in
 *                        which the compiler itself runs @prepare
 *   restore_fp_mode(m)   back to that
 *   relax_cpu()          a moment's pause in a loop that waits for a thread
 *
 * Compilers move floating-point instructions across a change of the mode in the
 * same function: what computes must be a function that is not inlined. */

#if defined(__x86_64__)

static inline uint64_t set_own_fp_mode(void) {
  unsigned saved = __builtin_ia32_stmxcsr();
  __builtin_ia32_ldmxcsr(0x9FC0);
  return saved;
}

static inline uint64_t set_preparing_fp_mode(void) {
  unsigned saved = __builtin_ia32_stmxcsr();
  __builtin_ia32_ldmxcsr(0x1F80);
  return saved;
}

static inline void restore_fp_mode(uint64_t saved) {
  __builtin_ia32_ldmxcsr((unsigned)saved);
}

static inline void relax_cpu(void) { __builtin_ia32_pause(); }

#elif defined(__aarch64__)

/* FPCR: FZ (bit 24) flushes both operands and results; rounding mode 0 is to
 * nearest; DN 0 keeps the payload of NaNs. */
static inline uint64_t set_own_fp_mode(void) {
  uint64_t saved, own = (uint64_t)1 << 24;
  __asm__ volatile("mrs %0, fpcr" : "=r"(saved));
  __asm__ volatile("msr fpcr, %0" : : "r"(own) : "memory");
  return saved;
}

static inline uint64_t set_preparing_fp_mode(void) {
  uint64_t saved, own = 0;
  __asm__ volatile("mrs %0, fpcr" : "=r"(saved));
  __asm__ volatile("msr fpcr, %0" : : "r"(own) : "memory");
  return saved;
}

static inline void restore_fp_mode(uint64_t saved) {
  __asm__ volatile("msr fpcr, %0" : : "r"(saved) : "memory");
}

/* `yield` does nothing on most cores; `isb` takes about as long as x86's. */
static inline void relax_cpu(void) { __asm__ volatile("isb"); }

#elif defined(__riscv)

/* fcsr: rounding mode 0 is to nearest. There is no flushing of denormals. */
static inline uint64_t set_own_fp_mode(void) {
  uintptr_t saved;
  __asm__ volatile("fscsr %0, zero" : "=r"(saved) : : "memory");
  return saved;
}

static inline uint64_t set_preparing_fp_mode(void) { return set_own_fp_mode(); }

static inline void restore_fp_mode(uint64_t saved) {
  uintptr_t mode = (uintptr_t)saved;
  __asm__ volatile("fscsr %0" : : "r"(mode) : "memory");
}

/* `pause` of Zihintpause, a fence that older CPUs take for a weak one. */
static inline void relax_cpu(void) { __asm__ volatile(".4byte 0x0100000f"); }

#else

/* Unknown: the caller's mode, which is as above unless somebody changed it. */
static inline uint64_t set_own_fp_mode(void) { return 0; }
static inline uint64_t set_preparing_fp_mode(void) { return 0; }
static inline void restore_fp_mode(uint64_t saved) { (void)saved; }
static inline void relax_cpu(void) {}

#endif

#endif /* SSMC_CPU_H */
