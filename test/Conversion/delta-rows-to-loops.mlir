// RUN: ssm-opt %s -convert-chunk-to-loops -canonicalize -cse -split-input-file | FileCheck %s

// One head of 3 features, one row of each of two streams: four factors, then S k
// and S q in two chains each (even and odd k), then S.
// CHECK-LABEL: func.func @one_head(
// CHECK-SAME:    %[[X:[a-z0-9]+]]: memref<2x64xf32>, %[[Y:[a-z0-9]+]]: memref<2x16xf32>, %[[F:[a-z0-9]+]]: memref<2x16xf32>, %[[S:[a-z0-9]+]]: memref<?x48xf32>, %[[STREAMS:[a-z0-9]+]]: memref<2xindex>, %[[N:[a-z0-9]+]]: index
// CHECK:         scf.for %[[R:.+]] = %c0 to %[[N]] step %c1 {
// CHECK-NEXT:      %[[B:.+]] = memref.load %[[X]][%[[R]], %c48]
// CHECK:           math.exp2
// CHECK:           %[[BETA:.+]] = arith.divf
// CHECK:           %[[Q:.+]] = vector.load %[[X]][%[[R]], %c0]
// CHECK:           %[[K:.+]] = vector.load %[[X]][%[[R]], %c16]
// CHECK:           math.fma %[[K]], %[[K]], %{{.+}} : vector<16xf32>
// CHECK:           math.fma %[[Q]], %[[Q]], %{{.+}} : vector<16xf32>
// CHECK:           math.fma %[[K]], %[[Q]], %{{.+}} : vector<16xf32>
// CHECK:           vector.shuffle {{.*}} [0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23]
// CHECK:           %[[ROOT:.+]] = math.sqrt %{{.+}} : vector<8xf32>
// CHECK:           %[[LENGTH:.+]] = arith.addf %[[ROOT]], %{{.+}}
// CHECK:           %[[INVERSE:.+]] = arith.divf %{{.+}}, %[[LENGTH]]
// CHECK:           %[[RK:.+]] = vector.extract_strided_slice %[[INVERSE]] {offsets = [0], sizes = [4], strides = [1]}
// CHECK:           %[[A:.+]] = arith.mulf %[[BETA]], %[[RK]]
// CHECK:           %[[AK:.+]] = arith.mulf %[[A]], %[[RK]]
// CHECK:           %[[C:.+]] = arith.negf %[[AK]]
// CHECK:           vector.store %[[A]], %[[F]][%[[R]], %c0]
// CHECK:           vector.store %[[C]], %[[F]][%[[R]], %c4]
// CHECK:         }
// CHECK:         scf.for %[[R:.+]] = %c0 to %[[N]] step %c1 {
// CHECK-NEXT:      %[[STREAM:.+]] = memref.load %[[STREAMS]][%[[R]]]
// CHECK:           %[[KN:.+]] = memref.load %[[X]][%[[R]], %c16]
// CHECK-NEXT:      %[[K0:.+]] = vector.broadcast %[[KN]]
// CHECK:           %[[QN:.+]] = memref.load %[[X]][%[[R]], %c0]
// CHECK-NEXT:      %[[Q0:.+]] = vector.broadcast %[[QN]]
// CHECK:           %[[S0:.+]] = vector.load %[[S]][%[[STREAM]], %c0]
// CHECK:           %[[SK0:.+]] = math.fma %[[S0]], %[[K0]], %[[ZERO:[a-z0-9_]+]]
// CHECK:           %[[SQ0:.+]] = math.fma %[[S0]], %[[Q0]], %[[ZERO]]
// CHECK:           vector.load %[[S]][%[[STREAM]], %c16]
// CHECK:           %[[SK1:.+]] = math.fma %{{.+}}, %{{.+}}, %[[ZERO]]
// CHECK:           %[[SQ1:.+]] = math.fma %{{.+}}, %{{.+}}, %[[ZERO]]
// CHECK:           %[[SK2:.+]] = math.fma %{{.+}}, %{{.+}}, %[[SK0]]
// CHECK:           %[[SQ2:.+]] = math.fma %{{.+}}, %{{.+}}, %[[SQ0]]
// CHECK:           %[[SK:.+]] = arith.addf %[[SK2]], %[[SK1]]
// CHECK:           %[[SQ:.+]] = arith.addf %[[SQ2]], %[[SQ1]]
// CHECK:           %[[V:.+]] = vector.load %[[X]][%[[R]], %c32]
// CHECK:           %[[AV:.+]] = arith.mulf %{{.+}}, %[[V]]
// CHECK:           %[[E:.+]] = math.fma %{{.+}}, %[[SK]], %[[AV]]
// CHECK:           %[[O:.+]] = math.fma %[[E]], %{{.+}}, %[[SQ]]
// CHECK:           %[[OUT:.+]] = arith.mulf %{{.+}}, %[[O]]
// CHECK:           vector.store %[[OUT]], %[[Y]][%[[R]], %c0]
// CHECK:           %[[NEW:.+]] = math.fma %[[E]], %{{.+}}, %{{.+}}
// CHECK:           vector.store %[[NEW]], %[[S]][%[[STREAM]], %c0]
// CHECK-COUNT-2:   vector.store %{{.+}}, %[[S]][%[[STREAM]],
// CHECK-NOT:       vector.store
// CHECK:         return
func.func @one_head(%x: memref<2x64xf32>, %y: memref<2x16xf32>, %f: memref<2x16xf32>, %s: memref<?x48xf32>,
    %streams: memref<2xindex>, %n: index) {
  ssm.delta_rows %x : memref<2x64xf32> outs(%y : memref<2x16xf32>, %f : memref<2x16xf32>, %s : memref<?x48xf32>)
    heads 1 size 3 epsilon 1.0e-6 streams(%streams : memref<2xindex>) count %n
  return
}

