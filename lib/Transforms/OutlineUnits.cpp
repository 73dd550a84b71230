//===- OutlineUnits.cpp - One function per distinct block shape -----------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Before:
//   %e = ssm.linear %x, %w
//   %d = math.exp %p
//   %y, %s1 = ssm.block "layers.1.blocks.0" (%e, %s) { ... %d ... }
//   %g = math.exp %q
//   %z, %t1 = ssm.block "layers.1.blocks.1" (%y, %t) { ... %g ... }
// After:
//   %e = call @input(%x, %w)
//   %y:2 = call @block0(%e, %s, %p)
//   %z:2 = call @block0(%y, %t, %q)
//
// Arithmetic on parameters goes into the functions, so that it, too, is there
// once per shape: what remains in the model's function is parameters and calls.
//
//===----------------------------------------------------------------------===//

#include "dialect/SsmDialect.h"
#include "lib/Transforms/ModelPlan.h"
#include "lib/Transforms/Passes.h"
#include "lib/Transforms/SplitDirections.h"
#include "lib/Transforms/TrainingForm.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/Transforms/RegionUtils.h"
#include "llvm/ADT/SetVector.h"

namespace ssmc {
#define GEN_PASS_DEF_OUTLINEUNITS
#include "lib/Transforms/Passes.h.inc"
} // namespace ssmc

using namespace mlir;
using namespace ssmc;

namespace {
/// What a unit takes from outside, and of what its arithmetic on parameters
/// consists: in an order that depends on the unit's operations only.
struct UnitInputs {
  llvm::SetVector<Value> sequences, parameters;
  /// Arguments of the model that are known when rows run: columns, keys, time
  /// deltas.
  llvm::SetVector<Value> given;
  /// Constants, and what is computed from parameters: operands first.
  llvm::SetVector<Operation *> arithmetic;

  void addParameter(Value value) {
    Operation *op = value.getDefiningOp();
    if (!op || isa<ParameterOp>(op)) {
      parameters.insert(value);
      return;
    }
    if (arithmetic.contains(op))
      return;
    llvm::SetVector<Value> used(op->operand_begin(), op->operand_end());
    getUsedValuesDefinedAbove(op->getRegions(), used);
    llvm::for_each(used, [&](Value operand) { addParameter(operand); });
    arithmetic.insert(op);
  }
};

/// A run of operations of the model that becomes one function.
struct Unit {
  /// "input", "block", "reverse", "dense", "pool", "answer" or "output"
  StringRef kind;
  SmallVector<Operation *> ops;

  /// Units of one shape share a function.
  bool isBlock() const { return kind == "block" || kind == kReverseKind; }
};

/// Splits a model's function into units and replaces each by a call.
class Outliner {
public:
  Outliner(func::FuncOp model)
      : model(model), builder(model.getContext()),
        symbols(model->getParentOfType<ModuleOp>()) {}

  LogicalResult run();

private:
  void findSequenceValues();
  bool isSequenceOp(Operation *op);
  bool isGiven(Value value) {
    auto argument = dyn_cast<BlockArgument>(value);
    return argument && argument.getOwner()->getParentOp() == model &&
           isGivenAtRunTime(model, argument.getArgNumber());
  }
  LogicalResult splitIntoUnits(SmallVectorImpl<Unit> &units);
  void passThrough(Value value, StringRef kind);
  void outline(const Unit &unit);
  func::FuncOp createFunction(const Unit &unit, const UnitInputs &inputs,
                              TypeRange results);
  func::FuncOp uniqued(func::FuncOp candidate, StringRef kind);
  bool isContribution(Value value);

  func::FuncOp model;
  OpBuilder builder;
  SymbolTable symbols;
  llvm::SmallPtrSet<Value, 32> sequences; // depend on the model's arguments
  SmallVector<func::FuncOp> blocks;       // distinct block functions so far
};
} // namespace

