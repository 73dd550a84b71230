//===- ModelOps.cpp - Verifiers and folders of the model level ------------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialect/SsmDialect.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/PatternMatch.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;
using namespace ssmc;

static ArrayRef<int64_t> shapeOf(Value value) {
  return cast<ShapedType>(value.getType()).getShape();
}

/// The type of `x` with its last dimension replaced.
static RankedTensorType withFeatures(Type x, int64_t features) {
  auto type = cast<RankedTensorType>(x);
  SmallVector<int64_t> shape(type.getShape());
  if (!shape.empty())
    shape.back() = features;
  return RankedTensorType::get(shape, type.getElementType());
}

/// A shape as types print it: "?, 2, 64".
static std::string asText(ArrayRef<int64_t> shape) {
  return llvm::join(llvm::map_range(shape,
                                    [](int64_t size) {
                                      return ShapedType::isDynamic(size)
                                                 ? std::string("?")
                                                 : std::to_string(size);
                                    }),
                    ", ");
}

/// Checks the shape of parameter `value`, called `name` in the message.
static LogicalResult checkShape(Operation *op, StringRef constraint,
                                StringRef name, Value value,
                                ArrayRef<int64_t> expected) {
  if (shapeOf(value) == expected)
    return success();
  InFlightDiagnostic error = op->emitOpError()
                             << "(" << constraint << ") " << name
                             << " has shape [" << asText(shapeOf(value))
                             << "]; expected [" << asText(expected) << "]";
  return error;
}

//===----------------------------------------------------------------------===//
// ParameterOp
//===----------------------------------------------------------------------===//

ParseResult ParameterOp::parse(OpAsmParser &parser, OperationState &result) {
  StringAttr name;
  ElementsAttr value;
  Type type;
  // With a type given, the colon is not taken for the string's own.
  if (parser.parseAttribute(name, NoneType::get(parser.getContext()), "name",
                            result.attributes))
    return failure();
  // The value's text names its blob; its type follows the colon.
  if (succeeded(parser.parseOptionalEqual())) {
    if (parser.parseAttribute(value, "value", result.attributes) ||
        parser.parseOptionalAttrDict(result.attributes))
      return failure();
    result.addTypes(value.getShapedType());
    return success();
  }
  if (parser.parseOptionalAttrDict(result.attributes) ||
      parser.parseColonType(type))
    return failure();
  result.addTypes(type);
  return success();
}

void ParameterOp::print(OpAsmPrinter &printer) {
  printer << ' ' << getNameAttr();
  if (ElementsAttr value = getValueAttr())
    printer << " = " << value;
  printer.printOptionalAttrDict((*this)->getAttrs(), {"name", "value"});
  if (!getValueAttr())
    printer << " : " << getType();
}

LogicalResult ParameterOp::verify() {
  if (getValueAttr() && getValueAttr().getShapedType() != getType())
    return emitOpError() << "(C1) value of type "
                         << getValueAttr().getShapedType()
                         << " does not match the result " << getType();
  if (!cast<RankedTensorType>(getType()).hasStaticShape())
    return emitOpError() << "(C2) " << getType() << " is not static";
  if (getName().empty())
    return emitOpError() << "(C3) the name is empty";
  return success();
}

//===----------------------------------------------------------------------===//
// Dense layers
//===----------------------------------------------------------------------===//

LogicalResult LinearOp::inferReturnTypes(MLIRContext *, std::optional<Location>,
                                         Adaptor adaptor,
                                         SmallVectorImpl<Type> &types) {
  auto weight = dyn_cast<RankedTensorType>(adaptor.getWeight().getType());
  if (!weight || weight.getRank() != 2)
    return failure();
  types.push_back(withFeatures(adaptor.getX().getType(), weight.getDimSize(0)));
  return success();
}

LogicalResult LinearOp::verify() {
  int64_t rank = shapeOf(getX()).size();
  if (rank != 2 && rank != 3)
    return emitOpError() << "(C3) x has rank " << rank << "; expected 2 or 3";
  if (shapeOf(getWeight()).size() != 2)
    return emitOpError() << "(C1) the weight has rank "
                         << shapeOf(getWeight()).size() << "; expected 2";
  if (shapeOf(getWeight())[1] != getNumFeatures(getX().getType()))
    return emitOpError() << "(C1) x has " << getNumFeatures(getX().getType())
                         << " features but the weight takes "
                         << shapeOf(getWeight())[1];
  if (Value bias = getBias())
    return checkShape(*this, "C2", "bias", bias, shapeOf(getWeight())[0]);
  return success();
}

