// RUN: ssm-opt %s -convert-chunk-to-loops -cse -split-input-file | FileCheck %s

// Time steps of one stream: four modes' states stay in registers over all rows; y is
// what the modes before gave, in memory. The fifth mode has a loop of its own. Each four
// modes choose between coefficients as sums of two numbers and a = 1 + m.
// CHECK-LABEL: func.func @time_steps(
// CHECK-SAME:    %[[X:[a-z0-9]+]]: memref<24x32xf32>, %[[A:[a-z0-9]+]]: memref<2x5x16xf32>, %[[AL:[a-z0-9]+]]: memref<2x5x16xf32>, %[[B:[a-z0-9]+]]: memref<2x5x16xf32>, %[[BL:[a-z0-9]+]]: memref<2x5x16xf32>, %[[MRE:[a-z0-9]+]]: memref<2x5x16xf32>, %[[MIM:[a-z0-9]+]]: memref<2x5x16xf32>, %[[C:[a-z0-9]+]]: memref<2x5x16xf32>, %[[D:[a-z0-9]+]]: memref<2x5x16xf32>, %[[FLAGS:[a-z0-9]+]]: memref<2x2xf32>, %[[Y:[a-z0-9]+]]: memref<24x32xf32>, %[[S:[a-z0-9]+]]: memref<1x320xf32>
// CHECK:         affine.for %[[P:.+]] = 0 to 2 {
// CHECK:           %[[FLAG:.+]] = memref.load %[[FLAGS]][%[[P]], %{{.+}}]
// CHECK:           %[[CORRECTED:.+]] = arith.cmpf une, %[[FLAG]],
// CHECK:           scf.if %[[CORRECTED]] {
// CHECK-COUNT-8:     vector.load %[[S]][%c0,
// CHECK:             affine.for %[[R:.+]] = 0 to 24 iter_args(%[[RE:[a-z0-9]+]] = %{{[0-9]+}}, %[[IM:[a-z0-9]+]] = %{{[0-9]+}},
// CHECK:               %[[XR:.+]] = vector.load %[[X]][%[[R]],
// CHECK-NEXT:          %[[ZEROS:.+]] = arith.constant dense<0.000000e+00> : vector<8xf32>
// CHECK:               %[[AV:.+]] = vector.load %[[A]]
// CHECK-NEXT:          %[[ALV:.+]] = vector.load %[[AL]]
// CHECK-NEXT:          %[[BV:.+]] = vector.load %[[B]]
// CHECK-NEXT:          %[[BLV:.+]] = vector.load %[[BL]]
// CHECK-NEXT:          %[[OWN1:.+]] = math.fma %[[ALV]], %[[RE]], %[[XR]]
// CHECK-NEXT:          %[[OWN2:.+]] = math.fma %[[AV]], %[[RE]], %[[OWN1]]
// CHECK-NEXT:          %[[OTHER1:.+]] = arith.mulf %[[BLV]], %[[IM]]
// CHECK-NEXT:          %[[OTHER2:.+]] = math.fma %[[BV]], %[[IM]], %[[OTHER1]]
// CHECK-NEXT:          %[[NEXT_RE:.+]] = arith.subf %[[OWN2]], %[[OTHER2]]
// CHECK-NEXT:          %[[OWN3:.+]] = arith.mulf %[[ALV]], %[[IM]]
// CHECK-NEXT:          %[[OWN4:.+]] = math.fma %[[AV]], %[[IM]], %[[OWN3]]
// CHECK-NEXT:          %[[OTHER3:.+]] = arith.mulf %[[BLV]], %[[RE]]
// CHECK-NEXT:          %[[OTHER4:.+]] = math.fma %[[BV]], %[[RE]], %[[OTHER3]]
// CHECK-NEXT:          %[[NEXT_IM:.+]] = arith.addf %[[OWN4]], %[[OTHER4]]
// CHECK-NEXT:          %[[CV:.+]] = vector.load %[[C]]
// CHECK-NEXT:          %[[DV:.+]] = vector.load %[[D]]
// CHECK-NEXT:          %[[Y1:.+]] = math.fma %[[CV]], %[[NEXT_RE]], %[[ZEROS]]
// CHECK-NEXT:          %[[Y2:.+]] = math.fma %[[DV]], %[[NEXT_IM]], %[[Y1]]
// CHECK:               vector.store %{{.+}}, %[[Y]][%[[R]],
// CHECK:               affine.yield %[[NEXT_RE]], %[[NEXT_IM]]
// CHECK-COUNT-8:     vector.store %{{.+}}, %[[S]][%c0,
// CHECK:           } else {
// CHECK:             affine.for %[[R:.+]] = 0 to 24 iter_args(%[[RE:[a-z0-9]+]] = %{{[0-9]+}}, %[[IM:[a-z0-9]+]] = %{{[0-9]+}},
// CHECK:               %[[XR:.+]] = vector.load %[[X]][%[[R]],
// CHECK:               %[[MR:.+]] = vector.load %[[MRE]]
// CHECK-NEXT:          %[[MI:.+]] = vector.load %[[MIM]]
// CHECK-NEXT:          %[[MINUS:.+]] = arith.negf %[[MI]]
// CHECK-NEXT:          %[[T1:.+]] = math.fma %[[MINUS]], %[[IM]], %[[XR]]
// CHECK-NEXT:          %[[T2:.+]] = math.fma %[[MR]], %[[RE]], %[[T1]]
// CHECK-NEXT:          %[[T3:.+]] = arith.mulf %[[MI]], %[[RE]]
// CHECK-NEXT:          %[[T4:.+]] = math.fma %[[MR]], %[[IM]], %[[T3]]
// CHECK-NEXT:          arith.addf %[[RE]], %[[T2]]
// CHECK-NEXT:          arith.addf %[[IM]], %[[T4]]
// CHECK:           memref.load %[[FLAGS]]
// CHECK:           scf.if
// CHECK-COUNT-2:     vector.load %[[S]][%c0,
// CHECK:             affine.for %[[R2:.+]] = 0 to 24
// CHECK:               %[[BEFORE:.+]] = vector.load %[[Y]][%[[R2]],
// CHECK:               math.fma %{{.+}}, %{{.+}}, %[[BEFORE]]
func.func @time_steps(%x: memref<24x32xf32>, %a: memref<2x5x16xf32>, %al: memref<2x5x16xf32>, %b: memref<2x5x16xf32>,
    %bl: memref<2x5x16xf32>, %m: memref<2x5x16xf32>, %n: memref<2x5x16xf32>, %c: memref<2x5x16xf32>, %d: memref<2x5x16xf32>,
    %k: memref<2x2xf32>, %y: memref<24x32xf32>, %s: memref<1x320xf32>) {
  ssm.channel_rows %x : memref<24x32xf32>
    factors(%a, %al, %b, %bl, %m, %n, %c, %d, %k : memref<2x5x16xf32>, memref<2x5x16xf32>, memref<2x5x16xf32>, memref<2x5x16xf32>, memref<2x5x16xf32>, memref<2x5x16xf32>, memref<2x5x16xf32>, memref<2x5x16xf32>, memref<2x2xf32>)
    outs(%y : memref<24x32xf32>, %s : memref<1x320xf32>)
  return
}