void Outliner::findSequenceValues() {
  sequences.insert(model.getArguments().begin(), model.getArguments().end());
  for (Operation &op : model.getBody().front())
    if (isSequenceOp(&op))
      sequences.insert(op.getResults().begin(), op.getResults().end());
}

bool Outliner::isSequenceOp(Operation *op) {
  return !op->hasTrait<OpTrait::IsTerminator>() &&
         llvm::any_of(op->getOperands(),
                      [&](Value v) { return sequences.contains(v); });
}

LogicalResult Outliner::splitIntoUnits(SmallVectorImpl<Unit> &units) {
  bool pooled = false;
  for (Operation &op : model.getBody().front()) {
    if (!isSequenceOp(&op))
      continue;
    if (isa<func::CallOp>(op))
      return op.emitOpError() << "calls in a model that is not outlined yet "
                                 "are not supported";
    if (auto block = dyn_cast<BlockOp>(op)) {
      units.push_back(
          {runsBackwards(block) ? StringRef(kReverseKind) : "block", {&op}});
      continue;
    }
    bool pool = isa<MeanPoolOp>(op);
    StringRef kind = pool            ? "pool"
                     : pooled        ? "answer"
                     : units.empty() ? "input"
                                     : "dense";
    pooled |= pool;
    if (units.empty() || units.back().isBlock() ||
        (units.back().kind != kind &&
         !(units.back().kind == "input" && kind == "dense")))
      units.push_back({kind, {}});
    units.back().ops.push_back(&op);
  }
  return success();
}

/// Routes `value` through a function that returns its argument: blocks work in
/// place on the stream, which is neither the user's input nor output, and
/// pooling reads rows of the stream's width.
void Outliner::passThrough(Value value, StringRef kind) {
  Type type = value.getType();
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPoint(model);
  auto function = func::FuncOp::create(builder, value.getLoc(), kind,
                                       builder.getFunctionType(type, type));
  function.setPrivate();
  function->setAttr("ssm.unit", builder.getStringAttr(kind));
  Block *body = function.addEntryBlock();
  builder.setInsertionPointToEnd(body);
  func::ReturnOp::create(builder, value.getLoc(), body->getArgument(0));
  symbols.insert(function);

  if (Operation *op = value.getDefiningOp())
    builder.setInsertionPointAfter(op);
  else
    builder.setInsertionPointToStart(&model.getBody().front());
  auto call = func::CallOp::create(builder, value.getLoc(), function, value);
  value.replaceAllUsesExcept(call.getResult(0), call);
}

/// What a reverse unit gives, but for its states.
bool Outliner::isContribution(Value value) {
  auto call = value.getDefiningOp<func::CallOp>();
  if (!call || value != call.getResult(0))
    return false;
  return runsBackwards(symbols.lookup<func::FuncOp>(call.getCallee()));
}

func::FuncOp Outliner::createFunction(const Unit &unit,
                                      const UnitInputs &inputs,
                                      TypeRange results) {
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPoint(model);
  SmallVector<Type> types;
  for (const auto *values :
       {&inputs.sequences, &inputs.given, &inputs.parameters})
    for (Value value : *values)
      types.push_back(value.getType());
  Location loc = unit.ops.front()->getLoc();
  std::string name = (unit.kind + (unit.isBlock() ? "0" : "")).str();
  auto function = func::FuncOp::create(builder, loc, name,
                                       builder.getFunctionType(types, results));
  function.setPrivate();
  function->setAttr("ssm.unit", builder.getStringAttr(unit.kind));
  function.addEntryBlock();
  for (auto [i, value] : llvm::enumerate(inputs.sequences))
    if (isContribution(value))
      function.setArgAttr(i, kContributionAttr, builder.getUnitAttr());
  unsigned argument = inputs.sequences.size();
  for (Value value : inputs.given) {
    for (StringRef name : {StringRef(kKeyAttr), StringRef(kColumnsAttr),
                           StringRef(SsmDialect::kTimeStepsAttr)})
      if (model.getArgAttr(cast<BlockArgument>(value).getArgNumber(), name))
        function.setArgAttr(argument, name, builder.getUnitAttr());
    ++argument;
  }
  for (; argument < types.size(); ++argument)
    function.setArgAttr(argument, "ssm.parameter", builder.getUnitAttr());
  return function;
}

