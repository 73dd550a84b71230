//===- KernelModule.h - Kernels, compiled for this CPU --------------------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SSMC_TEST_SIMT_KERNELMODULE_H
#define SSMC_TEST_SIMT_KERNELMODULE_H

#include "test/simt/Launch.h"
#include "llvm/ExecutionEngine/Orc/LLJIT.h"

namespace ssmc::simt {

class KernelModule;

/// A kernel; what the driver's handle of a function points to.
struct Kernel {
  KernelModule *module = nullptr;
  const KernelInfo *info = nullptr;
  void (*entry)(void **) = nullptr;
  int mostDynamicBytes = 48 * 1024; ///< More must be asked for.
  KernelCounters counters;
};

struct ModuleOptions {
  PrepareOptions prepare;
  std::string counters; ///< File for the counters; empty: none.
  bool races = false;   ///< Look for races.
};

/// Arguments of cuLaunchKernel.
struct LaunchArguments {
  Dimensions grid, block;
  size_t dynamicBytes;
  void **parameters;
};

class KernelModule {
public:
  /// Compiles the kernels in a file of LLVM IR, whose variables are added to
  /// the memory.
  static llvm::Expected<std::unique_ptr<KernelModule>>
  load(llvm::StringRef file, DeviceMemory &memory, const ModuleOptions &);
  ~KernelModule();

  /// Null: there is none of this name.
  Kernel *find(llvm::StringRef name);
  bool owns(const Kernel *kernel) const;

  /// Runs a kernel in its floating-point mode. Returns what went wrong, or
  /// nothing.
  std::string launch(Kernel &kernel, const LaunchArguments &arguments,
                     const LaunchOptions &launchOptions);

  /// Writes the counters, if asked to.
  llvm::Error writeCounters() const;

  uint64_t staticSharedBytes() const { return prepared.staticSharedBytes; }

private:
  KernelModule(DeviceMemory &memory, const ModuleOptions &options)
      : memory(memory), options(options) {}
  llvm::Error compile(llvm::StringRef file);
  llvm::Error findSymbols();
  bool counts() const { return !options.counters.empty(); }
  void labelParameters(const Kernel &kernel, void **parameters);

  DeviceMemory &memory;
  const ModuleOptions options;
  PreparedKernels prepared;
  std::unique_ptr<llvm::orc::LLJIT> jit;
  std::map<std::string, Kernel, std::less<>> kernels;
  std::vector<uintptr_t> variables;
  StackPool stacks;
};

} // namespace ssmc::simt

#endif // SSMC_TEST_SIMT_KERNELMODULE_H
