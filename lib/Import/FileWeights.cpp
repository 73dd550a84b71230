//===- FileWeights.cpp - Weights from a safetensors file ------------------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Import/Parameters.h"
#include "lib/Import/Safetensors.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSet.h"
#include <cmath>

using namespace llvm;
using namespace mlir;
using namespace ssmc;

namespace {
class FileBinder {
public:
  FileBinder(MLIRContext *context, const SafetensorsFile &file, StringRef path)
      : context(context), file(file),
        location(FileLineColLoc::get(context, path, 0, 0)) {}

  FailureOr<BoundParameter> bind(const ParameterSpec &spec);
  LogicalResult checkUnexpected(ArrayRef<ParameterSpec> specs);

private:
  MLIRContext *context;
  const SafetensorsFile &file;
  Location location;

  InFlightDiagnostic missing(const ParameterSpec &spec);
  bool isDoubledC(const ParameterSpec &spec, const ArrayView &value);
  LogicalResult checkType(const ParameterSpec &spec, const ArrayView &value);
  LogicalResult checkNumbers(const ParameterSpec &spec, const ArrayView &value);
};
} // namespace

static std::string describeExpected(const ParameterSpec &spec) {
  return formatShape(spec.shape) +
         (spec.note.empty() ? "" : " (" + spec.note + ")");
}

InFlightDiagnostic FileBinder::missing(const ParameterSpec &spec) {
  InFlightDiagnostic diagnostic = emitError(location)
                                  << "there is no tensor " << spec.name
                                  << "; expected one of shape "
                                  << describeExpected(spec);
  // An export of another depth or naming is the likely cause.
  StringRef parent = StringRef(spec.name).rsplit('.').first;
  SmallVector<StringRef> siblings;
  for (const NamedTensor &tensor : file.getTensors())
    if (StringRef(tensor.name).rsplit('.').first == parent)
      siblings.push_back(StringRef(tensor.name).rsplit('.').second);
  if (!siblings.empty())
    diagnostic.attachNote(location)
        << parent << " has " << join(siblings, ", ");
  else if (file.getTensors().empty())
    diagnostic.attachNote(location) << "the file holds no tensors";
  return diagnostic;
}

/// Whether this is the C of an S5 in one direction, of twice as many columns as
/// the file has states.
bool FileBinder::isDoubledC(const ParameterSpec &spec, const ArrayView &value) {
  auto [parent, name] = StringRef(spec.name).rsplit('.');
  const NamedTensor *states = file.find((parent + ".Lambda_re").str());
  return name == "C" && states &&
         states->value.shape == ArrayRef<int64_t>(spec.shape[1]) &&
         value.shape ==
             ArrayRef<int64_t>({spec.shape[0], 2 * spec.shape[1], 2});
}

LogicalResult FileBinder::checkType(const ParameterSpec &spec,
                                    const ArrayView &value) {
  bool isRight =
      spec.isFirstTime ? value.dtype == DType::Bool : isFloat(value.dtype);
  if (!isRight)
    return emitError(location)
           << spec.name << " has dtype " << getName(value.dtype)
           << "; expected "
           << (spec.isFirstTime ? "BOOL" : "F32, F64, F16 or BF16");
  if (value.shape == ArrayRef<int64_t>(spec.shape))
    return success();
  InFlightDiagnostic diagnostic = emitError(location)
                                  << spec.name << " has shape "
                                  << formatShape(value.shape) << "; expected "
                                  << describeExpected(spec);
  if (isDoubledC(spec, value))
    diagnostic.attachNote(location)
        << "a model that reads sequences in both directions has such a C, and "
           "says \"bidirectional\": true; in another one C_init "
           "\"complex_normal\" made it twice too large, which discretax itself "
           "cannot run: keep its first "
        << spec.shape[1] << " columns";
  return diagnostic;
}

