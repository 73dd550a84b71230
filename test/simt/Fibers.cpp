//===- Fibers.cpp - Stacks, and switching between them --------------------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "test/simt/Fibers.h"
#include "llvm/Support/ErrorHandling.h"
#include <cstdint>
#include <sys/mman.h>

using namespace ssmc::simt;

// rdi: where to save the stack pointer; rsi: the one to go on with. The
// floating-point mode is the same for all fibres of a launch.
asm(R"(
  .text
  .p2align 4
  .globl simt_switch
  .hidden simt_switch
  .type simt_switch, @function
simt_switch:
  pushq %rbp
  pushq %rbx
  pushq %r12
  pushq %r13
  pushq %r14
  pushq %r15
  movq %rsp, (%rdi)
  movq %rsi, %rsp
  popq %r15
  popq %r14
  popq %r13
  popq %r12
  popq %rbx
  popq %rbp
  retq
  .size simt_switch, . - simt_switch
)");

static constexpr size_t guard = 4096, stacksAtOnce = 64;
static constexpr size_t mappingBytes = stacksAtOnce * (StackPool::size + guard);

StackPool::~StackPool() {
  for (char *mapping : mappings)
    munmap(mapping, mappingBytes);
}

void StackPool::grow() {
  void *memory = mmap(nullptr, mappingBytes, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED)
    llvm::report_fatal_error("simt: no memory for the stacks of threads");
  mappings.push_back(static_cast<char *>(memory));
  for (size_t i = stacksAtOnce; i-- > 0;) {
    char *stack = mappings.back() + i * (size + guard);
    mprotect(stack, guard, PROT_NONE);
    unused.push_back(stack + guard);
  }
}

char *StackPool::take() {
  if (unused.empty())
    grow();
  char *stack = unused.back();
  unused.pop_back();
  return stack;
}

void *ssmc::simt::prepareStack(char *stack, unsigned number, void (*entry)()) {
  // Aligned like after a call: simt_switch returns into `entry`.
  char *top = stack + StackPool::size - (number % 61) * 320 % 16384;
  auto *words = reinterpret_cast<void **>(reinterpret_cast<uintptr_t>(top) &
                                          ~uintptr_t(63));
  *--words = nullptr;
  *--words = reinterpret_cast<void *>(entry);
  for (int saved = 0; saved < 6; ++saved)
    *--words = nullptr;
  return words;
}
