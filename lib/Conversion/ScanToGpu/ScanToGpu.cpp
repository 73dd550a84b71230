//===- ScanToGpu.cpp - Discretization and scan in one kernel --------------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Before:
//   func @f(%u, %s, %nu: tensor<40xf32>) {
//     %x = arith.extf %nu
//     %a = math.exp %x ...
//     %y, %s1 = ssm.scan diagonal %f, %s coefficients(%a, %b)
// After, besides:
//   gpu.module @scan_f {
//     gpu.func @scan_f(%f, %s: memref<1xf32>, %nu: memref<40xf32>,
//                      %y, %s1: memref<1xf32>, %time: index) kernel {
//       %b = gpu.block_id x
//       %n = ...                             // block_id y, thread_id x
//       scf.if %n < 40 {
//         %x = affine.load %nu[%n]
//         %a = math.exp ...                  // does not change in time
//         %last:2 = affine.for %t = 0 to %time iter_args(%re = ..., ...) {
//           ...                              // coefficients that do
//           math.fma ...                     // one step per plane
//         }
//         affine.store %last#0, %s1[%b, 0, %n] ...
//   func @scan.f(%f: memref<?x?x80xf32>, ...) {
//     gpu.launch_func @scan_f::@scan_f blocks in (%batch, 1, 1) ...
//
//===----------------------------------------------------------------------===//

#include "lib/Conversion/Passes.h"
#include "lib/Conversion/ScanToAffine/ScanSteps.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

namespace ssmc {
#define GEN_PASS_DEF_SCANTOGPU
#include "lib/Conversion/Passes.h.inc"
} // namespace ssmc

using namespace mlir;
using namespace ssmc;

/// Modes are threads: whole warps, and no more of them in a block than leave
/// many blocks to spread over the device.
static constexpr int64_t kWarp = 32, kMostThreads = 128;

namespace {
/// The kernel that a scan becomes, and the function that launches it.
class ScanKernel {
public:
  ScanKernel(ScanOp scan, LeafBuffers leaves)
      : scan(scan), loc(scan.getLoc()), types(getBufferTypes(scan, leaves)),
        threads(std::min<int64_t>(kMostThreads,
                                  llvm::alignTo(scan.getNumModes(), kWarp))) {
    buffers.leaves = std::move(leaves);
    findOpenExtents();
  }
  /// Builds both in front of the function `source` that holds the scan.
  void build(func::FuncOp source);

private:
  /// A dimension of a buffer.
  struct Extent {
    size_t buffer, dimension;
    bool operator==(const Extent &other) const {
      return buffer == other.buffer && dimension == other.dimension;
    }
  };

  MemRefType typeOf(size_t buffer) { return cast<MemRefType>(types[buffer]); }
  /// Whether a buffer is f, y or one of the states, which have f's extents.
  bool isOfScan(size_t buffer) {
    return buffer < 2 || buffer + 2 >= types.size();
  }
  void findOpenExtents();
  OpFoldResult extentOf(Extent extent);
  Value viewOf(OpBuilder &builder, size_t buffer);

  void createKernel(gpu::GPUModuleOp module);
  void buildKernelBody();
  void buildLaunch(func::FuncOp function);

  ScanOp scan;
  Location loc;
  /// Of the buffers, and the extents that these leave open: f's, then leaves'.
  SmallVector<Type> types;
  SmallVector<Extent> open;
  int64_t threads;
  ScanBuffers buffers;
  gpu::GPUFuncOp kernel;
};
} // namespace

void ScanKernel::findOpenExtents() {
  for (size_t buffer = 0; buffer < types.size(); ++buffer)
    for (size_t dim = 0; dim < size_t(typeOf(buffer).getRank()); ++dim)
      if (typeOf(buffer).isDynamicDim(dim) &&
          (buffer == 0 || !isOfScan(buffer)))
        open.push_back({buffer, dim});
}