// -----

// Five heads of 33 features: a group of four heads and one of one; 15 units of a
// panel of v, and 5 of them, whose state fits half of an L1 cache, go through all
// rows; 16 of the rows of a panel's state at a time and one left over.
// CHECK-LABEL: func.func @many(
// CHECK:         scf.for
// CHECK:           vector.store %{{.+}}, %[[F:.+]][%{{.+}}, %c0] : memref<4x32xf32>, vector<4xf32>
// CHECK:           vector.store %{{.+}}, %[[F]][%{{.+}}, %c16] : memref<4x32xf32>, vector<4xf32>
// CHECK:         affine.for %{{.+}} = 0 to 15 step 5 {
// CHECK-NEXT:      scf.for
// CHECK-NEXT:        affine.for %{{.+}} = 0 to 5 {
// CHECK:               affine.for %{{.+}} = 0 to 32 step 16 iter_args
// CHECK:               affine.for %{{.+}} = 0 to 32 step 16 {
func.func @many(%x: memref<4x736xf32>, %y: memref<4x240xf32>, %f: memref<4x32xf32>, %s: memref<1x7920xf32>) {
  ssm.delta_rows %x : memref<4x736xf32> outs(%y : memref<4x240xf32>, %f : memref<4x32xf32>, %s : memref<1x7920xf32>)
    heads 5 size 33 epsilon 1.0e-6
  return
}

// -----

// With 32 registers of 16 numbers two panels of a head share what is read of k and
// q: four sums each.
module attributes {dlti.target_system_spec = #dlti.target_system_spec<
    "CPU" = #dlti.target_device_spec<"ssm.f32_lanes" = 16 : i64, "ssm.vector_registers" = 32 : i64>>} {
  // CHECK-LABEL: func.func @side_by_side(
  // CHECK:         affine.for %{{.+}} = 0 to 32 step 8 iter_args({{.*}}) -> (vector<16xf32>, vector<16xf32>, vector<16xf32>, vector<16xf32>, vector<16xf32>, vector<16xf32>, vector<16xf32>, vector<16xf32>)
  func.func @side_by_side(%x: memref<4x112xf32>, %y: memref<4x32xf32>, %f: memref<4x16xf32>, %s: memref<1x1024xf32>) {
    ssm.delta_rows %x : memref<4x112xf32> outs(%y : memref<4x32xf32>, %f : memref<4x16xf32>, %s : memref<1x1024xf32>)
      heads 1 size 32 epsilon 1.0e-6
    return
  }
}
