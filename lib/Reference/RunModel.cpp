//===- RunModel.cpp - Runs a whole model in f64 ---------------------------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Reference/RunModel.h"
#include "dialect/SsmDialect.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"

using namespace mlir;
using namespace ssmc;
using namespace ssmc::reference;

FailureOr<func::FuncOp> ssmc::reference::getModelFunction(ModuleOp module) {
  if (auto model = module.lookupSymbol<func::FuncOp>("model"))
    return model;
  SmallVector<func::FuncOp> candidates;
  for (auto function : module.getOps<func::FuncOp>())
    if (function.isPublic() && !function.isExternal())
      candidates.push_back(function);
  if (candidates.size() == 1)
    return candidates.front();
  module.emitError() << "has no function @model and " << candidates.size()
                     << " public functions; expected one to run";
  return failure();
}

/// The name of the carried state that argument `index` brings in, or "".
static std::string getStateName(func::FuncOp model, unsigned index) {
  auto path = model.getArgAttrOfType<StringAttr>(index, "ssm.state");
  if (!path)
    return "";
  auto pool = model.getArgAttrOfType<StringAttr>(index, "ssm.pool");
  return pool ? (path.getValue() + "." + pool.getValue()).str() : path.str();
}

/// The value of argument `index`, the first of which is x.
static FailureOr<Tensor> makeArgument(func::FuncOp model, unsigned index,
                                      const Tensor &x,
                                      const ModelOptions &options) {
  if (index == 0)
    return x;
  int64_t batch = x.shape.empty() ? 1 : x.shape.front();
  auto type = dyn_cast<RankedTensorType>(model.getArgumentTypes()[index]);
  if (model.getArgAttr(index, SsmDialect::kTimeStepsAttr)) {
    if (options.timeSteps)
      return *options.timeSteps;
    return model.emitOpError() << "takes a time delta per step, and none are "
                                  "given";
  }
  std::string name = getStateName(model, index);
  bool isKeys = model.getArgAttr(index, "ssm.keys") != nullptr;
  if (!type || (name.empty() && !isKeys))
    return model.emitOpError()
           << "argument #" << index
           << " is neither a carried state (ssm.state) nor keys (ssm.keys)";
  if (isKeys && options.keys)
    return *options.keys;
  auto given = options.initialStates.find(name);
  if (!isKeys && given != options.initialStates.end())
    return given->second;
  SmallVector<int64_t> shape(type.getShape());
  for (auto [dimension, size] : llvm::enumerate(shape)) {
    if (!ShapedType::isDynamic(size))
      continue;
    if (dimension != 0)
      return model.emitOpError() << "argument #" << index << " of type " << type
                                 << " has a dynamic dimension besides "
                                    "the batch";
    size = batch;
  }
  return Tensor::zeros(type.getElementType(), shape);
}

Value ssmc::reference::getHeadInput(func::FuncOp model) {
  Value y = model.getBody().front().getTerminator()->getOperand(0);
  if (auto softmax = y.getDefiningOp<LogSoftmaxOp>())
    y = softmax.getX();
  else if (auto tanh = y.getDefiningOp<TanhOp>())
    y = tanh.getX();
  auto linear = y.getDefiningOp<LinearOp>();
  if (!linear)
    return y;
  if (auto pool = linear.getX().getDefiningOp<MeanPoolOp>())
    return pool.getX();
  return isa<BlockArgument>(linear.getX()) ? y : linear.getX();
}

FailureOr<ModelRun> ssmc::reference::runModel(ModuleOp module, const Tensor &x,
                                              const ModelOptions &options) {
  FailureOr<func::FuncOp> model = getModelFunction(module);
  if (failed(model))
    return failure();
  if (model->isExternal() || model->getNumArguments() == 0 ||
      model->getNumResults() == 0)
    return model->emitOpError() << "does not compute an output from an input";
  SmallVector<Tensor> arguments;
  for (unsigned i = 0; i < model->getNumArguments(); ++i) {
    FailureOr<Tensor> argument = makeArgument(*model, i, x, options);
    if (failed(argument))
      return failure();
    arguments.push_back(std::move(*argument));
  }

  Value headInput = getHeadInput(*model);
  ModelRun run;
  auto observe = [&](Operation *op, ArrayRef<Tensor> results) {
    if (op == headInput.getDefiningOp())
      run.hidden = results[cast<OpResult>(headInput).getResultNumber()];
    if (options.observer)
      options.observer(op, results);
  };
  Options interpreterOptions{options.parameters, observe};
  FailureOr<SmallVector<Tensor>> results =
      interpret(*model, arguments, interpreterOptions);
  if (failed(results))
    return failure();

  run.y = std::move(results->front());
  if (auto argument = dyn_cast<BlockArgument>(headInput))
    run.hidden = arguments[argument.getArgNumber()];
  unsigned next = 1;
  for (unsigned i = 1; i < model->getNumArguments(); ++i) {
    std::string name = getStateName(*model, i);
    if (name.empty())
      continue;
    if (next >= results->size())
      return model->emitOpError()
             << "returns no new state for '" << name << "'";
    run.states[name] = std::move((*results)[next++]);
  }
  for (; next < results->size(); ++next)
    if (auto name =
            model->getResultAttrOfType<StringAttr>(next, "ssm.statistic"))
      run.statistics[name.str()] = std::move((*results)[next]);
  return run;
}
