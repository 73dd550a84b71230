//===- EntryPointsTest.cpp - Objects with the C API -----------------------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Target/EmitHeader.h"
#include "lib/Target/EmitModel.h"
#include "lib/Target/JitSession.h"
#include "mlir/Parser/Parser.h"
#include "llvm/Object/ELFObjectFile.h"
#include "gtest/gtest.h"
#include <set>

using namespace ssmc;

namespace {

/// A model of two inputs and one output: y = weight x0 x1.
constexpr llvm::StringLiteral kModel = R"mlir(
llvm.func @product(%weights: !llvm.ptr, %x: !llvm.ptr, %y: !llvm.ptr) {
  %w = llvm.load %weights : !llvm.ptr -> f32
  %x0 = llvm.load %x : !llvm.ptr -> f32
  %p1 = llvm.getelementptr %x[1] : (!llvm.ptr) -> !llvm.ptr, f32
  %x1 = llvm.load %p1 : !llvm.ptr -> f32
  %p = llvm.fmul %x0, %x1 : f32
  %r = llvm.fmul %p, %w : f32
  llvm.store %r, %y : f32, !llvm.ptr
  llvm.return
}
llvm.func @ssm_step(%weights: !llvm.ptr, %record: !llvm.ptr, %x: !llvm.ptr, %y: !llvm.ptr, %ws: !llvm.ptr) {
  llvm.call @product(%weights, %x, %y) : (!llvm.ptr, !llvm.ptr, !llvm.ptr) -> ()
  llvm.return
}
llvm.func @ssm_rows(%weights: !llvm.ptr, %states: !llvm.ptr, %ids: !llvm.ptr, %first: i64, %stride: i64, %n: i64, %turn: !llvm.ptr, %x: !llvm.ptr, %y: !llvm.ptr, %ws: !llvm.ptr) {
  llvm.return
}
llvm.func @ssm_chunk_full(%weights: !llvm.ptr, %record: !llvm.ptr, %turn: !llvm.ptr, %x: !llvm.ptr, %y: !llvm.ptr, %ws: !llvm.ptr) {
  llvm.return
}
)mlir";

constexpr unsigned kFlushesDenormals = 0x8040;

class EntryPointsTest : public testing::Test {
protected:
  EntryPointsTest() {
    context.loadDialect<mlir::LLVM::LLVMDialect>();
    info.name = "tiny";
    info.inputFeatures = 2;
    info.outputFeatures = 1;
    info.stateBytes = 64;
    info.workspaceBytes = 40;
    info.rowsPerChunk = 8;
    info.statefulUnits = 3;
    weights.assign(4, 0);
    weights[2] = char(0x80), weights[3] = char(0x3f); // 1.0f
  }

  /// An object for JitSession, or the one that users link.
  llvm::Expected<llvm::SmallVector<char, 0>>
  compile(llvm::StringRef text, llvm::StringRef cpu, bool isForLinker = false) {
    auto module = mlir::parseSourceString<mlir::ModuleOp>(text, &context);
    auto target = resolveTargetCpu(cpu);
    auto code =
        ModelCode::build({{*module, /*training=*/{}, *target, info}}, weights);
    if (!code)
      return code.takeError();
    return isForLinker ? code->emitObject() : code->emitLoadable();
  }

  mlir::MLIRContext context;
  ModelInfo info;
  std::vector<char> weights;
};

TEST_F(EntryPointsTest, objectShowsTheApiAndNothingElse) {
  auto bytes = compile(kModel, "x86-64-v3", /*isForLinker=*/true);
  ASSERT_TRUE(bool(bytes)) << llvm::toString(bytes.takeError());
  auto object = llvm::object::ObjectFile::createObjectFile(
      llvm::MemoryBufferRef({bytes->data(), bytes->size()}, "tiny.o"));
  ASSERT_TRUE(bool(object));
  std::set<std::string> exported;
  for (const auto &symbol : (*object)->symbols()) {
    uint32_t flags = llvm::cantFail(symbol.getFlags());
    std::string name = llvm::cantFail(symbol.getName()).str();
    if (flags & llvm::object::SymbolRef::SF_Undefined)
      EXPECT_TRUE(name.empty() || name == "memcpy" || name == "memset" ||
                  name == "memmove")
          << name;
    else if (flags & llvm::object::SymbolRef::SF_Global)
      exported.insert(name);
  }
  EXPECT_EQ(exported, (std::set<std::string>{
                          "tiny_chunk", "tiny_forward", "tiny_state_load",
                          "tiny_state_reset", "tiny_state_save", "tiny_step",
                          "tiny_strerror", "tiny_workspace_bytes"}));
  for (const llvm::object::ELFSectionRef section : (*object)->sections())
    if (section.getFlags() & llvm::ELF::SHF_WRITE)
      EXPECT_EQ(section.getSize(), 0u)
          << llvm::cantFail(section.getName()).str();
}

