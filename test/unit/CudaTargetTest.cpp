//===- CudaTargetTest.cpp - GPU architectures by name ---------------------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Target/CudaTarget.h"
#include "gtest/gtest.h"

using namespace ssmc;

namespace {

using Numbers = llvm::SmallVector<unsigned>;

CudaTarget parse(llvm::StringRef list) {
  auto target = parseCudaTarget(list);
  if (target)
    return *target;
  ADD_FAILURE() << llvm::toString(target.takeError());
  return {};
}

std::string whyNot(llvm::StringRef list) {
  auto target = parseCudaTarget(list);
  if (!target)
    return llvm::toString(target.takeError());
  ADD_FAILURE() << list.str() << " was accepted";
  return "";
}

TEST(CudaTargetTest, newestPtxComesAlongWithMachineCode) {
  CudaTarget target = parse("cuda:sm_90,sm_80");
  EXPECT_EQ(target.cubins, (Numbers{80, 90}));
  EXPECT_EQ(target.ptx, (Numbers{90}));
  EXPECT_EQ(target.getAll(), (Numbers{80, 90}));
  EXPECT_EQ(target.getLeast(), 80u);
  EXPECT_FALSE(target.isPlainPtx());
}

TEST(CudaTargetTest, ptxThatIsNamedIsAllThePtx) {
  CudaTarget target = parse("cuda:sm_90,compute_80");
  EXPECT_EQ(target.cubins, (Numbers{90}));
  EXPECT_EQ(target.ptx, (Numbers{80}));
  EXPECT_EQ(target.getLeast(), 80u);
}

TEST(CudaTargetTest, ptxAloneNeedsNoTools) {
  CudaTarget target = parse("cuda:compute_90");
  EXPECT_TRUE(target.cubins.empty());
  EXPECT_TRUE(target.isPlainPtx());
  EXPECT_FALSE(parse("cuda:compute_80,compute_90").isPlainPtx());
}

TEST(CudaTargetTest, everyNameMayRepeatThePrefix) {
  EXPECT_EQ(parse("cuda:sm_80, cuda:sm_100").cubins, (Numbers{80, 100}));
}

TEST(CudaTargetTest, whateverBeginsWithCudaIsMeantForGpus) {
  EXPECT_TRUE(isCudaTarget("cuda:sm_80"));
  EXPECT_TRUE(isCudaTarget("cuda"));
  EXPECT_FALSE(isCudaTarget("x86-64-v3"));
  EXPECT_FALSE(isCudaTarget(""));
}

TEST(CudaTargetTest, wrongNamesGetTheListOfRightOnes) {
  for (const char *list :
       {"cuda", "cuda:", "cuda:sm_", "cuda:sm80", "cuda:80", "cuda:sm_8",
        "cuda:sm_080", "cuda:sm_-80", "cuda:sm_80,", "cuda:,sm_80",
        "cuda:sm_70", "cuda:sm_999", "cuda:sm_99999999999", "cuda:hopper",
        "cuda:compute_81", "cuda:sm_90a", "cudasm_80", "cuda:sm_80 sm_90",
        "cuda:x86-64-v3"}) {
    std::string message = whyNot(list);
    EXPECT_NE(message.find("sm_80, sm_86, "), std::string::npos) << message;
    EXPECT_NE(message.find("compute_80, compute_86, "), std::string::npos)
        << message;
  }
}

TEST(CudaTargetTest, messagesSayWhatIsWrong) {
  auto firstLine = [](llvm::StringRef list) {
    return llvm::StringRef(whyNot(list)).split('\n').first.str();
  };
  EXPECT_EQ(firstLine("cuda:sm80"),
            "--target: unknown GPU architecture 'sm80'; did you mean "
            "'sm_80'?");
  EXPECT_EQ(firstLine("cuda:compute_9"),
            "--target: unknown GPU architecture 'compute_9'; did you mean "
            "'compute_90'?");
  EXPECT_EQ(firstLine("cuda:hopper"),
            "--target: unknown GPU architecture 'hopper'");
  EXPECT_EQ(firstLine("cuda:sm_90a"),
            "--target: 'sm_90a' is a variant of 'sm_90', of which nothing is "
            "used; expected 'sm_90'");
  EXPECT_EQ(firstLine("cuda:"),
            "--target: 'cuda:' names no GPU architecture; expected cuda:sm_NN, "
            "a list cuda:sm_NN,sm_NN,... or cuda:compute_NN");
  EXPECT_EQ(whyNot("cuda:sm_80,sm_80"), "--target: 'sm_80' is named twice");
}

} // namespace