LogicalResult EmbeddingOp::inferReturnTypes(MLIRContext *,
                                            std::optional<Location>,
                                            Adaptor adaptor,
                                            SmallVectorImpl<Type> &types) {
  auto table = dyn_cast<RankedTensorType>(adaptor.getTable().getType());
  auto ids = dyn_cast<RankedTensorType>(adaptor.getIds().getType());
  if (!table || !ids || table.getRank() != 2)
    return failure();
  SmallVector<int64_t> shape(ids.getShape());
  shape.push_back(table.getDimSize(1));
  types.push_back(
      RankedTensorType::get(shape, Float32Type::get(table.getContext())));
  return success();
}

LogicalResult EmbeddingOp::verify() {
  if (shapeOf(getTable()).size() != 2)
    return emitOpError() << "(C1) the table has rank "
                         << shapeOf(getTable()).size() << "; expected 2";
  return success();
}

LogicalResult GluOp::inferReturnTypes(MLIRContext *, std::optional<Location>,
                                      Adaptor adaptor,
                                      SmallVectorImpl<Type> &types) {
  auto weight = dyn_cast<RankedTensorType>(adaptor.getW1().getType());
  if (!weight || weight.getRank() != 2)
    return failure();
  types.push_back(withFeatures(adaptor.getX().getType(), weight.getDimSize(0)));
  return success();
}

LogicalResult GluOp::verify() {
  int64_t in = getNumFeatures(getX().getType()), out = shapeOf(getW1())[0];
  if (failed(checkShape(*this, "C1", "w1", getW1(), {out, in})) ||
      failed(checkShape(*this, "C1", "w2", getW2(), {out, in})))
    return failure();
  if (!getB1() != !getB2())
    return emitOpError() << "(C2) has one bias; expected two or none";
  if (getB1() && (failed(checkShape(*this, "C2", "b1", getB1(), out)) ||
                  failed(checkShape(*this, "C2", "b2", getB2(), out))))
    return failure();
  return success();
}

//===----------------------------------------------------------------------===//
// Pointwise layers and norms
//===----------------------------------------------------------------------===//

LogicalResult AddOp::inferReturnTypes(MLIRContext *, std::optional<Location>,
                                      Adaptor adaptor,
                                      SmallVectorImpl<Type> &types) {
  types.push_back(adaptor.getA().getType());
  return success();
}

LogicalResult AddOp::verify() {
  int64_t a = getNumFeatures(getA().getType()),
          b = getNumFeatures(getB().getType());
  if (b != a && b != 1)
    return emitOpError() << "(C1) b has " << b << " features; expected " << a
                         << " or 1";
  return success();
}

LogicalResult ShiftOp::verify() {
  return checkShape(*this, "C1", "the amount", getAmount(),
                    getNumFeatures(getX().getType()));
}

LogicalResult BatchNormOp::verify() {
  int64_t features = getNumFeatures(getX().getType());
  if (failed(checkShape(*this, "C1", "mean", getMean(), features)) ||
      failed(checkShape(*this, "C1", "var", getVar(), features)))
    return failure();
  if (!(getEpsilon().convertToDouble() > 0))
    return emitOpError() << "(C2) epsilon is " << getEpsilon().convertToDouble()
                         << "; expected a positive number";
  return success();
}

LogicalResult LayerNormOp::verify() {
  if (!(getEpsilon().convertToDouble() > 0))
    return emitOpError() << "(C1) epsilon is " << getEpsilon().convertToDouble()
                         << "; expected a positive number";
  return success();
}

LogicalResult BatchNormTrainingOp::verify() {
  int64_t features = getNumFeatures(getX().getType());
  if (failed(checkShape(*this, "C1", "mean", getMean(), features)) ||
      failed(checkShape(*this, "C1", "var", getVar(), features)))
    return failure();
  double momentum = getMomentum().convertToDouble();
  if (!(getEpsilon().convertToDouble() > 0) ||
      !(momentum >= 0 && momentum <= 1))
    return emitOpError() << "(C2) epsilon must be positive and momentum lie "
                            "in [0, 1]; found "
                         << getEpsilon().convertToDouble() << " and "
                         << momentum;
  return success();
}

LogicalResult SplitKeyOp::verify() {
  int64_t index = getIndex(), count = getCount();
  if (index < 0 || index >= count)
    return emitOpError() << "(C1) index " << index
                         << " is not in the range of the count " << count;
  return success();
}

LogicalResult DropoutOp::verify() {
  double rate = getRate().convertToDouble();
  if (!(rate >= 0 && rate <= 1))
    return emitOpError() << "(C1) rate is " << rate
                         << "; expected a number in [0, 1]";
  return success();
}

