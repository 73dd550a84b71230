//===- Fibers.h - Stacks, and switching between them ----------------------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// One fibre runs one GPU thread. Switching saves the registers that a callee
// must preserve and nothing else: ucontext would make a system call each time.
//
//===----------------------------------------------------------------------===//

#ifndef SSMC_TEST_SIMT_FIBERS_H
#define SSMC_TEST_SIMT_FIBERS_H

#include <cstddef>
#include <vector>

namespace ssmc::simt {

/// Saves this fibre in `*from` and goes on with the one saved in `to`.
extern "C" void simt_switch(void **from, void *to);

/// Stacks with an inaccessible page below each; given back ones are used again.
class StackPool {
public:
  ~StackPool();

  /// The lowest usable byte of a stack of `size` bytes.
  char *take();
  void give(char *stack) { unused.push_back(stack); }

  static constexpr size_t size = 256 * 1024;

private:
  void grow();

  std::vector<char *> unused, mappings;
};

/// What simt_switch needs to start `entry`, which must not return, on a stack.
/// Stacks of different `number` start at different places in a cache's sets.
void *prepareStack(char *stack, unsigned number, void (*entry)());

} // namespace ssmc::simt

#endif // SSMC_TEST_SIMT_FIBERS_H
