//===- CudaObjectTest.cpp - Objects with code for GPUs --------------------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Target/CudaTarget.h"
#include "lib/Target/EmitCuda.h"
#include "lib/Target/EmitHeader.h"
#include "llvm/Object/ELFObjectFile.h"
#include "gtest/gtest.h"
#include <set>

using namespace ssmc;

namespace {

class CudaObjectTest : public testing::Test {
protected:
  CudaObjectTest() {
    info.name = "tiny";
    info.inputFeatures = 2;
    info.outputFeatures = 1;
    info.stateBytes = 64;
    info.packedBytes = 100;
    kernels.kernels = {{"ssm_time", 256, 1000, 32},
                       {"ssm_rows", 256, 1000, 32}};
  }

  llvm::Expected<llvm::SmallVector<char, 0>> emit(llvm::StringRef triple) {
    TargetCpu host;
    host.triple = llvm::Triple(triple);
    host.cpu = host.isX86() ? "x86-64" : "generic";
    return emitCudaObject({info, kernels, weights, image, 80}, host);
  }

  static std::unique_ptr<llvm::object::ObjectFile>
  parse(llvm::ArrayRef<char> bytes) {
    return llvm::cantFail(llvm::object::ObjectFile::createObjectFile(
        llvm::MemoryBufferRef({bytes.data(), bytes.size()}, "tiny.o")));
  }

  ModelInfo info;
  CudaKernels kernels;
  std::vector<char> weights = std::vector<char>(100, 'w');
  std::vector<char> image = std::vector<char>(3000, 'i');
};

TEST_F(CudaObjectTest, showsTheApiAndNeedsTheCLibraryOnly) {
  const std::set<std::string> library = {
      "", "memcpy", "memmove", "memset", "calloc", "free", "dlopen", "dlsym"};
  for (const char *triple :
       {"x86_64-unknown-linux-gnu", "aarch64-unknown-linux-gnu"}) {
    auto bytes = emit(triple);
    ASSERT_TRUE(bool(bytes)) << llvm::toString(bytes.takeError());
    auto object = parse(*bytes);
    std::set<std::string> exported;
    for (const auto &symbol : object->symbols()) {
      uint32_t flags = llvm::cantFail(symbol.getFlags());
      std::string name = llvm::cantFail(symbol.getName()).str();
      if (flags & llvm::object::SymbolRef::SF_Undefined)
        EXPECT_TRUE(library.count(name)) << name;
      else if (flags & llvm::object::SymbolRef::SF_Global)
        exported.insert(name);
    }
    EXPECT_EQ(exported,
              (std::set<std::string>{
                  "tiny_cuda_chunk", "tiny_cuda_close", "tiny_cuda_forward",
                  "tiny_cuda_open", "tiny_cuda_state_reset", "tiny_cuda_step",
                  "tiny_cuda_workspace_bytes", "tiny_state_load",
                  "tiny_state_reset", "tiny_state_save", "tiny_strerror"}));
    for (const llvm::object::ELFSectionRef section : object->sections())
      if (section.getFlags() & llvm::ELF::SHF_WRITE)
        EXPECT_EQ(section.getSize(), 0u)
            << llvm::cantFail(section.getName()).str();
  }
}

/// A zero behind the image ends PTX.
TEST_F(CudaObjectTest, holdsImageAndWeights) {
  auto bytes = emit("x86_64-unknown-linux-gnu");
  ASSERT_TRUE(bool(bytes)) << llvm::toString(bytes.takeError());
  llvm::StringRef text(bytes->data(), bytes->size());
  EXPECT_NE(text.find(std::string(3000, 'i') + '\0'), llvm::StringRef::npos);
  EXPECT_NE(text.find(std::string(100, 'w')), llvm::StringRef::npos);
}

TEST_F(CudaObjectTest, sameInputGivesSameBytes) {
  auto first = emit("x86_64-unknown-linux-gnu");
  auto second = emit("x86_64-unknown-linux-gnu");
  ASSERT_TRUE(first && second);
  EXPECT_EQ(*first, *second);
}

TEST_F(CudaObjectTest, modelMayBeCalledAsItsPartsAre) {
  for (const char *name :
       {"model", "cuda", "ssm", "MODEL", "dlopen", "tiny_"}) {
    info.name = name;
    auto bytes = emit("x86_64-unknown-linux-gnu");
    ASSERT_TRUE(bool(bytes)) << llvm::toString(bytes.takeError());
    auto object = parse(*bytes);
    bool opens = false;
    for (const auto &symbol : object->symbols())
      opens |= llvm::cantFail(symbol.getName()) == info.name + "_cuda_open";
    EXPECT_TRUE(opens) << name;
  }
}

TEST_F(CudaObjectTest, namesWhatCannotBeLaunched) {
  auto why = [&](const char *triple) {
    return llvm::toString(emit(triple).takeError());
  };
  EXPECT_EQ(why("x86_64-pc-windows-msvc"),
            "there are no entry points for 'x86_64-pc-windows-msvc'");
  kernels.kernels.pop_back();
  EXPECT_EQ(why("x86_64-unknown-linux-gnu"),
            "the lowered model has no kernel ssm_rows");
  kernels.kernels.push_back({"ssm_rows", 0, 1000, 32});
  EXPECT_EQ(why("x86_64-unknown-linux-gnu"),
            "kernel 'ssm_rows' cannot be launched as it is described");
}

TEST_F(CudaObjectTest, headerReplacesEveryWord) {
  CudaTarget target;
  target.cubins = {80, 90};
  target.ptx = {100};
  for (bool pooled : {false, true})
    for (bool tokens : {false, true}) {
      info.pooled = pooled;
      info.tokens = tokens;
      info.description = "S5 */ of one block";
      std::string header = emitCudaHeader(info, target, "bf16x3");
      EXPECT_EQ(header.find('$'), std::string::npos);
      for (const char *text :
           {"S5 * / of one block", "100 bytes of weights",
            "#define tiny_CUDA_CODE \"sm_80,sm_90,compute_100\"",
            "#define tiny_CUDA_PRODUCTS \"bf16x3\"",
            "on tensor cores, of sums of two bf16 (bf16x3).",
            "sm_80, sm_90, and\n * PTX for all GPUs from compute capability "
            "10.0 on",
            tokens ? "typedef int32_t tiny_in_t;" : "typedef float tiny_in_t;"})
        EXPECT_NE(header.find(text), std::string::npos) << text;
    }
}

} // namespace
