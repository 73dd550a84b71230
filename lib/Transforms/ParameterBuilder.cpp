//===- ParameterBuilder.cpp - Arithmetic on parameters --------------------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Transforms/ParameterBuilder.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace ssmc;

static RankedTensorType typeOf(Value value) {
  return cast<RankedTensorType>(value.getType());
}

//===----------------------------------------------------------------------===//
// Elementwise arithmetic
//===----------------------------------------------------------------------===//

Expr::Expr(ImplicitLocOpBuilder &builder, Value value)
    : ops(&builder), tensor(value) {
  Type f64 = builder.getF64Type();
  if (getElementTypeOrSelf(value) != f64)
    tensor = arith::ExtFOp::create(builder, type().clone(f64), value);
}

Expr Expr::filled(double number) const {
  if (tensor.getType().isF64())
    return {*ops,
            arith::ConstantOp::create(*ops, ops->getF64FloatAttr(number))};
  auto value = DenseElementsAttr::get(type(), number);
  return {*ops, arith::ConstantOp::create(*ops, value)};
}

template <typename Op, typename... Operands>
static Expr emit(Expr first, Operands... others) {
  return {first.builder(),
          Op::create(first.builder(), first.value(), others.value()...)};
}

Expr ssmc::operator+(Expr a, Expr b) { return emit<arith::AddFOp>(a, b); }
Expr ssmc::operator-(Expr a, Expr b) { return emit<arith::SubFOp>(a, b); }
Expr ssmc::operator*(Expr a, Expr b) { return emit<arith::MulFOp>(a, b); }
Expr ssmc::operator/(Expr a, Expr b) { return emit<arith::DivFOp>(a, b); }
Expr ssmc::operator-(Expr a) { return emit<arith::NegFOp>(a); }
Expr ssmc::exp(Expr x) { return emit<math::ExpOp>(x); }
Expr ssmc::expm1(Expr x) { return emit<math::ExpM1Op>(x); }
Expr ssmc::sin(Expr x) { return emit<math::SinOp>(x); }
Expr ssmc::cos(Expr x) { return emit<math::CosOp>(x); }
std::pair<Expr, Expr> ssmc::sincos(Expr x) {
  auto both = math::SincosOp::create(x.builder(), x.value());
  return {Expr(x.builder(), both.getSin()), Expr(x.builder(), both.getCos())};
}
Expr ssmc::sqrt(Expr x) { return emit<math::SqrtOp>(x); }
Expr ssmc::fma(Expr a, Expr b, Expr c) { return emit<math::FmaOp>(a, b, c); }
Expr ssmc::square(Expr x) { return x * x; }
Expr ssmc::sigmoid(Expr x) { return 1.0 / (1.0 + exp(-x)); }
Expr ssmc::minimum(Expr a, Expr b) { return emit<arith::MinimumFOp>(a, b); }
Expr ssmc::maximum(Expr a, Expr b) { return emit<arith::MaximumFOp>(a, b); }
Expr ssmc::relu(Expr x) { return maximum(x, x.filled(0)); }

Expr ssmc::selectEqual(Expr x, double number, Expr ifEqual, Expr otherwise) {
  Value equal = arith::CmpFOp::create(x.builder(), arith::CmpFPredicate::OEQ,
                                      x.value(), x.filled(number).value());
  return {x.builder(),
          arith::SelectOp::create(x.builder(), equal, ifEqual.value(),
                                  otherwise.value())};
}

SmallVector<Value> ssmc::perStep(
    ImplicitLocOpBuilder &builder, Value dt, ArrayRef<Expr> parameters,
    llvm::function_ref<SmallVector<Expr>(Expr, ArrayRef<Expr>)> body) {
  Block scalars;
  SmallVector<Value> modes;
  scalars.addArgument(builder.getF64Type(), builder.getLoc());
  for (Expr parameter : parameters) {
    modes.push_back(parameter.value());
    scalars.addArgument(builder.getF64Type(), builder.getLoc());
  }
  ImplicitLocOpBuilder inner(builder.getLoc(), builder.getContext());
  inner.setInsertionPointToEnd(&scalars);
  SmallVector<Expr> arguments;
  for (Value argument : scalars.getArguments())
    arguments.emplace_back(inner, argument);
  SmallVector<Value> yielded;
  for (Expr result : body(arguments.front(), ArrayRef(arguments).drop_front()))
    yielded.push_back(result.value());
  YieldOp::create(inner, yielded);

  SmallVector<int64_t> shape(typeOf(dt).getShape());
  shape.push_back(getNumFeatures(modes.front().getType()));
  Type type = RankedTensorType::get(shape, builder.getF64Type());
  auto op = PerStepOp::create(builder, SmallVector<Type>(yielded.size(), type),
                              dt, modes);
  Block &block = op.getBody().emplaceBlock();
  for (BlockArgument argument : scalars.getArguments())
    argument.replaceAllUsesWith(
        block.addArgument(argument.getType(), argument.getLoc()));
  block.getOperations().splice(block.end(), scalars.getOperations());
  return SmallVector<Value>(op.getResults());
}

ComplexExpr ssmc::operator*(ComplexExpr a, ComplexExpr b) {
  return {a.re * b.re - a.im * b.im, a.re * b.im + a.im * b.re};
}

ComplexExpr ssmc::operator/(ComplexExpr a, ComplexExpr b) {
  // f32 parameters squared neither overflow nor vanish in f64.
  Expr norm = square(b.re) + square(b.im);
  return {(a.re * b.re + a.im * b.im) / norm,
          (a.im * b.re - a.re * b.im) / norm};
}

