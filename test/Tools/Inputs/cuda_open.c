/* Opens a model without a driver, and says what it is told. */
#include <stdio.h>

#define PASTE_(a, b) a##b
#define PASTE(a, b) PASTE_(a, b)
#define API(suffix) PASTE(MODEL, suffix)

int main(void) {
  API(_cuda) *model = NULL;
  int error = API(_cuda_open)(&model, 0);
  if (error != API(_OK)) {
    fprintf(stderr, "error %d: %s\n", error, API(_strerror)(error));
    return 1;
  }
  return API(_cuda_close)(model);
}
