/* Executors that keep the rules of ssmc_executor.h in unusual ways. */
#ifndef EXECUTORS_H
#define EXECUTORS_H

#include "ssmc_executor.h"
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>

typedef void executor_body(void *, int64_t, int32_t);

static int run_in_order(const ssmc_executor *self, int64_t count,
                        executor_body *body, void *context) {
  for (int64_t i = 0; i < count; ++i)
    body(context, i, (int32_t)(i % self->workers));
  return 0;
}

static int run_reversed(const ssmc_executor *self, int64_t count,
                        executor_body *body, void *context) {
  for (int64_t i = count; i-- > 0;)
    body(context, i, (int32_t)(i % self->workers));
  return 0;
}

/* All bodies on the last worker: the others have something else to do. */
static int run_on_one_worker(const ssmc_executor *self, int64_t count,
                             executor_body *body, void *context) {
  for (int64_t i = 0; i < count; ++i)
    body(context, i, self->workers - 1);
  return 0;
}

/* A thread for each worker; bodies are dealt out before they start. */
struct share {
  int64_t count;
  executor_body *body;
  void *context;
  int32_t worker, workers;
};

static void *run_share(void *argument) {
  const struct share *share = argument;
  for (int64_t i = share->count; i-- > 0;)
    if (i % share->workers == share->worker)
      share->body(share->context, i, share->worker);
  return NULL;
}

static int run_on_threads(const ssmc_executor *self, int64_t count,
                          executor_body *body, void *context) {
  enum { MOST = 64 };
  pthread_t threads[MOST];
  struct share shares[MOST];
  for (int32_t w = 0; w < self->workers; ++w) {
    shares[w] = (struct share){count, body, context, w, self->workers};
    if (pthread_create(&threads[w], NULL, run_share, &shares[w]))
      abort();
  }
  for (int32_t w = 0; w < self->workers; ++w)
    pthread_join(threads[w], NULL);
  return 0;
}

/* Two executors inside each other: every body starts the rest on a thread of
 * their own before it begins. */
struct rest {
  executor_body *body;
  void *context;
  int64_t i;
};

static void *run_rest(void *argument) {
  struct rest *rest = argument, others = *rest;
  pthread_t thread;
  if (--others.i >= 0 && pthread_create(&thread, NULL, run_rest, &others))
    abort();
  rest->body(rest->context, rest->i, (int32_t)rest->i);
  if (others.i >= 0)
    pthread_join(thread, NULL);
  return NULL;
}

static int run_nested(const ssmc_executor *self, int64_t count,
                      executor_body *body, void *context) {
  if (count > self->workers)
    abort(); /* `i` would be no number of a worker */
  struct rest all = {body, context, count - 1};
  run_rest(&all);
  return 0;
}

static void yield_cpu(const ssmc_executor *self) {
  (void)self;
  sched_yield();
}

/* Those that do all of their work, by how they do it. */
static const struct {
  const char *name;
  int (*parallel_for)(const ssmc_executor *, int64_t, executor_body *, void *);
} executors[] = {{"in order", run_in_order},
                 {"reversed", run_reversed},
                 {"on one worker", run_on_one_worker},
                 {"on threads", run_on_threads},
                 {"nested", run_nested}};
enum { EXECUTORS = sizeof executors / sizeof executors[0] };

#endif /* EXECUTORS_H */
