/* Measures how deep calls of a model go into the stack, on a stack that was
 * painted, and compares with what is said of them on standard input: bytes of
 * step, chunk and forward. */
#include "model.h"
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { STACK_BYTES = 1 << 18, PAINT = 0xa5, STEPS = 100 };

static char *record, *workspace;
static size_t workspace_bytes;
static float x[STEPS * model_INPUT_FEATURES], y[STEPS * model_OUTPUT_FEATURES];

static void *call_nothing(void *unused) { return unused; }

static void *call_step(void *unused) {
  if (model_step(record, NULL, 1, x, y, NULL, workspace, workspace_bytes))
    exit(1);
  return unused;
}

static void *call_chunk(void *unused) {
  if (model_chunk(record, NULL, 1, NULL, STEPS, x, y, NULL, workspace,
                  workspace_bytes))
    exit(1);
  return unused;
}

static void *call_forward(void *unused) {
  if (model_forward(x, y, 1, NULL, STEPS, NULL, NULL, workspace,
                    workspace_bytes))
    exit(1);
  return unused;
}

/* Bytes of a stack of its own that a thread running `body` overwrites. */
static long measure(void *(*body)(void *)) {
  char *stack = aligned_alloc(4096, STACK_BYTES);
  pthread_attr_t attributes;
  pthread_t thread;
  long untouched = 0;
  if (!stack)
    exit(1);
  memset(stack, PAINT, STACK_BYTES);
  pthread_attr_init(&attributes);
  if (pthread_attr_setstack(&attributes, stack, STACK_BYTES) ||
      pthread_create(&thread, &attributes, body, NULL))
    exit(1);
  pthread_join(thread, NULL);
  while (untouched < STACK_BYTES && (unsigned char)stack[untouched] == PAINT)
    ++untouched;
  free(stack);
  return STACK_BYTES - untouched;
}

int main(void) {
  static void *(*const bodies[])(void *) = {call_step, call_chunk,
                                            call_forward};
  static const char *const names[] = {"step", "chunk", "forward"};
  int failed = 0, i;
  long nothing = measure(call_nothing);
  workspace_bytes = model_workspace_bytes(1, 1);
  record = aligned_alloc(model_ALIGN, model_STATE_BYTES);
  workspace = aligned_alloc(model_ALIGN, (workspace_bytes + 63) / 64 * 64);
  if (!record || !workspace)
    return 1;
  model_state_reset(record, 0, 1);
  for (i = 0; i < 3; ++i) {
    /* The first call of a function may go deeper: the loader binds it. */
    long said, taken;
    if (scanf("%ld", &said) != 1)
      return 1;
    measure(bodies[i]);
    taken = measure(bodies[i]) - nothing;
    printf("%s: %ld of %ld bytes\n", names[i], taken, said);
    /* A step runs less than what step could reach by its calls. */
    failed |= taken > said || (i > 0 && 2 * taken < said);
  }
  return failed;
}