/// The function that already has `candidate`'s body, or `candidate` itself.
func::FuncOp Outliner::uniqued(func::FuncOp candidate, StringRef kind) {
  for (func::FuncOp known : blocks)
    if (known.getFunctionType() == candidate.getFunctionType() &&
        OperationEquivalence::isRegionEquivalentTo(
            &known.getBody(), &candidate.getBody(),
            OperationEquivalence::IgnoreLocations)) {
      candidate.erase();
      return known;
    }
  size_t number = llvm::count_if(blocks, [&](func::FuncOp known) {
    return known->getAttrOfType<StringAttr>("ssm.unit") == kind;
  });
  candidate.setName((kind + Twine(number)).str());
  blocks.push_back(candidate);
  symbols.insert(candidate);
  return candidate;
}

/// Clones `op`; a block loses its frame.
static void cloneInto(OpBuilder &body, Operation *op, IRMapping &mapping) {
  auto block = dyn_cast<BlockOp>(op);
  if (!block) {
    body.clone(*op, mapping);
    return;
  }
  Block &region = block.getBody().front();
  for (auto [argument, operand] :
       llvm::zip_equal(region.getArguments(), block->getOperands()))
    mapping.map(argument, mapping.lookup(operand));
  for (Operation &nested : region.without_terminator())
    body.clone(nested, mapping);
  for (auto [result, value] : llvm::zip_equal(
           block.getResults(), region.getTerminator()->getOperands()))
    mapping.map(result, mapping.lookupOrDefault(value));
}

static bool isConstant(Value value) {
  Operation *op = value.getDefiningOp();
  return op && op->hasTrait<OpTrait::ConstantLike>();
}

void Outliner::outline(const Unit &unit) {
  UnitInputs inputs;
  llvm::SetVector<Value> results;
  llvm::SmallPtrSet<Operation *, 16> members(unit.ops.begin(), unit.ops.end());
  auto inside = [&](Operation *op) {
    for (; op; op = op->getParentOp())
      if (members.contains(op))
        return true;
    return false;
  };
  auto useOutside = [&](OpOperand &operand) {
    Value value = operand.get();
    Operation *owner = value.getDefiningOp()
                           ? value.getDefiningOp()
                           : value.getParentBlock()->getParentOp();
    if (inside(owner))
      return;
    if (isGiven(value))
      inputs.given.insert(value);
    else if (sequences.contains(value))
      inputs.sequences.insert(value);
    else if (isa<ShiftOp>(operand.getOwner()) && !isConstant(value))
      // Between two blocks it adds the difference of their means, and after the
      // last block something else: blocks of one shape differ here.
      inputs.parameters.insert(value);
    else
      inputs.addParameter(value);
  };
  for (Operation *op : unit.ops) {
    op->walk([&](Operation *nested) {
      llvm::for_each(nested->getOpOperands(), useOutside);
    });
    for (Value result : op->getResults())
      if (llvm::any_of(result.getUsers(),
                       [&](Operation *user) { return !inside(user); }))
        results.insert(result);
  }

  // Behind what the block's frame takes.
  for (Value value : SmallVector<Value>(inputs.sequences.getArrayRef()))
    if (isContribution(value)) {
      inputs.sequences.remove(value);
      inputs.sequences.insert(value);
    }

  SmallVector<Type> resultTypes;
  for (Value value : results)
    resultTypes.push_back(value.getType());
  func::FuncOp function = createFunction(unit, inputs, resultTypes);
  SmallVector<Value> operands(inputs.sequences.getArrayRef());
  llvm::append_range(operands, inputs.given);
  llvm::append_range(operands, inputs.parameters);
  IRMapping mapping;
  mapping.map(operands, function.getArguments());
  OpBuilder body = OpBuilder::atBlockEnd(&function.getBody().front());
  for (Operation *op : inputs.arithmetic)
    body.clone(*op, mapping);
  for (Operation *op : unit.ops)
    cloneInto(body, op, mapping);
  SmallVector<Value> returned;
  for (Value value : results)
    returned.push_back(mapping.lookup(value));
  func::ReturnOp::create(body, function.getLoc(), returned);

  if (unit.isBlock())
    function = uniqued(function, unit.kind);
  else
    symbols.insert(function);
  builder.setInsertionPointAfter(unit.ops.back());
  auto call = func::CallOp::create(builder, unit.ops.front()->getLoc(),
                                   function, operands);
  if (auto block = dyn_cast<BlockOp>(unit.ops.front()))
    call->setAttr(SsmDialect::kPathAttr, block.getPathAttr());
  for (auto [outlined, result] : llvm::zip_equal(results, call.getResults())) {
    Value value = outlined;
    sequences.insert(result);
    value.replaceAllUsesWith(result);
  }
  for (Operation *op : llvm::reverse(unit.ops))
    op->erase();
}

