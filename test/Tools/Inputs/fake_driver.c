/* A libcuda.so.1 for tests of runtime/cuda_entry_points.c: it keeps books, runs
 * the kernels of a model that adds up its inputs, and fails where it is told
 * to. Aborts when it is called against the rules. */
#include "fake_driver.h"
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { INPUTS = 3, RECORD = 192, SMALL_THREADS = 128 };

struct fake_driver fake = {.capability = 80,
                           .processors = 1,
                           .room = 1,
                           .most_shared = 99 << 10,
                           .contexts = {CALLERS}};

struct record {
  float sums[INPUTS];
  int32_t count;
};

static void require(bool condition) {
  if (!condition)
    abort();
}

/* Whether a function goes on; otherwise it returns fake.failure. */
static bool enter(const char *name) {
  static const char *const queueing[] = {"cuCtxPushCurrent_v2",
                                         "cuCtxPopCurrent_v2",
                                         "cuMemsetD32Async", "cuLaunchKernel"};
  bool queues = false;
  for (int i = 0; i < 4; ++i)
    queues |= strcmp(name, queueing[i]) == 0;
  require(queues || !fake.is_capturing);
  ++fake.calls;
  return !fake.failing || strcmp(fake.failing, name) != 0;
}
#define ENTER                                                                  \
  if (!enter(__func__))                                                        \
  return fake.failure

static int current(void) { return fake.contexts[fake.depth]; }

static bool in_own_context(void) {
  return current() >= 1 && current() <= DEVICES;
}

cu_result cuInit(unsigned flags) {
  ENTER;
  return (int)flags;
}

cu_result cuDeviceGetCount(int *count) {
  ENTER;
  *count = DEVICES;
  return 0;
}

cu_result cuDeviceGet(cu_device *device, int ordinal) {
  ENTER;
  *device = ordinal;
  return ordinal >= 0 && ordinal < DEVICES ? 0 : CU_INVALID_DEVICE;
}

cu_result cuDeviceGetAttribute(int *value, int attribute, cu_device device) {
  ENTER;
  require(device >= 0 && device < DEVICES);
  *value = attribute == CU_MULTIPROCESSORS     ? fake.processors
           : attribute == CU_CAPABILITY_MAJOR  ? fake.capability / 10
           : attribute == CU_CAPABILITY_MINOR  ? fake.capability % 10
           : attribute == CU_MOST_SHARED_BYTES ? fake.most_shared
                                               : -1;
  return *value < 0;
}

cu_result cuDevicePrimaryCtxRetain(cu_context *context, cu_device device) {
  ENTER;
  ++fake.retained[device];
  *context = (cu_context)(uintptr_t)(device + 1);
  return 0;
}

cu_result cuDevicePrimaryCtxRelease_v2(cu_device device) {
  ENTER;
  require(fake.retained[device]-- > 0);
  return 0;
}

cu_result cuCtxPushCurrent_v2(cu_context context) {
  ENTER;
  require(fake.depth < 7);
  fake.contexts[++fake.depth] = (int)(uintptr_t)context;
  return 0;
}

cu_result cuCtxPopCurrent_v2(cu_context *context) {
  ENTER;
  require(fake.depth > 0);
  *context = (cu_context)(uintptr_t)current();
  --fake.depth;
  return 0;
}

cu_result cuCtxGetCurrent(cu_context *context) {
  ENTER;
  *context = (cu_context)(uintptr_t)current();
  return 0;
}

cu_result cuCtxGetDevice(cu_device *device) {
  ENTER;
  *device = current() == CALLERS ? 1 : current() - 1;
  return 0;
}

cu_result cuModuleLoadData(cu_module *module, const void *image) {
  ENTER;
  require(strcmp(image, "image") == 0 && (in_own_context() || fake.depth == 1));
  ++fake.modules;
  *module = (cu_module)&fake;
  return 0;
}

cu_result cuModuleUnload(cu_module module) {
  ENTER;
  require(module == (cu_module)&fake && fake.modules-- > 0);
  return 0;
}

cu_result cuModuleGetFunction(cu_function *function, cu_module module,
                              const char *name) {
  ENTER;
  require(module == (cu_module)&fake);
  *function = (cu_function)name;
  return strncmp(name, "ssm_", 4) != 0;
}

cu_result cuFuncSetAttribute(cu_function function, int attribute, int value) {
  ENTER;
  require(function && attribute == CU_FUNCTION_DYNAMIC_SHARED_BYTES &&
          (value == 70000 || value == 1000));
  return 0;
}

cu_result cuOccupancyMaxActiveBlocksPerMultiprocessor(int *blocks,
                                                      cu_function function,
                                                      int threads,
                                                      size_t shared_bytes) {
  ENTER;
  require(function && threads > 0 && shared_bytes > 0);
  *blocks = threads < SMALL_THREADS ? 2 * fake.room : fake.room;
  return 0;
}

cu_result cuMemAlloc_v2(cu_pointer *memory, size_t bytes) {
  ENTER;
  ++fake.buffers;
  *memory = (cu_pointer)malloc(bytes);
  return 0;
}

cu_result cuMemFree_v2(cu_pointer memory) {
  ENTER;
  --fake.buffers;
  free((void *)memory);
  return 0;
}

cu_result cuMemcpyHtoD_v2(cu_pointer to, const void *from, size_t bytes) {
  ENTER;
  memcpy((void *)to, from, bytes);
  return 0;
}

cu_result cuStreamSynchronize(cu_stream stream) {
  ENTER;
  require(!stream);
  return 0;
}

