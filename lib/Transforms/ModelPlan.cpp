//===- ModelPlan.cpp - The plan of a model, read from ssm.plan ------------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Transforms/ModelPlan.h"
#include "mlir/IR/BuiltinAttributes.h"

using namespace mlir;
using namespace ssmc;

namespace {
/// Reads entries of a dictionary; remembers the first that is missing.
class PlanReader {
public:
  explicit PlanReader(StringRef &missing) : missing(missing) {}

  template <typename Attr> Attr get(DictionaryAttr dictionary, StringRef name) {
    auto value = dictionary.getAs<Attr>(name);
    if (!value && missing.empty())
      missing = name;
    return value;
  }
  int64_t number(DictionaryAttr dictionary, StringRef name) {
    auto value = get<IntegerAttr>(dictionary, name);
    return value ? value.getInt() : 0;
  }
  bool flag(DictionaryAttr dictionary, StringRef name) {
    auto value = get<BoolAttr>(dictionary, name);
    return value && value.getValue();
  }
  StringRef text(DictionaryAttr dictionary, StringRef name) {
    auto value = get<StringAttr>(dictionary, name);
    return value ? value.getValue() : StringRef();
  }
  SmallVector<DictionaryAttr> list(DictionaryAttr dictionary, StringRef name) {
    SmallVector<DictionaryAttr> entries;
    if (auto values = get<ArrayAttr>(dictionary, name))
      for (Attribute value : values) {
        auto entry = dyn_cast<DictionaryAttr>(value);
        if (!entry && missing.empty())
          missing = name;
        else if (entry)
          entries.push_back(entry);
      }
    return entries;
  }

private:
  StringRef &missing;
};
} // namespace

FailureOr<ModelPlan> ssmc::readPlan(ModuleOp module) {
  auto root = module->getAttrOfType<DictionaryAttr>("ssm.plan");
  if (!root)
    return module.emitError() << "has no attribute 'ssm.plan'; run "
                                 "ssm-plan-model first";
  StringRef missing;
  PlanReader reader(missing);
  ModelPlan plan;
  plan.tokens = reader.flag(root, "tokens");
  plan.pooled = reader.flag(root, "pooled");
  plan.takesTimeSteps = root.contains("time_steps");
  plan.inputFeatures = reader.number(root, "input_features");
  plan.outputFeatures = reader.number(root, "output_features");
  plan.stateBytes = reader.number(root, "state_bytes");
  plan.weightBytes = reader.number(root, "weight_bytes");
  plan.blobBytes = reader.number(root, "blob_bytes");
  for (DictionaryAttr entry : reader.list(root, "steps")) {
    auto carries = reader.get<DenseI64ArrayAttr>(entry, "carries");
    PlanStep step{reader.text(entry, "unit"),
                  reader.text(entry, "kind"),
                  reader.text(entry, "path"),
                  reader.number(entry, "blob"),
                  carries ? carries.asArrayRef() : ArrayRef<int64_t>(),
                  {},
                  {}};
    if (auto columns = entry.getAs<DenseI64ArrayAttr>("columns"))
      step.columns = columns.asArrayRef();
    if (auto keys = entry.getAs<ArrayAttr>("keys"))
      for (auto key : keys.getAsRange<DenseI64ArrayAttr>())
        step.keys.push_back(key.asArrayRef());
    plan.steps.push_back(std::move(step));
  }
  for (DictionaryAttr entry : reader.list(root, "states")) {
    auto shape = entry.getAs<DenseI64ArrayAttr>("shape");
    plan.states.push_back(
        {reader.text(entry, "path"), reader.text(entry, "kind"),
         reader.number(entry, "size"), reader.number(entry, "offset"),
         shape ? shape.asArrayRef() : ArrayRef<int64_t>()});
  }
  for (DictionaryAttr entry : reader.list(root, "weights"))
    plan.weights.push_back(
        {reader.text(entry, "name"), reader.number(entry, "offset")});
  if (!missing.empty())
    return module.emitError()
           << "attribute 'ssm.plan' has no proper entry '" << missing << "'";
  return plan;
}

FailureOr<func::FuncOp> ssmc::findModel(ModuleOp module) {
  auto model = module.lookupSymbol<func::FuncOp>("model");
  if (!model)
    return module.emitError() << "has no function 'model'";
  auto isTensor = [](Type type) {
    auto tensor = dyn_cast<RankedTensorType>(type);
    return tensor && tensor.getRank() > 0;
  };
  if (!model.isExternal() && model.getNumArguments() > 0 &&
      model.getNumResults() > 0 &&
      llvm::all_of(model.getArgumentTypes(), isTensor) &&
      llvm::all_of(model.getResultTypes(), isTensor))
    return model;
  return model.emitError()
         << "'model' is of type " << model.getFunctionType()
         << (model.isExternal() ? ", without a body" : "")
         << "; expected a body that takes a sequence and carried states, "
            "tensors, and returns an output and the next states";
}