//===----------------------------------------------------------------------===//
// Matrices
//===----------------------------------------------------------------------===//

Value ssmc::broadcastTo(ImplicitLocOpBuilder &builder, Value x,
                        ArrayRef<int64_t> shape, ArrayRef<int64_t> dimensions) {
  Value init =
      tensor::EmptyOp::create(builder, shape, typeOf(x).getElementType());
  return linalg::BroadcastOp::create(builder, x, init, dimensions)
      ->getResult(0);
}

Expr ssmc::broadcastTo(Expr x, ArrayRef<int64_t> shape,
                       ArrayRef<int64_t> dimensions) {
  return {x.builder(), broadcastTo(x.builder(), x.value(), shape, dimensions)};
}

static SmallVector<OpFoldResult> indices(ImplicitLocOpBuilder &builder,
                                         ArrayRef<int64_t> values) {
  return getAsIndexOpFoldResult(builder.getContext(), values);
}

Value ssmc::takeSlice(ImplicitLocOpBuilder &builder, Value x, int64_t dimension,
                      int64_t index) {
  RankedTensorType type = typeOf(x);
  SmallVector<int64_t> offsets(type.getRank(), 0), strides(type.getRank(), 1),
      sizes(type.getShape()), shape(type.getShape());
  offsets[dimension] = index;
  sizes[dimension] = 1;
  shape.erase(shape.begin() + dimension);
  return tensor::ExtractSliceOp::create(
      builder, RankedTensorType::get(shape, type.getElementType()), x,
      indices(builder, offsets), indices(builder, sizes),
      indices(builder, strides));
}

ComplexExpr ssmc::takePlanes(ImplicitLocOpBuilder &builder, Value x) {
  int64_t last = typeOf(x).getRank() - 1;
  return {Expr(builder, takeSlice(builder, x, last, 0)),
          Expr(builder, takeSlice(builder, x, last, 1))};
}

Expr ssmc::joinPlanes(Expr first, Expr second, int64_t dimension) {
  ImplicitLocOpBuilder &builder = first.builder();
  ArrayRef<int64_t> part = first.type().getShape();
  SmallVector<int64_t> whole(part), offsets(part.size(), 0),
      strides(part.size(), 1);
  whole[dimension] *= 2;
  Value joined = tensor::EmptyOp::create(builder, whole, builder.getF64Type());
  for (Expr plane : {first, second}) {
    joined = tensor::InsertSliceOp::create(
        builder, plane.value(), joined, indices(builder, offsets),
        indices(builder, part), indices(builder, strides));
    offsets[dimension] = part[dimension];
  }
  return {builder, joined};
}

Expr ssmc::scaleRows(Expr scale, Expr matrix) {
  return broadcastTo(scale, matrix.type().getShape(), 1) * matrix;
}

Expr ssmc::scaleColumns(Expr scale, Expr matrix) {
  return broadcastTo(scale, matrix.type().getShape(), 0) * matrix;
}

ComplexExpr ssmc::scaleRows(ComplexExpr scale, ComplexExpr matrix) {
  ArrayRef<int64_t> shape = matrix.re.type().getShape();
  ComplexExpr rows{broadcastTo(scale.re, shape, 1),
                   broadcastTo(scale.im, shape, 1)};
  return rows * matrix;
}

//===----------------------------------------------------------------------===//
// Mixers
//===----------------------------------------------------------------------===//

ImplicitLocOpBuilder ssmc::parameterBuilder(Operation *op,
                                            ArrayRef<Value> parameters) {
  Location loc = op->getLoc();
  while (auto block = dyn_cast<BlockOp>(op->getParentOp())) {
    if (llvm::any_of(parameters, [&](Value parameter) {
          return block.getBody().isAncestor(parameter.getParentRegion());
        }))
      break;
    op = block;
  }
  return ImplicitLocOpBuilder(loc, OpBuilder(op));
}

Value ssmc::realPartWeight(ComplexExpr c, double gain) {
  Expr re = gain == 1 ? c.re : gain * c.re;
  Expr im = gain == 1 ? -c.im : -gain * c.im;
  return joinPlanes(re, im, /*dimension=*/1).value();
}

void ssmc::replaceMixer(Operation *mixer, Value u, Value state,
                        const DiscreteMixer &discrete) {
  ImplicitLocOpBuilder builder(mixer->getLoc(), mixer);
  Value forcing = LinearOp::create(builder, u, discrete.inputWeight, Value());
  auto scan =
      ScanOp::create(builder, discrete.kind, forcing, state,
                     discrete.coefficients, discrete.gains, discrete.reverse);
  if (Attribute path = mixer->getAttr(SsmDialect::kPathAttr))
    scan->setAttr(SsmDialect::kPathAttr, path);
  Value y =
      LinearOp::create(builder, scan.getY(), discrete.outputWeight, Value());
  if (discrete.feedThrough)
    y = SkipOp::create(builder, y, u, discrete.feedThrough);
  mixer->replaceAllUsesWith(ValueRange{y, scan.getNewState()});
  mixer->erase();
}

void ssmc::replaceEmptyMixer(Operation *mixer, Value u, Value state,
                             Value feedThrough) {
  ImplicitLocOpBuilder builder(mixer->getLoc(), mixer);
  Value y = ScaleOp::create(builder, u, feedThrough);
  mixer->replaceAllUsesWith(ValueRange{y, state});
  mixer->erase();
}
