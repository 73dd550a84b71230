/* A model through its C API: however sequences are cut into calls, in any
 * company and in any floating-point mode of the caller, the bits are the same.
 * Prints a hash of them. Compiled with -DMODEL=name and the model's header
 * included in front. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define JOIN_(a, b) a##_##b
#define JOIN(a, b) JOIN_(a, b)
#define M(name) JOIN(MODEL, name)

enum { N = 29, L = 75, F = M(INPUT_FEATURES), O = M(OUTPUT_FEATURES) };
enum { ROW = M(POOLED) ? O : L * O, RECORD = M(STATE_BYTES) };

static M(in_t) x[N * L * F];
static float wanted[N * ROW];
static char *states, *wanted_states, *ws;
static size_t ws_bytes;
static int failures;

static void expect(int condition, const char *what, int64_t number) {
  if (!condition) {
    printf("FAILED: %s %lld\n", what, (long long)number);
    ++failures;
  }
}

static void ok(int status) {
  if (status != M(OK)) {
    printf("FAILED: %s\n", M(strerror)(status));
    exit(1);
  }
}

static void *aligned(size_t bytes) {
  void *memory = NULL;
  if (posix_memalign(&memory, M(ALIGN), bytes + M(ALIGN)))
    exit(1);
  memset(memory, 0, bytes);
  return memory;
}

static void fill_inputs(void) {
  uint32_t seed = 1;
  for (int64_t i = 0; i < N * L * F; ++i) {
    seed = seed * 1664525u + 1013904223u;
    x[i] = sizeof(M(in_t)) == 4 && (M(in_t))0.5 == 0
               ? (M(in_t))(seed >> 29)
               : (M(in_t))((double)(seed >> 8) / (1 << 23) - 1);
  }
}

/* Sequence mode again, in chunks of T steps on the streams of `ids`. */
static void run_chunks(int64_t T, const int64_t *ids, int64_t n) {
  M(in_t) *piece = malloc(sizeof(M(in_t)) * (size_t)(n * T * F));
  float *out = malloc(sizeof(float) * (size_t)(n * T * O)), *last = out;
  ok(M(state_reset)(states, 0, N));
  for (int64_t t = 0; t < L; t += T) {
    int64_t steps = L - t < T ? L - t : T;
    for (int64_t b = 0; b < n; ++b)
      memcpy(piece + b * steps * F, x + (ids[b] * L + t) * F,
             sizeof(M(in_t)) * (size_t)(steps * F));
    if (T == 1)
      ok(M(step)(states, ids, n, piece, out, NULL, ws, ws_bytes));
    else
      ok(M(chunk)(states, ids, n, NULL, steps, piece, out, NULL, ws, ws_bytes));
    for (int64_t b = 0; b < n && !M(POOLED); ++b)
      expect(!memcmp(out + b * steps * O, wanted + (ids[b] * L + t) * O,
                     sizeof(float) * (size_t)(steps * O)),
             "outputs in chunks of", T);
  }
  for (int64_t b = 0; b < n; ++b) {
    if (M(POOLED))
      expect(!memcmp(last + b * O, wanted + ids[b] * O, sizeof(float) * O),
             "answers after chunks of", T);
    expect(!memcmp(states + ids[b] * RECORD, wanted_states + ids[b] * RECORD,
                   RECORD),
           "states after chunks of", T);
  }
  free(piece), free(out);
}

static void test_cuts(void) {
  static const int64_t lengths[] = {1, 2, 7, 23, 24, 25, 48, 64, L};
  static const int64_t some[] = {17, 3, 28, 0, 9};
  int64_t all[N];
  for (int64_t i = 0; i < N; ++i)
    all[i] = N - 1 - i;
  for (size_t i = 0; i < sizeof lengths / sizeof *lengths; ++i) {
    run_chunks(lengths[i], all, N);
    run_chunks(lengths[i], some, 5);
    run_chunks(lengths[i], some, 1);
  }
}

/* As a CPU starts with; denormals flushed; rounding down, up, to zero. */
#ifdef __x86_64__
static const uint64_t modes[] = {0x1f80, 0x9fc0, 0x3f80, 0x5f80, 0x7f80};
static void set_mode(uint64_t mode) { __builtin_ia32_ldmxcsr((unsigned)mode); }
static uint64_t get_mode(void) { return __builtin_ia32_stmxcsr(); }
#else
static const uint64_t modes[] = {0, 1 << 24, 2 << 22, 1 << 22, 3 << 22};
static void set_mode(uint64_t mode) {
  __asm__ volatile("msr fpcr, %0" : : "r"(mode) : "memory");
}
static uint64_t get_mode(void) {
  uint64_t mode;
  __asm__ volatile("mrs %0, fpcr" : "=r"(mode));
  return mode;
}
#endif

/* Denormals flushed or not, round up or down: the caller's affair. */
static void test_callers_modes(void) {
  float y[N * ROW];
  for (size_t i = 0; i < sizeof modes / sizeof *modes; ++i) {
    set_mode(modes[i]);
    int status = M(forward)(x, y, N, NULL, L, NULL, NULL, ws, ws_bytes);
    uint64_t after = get_mode();
    set_mode(modes[0]);
    ok(status);
    expect(!memcmp(y, wanted, sizeof y), "outputs in mode", (int64_t)i);
    expect(after == modes[i], "mode kept", (int64_t)i);
  }
}

