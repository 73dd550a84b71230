/* What programs that hold the runtime to its rules have in common: EXPECT
 * counts what does not hold in `failures`; buffers end where they were promised
 * to. */
#ifndef SSMC_TEST_EXPECT_H
#define SSMC_TEST_EXPECT_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef POOLED
enum { POOLED_MODEL = 1 };
#else
enum { POOLED_MODEL = 0 };
#endif

static int failures;

#define EXPECT(condition)                                                      \
  do {                                                                         \
    if (!(condition)) {                                                        \
      printf("line %d: %s\n", __LINE__, #condition);                           \
      ++failures;                                                              \
    }                                                                          \
  } while (0)

/* `bytes` on a cache line's boundary and not one more, so that AddressSanitizer
 * sees every access beyond them. */
static inline void *aligned(size_t bytes) {
  void *memory = NULL;
  if (posix_memalign(&memory, 64, bytes ? bytes : 1))
    abort();
  memset(memory, 0x5a, bytes);
  return memory;
}

#endif /* SSMC_TEST_EXPECT_H */
