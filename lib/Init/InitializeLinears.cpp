//===- InitializeLinears.cpp - Dense layers and embeddings ----------------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Init/Initializers.h"
#include "lib/Init/Random.h"

using namespace ssmc;

/// Uniform between -+1 / sqrt(in_features), the bias too.
static void initializeLinear(const ValueScope &values, RandomKey key) {
  std::vector<RandomKey> keys = split(key, 2);
  // Without inputs there is only the bias.
  auto inputs = static_cast<double>(values.getShape("weight")[1]);
  auto limit = static_cast<float>(inputs == 0 ? 1 : 1 / std::sqrt(inputs));
  auto draw = [&](llvm::StringRef name, RandomKey drawn) {
    values.set(name, drawUniform(drawn, values.getSize(name), -limit, limit));
  };
  draw("weight", keys[0]);
  if (values.has("bias"))
    draw("bias", keys[1]);
}

void ssmc::initializeLinears(const Initialization &init) {
  std::vector<std::string> parts = init.values.findParts("weight");
  if (parts.size() == 1)
    return initializeLinear(init.values / parts.front(), init.key);
  std::vector<RandomKey> keys = split(init.key, parts.size());
  for (size_t i = 0; i < parts.size(); ++i)
    initializeLinear(init.values / parts[i], keys[i]);
}

void ssmc::initializeEmbedding(const Initialization &init) {
  ValueScope table = init.values / "embedding";
  table.set("weight", drawNormal(init.key, table.getSize("weight")));
}