/// What a kernel takes for a buffer: all of it where its size is known, else
/// where it begins.
static MemRefType getArgumentType(MemRefType buffer) {
  return buffer.hasStaticShape() ? buffer
                                 : MemRefType::get(1, buffer.getElementType());
}

/// An extent, in the kernel.
OpFoldResult ScanKernel::extentOf(Extent extent) {
  if (isOfScan(extent.buffer) &&
      typeOf(extent.buffer).isDynamicDim(extent.dimension))
    extent.buffer = 0;
  int64_t size = typeOf(extent.buffer).getDimSize(extent.dimension);
  if (!ShapedType::isDynamic(size))
    return OpBuilder(scan).getIndexAttr(size);
  return kernel.getArgument(types.size() +
                            (llvm::find(open, extent) - open.begin()));
}

static OpFoldResult multiply(OpBuilder &builder, Location loc, OpFoldResult a,
                             OpFoldResult b) {
  std::optional<int64_t> knownA = getConstantIntValue(a);
  std::optional<int64_t> knownB = getConstantIntValue(b);
  if (knownA && knownB)
    return builder.getIndexAttr(*knownA * *knownB);
  return arith::MulIOp::create(builder, loc,
                               getValueOrCreateConstantIndexOp(builder, loc, a),
                               getValueOrCreateConstantIndexOp(builder, loc, b))
      .getResult();
}

/// A buffer, in the kernel.
Value ScanKernel::viewOf(OpBuilder &builder, size_t buffer) {
  Value argument = kernel.getArgument(buffer);
  MemRefType type = typeOf(buffer);
  if (type.hasStaticShape())
    return argument;
  SmallVector<OpFoldResult> sizes(type.getRank()), strides(type.getRank());
  OpFoldResult stride = builder.getIndexAttr(1);
  for (int64_t dim = type.getRank() - 1; dim >= 0; --dim) {
    sizes[dim] = extentOf({buffer, size_t(dim)});
    strides[dim] = stride;
    if (dim > 0)
      stride = multiply(builder, loc, stride, sizes[dim]);
  }
  return memref::ReinterpretCastOp::create(
      builder, loc, type, argument, builder.getIndexAttr(0), sizes, strides);
}

/// (buffers; open extents).
void ScanKernel::createKernel(gpu::GPUModuleOp module) {
  OpBuilder builder = OpBuilder::atBlockBegin(module.getBody());
  SmallVector<Type> arguments;
  for (size_t buffer = 0; buffer < types.size(); ++buffer)
    arguments.push_back(getArgumentType(typeOf(buffer)));
  arguments.append(open.size(), builder.getIndexType());
  kernel = gpu::GPUFuncOp::create(builder, loc, module.getName(),
                                  builder.getFunctionType(arguments, {}));
  kernel->setAttr(gpu::GPUDialect::getKernelFuncAttrName(),
                  builder.getUnitAttr());
  kernel.setKnownBlockSize(ArrayRef<int32_t>{int32_t(threads), 1, 1});
  // So that what is read can be read ahead. States may be one buffer.
  for (size_t buffer = 0; buffer < types.size(); ++buffer)
    if (buffer != 1 && buffer != types.size() - 1)
      kernel.setArgAttr(buffer, LLVM::LLVMDialect::getNoAliasAttrName(),
                        builder.getUnitAttr());
}

