//===- Interpreter.cpp - Runs model and recurrence level in f64 -----------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Reference/Interpreter.h"
#include "dialect/SsmDialect.h"
#include "lib/Reference/OpTable.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "llvm/Support/FormatVariadic.h"

using namespace mlir;
using namespace ssmc;
using namespace ssmc::reference;

/// Calls deeper than this are taken for endless recursion.
static constexpr unsigned kDeepestCall = 100;

static const OpTable &getOpTable() {
  static const OpTable table = [] {
    OpTable built;
    addLayerOps(built);
    addTrainingOps(built);
    addMixerOps(built);
    addChannelOps(built);
    addDeltaRuleOps(built);
    addConstantOps(built);
    addTensorOps(built);
    return built;
  }();
  return table;
}

namespace {
/// One run: the options, and the operations that run others.
class Interpreter {
public:
  explicit Interpreter(const Options &options) : options(options) {}

  FailureOr<Results> run(func::FuncOp function,
                         ArrayRef<std::shared_ptr<const Tensor>> arguments);

private:
  /// Runs a block whose arguments are set; returns what its terminator yields.
  FailureOr<Results> runBlock(Block &block, Values &values);
  FailureOr<Results> runOperation(Operation *op, Values &values);
  FailureOr<Results> runCall(func::CallOp call, const Values &values);
  FailureOr<Results> runSsmBlock(BlockOp block, Values &values);
  FailureOr<Results> readParameter(ParameterOp parameter);

  const Options &options;
  unsigned depth = 0;
};
} // namespace

/// Which values of `block` no operation from the key on needs any more: long
/// sequences are run, and every value is a whole sequence.
static DenseMap<Operation *, SmallVector<Value>> findLastUses(Block &block) {
  DenseMap<Operation *, SmallVector<Value>> lastUses;
  auto visit = [&](Value value, Operation *definition) {
    Operation *last = definition;
    for (Operation *user : value.getUsers()) {
      Operation *here = block.findAncestorOpInBlock(*user);
      if (here && (!last || last->isBeforeInBlock(here)))
        last = here;
    }
    if (last)
      lastUses[last].push_back(value);
  };
  for (BlockArgument argument : block.getArguments())
    visit(argument, nullptr);
  for (Operation &op : block)
    for (Value result : op.getResults())
      visit(result, &op);
  return lastUses;
}

FailureOr<Results> Interpreter::runBlock(Block &block, Values &values) {
  DenseMap<Operation *, SmallVector<Value>> lastUses = findLastUses(block);
  for (Operation &op : block) {
    for (Value operand : op.getOperands())
      if (!values.contains(operand))
        return op.emitOpError() << "uses a value that has not been computed";
    if (op.hasTrait<OpTrait::IsTerminator>()) {
      Results yielded;
      for (Value operand : op.getOperands())
        yielded.push_back(values[operand]);
      for (Value dead : lastUses.lookup(&op))
        values.erase(dead);
      return yielded;
    }
    FailureOr<Results> results = runOperation(&op, values);
    if (failed(results))
      return failure();
    for (auto [value, tensor] : llvm::zip_equal(op.getResults(), *results))
      if (!hasType(tensor, value.getType()))
        return op.emitOpError() << "computes " << describe(tensor)
                                << " for a result of type " << value.getType();
    if (options.observer)
      options.observer(&op, *results);
    for (auto [value, tensor] : llvm::zip_equal(op.getResults(), *results))
      values.set(value, std::make_shared<Tensor>(std::move(tensor)));
    for (Value dead : lastUses.lookup(&op))
      values.erase(dead);
  }
  return block.getParentOp()->emitOpError() << "has a body without terminator";
}

FailureOr<Results> Interpreter::runOperation(Operation *op, Values &values) {
  if (auto parameter = dyn_cast<ParameterOp>(op))
    return readParameter(parameter);
  if (auto block = dyn_cast<BlockOp>(op))
    return runSsmBlock(block, values);
  if (auto call = dyn_cast<func::CallOp>(op))
    return runCall(call, values);
  if (isa<linalg::LinalgOp>(op))
    return evaluateLinalg(op, values);
  if (isElementwise(op))
    return evaluateElementwise(op, values);
  if (const Evaluation *evaluate = getOpTable().find(op))
    return (*evaluate)(op, values);
  return op->emitOpError()
         << "is not known to the reference interpreter, which runs model-level "
            "and recurrence-level IR";
}

FailureOr<Results> Interpreter::readParameter(ParameterOp parameter) {
  StringRef name = parameter.getName();
  FailureOr<Tensor> value;
  auto given = options.parameters.find(name);
  if (given != options.parameters.end())
    value = given->second;
  else if (ElementsAttr elements = parameter.getValueAttr())
    value = readElements(parameter, name, elements);
  else
    return parameter.emitOpError()
           << "'" << name << "' has no value; it is bound when the compiled "
           << "model is loaded";
  if (failed(value))
    return failure();
  return Results{std::move(*value)};
}

FailureOr<Results> Interpreter::runSsmBlock(BlockOp block, Values &values) {
  Block &body = block.getBody().front();
  for (auto [argument, operand] :
       llvm::zip_equal(body.getArguments(), block->getOperands()))
    values.set(argument, values.share(operand));
  return runBlock(body, values);
}

FailureOr<Results> Interpreter::runCall(func::CallOp call,
                                        const Values &values) {
  auto callee = SymbolTable::lookupNearestSymbolFrom<func::FuncOp>(
      call, call.getCalleeAttr());
  if (!callee)
    return call.emitOpError() << "calls " << call.getCalleeAttr()
                              << ", which is not a function here";
  if (depth >= kDeepestCall)
    return call.emitOpError() << "is deeper than " << kDeepestCall << " calls";
  SmallVector<std::shared_ptr<const Tensor>> arguments;
  for (Value operand : call.getOperands())
    arguments.push_back(values.share(operand));
  ++depth;
  FailureOr<Results> results = run(callee, arguments);
  --depth;
  return results;
}

FailureOr<Results>
Interpreter::run(func::FuncOp function,
                 ArrayRef<std::shared_ptr<const Tensor>> arguments) {
  if (!function.getBody().hasOneBlock())
    return function.emitOpError()
           << "has " << function.getBody().getBlocks().size()
           << " blocks; the reference interpreter runs "
              "functions of one";
  if (function.getNumArguments() != arguments.size())
    return function.emitOpError() << "takes " << function.getNumArguments()
                                  << " arguments; given " << arguments.size();
  Values values;
  for (auto [argument, tensor] :
       llvm::zip_equal(function.getArguments(), arguments)) {
    if (!hasType(*tensor, argument.getType()))
      return function.emitOpError()
             << "argument #" << argument.getArgNumber() << " has type "
             << argument.getType() << "; given " << describe(*tensor);
    values.set(argument, tensor);
  }
  return runBlock(function.getBody().front(), values);
}

FailureOr<SmallVector<Tensor>>
ssmc::reference::interpret(func::FuncOp function, ArrayRef<Tensor> arguments,
                           const Options &options) {
  SmallVector<std::shared_ptr<const Tensor>> shared;
  for (const Tensor &argument : arguments) {
    size_t elements =
        std::visit([](auto &data) { return data.size(); }, argument.data);
    if (elements != static_cast<size_t>(argument.size()))
      return function.emitOpError() << "is given " << describe(argument)
                                    << " with " << elements << " elements";
    shared.push_back(std::make_shared<Tensor>(argument));
  }
  return Interpreter(options).run(function, shared);
}
