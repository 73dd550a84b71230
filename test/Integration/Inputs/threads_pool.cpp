// Pools of ssmc_threads.hpp for threads.c.
#include "ssmc_threads.hpp"

extern "C" const ssmc_executor *get_pool(int i) {
  static ssmc::ThreadPool pools[] = {ssmc::ThreadPool(1), ssmc::ThreadPool(2),
                                     ssmc::ThreadPool(3), ssmc::ThreadPool(8)};
  return i < 4 ? pools[i].executor() : nullptr;
}