OpFoldResult DropoutOp::fold(FoldAdaptor) {
  // At rate 0 no key is drawn from: the identity, even in training.
  return getRate().isZero() ? getX() : Value();
}

/// shift(shift(x, a), b) = shift(x, a + b).
LogicalResult ShiftOp::canonicalize(ShiftOp op, PatternRewriter &rewriter) {
  auto inner = op.getX().getDefiningOp<ShiftOp>();
  if (!inner || inner.getAmount().getType() != op.getAmount().getType())
    return failure();
  Value sum = arith::AddFOp::create(rewriter, op.getLoc(), inner.getAmount(),
                                    op.getAmount());
  rewriter.replaceOpWithNewOp<ShiftOp>(op, inner.getX(), sum);
  return success();
}

//===----------------------------------------------------------------------===//
// Sequence mixers
//===----------------------------------------------------------------------===//

MutableOperandRange S5Op::getCarriedOperands() { return getStateMutable(); }
ResultRange S5Op::getCarriedResults() { return getResults().drop_front(); }
MutableOperandRange LruOp::getCarriedOperands() { return getStateMutable(); }
ResultRange LruOp::getCarriedResults() { return getResults().drop_front(); }
MutableOperandRange LinossOp::getCarriedOperands() { return getStateMutable(); }
ResultRange LinossOp::getCarriedResults() { return getResults().drop_front(); }

MutableOperandRange S4dOp::getCarriedOperands() { return getStateMutable(); }
ResultRange S4dOp::getCarriedResults() { return getResults().drop_front(); }

LogicalResult S4dOp::verify() {
  int64_t features = getNumFeatures(getU().getType());
  int64_t modes = getNumFeatures(getAIm().getType());
  if (failed(checkShape(*this, "C1", "log_dt", getLogDt(), features)) ||
      failed(checkShape(*this, "C2", "log_a_real", getLogARe(),
                        {features, modes})) ||
      failed(checkShape(*this, "C2", "a_imag", getAIm(), {features, modes})) ||
      failed(checkShape(*this, "C2", "c", getC(), {features, modes, 2})))
    return failure();
  return checkShape(*this, "C3", "state", getState(),
                    {shapeOf(getState()).front(), 2, 1, modes, features});
}

LogicalResult S5Op::verify() {
  int64_t modes = getNumFeatures(getLambdaRe().getType());
  int64_t features = getNumFeatures(getU().getType());
  if (failed(checkShape(*this, "C1", "lambda_re", getLambdaRe(), modes)) ||
      failed(checkShape(*this, "C1", "lambda_im", getLambdaIm(), modes)))
    return failure();
  // Upstream keeps one log_step for an empty state.
  int64_t steps = modes ? modes : shapeOf(getLogStep()).front();
  if (failed(checkShape(*this, "C1", "log_step", getLogStep(), {steps, 1})) ||
      failed(checkShape(*this, "C2", "b", getB(), {modes, features, 2})) ||
      failed(checkShape(*this, "C2", "c", getC(), {features, modes, 2})) ||
      failed(checkShape(*this, "C2", "d", getD(), features)) ||
      failed(checkShape(*this, "C3", "state", getState(),
                        {shapeOf(getState()).front(), 2, modes})))
    return failure();
  APFloat rescale = getStepRescale();
  if (!rescale.isFinite() || !(rescale.convertToDouble() > 0))
    return emitOpError() << "(C4) step_rescale is " << rescale.convertToDouble()
                         << "; expected a positive finite number";
  return success();
}

LogicalResult LruOp::verify() {
  int64_t modes = getNumFeatures(getNuLog().getType());
  int64_t features = getNumFeatures(getU().getType());
  for (auto [name, value] : {std::pair<StringRef, Value>{"nu_log", getNuLog()},
                             {"theta_log", getThetaLog()},
                             {"gamma_log", getGammaLog()}})
    if (failed(checkShape(*this, "C1", name, value, modes)))
      return failure();
  for (auto [name, value] :
       {std::pair<StringRef, Value>{"b_re", getBRe()}, {"b_im", getBIm()}})
    if (failed(checkShape(*this, "C2", name, value, {modes, features})))
      return failure();
  for (auto [name, value] :
       {std::pair<StringRef, Value>{"c_re", getCRe()}, {"c_im", getCIm()}})
    if (failed(checkShape(*this, "C2", name, value, {features, modes})))
      return failure();
  if (failed(checkShape(*this, "C2", "d", getD(), features)))
    return failure();
  return checkShape(*this, "C3", "state", getState(),
                    {shapeOf(getState()).front(), 2, modes});
}

