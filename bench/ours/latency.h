//===- latency.h - How long each of many calls takes ----------------------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SSMC_BENCH_LATENCY_H
#define SSMC_BENCH_LATENCY_H

#include "bench/machine/serve.h"
#include <algorithm>
#include <cstdio>
#include <string>
#include <vector>

namespace ssmc::bench {

/// Answers a request "n inner" with percentiles over n * inner calls; a clock
/// is read between any two, which is part of the figures (some 20 ns).
template <typename Call>
void serveLatency(const Call &call, const std::string &info) {
  serve_ready(info.c_str());
  int n, inner;
  while (serve_next(&n, &inner)) {
    size_t count = size_t(n) * size_t(inner);
    std::vector<float> t(count);
    double last = serve_clock(CLOCK_MONOTONIC);
    for (float &each : t) {
      call();
      double now = serve_clock(CLOCK_MONOTONIC);
      each = float(now - last);
      last = now;
    }
    std::sort(t.begin(), t.end());
    std::printf("@{\"calls\": %zu", count);
    for (auto [name, share] :
         {std::pair("min", 0.0), std::pair("p50", 0.5), std::pair("p99", 0.99),
          std::pair("p99.9", 0.999), std::pair("max", 1.0)})
      std::printf(
          ", \"%s\": %.4g", name,
          double(t[std::min(count - 1, size_t(share * double(count)))]));
    std::printf(", \"rss_peak_mb\": %.1f}\n", serve_memory("VmHWM:"));
    std::fflush(stdout);
  }
}

} // namespace ssmc::bench

#endif // SSMC_BENCH_LATENCY_H
