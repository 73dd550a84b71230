//===- CpuNeeds.cpp - What code for a CPU needs of a machine --------------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Target/CpuNeeds.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallVector.h"

using namespace llvm;
using namespace ssmc;

namespace {
struct Feature {
  StringRef name;
  int word;
  int bit;
};
} // namespace

/// Intel's Software Developer's Manual, volume 2A, CPUID; AMD's Programmer's
/// Manual, volume 3, appendix E. Features that matter to intrinsics only (AES,
/// SHA, ...) are not here.
static constexpr Feature kFeatures[] = {
    {"sse3", LEAF_1_ECX, 0},
    {"ssse3", LEAF_1_ECX, 9},
    {"fma", LEAF_1_ECX, 12},
    {"sse4.1", LEAF_1_ECX, 19},
    {"sse4.2", LEAF_1_ECX, 20},
    {"movbe", LEAF_1_ECX, 22},
    {"popcnt", LEAF_1_ECX, 23},
    {"avx", LEAF_1_ECX, 28},
    {"f16c", LEAF_1_ECX, 29},
    {"bmi", LEAF_7_EBX, 3},
    {"avx2", LEAF_7_EBX, 5},
    {"bmi2", LEAF_7_EBX, 8},
    {"avx512f", LEAF_7_EBX, 16},
    {"avx512dq", LEAF_7_EBX, 17},
    {"adx", LEAF_7_EBX, 19},
    {"avx512ifma", LEAF_7_EBX, 21},
    {"avx512cd", LEAF_7_EBX, 28},
    {"avx512bw", LEAF_7_EBX, 30},
    {"avx512vl", LEAF_7_EBX, 31},
    {"avx512vbmi", LEAF_7_ECX, 1},
    {"avx512vbmi2", LEAF_7_ECX, 6},
    {"gfni", LEAF_7_ECX, 8},
    {"avx512vnni", LEAF_7_ECX, 11},
    {"avx512bitalg", LEAF_7_ECX, 12},
    {"avx512vpopcntdq", LEAF_7_ECX, 14},
    {"movdiri", LEAF_7_ECX, 27},
    {"avx512fp16", LEAF_7_EDX, 23},
    {"avxvnni", LEAF_7_1_EAX, 4},
    {"avx512bf16", LEAF_7_1_EAX, 5},
    {"avxifma", LEAF_7_1_EAX, 23},
    {"avxneconvert", LEAF_7_1_EDX, 5},
    {"avxvnniint8", LEAF_7_1_EDX, 4},
    {"avxvnniint16", LEAF_7_1_EDX, 10},
    {"avx10.1", LEAF_7_1_EDX, 19},
    // Only CPUs with APX have AVX10.2, whose version is not in these words.
    {"avx10.2", LEAF_7_1_EDX, 21},
    {"egpr", LEAF_7_1_EDX, 21},
    {"lzcnt", LEAF_EXTENDED_1_ECX, 5},
    {"sse4a", LEAF_EXTENDED_1_ECX, 6},
    {"xop", LEAF_EXTENDED_1_ECX, 11},
    {"fma4", LEAF_EXTENDED_1_ECX, 16},
    {"tbm", LEAF_EXTENDED_1_ECX, 21},
};

/// Registers that the operating system must save: bits of XCR0.
static constexpr uint32_t kVectorState = 0x6;        // xmm, ymm
static constexpr uint32_t kMaskAndWideState = 0xe0;  // k, zmm
static constexpr uint32_t kExtendedState = 1u << 19; // r16 to r31

ArrayRef<StringRef> ssmc::getDecidingFeatures() {
  static const auto names =
      map_to_vector(kFeatures, [](const Feature &f) { return f.name; });
  return names;
}

CpuWords ssmc::getCpuNeeds(function_ref<bool(StringRef)> has) {
  CpuWords needs{};
  for (const Feature &feature : kFeatures)
    if (has(feature.name))
      needs[feature.word] |= 1u << feature.bit;
  if (has("avx"))
    needs[XCR0_LOW] |= kVectorState;
  if (has("avx512f"))
    needs[XCR0_LOW] |= kMaskAndWideState;
  if (has("egpr"))
    needs[XCR0_LOW] |= kExtendedState;
  return needs;
}
