//===- CudaEntryPoints.cpp - The C API around a model's kernels -----------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Target/EntryPointParts.h"
#include "lib/Target/EntryPoints.h"
#include "lib/Target/RuntimeConstants.h"
#include "llvm/IR/Constants.h"

using namespace llvm;
using namespace ssmc;

/// C code of runtime/ as LLVM bitcode, for each system.
static const unsigned char kX86Cuda[] = {
#include "lib/Target/CudaEntryPoints.x86_64-unknown-linux-gnu.bc.inc"
};
static const unsigned char kArmCuda[] = {
#include "lib/Target/CudaEntryPoints.aarch64-unknown-linux-gnu.bc.inc"
};
static const unsigned char kX86CudaLoad[] = {
#include "lib/Target/CudaLoad.x86_64-unknown-linux-gnu.bc.inc"
};
static const unsigned char kArmCudaLoad[] = {
#include "lib/Target/CudaLoad.aarch64-unknown-linux-gnu.bc.inc"
};

/// cuda_entry_points.c for a system, empty for one that it is not compiled for:
/// CUDA's drivers are for Linux here.
static StringRef findCudaEntryPoints(const Triple &triple) {
  if (!triple.isOSLinux())
    return StringRef();
  if (triple.getArch() == Triple::x86_64)
    return asText(kX86Cuda);
  return triple.isAArch64() ? asText(kArmCuda) : StringRef();
}

/// cuda_load.c, where the former is.
static StringRef findCudaLoad(const Triple &triple) {
  return triple.isAArch64() ? asText(kArmCudaLoad) : asText(kX86CudaLoad);
}

/// The number of the kernel `name`; of one that no model of this kind launches,
/// -1.
static int64_t findKernel(ArrayRef<CudaKernel> kernels, StringRef name) {
  auto found = llvm::find_if(
      kernels, [&](const CudaKernel &kernel) { return kernel.name == name; });
  return found == kernels.end() ? -1 : found - kernels.begin();
}

/// The table of kernels: see runtime/cuda_model.h.
static Error defineKernels(Module &module, ArrayRef<CudaKernel> kernels) {
  constexpr size_t kNameBytes = 48;
  SmallVector<Constant *> rows;
  for (const CudaKernel &kernel : kernels) {
    if (kernel.name.size() >= kNameBytes || kernel.threads < 1 ||
        kernel.sharedBytes < 0 || kernel.rows < 1)
      return createStringError("kernel '" + kernel.name +
                               "' cannot be launched as it is described");
    std::string name = kernel.name;
    name.resize(kNameBytes);
    SmallVector<Constant *> row{ConstantDataArray::getString(
        module.getContext(), name, /*AddNull=*/false)};
    appendNumbers(module,
                  {kernel.threads, kernel.sharedBytes, kernel.rows,
                   kernel.byChunk, kernel.linkBytes},
                  row);
    rows.push_back(ConstantStruct::getAnon(row));
  }
  defineTable(module, "model_kernels", rows, rows.front()->getType());
  defineNumber(module, "model_kernel_count", kernels.size());
  defineNumber(module, "model_time_kernel", findKernel(kernels, "ssm_time"));
  defineNumber(module, "model_rows_kernel", findKernel(kernels, "ssm_rows"));
  defineNumber(module, "model_answers_kernel",
               findKernel(kernels, "ssm_answers"));
  return Error::success();
}

/// The table of launches, likewise.
static Error defineLaunches(Module &module, ArrayRef<CudaLaunch> launches) {
  constexpr size_t kCarries = 4, kNumbers = 4;
  SmallVector<Constant *> rows;
  for (const CudaLaunch &launch : launches) {
    if (launch.carries.size() > kCarries)
      return createStringError("a unit carries " +
                               Twine(launch.carries.size()) +
                               " states; expected at most 4");
    SmallVector<int64_t> numbers{launch.kernel, launch.blob, launch.in,
                                 launch.out};
    llvm::append_range(numbers, launch.carries);
    numbers.resize(kNumbers + kCarries, 0);
    SmallVector<Constant *> row;
    appendNumbers(module, numbers, row);
    rows.push_back(ConstantStruct::getAnon(row));
  }
  SmallVector<Type *> types(kNumbers + kCarries,
                            Type::getInt64Ty(module.getContext()));
  defineTable(module, "model_launches", rows,
              StructType::get(module.getContext(), types));
  defineNumber(module, "model_launch_count", launches.size());
  return Error::success();
}

/// Links NAME_cuda_load, which weights at run time come by, and what it packs
/// them with, NAME_load of CPUs.
static Error addCudaLoad(Module &module, const ModelInfo &info) {
  if (!info.takesWeights)
    return Error::success();
  // Before its constants are defined.
  const Triple &triple = module.getTargetTriple();
  if (Error error = linkRuntime(module, findCudaLoad(triple)))
    return error;
  if (Error error = addLoad(module, info))
    return error;
  // Not a function of this API.
  module.getFunction("MODEL_load")->setName("ssm_load");
  return triple.isX86_64() ? linkDispatch(module) : Error::success();
}

/// Everything that is launched by its name has a kernel.
static Error checkKernels(const ModelInfo &info, const CudaKernels &kernels) {
  SmallVector<StringRef> needed = {"ssm_time", "ssm_rows"};
  if (info.pooled && !kernels.launches.empty())
    needed.push_back("ssm_answers");
  for (StringRef name : needed)
    if (findKernel(kernels.kernels, name) < 0)
      return createStringError("the lowered model has no kernel " + name);
  return Error::success();
}

Error ssmc::addCudaEntryPoints(Module &module, const ModelInfo &info,
                               const CudaKernels &kernels,
                               unsigned leastCapability) {
  if (Error error = checkInfo(info))
    return error;
  if (Error error = checkKernels(info, kernels))
    return error;
  if (Error error =
          linkRuntime(module, findCudaEntryPoints(module.getTargetTriple())))
    return error;
  if (Error error = addCudaLoad(module, info))
    return error;
  defineConstants(module, info);
  shapeApi(module, info);
  defineNumber(module, "model_least_capability", leastCapability);
  defineNumber(module, "model_activation_bytes", kernels.activationBytes);
  defineNumber(module, "model_cuts_all_streams", kernels.cutsAllStreams);
  if (Error error = defineKernels(module, kernels.kernels))
    return error;
  return defineLaunches(module, kernels.launches);
}