LogicalResult LinossOp::verify() {
  int64_t modes = getNumFeatures(getADiag().getType());
  int64_t features = getNumFeatures(getU().getType());
  if (failed(checkShape(*this, "C1", "a_diag", getADiag(), modes)) ||
      failed(checkShape(*this, "C1", "steps", getSteps(), modes)))
    return failure();
  bool damped = getScheme() == OscillatorScheme::damped_IMEX;
  if (damped != (getGDiag() != nullptr))
    return emitOpError() << "(C2) scheme "
                         << stringifyOscillatorScheme(getScheme())
                         << (damped ? " needs g_diag" : " has no g_diag");
  if (damped && failed(checkShape(*this, "C1", "g_diag", getGDiag(), modes)))
    return failure();
  if (failed(checkShape(*this, "C3", "b", getB(), {modes, features, 2})) ||
      failed(checkShape(*this, "C3", "c", getC(), {features, modes, 2})) ||
      failed(checkShape(*this, "C3", "d", getD(), features)))
    return failure();
  return checkShape(*this, "C4", "state", getState(),
                    {shapeOf(getState()).front(), 2, 2, modes});
}

MutableOperandRange DeltaNetOp::getCarriedOperands() {
  return getStateMutable();
}
ResultRange DeltaNetOp::getCarriedResults() {
  return getResults().drop_front();
}

LogicalResult DeltaNetOp::verify() {
  ArrayRef<int64_t> q = shapeOf(getQ());
  int64_t heads = getHeads(), features = getNumFeatures(getU().getType());
  if (heads < 1 || q.size() != 2 || q[0] % heads || q[0] < heads)
    return emitOpError() << "(C1) has " << heads << " heads for q of shape ["
                         << asText(q) << "]; expected a divisor of its rows";
  int64_t inner = q[0], size = inner / heads;
  for (auto [name, value] :
       {std::pair<StringRef, Value>{"q", getQ()}, {"k", getK()}, {"v", getV()}})
    if (failed(checkShape(*this, "C2", name, value, {inner, features})))
      return failure();
  if (failed(checkShape(*this, "C2", "beta", getBeta(), {1, features})) ||
      failed(checkShape(*this, "C2", "out", getOut(), {features, inner})))
    return failure();
  return checkShape(*this, "C3", "state", getState(),
                    {shapeOf(getState()).front(), 1, heads, size, size});
}

//===----------------------------------------------------------------------===//
// Heads and structure
//===----------------------------------------------------------------------===//

MutableOperandRange MeanPoolOp::getCarriedOperands() {
  return MutableOperandRange(*this, 1, 2);
}
ResultRange MeanPoolOp::getCarriedResults() {
  return getResults().drop_front();
}

LogicalResult MeanPoolOp::verify() {
  ArrayRef<int64_t> x = shapeOf(getX());
  if (x.size() != 3)
    return emitOpError() << "(C1) x has rank " << x.size() << "; expected 3";
  if (failed(checkShape(*this, "C1", "sums", getSums(), {x[0], x[2]})) ||
      failed(checkShape(*this, "C1", "y", getY(), {x[0], x[2]})))
    return failure();
  return checkShape(*this, "C1", "count", getCount(), x[0]);
}

MutableOperandRange BlockOp::getCarriedOperands() { return getStatesMutable(); }
ResultRange BlockOp::getCarriedResults() {
  return getResults().slice(1, getStates().size());
}

LogicalResult BlockOp::verify() {
  Block &body = getBody().front();
  if (body.getArgumentTypes() != getOperandTypes())
    return emitOpError() << "(C1) body takes (" << body.getArgumentTypes()
                         << "); expected (" << getOperandTypes() << ")";
  auto yielded = cast<YieldOp>(body.getTerminator()).getOperandTypes();
  if (yielded != getResultTypes())
    return emitOpError() << "(C2) body yields (" << yielded << "); expected ("
                         << getResultTypes() << ")";
  if (getNumResults() < getNumOperands())
    return emitOpError() << "(C3) has " << getNumResults() << " results for "
                         << getNumOperands() << " operands";
  for (unsigned i = 1; i < getNumOperands(); ++i)
    if (getResult(i).getType() != getOperand(i).getType())
      return emitOpError() << "(C3) carried state " << i - 1 << " goes in as "
                           << getOperand(i).getType() << " and comes out as "
                           << getResult(i).getType();
  return success();
}
