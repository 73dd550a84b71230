// Calls the code of docs/training.md.
#include "digits.h"
#include <cmath>
#include <cstdio>
#include <cstring>
#include <vector>

extern "C" int observe(char *statistics, int seen, const uint32_t *keys,
                       const float *x, float *y, int64_t batch, int64_t L);

static float first(const std::vector<char> &bytes) {
  float mean;
  std::memcpy(&mean, bytes.data(), sizeof mean);
  return mean;
}

int main() {
  const int64_t batch = 3, L = 50;
  std::vector<float> x(batch * L * digits_INPUT_FEATURES, 0.5f);
  std::vector<float> y(batch * L * digits_OUTPUT_FEATURES);
  std::vector<uint32_t> keys(2 * batch, 7);
  std::vector<char> statistics(digits_STATISTICS_BYTES);
  int failed =
      observe(statistics.data(), 0, keys.data(), x.data(), y.data(), batch, L);
  // A batch alike moves them by a hundredth of what is left.
  float before = first(statistics);
  for (int i = 0; i < 3 && !failed; ++i)
    failed = observe(statistics.data(), 1, keys.data(), x.data(), y.data(),
                     batch, L);
  float after = first(statistics);
  // What the batch's own mean is.
  std::vector<char> fresh(digits_STATISTICS_BYTES, 1);
  failed |= observe(fresh.data(), 1, keys.data(), x.data(), y.data(), batch, L);
  float own = first(fresh), wanted = own + (before - own) * 0.970299f;
  if (!failed && std::fabs(after - wanted) <= 1e-5f * std::fabs(wanted))
    std::puts("a first batch, then another: statistics moved by 1 %");

  alignas(64) static char ws[1 << 20];
  auto train = [&](const float *in, int64_t n, int64_t steps, size_t bytes) {
    return digits_train_forward(nullptr, nullptr, nullptr, in, y.data(), n,
                                steps, nullptr, ws, bytes);
  };
  if (train(nullptr, 1, 1, sizeof ws) == digits_E_ARG &&
      train(x.data(), 0, 1, sizeof ws) == digits_E_ARG &&
      train(x.data(), 1, 0, sizeof ws) == digits_E_ARG &&
      train(x.data(), INT64_MAX / 2, 3, sizeof ws) == digits_E_ARG &&
      train(x.data(), 1, 1, digits_train_workspace_bytes(1, 1, 1) - 1) ==
          digits_E_WORKSPACE &&
      train(x.data(), 1, 1, digits_train_workspace_bytes(1, 1, 1)) ==
          digits_OK &&
      digits_train_workspace_bytes(0, 1, 1) == 0 &&
      digits_train_workspace_bytes(1, 0, 1) == 0 &&
      digits_train_workspace_bytes(INT64_MAX / 2, 3, 1) == 0)
    std::puts("wrong arguments: refused");
  return 0;
}