void ScanKernel::buildKernelBody() {
  OpBuilder builder = OpBuilder::atBlockEnd(&kernel.front());
  Value b = gpu::BlockIdOp::create(builder, loc, gpu::Dimension::x);
  Value block = gpu::BlockIdOp::create(builder, loc, gpu::Dimension::y);
  Value thread = gpu::ThreadIdOp::create(builder, loc, gpu::Dimension::x);
  AffineExpr first = builder.getAffineDimExpr(0) * threads;
  Value n = affine::AffineApplyOp::create(
      builder, loc, AffineMap::get(2, 0, first + builder.getAffineDimExpr(1)),
      ValueRange{block, thread});
  SmallVector<Value> views;
  for (size_t buffer = 0; buffer < types.size(); ++buffer)
    views.push_back(viewOf(builder, buffer));
  buffers.assign(views);
  Value length =
      getValueOrCreateConstantIndexOp(builder, loc, extentOf({0, 1}));
  Value modes =
      arith::ConstantIndexOp::create(builder, loc, scan.getNumModes());
  Value isMode =
      arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::ult, n, modes);
  auto guarded = scf::IfOp::create(builder, loc, isMode);
  gpu::ReturnOp::create(builder, loc);
  buildScanSteps(scan, buffers, guarded.getThenBodyBuilder(), n, b, length);
}

/// The function with memrefs of the tensors' shapes.
void ScanKernel::buildLaunch(func::FuncOp function) {
  OpBuilder builder = OpBuilder::atBlockEnd(function.addEntryBlock());
  SmallVector<Value> operands;
  for (Value buffer : function.getArguments()) {
    auto type = cast<MemRefType>(buffer.getType());
    if (!type.hasStaticShape())
      buffer = memref::ReinterpretCastOp::create(
          builder, loc, getArgumentType(type), buffer, /*offset=*/0,
          /*sizes=*/ArrayRef<int64_t>{1}, /*strides=*/ArrayRef<int64_t>{1});
    operands.push_back(buffer);
  }
  for (Extent extent : open)
    operands.push_back(memref::DimOp::create(
        builder, loc, function.getArgument(extent.buffer), extent.dimension));
  auto number = [&](int64_t value) -> Value {
    return arith::ConstantIndexOp::create(builder, loc, value);
  };
  int64_t modeBlocks = llvm::divideCeil(scan.getNumModes(), threads);
  Value batch = memref::DimOp::create(builder, loc, function.getArgument(0), 0);
  gpu::KernelDim3 blocks{batch, number(modeBlocks), number(1)};
  gpu::KernelDim3 ofBlock{number(threads), number(1), number(1)};
  gpu::LaunchFuncOp::create(builder, loc, kernel, blocks, ofBlock,
                            /*dynamicSharedMemorySize=*/Value(), operands);
  func::ReturnOp::create(builder, loc);
}

/// `name` as PTX can say it.
static std::string getPtxName(StringRef name) {
  std::string result = name.str();
  for (char &c : result)
    if (!llvm::isAlnum(c))
      c = '_';
  return result;
}

void ScanKernel::build(func::FuncOp source) {
  OpBuilder builder(source);
  auto module = source->getParentOfType<ModuleOp>();
  module->setAttr(gpu::GPUDialect::getContainerModuleAttrName(),
                  builder.getUnitAttr());
  SymbolTable symbols(module);
  std::string name = ("scan." + source.getName()).str();
  auto kernels = gpu::GPUModuleOp::create(builder, loc, getPtxName(name));
  symbols.insert(kernels);
  createKernel(kernels);
  buildKernelBody();
  auto function =
      func::FuncOp::create(loc, name, builder.getFunctionType(types, {}));
  symbols.insert(function, Block::iterator(source));
  buildLaunch(function);
}

namespace {
struct ScanToGpu : ssmc::impl::ScanToGpuBase<ScanToGpu> {
  void runOnOperation() override {
    SmallVector<func::FuncOp> functions(getOperation().getOps<func::FuncOp>());
    for (func::FuncOp function : functions) {
      WalkResult result = function.walk([&](ScanOp scan) {
        FailureOr<LeafBuffers> leaves = collectLeaves(scan);
        if (failed(leaves))
          return WalkResult::interrupt();
        ScanKernel(scan, std::move(*leaves)).build(function);
        return WalkResult::advance();
      });
      if (result.wasInterrupted())
        return signalPassFailure();
    }
  }
};
} // namespace
