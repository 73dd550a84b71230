// RUN: ssm-opt %s --expand-math | FileCheck %s \
// RUN:   --implicit-check-not=fastmath --implicit-check-not=vector.fma \
// RUN:   --implicit-check-not=minnumf --implicit-check-not=maxnumf

// The form for hot loops. maximumf and minimumf keep NaN; the bias of the
// exponent is in the magic number, so that one shift makes the power of two.
// CHECK-LABEL: func @exp2_hot(
//  CHECK-SAME:   %[[T:.*]]: vector<16xf32>)
//       CHECK:   %[[LOW:.*]] = arith.constant dense<-1.260000e+02>
//       CHECK:   %[[RAISED:.*]] = arith.maximumf %[[T]], %[[LOW]]
//       CHECK:   %[[HIGH:.*]] = arith.constant dense<1.260000e+02>
//       CHECK:   %[[CLAMPED:.*]] = arith.minimumf %[[RAISED]], %[[HIGH]]
//       CHECK:   %[[MAGIC:.*]] = arith.constant dense<0x4B40007F>
//       CHECK:   %[[SUM:.*]] = arith.addf %[[CLAMPED]], %[[MAGIC]]
//       CHECK:   %[[MINUS_K:.*]] = arith.subf %[[MAGIC]], %[[SUM]]
//       CHECK:   %[[R:.*]] = arith.addf %[[CLAMPED]], %[[MINUS_K]]
//       CHECK:   %[[BITS:.*]] = arith.bitcast %[[SUM]]
//       CHECK:   %[[SHIFTED:.*]] = arith.shli %[[BITS]]
//       CHECK:   %[[POWER:.*]] = arith.bitcast %[[SHIFTED]]
// CHECK-COUNT-4: math.fma {{.*}}, %[[R]],
//       CHECK:   %[[MANTISSA:.*]] = math.fma {{.*}}, %[[R]],
//       CHECK:   %[[RESULT:.*]] = arith.mulf %[[MANTISSA]], %[[POWER]]
//       CHECK:   return %[[RESULT]]
func.func @exp2_hot(%t: vector<16xf32>) -> vector<16xf32> {
  %e = math.exp2 %t : vector<16xf32>
  return %e : vector<16xf32>
}

// A product of factors that constants clamp needs no clamp of its own, and is
// not rounded: here |t| <= 10 (2 + 100 / 10).
// CHECK-LABEL: func @exp2_of_bounded_product(
//       CHECK:   %[[NEAR:.*]] = arith.minimumf
//       CHECK:   %[[FACTOR:.*]] = math.fma
//   CHECK-NOT:   {{maximumf|minimumf|mulf}}
//       CHECK:   %[[MAGIC:.*]] = arith.constant dense<0x4B40007F>
//       CHECK:   %[[SUM:.*]] = math.fma %[[NEAR]], %[[FACTOR]], %[[MAGIC]]
//       CHECK:   %[[MINUS_K:.*]] = arith.subf %[[MAGIC]], %[[SUM]]
//       CHECK:   %[[R:.*]] = math.fma %[[NEAR]], %[[FACTOR]], %[[MINUS_K]]
//       CHECK:   arith.bitcast %[[SUM]]
// CHECK-COUNT-5: math.fma {{.*}}, %[[R]],
//       CHECK:   return
func.func @exp2_of_bounded_product(%x: vector<16xf32>) -> vector<16xf32> {
  %low = arith.constant dense<-10.0> : vector<16xf32>
  %high = arith.constant dense<10.0> : vector<16xf32>
  %linear = arith.constant dense<-2.0> : vector<16xf32>
  %cubic = arith.constant dense<-0.1> : vector<16xf32>
  %raised = arith.maximumf %x, %low : vector<16xf32>
  %near = arith.minimumf %raised, %high : vector<16xf32>
  %square = arith.mulf %near, %near : vector<16xf32>
  %factor = math.fma %square, %cubic, %linear : vector<16xf32>
  %t = arith.mulf %near, %factor : vector<16xf32>
  %e = math.exp2 %t : vector<16xf32>
  return %e : vector<16xf32>
}

// Where the bound is too large, or there is none, the product is clamped.
// CHECK-LABEL: func @exp2_of_large_product(
//       CHECK:   %[[NEAR:.*]] = arith.minimumf
//       CHECK:   %[[T:.*]] = arith.mulf %[[NEAR]],
//       CHECK:   arith.maximumf %[[T]],
func.func @exp2_of_large_product(%x: vector<16xf32>) -> vector<16xf32> {
  %low = arith.constant dense<-10.0> : vector<16xf32>
  %high = arith.constant dense<10.0> : vector<16xf32>
  %scale = arith.constant dense<12.6> : vector<16xf32>
  %raised = arith.maximumf %x, %low : vector<16xf32>
  %near = arith.minimumf %raised, %high : vector<16xf32>
  %t = arith.mulf %near, %scale : vector<16xf32>
  %e = math.exp2 %t : vector<16xf32>
  return %e : vector<16xf32>
}

