/* Classifies 360 handwritten digits with three compiled models.
 *
 * Linked from this file and the three objects alone; see demo.sh. The folder
 * given holds raw little-endian arrays:
 *   x.f32             360 images of 64 pixels, each a sequence of 64 steps
 *   labels.i32        the digits that they show
 *   NAME.expected.f64 what the trained model NAME answered, in float64
 * Exit status 1 when any prediction differs from the trained model's.
 */
#define _POSIX_C_SOURCE 200112L
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "linoss.h"
#include "lru.h"
#include "s5.h"

enum { IMAGES = 360, STEPS = 64, CLASSES = 10, REPEATS = 20 };

typedef int forward_fn(const float *x, float *y, int64_t batch,
                       const int64_t *lengths, int64_t L, void *final_states,
                       const ssmc_executor *executor, void *ws,
                       size_t ws_bytes);

struct model {
  const char *name;
  forward_fn *forward;
  size_t (*workspace_bytes)(int64_t n, int32_t workers);
  const char *(*strerror)(int status);
};

static const struct model models[] = {
    {"s5", digits_s5_forward, digits_s5_workspace_bytes, digits_s5_strerror},
    {"lru", digits_lru_forward, digits_lru_workspace_bytes,
     digits_lru_strerror},
    {"linoss", digits_linoss_forward, digits_linoss_workspace_bytes,
     digits_linoss_strerror},
};

static float x[IMAGES * STEPS];
static int32_t labels[IMAGES];
static double expected[IMAGES * CLASSES];
static float y[IMAGES * CLASSES];

static void read_array(const char *folder, const char *name, const char *suffix,
                       void *data, size_t bytes) {
  char path[4096];
  snprintf(path, sizeof path, "%s/%s%s", folder, name, suffix);
  FILE *file = fopen(path, "rb");
  if (!file || fread(data, 1, bytes, file) != bytes) {
    fprintf(stderr, "classify: cannot read %zu bytes of %s\n", bytes, path);
    exit(1);
  }
  fclose(file);
}

static double seconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* Runs one model on all images; returns the seconds of the fastest time. */
static double run(const struct model *model) {
  size_t bytes = model->workspace_bytes(IMAGES, 1);
  void *workspace = NULL;
  double fastest = 1e30;
  if (posix_memalign(&workspace, 64, bytes ? bytes : 64)) {
    fprintf(stderr, "classify: no memory for a workspace of %zu bytes\n",
            bytes);
    exit(1);
  }
  for (int repeat = 0; repeat < REPEATS; ++repeat) {
    double start = seconds();
    int status =
        model->forward(x, y, IMAGES, NULL, STEPS, NULL, NULL, workspace, bytes);
    double taken = seconds() - start;
    if (status != 0) {
      fprintf(stderr, "classify: %s: %s\n", model->name,
              model->strerror(status));
      exit(1);
    }
    if (taken < fastest)
      fastest = taken;
  }
  free(workspace);
  return fastest;
}

/* Prints one line; returns how many predictions differ. */
static int report(const struct model *model, double taken) {
  int right = 0, reference_right = 0, differ = 0;
  double error = 0;
  for (int i = 0; i < IMAGES; ++i) {
    const float *ours = y + i * CLASSES;
    const double *theirs = expected + i * CLASSES;
    int best = 0, reference_best = 0;
    for (int c = 0; c < CLASSES; ++c) {
      double distance = ours[c] - theirs[c];
      if (distance < 0)
        distance = -distance;
      if (error == error && !(distance <= error)) /* keeps a NaN */
        error = distance;
      if (ours[c] > ours[best])
        best = c;
      if (theirs[c] > theirs[reference_best])
        reference_best = c;
    }
    right += best == labels[i];
    reference_right += reference_best == labels[i];
    differ += best != reference_best;
  }
  printf("%-8s %6.2f %%   %6.2f %%   %6d   %12.1e   %10.1f us\n", model->name,
         100.0 * right / IMAGES, 100.0 * reference_right / IMAGES, differ,
         error, 1e6 * taken / IMAGES);
  return differ;
}

int main(int argc, char **argv) {
  int differ = 0;
  if (argc != 2) {
    fprintf(stderr, "usage: classify FOLDER\n");
    return 2;
  }
  read_array(argv[1], "x", ".f32", x, sizeof x);
  read_array(argv[1], "labels", ".i32", labels, sizeof labels);
  printf("model    accuracy   reference   differ   log-p. error   "
         "time per sequence\n");
  for (size_t m = 0; m < sizeof models / sizeof *models; ++m) {
    read_array(argv[1], models[m].name, ".expected.f64", expected,
               sizeof expected);
    differ += report(&models[m], run(&models[m]));
  }
  return differ != 0;
}
