// RUN: ssm-opt %s -ssm-lower-pack-panels | FileCheck %s

// CHECK-LABEL: func.func @plain(
// CHECK-SAME:    %[[W:.+]]: tensor<20x4xf64>
// CHECK-NOT:     ssm.pack_panels
// CHECK:         linalg.generic {{.*}} outs(%{{.+}} : tensor<2x4x16xf32>)
// CHECK-DAG:       %[[P:.+]] = linalg.index 0
// CHECK-DAG:       %[[J:.+]] = linalg.index 2
// CHECK-DAG:       %[[K:.+]] = linalg.index 1
// CHECK-DAG:       %[[C16:.+]] = arith.constant 16
// CHECK:           %[[BASE:.+]] = arith.muli %[[P]], %[[C16]]
// CHECK:           %[[O:.+]] = arith.addi %[[BASE]], %[[J]]
// CHECK:           %[[C20:.+]] = arith.constant 20
// CHECK:           %[[VALID:.+]] = arith.cmpi slt, %[[O]], %[[C20]]
// Nothing beyond the matrix is read.
// CHECK:           %[[SAFE:.+]] = arith.select %[[VALID]], %[[O]], %{{.+}}
// CHECK:           %[[V:.+]] = tensor.extract %[[W]][%[[SAFE]], %[[K]]] : tensor<20x4xf64>
// CHECK:           %[[ZERO:.+]] = arith.constant 0.000000e+00 : f64
// CHECK:           %[[LANE:.+]] = arith.select %[[VALID]], %[[V]], %[[ZERO]]
// CHECK:           %[[R:.+]] = arith.truncf %[[LANE]] : f64 to f32
// CHECK:           linalg.yield %[[R]]
func.func @plain(%w: tensor<20x4xf64>) -> tensor<2x4x16xf32> {
  %p = ssm.pack_panels %w : tensor<20x4xf64> -> tensor<2x4x16xf32>
  return %p : tensor<2x4x16xf32>
}

// The plane is lane / 8, the mode 8 g + lane % 8, the feature plane N + mode.
// CHECK-LABEL: func.func @paired_out(
// CHECK:         linalg.generic
// CHECK-DAG:       %[[G:.+]] = linalg.index 0
// CHECK-DAG:       %[[J:.+]] = linalg.index 1
// CHECK-DAG:       %[[C8:.+]] = arith.constant 8
// CHECK:           %[[PLANE:.+]] = arith.divui %[[J]], %[[C8]]
// CHECK:           %[[WITHIN:.+]] = arith.remui %[[J]], %[[C8]]
// CHECK:           %[[BASE:.+]] = arith.muli %[[G]], %[[C8]]
// CHECK:           %[[MODE:.+]] = arith.addi %[[BASE]], %[[WITHIN]]
// CHECK:           %[[N:.+]] = arith.constant 12
// CHECK:           %[[SHIFT:.+]] = arith.muli %[[PLANE]], %[[N]]
// CHECK:           %[[FEATURE:.+]] = arith.addi %[[SHIFT]], %[[MODE]]
// CHECK:           %[[VALID:.+]] = arith.cmpi slt, %[[MODE]],
// CHECK:           arith.select %[[VALID]], %[[FEATURE]],
func.func @paired_out(%b: tensor<24xf32>) -> tensor<2x16xf32> {
  %p = ssm.pack_panels %b {paired_out} : tensor<24xf32> -> tensor<2x16xf32>
  return %p : tensor<2x16xf32>
}

// CHECK-LABEL: func.func @paired_in(
// CHECK:         linalg.generic {{.*}} outs(%{{.+}} : tensor<1x16x16xf32>)
// CHECK:           %[[K:.+]] = linalg.index 1
// CHECK:           %[[ROWVALID:.+]] = arith.cmpi slt
// CHECK:           %[[LANES:.+]] = arith.constant 16
// CHECK:           arith.divui %[[K]], %[[LANES]]
// CHECK:           %[[COLUMNVALID:.+]] = arith.cmpi slt
// CHECK:           %[[VALID:.+]] = arith.andi %[[ROWVALID]], %[[COLUMNVALID]]
// CHECK:           arith.select %[[VALID]]
func.func @paired_in(%c: tensor<4x6xf32>) -> tensor<1x16x16xf32> {
  %p = ssm.pack_panels %c {paired_in} : tensor<4x6xf32> -> tensor<1x16x16xf32>
  return %p : tensor<1x16x16xf32>
}