cu_result cuMemsetD32Async(cu_pointer to, unsigned value, size_t words,
                           cu_stream stream) {
  ENTER;
  (void)stream;
  require(value == 0 && fake.depth == 1);
  ++fake.memsets;
  memset((void *)to, 0, words * 4);
  return 0;
}

static void answer(const struct record *record, float *y) {
  for (int i = 0; i < INPUTS; ++i)
    y[i] = record->count ? record->sums[i] / (float)record->count : -1.0f;
}

static void advance(struct record *record, const float *x, float *y) {
  for (int i = 0; i < INPUTS; ++i) {
    record->sums[i] += x[i];
    if (y)
      y[i] = record->sums[i];
  }
  ++record->count;
}

/* Both kernels: streams of `steps` time steps. What is pooled is answered. */
static void run(char *states, const int64_t *ids, int64_t n,
                const int64_t *lengths, int64_t steps, const float *x,
                float *y) {
  for (int64_t i = 0; i < n; ++i) {
    struct record *record =
        (struct record *)(states + (ids ? ids[i] : i) * RECORD);
    for (int64_t t = 0; t < (lengths ? lengths[i] : steps); ++t) {
      int64_t at = (i * steps + t) * INPUTS;
#ifdef POOLED
      advance(record, x + at, NULL);
#else
      advance(record, x + at, y + at);
#endif
    }
#ifdef POOLED
    if (y)
      answer(record, y + i * INPUTS);
#else
    (void)answer;
#endif
  }
}

enum { LINKED = 192, FLAGS = 64 };

/* The first word and the flags are zeros; all of the link is the kernel's. */
static void use_link(char *link, int64_t chunks, int64_t bytes_of_chunk) {
  int64_t zeros = bytes_of_chunk ? FLAGS + chunks * 8 : 4;
  for (int64_t i = 0; i < zeros; ++i)
    require(link[i] == 0);
  int64_t flags = bytes_of_chunk ? (chunks * 8 + 63) / 64 * 64 : 0;
  memset(link, 0x7b, (size_t)(FLAGS + flags + chunks * bytes_of_chunk));
}

/* A unit on a piece: see lib/Conversion/ChunkToGpu/UnitKernels.cpp. */
static void run_unit(const char *name, void **p) {
  char *states = *(char **)p[1];
  const int64_t *ids = *(int64_t **)p[2], *lengths = *(int64_t **)p[4];
  int64_t n = *(int64_t *)p[3], steps = *(int64_t *)p[5];
  int64_t start = *(int64_t *)p[6], chunks = *(int64_t *)p[7];
  bool sums = strcmp(name, "ssm_unit_sum") == 0;
  bool doubles = strcmp(name, "ssm_unit_double") == 0;
  if (!sums)
    use_link(*(char **)p[14], n * chunks, doubles ? LINKED : 0);
  for (int64_t b = 0; b < n; ++b) {
    char *record = states + (ids ? ids[b] : b) * RECORD;
    for (int64_t t = start; t < start + chunks * 2; ++t) {
      if (t >= (lengths ? lengths[b] : steps))
        break;
      int64_t row = b * *(int64_t *)p[9] + *(int64_t *)p[10] + t - start;
      int64_t to = b * *(int64_t *)p[12] + *(int64_t *)p[13] + t - start;
      float *in = *(float **)p[8] + row * INPUTS;
      float *out = *(float **)p[11] + to * INPUTS;
      for (int i = 0; i < INPUTS; ++i) {
        float *sum = (float *)(record + *(int64_t *)p[15]) + i;
        *sum += sums ? in[i] / 2 : 0;
        out[i] = sums ? *sum : doubles ? 2 * in[i] : in[i];
      }
      if (sums)
        ++*(int32_t *)(record + *(int64_t *)p[16]);
    }
  }
}

static void run_answers(void **p) {
  const int64_t *ids = *(int64_t **)p[2];
  for (int64_t i = 0; i < *(int64_t *)p[3]; ++i)
    answer((struct record *)(*(char **)p[1] + (ids ? ids[i] : i) * RECORD),
           *(float **)p[4] + i * INPUTS);
}

cu_result cuLaunchKernel(cu_function function, unsigned grid_x, unsigned grid_y,
                         unsigned grid_z, unsigned block_x, unsigned block_y,
                         unsigned block_z, unsigned shared_bytes,
                         cu_stream stream, void **parameters, void **extra) {
  ENTER;
  require(grid_x > 0 && grid_y * grid_z * block_y * block_z == 1 && !extra);
  require(fake.depth == 1);
  ++fake.launches;
  strcpy(fake.last.name, (const char *)function);
  fake.last.grid = grid_x;
  fake.last.threads = block_x;
  fake.last.shared_bytes = shared_bytes;
  fake.last.stream = stream;
  fake.last.context = current();
  void **p = parameters;
  bool sums = strcmp(fake.last.name, "ssm_unit_sum") == 0;
  require(strcmp(*(char **)p[0], sums ? "our" : "four") == 0);
  if (strncmp(fake.last.name, "ssm_unit_", 9) == 0)
    run_unit(fake.last.name, p);
  else if (strcmp(fake.last.name, "ssm_answers") == 0)
    run_answers(p);
  else if (strcmp(fake.last.name, "ssm_rows") == 0)
    run(*(char **)p[1], *(int64_t **)p[2], *(int64_t *)p[3], NULL, 1,
        *(float **)p[4], *(float **)p[5]);
  else
    run(*(char **)p[1], *(int64_t **)p[2], *(int64_t *)p[3], *(int64_t **)p[4],
        *(int64_t *)p[5], *(float **)p[6], *(float **)p[7]);
  return 0;
}
