//===- Counters.cpp - Memory traffic of kernels ---------------------------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "test/simt/Counters.h"
#include <algorithm>
#include <array>

using namespace llvm;
using namespace ssmc::simt;

static constexpr unsigned sectorBytes = 32, bankBytes = 4, banks = 32;

SharedTraffic &SharedTraffic::operator+=(const SharedTraffic &other) {
  bytes += other.bytes;
  instructions += other.instructions;
  phases += other.phases;
  wavefronts += other.wavefronts;
  degree = std::max(degree, other.degree);
  return *this;
}

Traffic &KernelCounters::traffic(Access access, int parameter) {
  return (access == Access::Load ? loads : stores)[parameter];
}

void KernelCounters::countGlobal(const Site &site, Allocation &allocation,
                                 uintptr_t address) {
  Traffic &sum = traffic(site.access, allocation.parameter);
  sum.bytes += site.bytes;
  TouchedBytes &touched =
      site.access == Access::Load ? allocation.loaded : allocation.stored;
  sum.unique += touched.mark(address - allocation.begin, site.bytes);
}

//===----------------------------------------------------------------------===//
// Instructions of warps
//===----------------------------------------------------------------------===//

/// One instruction of up to 32 lanes.
struct KernelCounters::Instruction {
  uint32_t index;
  const Site &site;
  SmallVector<uintptr_t, 32> addresses; ///< 0: the lane takes no part.
  bool isShared;
  int parameter;
};

/// How many different values there are.
static unsigned countDistinct(SmallVectorImpl<uintptr_t> &values) {
  if (!llvm::is_sorted(values))
    llvm::sort(values);
  return std::unique(values.begin(), values.end()) - values.begin();
}

/// The most different words that lie in one bank.
static unsigned conflictDegree(ArrayRef<uintptr_t> addresses, unsigned bytes) {
  // Words of a bank are a list: `before` leads from each to the last one.
  std::array<int, banks> last;
  std::array<unsigned, banks> inBank = {};
  last.fill(-1);
  SmallVector<uintptr_t, 32> words;
  SmallVector<int, 32> before;
  for (uintptr_t address : addresses) {
    for (uintptr_t end = address + bytes; address < end; address += bankBytes) {
      uintptr_t word = address / bankBytes;
      unsigned bank = word % banks;
      int other = last[bank];
      while (other >= 0 && words[other] != word)
        other = before[other];
      if (other >= 0)
        continue;
      before.push_back(last[bank]);
      last[bank] = words.size();
      words.push_back(word);
      ++inBank[bank];
    }
  }
  return *std::max_element(inBank.begin(), inBank.end());
}

void KernelCounters::countShared(const Instruction &instruction,
                                 unsigned offset) {
  unsigned piece = instruction.site.piece;
  unsigned lanes = 32 / std::max(1u, piece / bankBytes); // of a phase
  SharedTraffic &sum = shared[instruction.index];
  ++sum.instructions;
  ArrayRef<uintptr_t> all(instruction.addresses);
  for (unsigned first = 0; first < all.size(); first += lanes) {
    SmallVector<uintptr_t, 32> phase;
    for (uintptr_t address : all.slice(first).take_front(lanes))
      if (address != 0)
        phase.push_back(address + offset);
    if (phase.empty())
      continue;
    unsigned degree = conflictDegree(phase, std::max(piece, bankBytes));
    ++sum.phases;
    sum.wavefronts += degree;
    sum.degree = std::max(sum.degree, degree);
    sum.bytes += phase.size() * piece;
  }
}

void KernelCounters::countInstruction(const Instruction &instruction) {
  const Site &site = instruction.site;
  for (unsigned offset = 0; offset < site.bytes; offset += site.piece) {
    if (instruction.isShared) {
      countShared(instruction, offset);
      continue;
    }
    SmallVector<uintptr_t, 32> sectors;
    for (uintptr_t address : instruction.addresses)
      if (address != 0)
        sectors.push_back((address + offset) / sectorBytes);
    traffic(site.access, instruction.parameter).sectors +=
        countDistinct(sectors);
  }
}

/// Puts a log's accesses in the order of sites, those of a site in time order.
static void orderBySite(AccessLog &log) {
  std::stable_sort(log.begin(), log.end(), [](LoggedAccess a, LoggedAccess b) {
    return a.site() < b.site();
  });
}