// CHECK-LABEL: func @exp2_of_unbounded_product(
//       CHECK:   %[[RAISED:.*]] = arith.maximumf
//       CHECK:   %[[T:.*]] = arith.mulf %[[RAISED]],
//       CHECK:   arith.maximumf %[[T]],
func.func @exp2_of_unbounded_product(%x: vector<16xf32>) -> vector<16xf32> {
  %low = arith.constant dense<-10.0> : vector<16xf32>
  %scale = arith.constant dense<2.0> : vector<16xf32>
  %raised = arith.maximumf %x, %low : vector<16xf32>
  %t = arith.mulf %raised, %scale : vector<16xf32>
  %e = math.exp2 %t : vector<16xf32>
  return %e : vector<16xf32>
}

// A sum takes the last multiplication into an FMA.
// CHECK-LABEL: func @sigmoid(
//       CHECK:   %[[ONE:.*]] = arith.constant dense<1.000000e+00> : vector<8xf32>
//       CHECK:   %[[POWER:.*]] = arith.bitcast {{.*}} : vector<8xi32> to
//   CHECK-NOT:   arith.mulf
//       CHECK:   %[[SUM:.*]] = math.fma %{{.*}}, %[[POWER]], %[[ONE]]
//  CHECK-NEXT:   arith.divf %[[ONE]], %[[SUM]]
func.func @sigmoid(%t: vector<8xf32>) -> vector<8xf32> {
  %one = arith.constant dense<1.0> : vector<8xf32>
  %e = math.exp2 %t : vector<8xf32>
  %s = arith.addf %one, %e : vector<8xf32>
  %y = arith.divf %one, %s : vector<8xf32>
  return %y : vector<8xf32>
}

// A power that is also used by itself is built, too.
// CHECK-LABEL: func @sum_and_power(
//       CHECK:   %[[POWER:.*]] = arith.bitcast {{.*}} : i32 to f32
//       CHECK:   %[[PRODUCT:.*]] = arith.mulf %{{.*}}, %[[POWER]]
//       CHECK:   %[[DOUBLE:.*]] = arith.addf %[[PRODUCT]], %[[PRODUCT]]
//       CHECK:   %[[SUM:.*]] = math.fma %{{.*}}, %[[POWER]], %[[DOUBLE]]
//       CHECK:   return %[[SUM]]
func.func @sum_and_power(%t: f32) -> f32 {
  %e = math.exp2 %t : f32
  %d = arith.addf %e, %e : f32
  %s = arith.addf %e, %d : f32
  return %s : f32
}

// Every function, scalars and vectors of any shape; f32 sine by way of f64.
// CHECK-LABEL: func @every_function(
//   CHECK-NOT:   math.{{exp|log|sin|cos|tanh}}
//       CHECK:   arith.extf %{{.*}} : vector<2x3xf32> to vector<2x3xf64>
//   CHECK-NOT:   math.{{exp|log|sin|cos|tanh}}
//       CHECK:   arith.truncf %{{.*}} : vector<2x3xf64> to vector<2x3xf32>
//   CHECK-NOT:   math.{{exp|log|sin|cos|tanh}}
//       CHECK:   return
func.func @every_function(%a: f64, %b: vector<2x3xf32>, %c: tensor<5xf64>)
    -> (f64, vector<2x3xf32>, tensor<5xf64>) {
  %a1 = math.exp %a : f64
  %a2 = math.expm1 %a1 : f64
  %a3 = math.exp2 %a2 : f64
  %a4 = math.log %a3 : f64
  %a5 = math.log1p %a4 : f64
  %a6 = math.sin %a5 : f64
  %a7 = math.cos %a6 : f64
  %a8 = math.tanh %a7 : f64
  %s, %t = math.sincos %a8 : f64
  %st = arith.addf %s, %t : f64
  %b1 = math.exp %b : vector<2x3xf32>
  %b2 = math.expm1 %b1 : vector<2x3xf32>
  %b3 = math.log %b2 : vector<2x3xf32>
  %b4 = math.log1p %b3 : vector<2x3xf32>
  %b5 = math.tanh %b4 : vector<2x3xf32>
  %b6 = math.sin %b5 : vector<2x3xf32>
  %c1 = math.exp %c : tensor<5xf64>
  return %st, %b6, %c1 : f64, vector<2x3xf32>, tensor<5xf64>
}

// Left alone: half precision, integers, and what CPUs have instructions for.
// CHECK-LABEL: func @left_alone(
//  CHECK-NEXT:   math.exp %{{.*}} : f16
//  CHECK-NEXT:   math.tanh %{{.*}} : vector<4xbf16>
//  CHECK-NEXT:   math.absi
//  CHECK-NEXT:   math.ctpop
//  CHECK-NEXT:   math.sqrt
//  CHECK-NEXT:   math.absf
//  CHECK-NEXT:   math.floor
//  CHECK-NEXT:   math.copysign
//  CHECK-NEXT:   math.fma
//  CHECK-NEXT:   return
func.func @left_alone(%h: f16, %b: vector<4xbf16>, %i: i32, %x: f64)
    -> (f16, vector<4xbf16>, i32, f64) {
  %h1 = math.exp %h : f16
  %b1 = math.tanh %b : vector<4xbf16>
  %i1 = math.absi %i : i32
  %i2 = math.ctpop %i1 : i32
  %x1 = math.sqrt %x : f64
  %x2 = math.absf %x1 : f64
  %x3 = math.floor %x2 : f64
  %x4 = math.copysign %x3, %x : f64
  %x5 = math.fma %x4, %x, %x : f64
  return %h1, %b1, %i2, %x5 : f16, vector<4xbf16>, i32, f64
}
