/* What fake_driver.c, a CUDA driver without devices, lets a test see and set.
 * Device memory is the host's. */
#ifndef FAKE_DRIVER_H
#define FAKE_DRIVER_H

#include "cuda_driver.h"

/* A context is the number of a device, plus one; CALLERS was there before. */
enum { DEVICES = 2, CALLERS = 77 };

struct fake_driver {
  /* Set by the test. */
  const char *failing; /* name of a function that fails, or NULL */
  cu_result failure;   /* what it returns then */
  bool is_capturing;   /* only what a CUDA graph can capture may be called */
  int capability;      /* of all devices, times 10 */
  int processors, most_shared;
  int room; /* of a processor, for thread blocks; for small ones, twice that */
  /* Seen by the test. */
  int contexts[8]; /* the stack of current ones; the caller's is below */
  int depth;
  int retained[DEVICES];
  int modules, buffers; /* that are there now */
  int calls;            /* of all functions */
  int launches, memsets;
  struct {
    char name[48];
    unsigned grid, threads, shared_bytes;
    cu_stream stream;
    int context;
  } last; /* launch */
};

extern struct fake_driver fake;

#endif /* FAKE_DRIVER_H */