// -----

// Rows of streams: each row's states come from its stream's record and go back; y
// stays in a register over all modes.
// CHECK-LABEL: func.func @streams(
// CHECK-SAME:    %[[X:[a-z0-9]+]]: memref<24x32xf32>, %{{.+}}: memref<2x8x16xf32>, %[[FLAGS:[a-z0-9]+]]: memref<2x2xf32>, %[[Y:[a-z0-9]+]]: memref<24x32xf32>, %[[S:[a-z0-9]+]]: memref<?x512xf32>, %[[STREAMS:[a-z0-9]+]]: memref<24xindex>, %[[COUNT:[a-z0-9]+]]: index
// CHECK:         scf.for %[[R:.+]] = %c0 to %[[COUNT]]
// CHECK:           %[[STREAM:.+]] = memref.load %[[STREAMS]][%[[R]]]
// CHECK:           %[[SUM:.+]] = affine.for %{{.+}} = 0 to 8 step 4 iter_args(%{{.+}} = %{{.+}}) -> (vector<8xf32>) {
// CHECK:             memref.load %[[FLAGS]]
// CHECK:             scf.if %{{.+}} -> (vector<8xf32>) {
// CHECK-COUNT-8:       vector.load %[[S]][%[[STREAM]],
// CHECK-COUNT-8:       vector.store %{{.+}}, %[[S]][%[[STREAM]],
// CHECK:             } else {
// CHECK-COUNT-8:       vector.load %[[S]][%[[STREAM]],
// CHECK-COUNT-8:       vector.store %{{.+}}, %[[S]][%[[STREAM]],
// CHECK:           vector.store %[[SUM]], %[[Y]][%[[R]],
func.func @streams(%x: memref<24x32xf32>, %f: memref<2x8x16xf32>, %k: memref<2x2xf32>, %y: memref<24x32xf32>, %s: memref<?x512xf32>,
    %streams: memref<24xindex>, %count: index) {
  ssm.channel_rows %x : memref<24x32xf32>
    factors(%f, %f, %f, %f, %f, %f, %f, %f, %k : memref<2x8x16xf32>, memref<2x8x16xf32>, memref<2x8x16xf32>, memref<2x8x16xf32>, memref<2x8x16xf32>, memref<2x8x16xf32>, memref<2x8x16xf32>, memref<2x8x16xf32>, memref<2x2xf32>)
    outs(%y : memref<24x32xf32>, %s : memref<?x512xf32>) streams(%streams : memref<24xindex>) count %count
  return
}

// -----

// A user's own rows have no padding: lanes beyond them are 0, and not accessed.
// CHECK-LABEL: func.func @masked(
// CHECK:         vector.maskedload
// CHECK:         vector.maskedstore
func.func @masked(%x: memref<2x3xf32>, %f: memref<1x1x16xf32>, %k: memref<1x1xf32>, %y: memref<2x3xf32>, %s: memref<1x32xf32>) {
  ssm.channel_rows %x : memref<2x3xf32>
    factors(%f, %f, %f, %f, %f, %f, %f, %f, %k : memref<1x1x16xf32>, memref<1x1x16xf32>, memref<1x1x16xf32>, memref<1x1x16xf32>, memref<1x1x16xf32>, memref<1x1x16xf32>, memref<1x1x16xf32>, memref<1x1x16xf32>, memref<1x1xf32>)
    outs(%y : memref<2x3xf32>, %s : memref<1x32xf32>)
  return
}