/// Records are updated in place: the state that argument `i` carries must come
/// back as result `i`, from the one operation that takes it.
static LogicalResult verifyCarriedStates(Block &body) {
  Operation *terminator = body.getTerminator();
  for (BlockArgument state : body.getArguments().drop_front()) {
    Value next = state;
    for (Operation *user : state.getUsers())
      if (auto carrier = dyn_cast<CarriedStateOpInterface>(user))
        for (auto [operand, result] : llvm::zip_equal(
                 carrier.getCarriedOperands(), carrier.getCarriedResults()))
          if (operand.get() == state)
            next = result;
    unsigned i = state.getArgNumber();
    auto function = dyn_cast<func::FuncOp>(body.getParentOp());
    if (function && isGivenAtRunTime(function, i))
      continue;
    if (i >= terminator->getNumOperands() || terminator->getOperand(i) != next)
      return terminator->emitOpError()
             << "does not return the next value of carried state " << i
             << " as operand " << i;
  }
  return success();
}

LogicalResult Outliner::run() {
  WalkResult states = model.walk([](Block *body) {
    return WalkResult(isa<func::FuncOp, BlockOp>(body->getParentOp())
                          ? verifyCarriedStates(*body)
                          : success());
  });
  if (states.wasInterrupted())
    return failure();
  findSequenceValues();
  SmallVector<Unit> units;
  if (failed(splitIntoUnits(units)))
    return failure();
  auto returned = cast<func::ReturnOp>(model.getBody().front().getTerminator());
  Value input = model.getArgument(0);
  if (units.empty() || units.front().isBlock() ||
      units.front().kind == "pool") {
    passThrough(input, "input");
    findSequenceValues();
  }
  for (const Unit &unit : units)
    outline(unit);
  if (!units.empty() && units.back().kind == "block")
    passThrough(returned.getOperand(0), "output");
  if (!units.empty() && units.back().kind == "pool")
    passThrough(returned.getOperand(0), "answer");
  // Arithmetic that all units have for themselves now.
  for (Operation &op :
       llvm::make_early_inc_range(llvm::reverse(model.getBody().front())))
    if (isOpTriviallyDead(&op) && !isa<ParameterOp>(op))
      op.erase();
  return success();
}

namespace {
struct OutlineUnits : ssmc::impl::OutlineUnitsBase<OutlineUnits> {
  void runOnOperation() override {
    FailureOr<func::FuncOp> model = findModel(getOperation());
    if (failed(model) || failed(Outliner(*model).run()))
      signalPassFailure();
  }
};
} // namespace