/* Rows past their length are neither read nor written. */
static void test_lengths(void) {
  int64_t lengths[N];
  float y[N * ROW], one[ROW];
  for (int64_t b = 0; b < N; ++b)
    lengths[b] = 1 + (b * 31) % L;
  memset(y, 0x5a, sizeof y);
  ok(M(forward)(x, y, N, lengths, L, states, NULL, ws, ws_bytes));
  for (int64_t b = 0; b < N; ++b) {
    int64_t count = M(POOLED) ? O : lengths[b] * O;
    ok(M(forward)(x + b * L * F, one, 1, NULL, lengths[b], NULL, NULL, ws,
                  ws_bytes));
    expect(!memcmp(y + b * ROW, one, sizeof(float) * (size_t)count),
           "outputs of length", lengths[b]);
    for (int64_t i = count; i < ROW; ++i)
      expect(!memcmp(&y[b * ROW + i], "ZZZZ", 4), "untouched beyond",
             lengths[b]);
  }
}

static void test_saved_state(void) {
  static char blob[M(STATE_BLOB_BYTES)];
  float y[ROW];
  ok(M(state_save)(wanted_states + 3 * RECORD, blob, sizeof blob));
  ok(M(state_load)(states, blob, sizeof blob));
  expect(!memcmp(states, wanted_states + 3 * RECORD, RECORD), "saved state", 3);
  blob[20] = (char)~blob[20];
  expect(M(state_load)(states, blob, sizeof blob) == M(E_BLOB_MODEL),
         "state of another model", 0);
  ok(M(chunk)(wanted_states, NULL, 1, NULL, 0, NULL, M(POOLED) ? y : NULL, NULL,
              ws, ws_bytes));
}

/* NaN and infinity stay in their stream, and do not reach back in time. */
static void test_not_finite(void) {
  static const float values[] = {NAN, INFINITY, -INFINITY};
  enum { VICTIM = 5, WHEN = 30 };
  M(in_t) *at = x + (VICTIM * L + WHEN) * F, saved = *at;
  float y[N * ROW];
  for (int i = 0; i < 3 && (M(in_t))0.5 != 0; ++i) {
    *at = (M(in_t))values[i];
    ok(M(forward)(x, y, N, NULL, L, NULL, NULL, ws, ws_bytes));
    int64_t before = M(POOLED) ? 0 : WHEN * O;
    expect(
        !memcmp(y, wanted, sizeof(float) * (size_t)(VICTIM * ROW + before)) &&
            !memcmp(y + (VICTIM + 1) * ROW, wanted + (VICTIM + 1) * ROW,
                    sizeof(float) * (N - VICTIM - 1) * ROW),
        "others untouched by", i);
    expect(y[VICTIM * ROW + before] != y[VICTIM * ROW + before],
           "output is NaN after", i);
  }
  *at = saved;
}

/* Memory that ends where the program may not read. */
static void *guarded(size_t bytes) {
  size_t pages = (bytes + 4095) / 4096 * 4096;
  char *memory = mmap(NULL, pages + 4096, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED || mprotect(memory + pages, 4096, PROT_NONE))
    exit(1);
  return memory + pages - bytes;
}

/* No access behind the end of x, y, the records or the workspace. */
static void test_bounds(void) {
  static const int64_t sizes[] = {1, 2, 5, 24, 25};
  for (size_t i = 0; i < sizeof sizes / sizeof *sizes; ++i)
    for (size_t j = 0; j < sizeof sizes / sizeof *sizes; ++j) {
      int64_t n = sizes[i], T = sizes[j], rows = M(POOLED) ? n : n * T;
      size_t bytes = M(workspace_bytes)(n, 1);
      M(in_t) *in = guarded(sizeof(M(in_t)) * (size_t)(n * T * F));
      float *out = guarded(sizeof(float) * (size_t)(rows * O));
      char *records = guarded((size_t)n * RECORD), *scratch = guarded(bytes);
      memcpy(in, x, sizeof(M(in_t)) * (size_t)(n * T * F));
      ok(M(forward)(in, out, n, NULL, T, records, NULL, scratch, bytes));
      ok(M(chunk)(records, NULL, n, NULL, T, in, out, NULL, scratch, bytes));
      if (T == 1)
        ok(M(step)(records, NULL, n, in, out, NULL, scratch, bytes));
    }
}

/* Of outputs and states, to compare machines. */
static uint32_t hash(void) {
  uint32_t sum = 1;
  for (size_t i = 0; i < sizeof wanted; ++i)
    sum = (sum ^ ((unsigned char *)wanted)[i]) * 16777619u;
  for (size_t i = 0; i < N * (size_t)RECORD; ++i)
    sum = (sum ^ ((unsigned char *)wanted_states)[i]) * 16777619u;
  return sum;
}

int main(void) {
  ws_bytes = M(workspace_bytes)(N, 1);
  ws = aligned(ws_bytes);
  states = aligned(N * RECORD);
  wanted_states = aligned(N * RECORD);
  fill_inputs();
  ok(M(forward)(x, wanted, N, NULL, L, wanted_states, NULL, ws, ws_bytes));
  uint32_t bits = hash();
  test_cuts();
  test_callers_modes();
  test_lengths();
  test_saved_state();
  test_not_finite();
  test_bounds();
  if (!failures)
    printf("the same bits in every way: %08x\n", (unsigned)bits);
  return failures != 0;
}
