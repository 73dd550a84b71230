//===- LayerSummary.cpp - The layers of a model, in a few words -----------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tools/ssmc/LayerSummary.h"
#include "dialect/SsmDialect.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "llvm/ADT/SetVector.h"

using namespace llvm;
using namespace ssmc;

/// The parameters that an operation and those inside of it read, or read parts
/// of.
static SetVector<ParameterOp> getParameters(mlir::Operation *op) {
  SetVector<ParameterOp> parameters;
  op->walk([&](mlir::Operation *inner) {
    for (mlir::Value operand : inner->getOperands()) {
      if (auto part = operand.getDefiningOp<mlir::tensor::ExtractSliceOp>())
        operand = part.getSource();
      if (auto parameter = operand.getDefiningOp<ParameterOp>())
        parameters.insert(parameter);
    }
  });
  return parameters;
}

static int64_t countElements(ParameterOp parameter) {
  return cast<mlir::RankedTensorType>(parameter.getResult().getType())
      .getNumElements();
}

/// "block (s5, glu)", "linear", "mean_pool (last)".
static std::string describeLayer(mlir::Operation &op) {
  std::string name = op.getName().stripDialect().str();
  auto block = dyn_cast<BlockOp>(op);
  if (auto pool = dyn_cast<MeanPoolOp>(op))
    return name + (pool.getLast() ? " (last)" : "");
  if (auto softmax = dyn_cast<LogSoftmaxOp>(op))
    return name + (softmax.getProbabilities() ? " (probabilities)" : "");
  if (!block)
    return name;
  std::string inside;
  auto describe = [](mlir::Operation &inner) {
    auto mixer = dyn_cast<S5Op>(inner);
    return inner.getName().stripDialect().str() +
           (mixer && mixer.getReverse() ? " reversed" : "");
  };
  for (mlir::Operation &inner : block.getBody().front())
    if (isa<CarriedStateOpInterface, LayerNormOp>(inner) ||
        (!getParameters(&inner).empty() && !isa<PointwiseOpInterface>(inner)))
      inside += (inside.empty() ? "" : ", ") + describe(inner);
  return name + " (" + inside + ")";
}

static std::string getLayerPath(mlir::Operation &op) {
  if (auto block = dyn_cast<BlockOp>(op))
    return block.getPath().str();
  std::string path;
  op.getLoc()->walk([&](mlir::Location location) {
    if (auto name = dyn_cast<mlir::NameLoc>(location); name && path.empty())
      path = name.getName().str();
    return mlir::WalkResult::advance();
  });
  return path;
}

std::vector<LayerSummary> ssmc::summarizeLayers(mlir::func::FuncOp model) {
  std::vector<LayerSummary> layers;
  for (mlir::Operation &op : model.getBody().front()) {
    // What is computed from parameters is no layer.
    if (isa<ParameterOp>(op) || !isa<SsmDialect>(op.getDialect()) ||
        op.getNumResults() == 0)
      continue;
    auto type = dyn_cast<mlir::RankedTensorType>(op.getResultTypes().front());
    LayerSummary layer;
    layer.path = getLayerPath(op);
    layer.description = describeLayer(op);
    layer.features = type && type.getRank() ? type.getShape().back() : 0;
    for (ParameterOp parameter : getParameters(&op))
      layer.parameters += countElements(parameter);
    layers.push_back(std::move(layer));
  }
  return layers;
}

/// "S5", "StandardBlock (S5SequenceMixer, SwiGLU)".
static std::string describeClass(const LayerConfig &layer) {
  std::string text = layer.spec->name.str();
  if (layer.sequenceMixer && layer.channelMixer)
    text += (" (" + layer.sequenceMixer->spec->name + ", " +
             layer.channelMixer->spec->name + ")")
                .str();
  return text;
}

/// The 1 of "layers.1.blocks.0" and of "layers[1]".
static std::optional<size_t> getLayerNumber(StringRef path) {
  size_t number;
  if (!path.consume_front("layers") || path.empty() ||
      path.drop_front().consumeInteger(10, number))
    return std::nullopt;
  return number;
}

void ssmc::nameClasses(MutableArrayRef<LayerSummary> layers,
                       const ModelConfig &config) {
  for (LayerSummary &layer : layers)
    if (auto number = getLayerNumber(layer.path);
        number && *number < config.layers.size())
      layer.className = describeClass(config.layers[*number]);
}

std::string ssmc::describeModel(mlir::func::FuncOp model) {
  std::vector<LayerSummary> layers = summarizeLayers(model);
  std::string text = "Its layers:";
  for (size_t first = 0, last; first < layers.size(); first = last) {
    const LayerSummary &layer = layers[first];
    for (last = first + 1; last < layers.size(); ++last)
      if (layers[last].description != layer.description ||
          layers[last].features != layer.features)
        break;
    text += "\n  ";
    if (last - first > 1)
      text += std::to_string(last - first) + " x ";
    text += layer.description + " to " + std::to_string(layer.features) +
            " features";
  }
  return text;
}