/// Whether all lanes have gone the same way.
static bool areAlike(ArrayRef<AccessLog *> lanes) {
  return llvm::all_of(lanes, [&](const AccessLog *log) {
    return std::equal(
        log->begin(), log->end(), lanes[0]->begin(), lanes[0]->end(),
        [](LoggedAccess a, LoggedAccess b) { return a.site() == b.site(); });
  });
}

void KernelCounters::groupWarp(const Sites &sites, DeviceMemory &memory,
                               ArrayRef<AccessLog *> lanes, uintptr_t begin,
                               size_t sharedBytes) {
  // Lanes whose n-th access at a site is missing take no part in that one.
  // Since sites are in order then, all lanes are done with one before the next.
  if (!areAlike(lanes))
    llvm::for_each(lanes, [](AccessLog *log) { orderBySite(*log); });
  SmallVector<size_t, 32> next(lanes.size(), 0);
  auto siteOf = [&](size_t lane) {
    const AccessLog &log = *lanes[lane];
    return next[lane] < log.size() ? log[next[lane]].site() : UINT32_MAX;
  };
  while (true) {
    uint32_t site = UINT32_MAX;
    for (size_t lane = 0; lane < lanes.size(); ++lane)
      site = std::min(site, siteOf(lane));
    if (site == UINT32_MAX)
      break;
    Instruction instruction{site, sites[site], {}, false, -1};
    for (size_t lane = 0; lane < lanes.size(); ++lane) {
      bool takesPart = siteOf(lane) == site;
      instruction.addresses.push_back(
          takesPart ? (*lanes[lane])[next[lane]++].address() : 0);
    }
    uintptr_t any = *llvm::find_if(instruction.addresses,
                                   [](uintptr_t a) { return a != 0; });
    instruction.isShared = any - begin < sharedBytes;
    if (!instruction.isShared)
      if (Allocation *allocation = memory.find(any, 1))
        instruction.parameter = allocation->parameter;
    countInstruction(instruction);
  }
  for (AccessLog *log : lanes)
    log->clear();
}

//===----------------------------------------------------------------------===//
// JSON
//===----------------------------------------------------------------------===//

static json::Object toJson(const Traffic &traffic) {
  return json::Object{{"bytes", traffic.bytes},
                      {"unique_bytes", traffic.unique},
                      {"sector_bytes", traffic.sectors * sectorBytes}};
}

static json::Object toJson(const std::map<int, Traffic> &byParameter) {
  Traffic sum;
  json::Object parameters;
  for (const auto &[parameter, traffic] : byParameter) {
    sum.bytes += traffic.bytes;
    sum.unique += traffic.unique;
    sum.sectors += traffic.sectors;
    parameters[parameter < 0 ? "other" : std::to_string(parameter)] =
        toJson(traffic);
  }
  json::Object object = toJson(sum);
  object["by_parameter"] = std::move(parameters);
  return object;
}

static json::Object toJson(const SharedTraffic &traffic) {
  return json::Object{
      {"bytes", traffic.bytes},
      {"instructions", traffic.instructions},
      {"wavefronts", traffic.wavefronts},
      {"wavefronts_without_conflicts", traffic.phases},
      {"most_conflicts", traffic.degree},
  };
}

json::Object KernelCounters::toJson(const Sites &sites) const {
  SharedTraffic sums[2];
  json::Array conflicts;
  for (const auto &[site, traffic] : shared) {
    sums[sites[site].access == Access::Store] += traffic;
    if (traffic.wavefronts == traffic.phases)
      continue;
    json::Object object = ::toJson(traffic);
    object["instruction"] = sites[site].text;
    conflicts.push_back(std::move(object));
  }
  return json::Object{
      {"launches", launches},
      {"blocks", blocks},
      {"barriers", barriers},
      {"shuffles", shuffles},
      {"multiplications", multiplications},
      {"atomics", atomics},
      {"most_shared_bytes", uint64_t(mostSharedBytes)},
      {"global_loads", ::toJson(loads)},
      {"global_stores", ::toJson(stores)},
      {"shared_loads", ::toJson(sums[0])},
      {"shared_stores", ::toJson(sums[1])},
      {"conflicts", std::move(conflicts)},
  };
}
