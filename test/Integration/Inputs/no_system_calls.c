/* After their first call, a model's entry points cause neither page faults nor
 * system calls. Linked with an object compiled with --name m.
 *
 * Calls are made in child processes: one counts page faults, one has given up
 * all system calls but read, write and exit (seccomp's strict mode, in which
 * any other kills). The same is asked of calls that do what is forbidden, which
 * must be noticed. */

#include "m.h"
#include <linux/seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { STREAMS = 40, STEPS = 61, CALLS = 50 };

static float x[STREAMS * STEPS * m_INPUT_FEATURES];
static float y[STREAMS * STEPS * m_OUTPUT_FEATURES];
static int64_t lengths[STREAMS];
static char *states, *workspace;
static size_t workspace_bytes;

static void check(int error) {
  if (error) {
    const char *message = m_strerror(error);
    (void)!write(2, message, strlen(message));
    syscall(SYS_exit, 3);
  }
}

/* Every entry point that computes, on one stream and on many. */
static void call_all(void) {
  static const int64_t ids[3] = {7, 2, 30};
  check(m_state_reset(states, 0, STREAMS));
  check(m_step(states, 0, 1, x, y, 0, workspace, workspace_bytes));
  check(m_step(states, ids, 3, x, y, 0, workspace, workspace_bytes));
  check(m_step(states, 0, STREAMS, x, y, 0, workspace, workspace_bytes));
  check(m_chunk(states, 0, 1, 0, STEPS, x, y, 0, workspace, workspace_bytes));
  check(m_chunk(states, 0, STREAMS, lengths, STEPS, x, y, 0, workspace,
                workspace_bytes));
  check(m_forward(x, y, STREAMS, lengths, STEPS, states, 0, workspace,
                  workspace_bytes));
}

static void ask_for_a_page(void) {
  volatile char *page =
      mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  *page = 1;
}

/* 0 if `function`, after it was called once, causes no page fault. Faults of
 * the system's own making would not come back in every round. */
static int faults(void (*function)(void)) {
  long least = -1;
  for (int round = 0; round < 5 && least != 0; ++round) {
    struct rusage before, after;
    function();
    getrusage(RUSAGE_SELF, &before);
    for (int i = 0; i < CALLS; ++i)
      function();
    getrusage(RUSAGE_SELF, &after);
    long found =
        after.ru_minflt - before.ru_minflt + after.ru_majflt - before.ru_majflt;
    if (least < 0 || found < least)
      least = found;
  }
  return least != 0;
}

/* Does not return if `function`, after it was called once, asks the system for
 * anything. */
static int calls_system(void (*function)(void)) {
  function();
  if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT))
    return 2;
  for (int i = 0; i < CALLS; ++i)
    function();
  return 0;
}

/* What a child that looks for something found. */
static const char *look(int (*for_what)(void (*)(void)),
                        void (*function)(void)) {
  int status;
  fflush(stdout);
  pid_t child = fork();
  if (child == 0)
    syscall(SYS_exit, for_what(function));
  if (child < 0 || waitpid(child, &status, 0) != child)
    return "no answer";
  if (WIFSIGNALED(status))
    return WTERMSIG(status) == SIGKILL ? "some" : "crashed";
  if (WEXITSTATUS(status) > 1)
    return "failed";
  return WEXITSTATUS(status) ? "some" : "none";
}

int main(void) {
  workspace_bytes = m_workspace_bytes(STREAMS, 1);
  workspace = aligned_alloc(m_ALIGN, (workspace_bytes + 4095) / 4096 * 4096);
  states = aligned_alloc(m_ALIGN, STREAMS * m_STATE_BYTES / 64 * 64 + 64);
  for (size_t i = 0; i < sizeof x / sizeof *x; ++i)
    x[i] = (float)(i % 17) / 8 - 1;
  for (int i = 0; i < STREAMS; ++i)
    lengths[i] = 1 + i * (STEPS - 1) / STREAMS;
  printf("page faults: %s\n", look(faults, call_all));
  printf("system calls: %s\n", look(calls_system, call_all));
  printf("page faults of a function that asks for memory: %s\n",
         look(faults, ask_for_a_page));
  printf("system calls of a function that asks for memory: %s\n",
         look(calls_system, ask_for_a_page));
  return 0;
}