TEST_F(EntryPointsTest, modelMayBeCalledAsTheGeneratedFunctionsAre) {
  for (const char *name : {"ssm", "model", "MODEL", "run"}) {
    info.name = name;
    auto bytes = compile(kModel, "native");
    ASSERT_TRUE(bool(bytes)) << llvm::toString(bytes.takeError());
    auto session = JitSession::load(*bytes);
    ASSERT_TRUE(bool(session)) << llvm::toString(session.takeError());
    auto workspaceBytes = (*session)->lookupFunction<size_t(int64_t, int32_t)>(
        info.name + "_workspace_bytes");
    ASSERT_TRUE(bool(workspaceBytes))
        << llvm::toString(workspaceBytes.takeError());
    EXPECT_EQ((*workspaceBytes)(1, 1), 64u + 64u);
    // For each worker another record and its counter; a counter of tickets and
    // of each unit.
    EXPECT_EQ((*workspaceBytes)(1, 2), 2u * (64 + 64 + 64 + 128) + 4 * 128);
  }
}

TEST_F(EntryPointsTest, sameInputGivesSameBytes) {
  auto first = compile(kModel, "x86-64-v4", /*isForLinker=*/true);
  auto second = compile(kModel, "x86-64-v4", /*isForLinker=*/true);
  ASSERT_TRUE(first && second);
  EXPECT_EQ(*first, *second);
}

TEST_F(EntryPointsTest, bodyFlushesDenormalsAndCallerKeepsItsMode) {
  auto bytes = compile(kModel, "native");
  ASSERT_TRUE(bool(bytes)) << llvm::toString(bytes.takeError());
  auto session = JitSession::load(*bytes);
  ASSERT_TRUE(bool(session)) << llvm::toString(session.takeError());
  auto *step = llvm::cantFail(
      (*session)
          ->lookupFunction<int(void *, const int64_t *, int64_t, const float *,
                               float *, const void *, void *, size_t)>(
              "tiny_step"));
  alignas(64) char state[64] = {}, ws[128];
  float y = -1, products[] = {1e-30f, 1e-10f};
  for (unsigned callers : {0x1f80u, 0x1f80u | kFlushesDenormals, 0x7f80u}) {
    float huge[] = {1e38f, 3.0f};
    __builtin_ia32_ldmxcsr(callers);
    int first = step(state, nullptr, 1, products, &y, nullptr, ws, sizeof ws);
    float flushed = y;
    int second = step(state, nullptr, 1, huge, &y, nullptr, ws, sizeof ws);
    unsigned after = __builtin_ia32_stmxcsr();
    __builtin_ia32_ldmxcsr(0x1f80);
    EXPECT_EQ(first, 0);
    EXPECT_EQ(second, 0);
    EXPECT_EQ(flushed, 0.0f);
    EXPECT_EQ(y, 3e38f); // to nearest, also for a caller that rounds to zero
    EXPECT_EQ(after, callers);
  }
}

TEST_F(EntryPointsTest, namesWhatTheLoweredModelLacks) {
  auto missing = compile("llvm.func @ssm_rows() { llvm.return }", "x86-64-v3");
  EXPECT_EQ(llvm::toString(missing.takeError()),
            "the lowered model has no function ssm_step");
  info.pooled = true;
  auto answer = compile(kModel, "x86-64-v3", /*isForLinker=*/true);
  EXPECT_EQ(llvm::toString(answer.takeError()),
            "the lowered model has no function ssm_answers");
  info.stateBytes = 100;
  auto size = compile(kModel, "x86-64-v3", /*isForLinker=*/true);
  EXPECT_EQ(llvm::toString(size.takeError()),
            "record of 100 bytes is not a positive multiple of 64");
}

TEST_F(EntryPointsTest, headerReplacesEveryWord) {
  for (bool pooled : {false, true})
    for (bool tokens : {false, true}) {
      info.pooled = pooled;
      info.tokens = tokens;
      info.description = "S5 */ of one block";
      std::string header = emitHeader(info);
      EXPECT_EQ(header.find('$'), std::string::npos);
      EXPECT_NE(header.find("S5 * / of one block"), std::string::npos);
      EXPECT_NE(header.find(tokens ? "typedef int32_t tiny_in_t;"
                                   : "typedef float tiny_in_t;"),
                std::string::npos);
    }
}

} // namespace
