/* A program without a C library, for systems that only a linker is there for:
 * runs the model "m" on a sequence, whole and in steps, and prints its bits. On
 * Linux it makes its own system calls; elsewhere it is only linked. */
#include "m.h"

enum { L = 61, F = m_INPUT_FEATURES, O = m_OUTPUT_FEATURES };

void *memcpy(void *to, const void *from, size_t n) {
  for (size_t i = 0; i < n; ++i)
    ((volatile char *)to)[i] = ((const char *)from)[i];
  return to;
}
void *memmove(void *to, const void *from, size_t n) {
  if (to < from)
    return memcpy(to, from, n);
  while (n--)
    ((volatile char *)to)[n] = ((const char *)from)[n];
  return to;
}
void *memset(void *to, int value, size_t n) {
  for (size_t i = 0; i < n; ++i)
    ((volatile char *)to)[i] = (char)value;
  return to;
}
void bzero(void *to, size_t n) { memset(to, 0, n); } /* macOS */
int _fltused;                                        /* Windows */

static long system_call(long number, long a, long b, long c) {
#if defined(__linux__) && defined(__aarch64__)
  register long x8 __asm__("x8") = number, x0 __asm__("x0") = a,
                   x1 __asm__("x1") = b, x2 __asm__("x2") = c;
  __asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2) : "memory");
  return x0;
#elif defined(__linux__) && defined(__riscv)
  register long a7 __asm__("a7") = number, a0 __asm__("a0") = a,
                   a1 __asm__("a1") = b, a2 __asm__("a2") = c;
  __asm__ volatile("ecall" : "+r"(a0) : "r"(a7), "r"(a1), "r"(a2) : "memory");
  return a0;
#elif defined(__linux__) && defined(__x86_64__)
  long result;
  number = number == 64 ? 1 : 60; /* write, exit */
  __asm__ volatile("syscall"
                   : "=a"(result)
                   : "a"(number), "D"(a), "S"(b), "d"(c)
                   : "rcx", "r11", "memory");
  return result;
#else
  return number + a + b + c;
#endif
}

static void print(const char *text, size_t n) {
  system_call(64, 1, (long)(intptr_t)text, (long)n);
}

static uint32_t hash(uint32_t seed, const void *data, size_t n) {
  for (size_t i = 0; i < n; ++i)
    seed = (seed ^ ((const unsigned char *)data)[i]) * 16777619u;
  return seed;
}

static _Alignas(64) char record[m_STATE_BYTES], ws[1 << 22];
static m_in_t x[L * F];
static float y[L * O];

/* Hash of answers and states, or an error's negative number. */
static int64_t run(int in_steps) {
  int error = m_state_reset(record, 0, 1);
  if (m_workspace_bytes(1, 1) > sizeof ws)
    return -100;
  if (!in_steps)
    error = m_forward(x, y, 1, NULL, L, record, NULL, ws, sizeof ws);
  for (int t = 0; in_steps && t < L && !error; ++t)
    error = m_step(record, NULL, 1, x + t * F, y + (m_POOLED ? 0 : t * O), NULL,
                   ws, sizeof ws);
  if (error)
    return -error;
  return hash(hash(1, y, sizeof(float) * (m_POOLED ? O : L * O)), record,
              sizeof record);
}

static void report(const char *what, size_t n, int64_t result) {
  char digits[17];
  for (int i = 0; i < 16; ++i)
    digits[15 - i] = "0123456789abcdef"[(uint64_t)result >> (4 * i) & 15];
  digits[16] = '\n';
  print(what, n);
  print(digits, 17);
}

int start(void) {
  uint32_t seed = 1;
  for (int i = 0; i < L * F; ++i) {
    seed = seed * 1664525u + 1013904223u;
    x[i] = (m_in_t)(float)((int32_t)seed >> 8) / (1 << 23);
  }
  report("forward ", 8, run(0));
  report("step    ", 8, run(1));
  return 0;
}

/* The stack of a new process is aligned to 16 bytes, that of a function called
 * by nobody is not. */
#if defined(__linux__) && defined(__x86_64__)
__attribute__((naked)) void _start(void) {
  __asm__("call start\n mov $0, %edi\n mov $60, %eax\n syscall");
}
#else
void _start(void) {
  start();
  system_call(93, 0, 0, 0);
}
#endif