LogicalResult FileBinder::checkNumbers(const ParameterSpec &spec,
                                       const ArrayView &value) {
  bool isAllZero = true;
  for (int64_t i = 0, e = value.getNumElements(); i < e; ++i) {
    double number = value.getDouble(i);
    if (std::isnan(number))
      return emitError(location)
             << spec.name << " is NaN at " << formatIndex(i, value.shape)
             << "; expected numbers (infinity is one)";
    isAllZero &= number == 0;
  }
  for (int64_t i = 0, e = value.getNumElements(); spec.above && i < e; ++i)
    if (value.getDouble(i) <= *spec.above)
      return emitError(location)
             << spec.name << " plus norm_epsilon is not positive at "
             << formatIndex(i, value.shape) << "; expected a variance";
  if (std::optional<std::string> problem = value.describeOverflow())
    return emitError(location) << spec.name << " " << *problem;
  if (isAllZero && StringRef(spec.name).ends_with(".running_var"))
    emitWarning(location)
        << spec.name
        << " is all zero: the statistics were never updated, and "
           "an untrained model's output means nothing";
  return success();
}

FailureOr<BoundParameter> FileBinder::bind(const ParameterSpec &spec) {
  const NamedTensor *tensor = file.find(spec.name);
  if (!tensor && spec.isFirstTime)
    return BoundParameter();
  if (!tensor)
    return missing(spec);
  const ArrayView &value = tensor->value;
  if (failed(checkType(spec, value)) || failed(checkNumbers(spec, value)))
    return failure();
  if (spec.isFirstTime) {
    auto type = RankedTensorType::get({}, IntegerType::get(context, 1));
    return BoundParameter{
        type, DenseElementsAttr::get(type, value.getDouble(0) != 0)};
  }
  // F16 and BF16 become f32, which holds them exactly.
  bool isDouble = value.dtype == DType::F64;
  mlir::Type element = isDouble ? mlir::Type(Float64Type::get(context))
                                : mlir::Type(Float32Type::get(context));
  auto type = RankedTensorType::get(spec.shape, element);
  if (isDouble || value.dtype == DType::F32)
    return BoundParameter{type, makeResource(type, spec.name, value.bytes)};
  std::vector<float> widened = value.toF32();
  return BoundParameter{
      type, makeResource(type, spec.name,
                         {reinterpret_cast<const char *>(widened.data()),
                          widened.size() * sizeof(float)})};
}

LogicalResult FileBinder::checkUnexpected(ArrayRef<ParameterSpec> specs) {
  llvm::StringSet<> expected;
  for (const ParameterSpec &spec : specs)
    expected.insert(spec.name);
  SmallVector<StringRef> unexpected;
  for (const NamedTensor &tensor : file.getTensors())
    if (!expected.contains(tensor.name))
      unexpected.push_back(tensor.name);
  if (unexpected.empty())
    return success();
  constexpr size_t kMaxListed = 8;
  InFlightDiagnostic diagnostic = emitError(location);
  diagnostic << "the model has no "
             << (unexpected.size() == 1 ? "tensor " : "tensors ")
             << join(ArrayRef(unexpected).take_front(kMaxListed), ", ");
  if (unexpected.size() > kMaxListed)
    diagnostic << " and " << unexpected.size() - kMaxListed << " more";
  diagnostic.attachNote(location)
      << "the options in model.json decide which tensors there are: "
         "num_blocks, use_bias, damping...";
  return diagnostic;
}

FailureOr<std::vector<BoundParameter>>
ssmc::bindToFile(MLIRContext *context, ArrayRef<ParameterSpec> specs,
                 StringRef path) {
  Expected<SafetensorsFile> file = SafetensorsFile::open(path);
  if (!file)
    return emitError(FileLineColLoc::get(context, path, 0, 0))
           << toString(file.takeError());
  FileBinder binder(context, *file, path);
  std::vector<BoundParameter> bound;
  for (const ParameterSpec &spec : specs) {
    FailureOr<BoundParameter> parameter = binder.bind(spec);
    if (failed(parameter))
      return failure();
    bound.push_back(*parameter);
  }
  if (failed(binder.checkUnexpected(specs)))
    return failure();
  return bound;
}
