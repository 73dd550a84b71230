// RUN: ssm-opt %s -convert-chunk-to-loops -canonicalize -cse -split-input-file | FileCheck %s

// Rows below the count; a panel of features is one vector of counters, whose two
// words a carry connects. What is kept is an integer compared with ceil(0.75 2^23).
// The last panel's lanes beyond the row are masked.
// CHECK-LABEL: func.func @drop(
// CHECK-SAME:    %[[OUT:.+]]: memref<24x20xf32>, %[[KEY:.+]]: memref<2xi32>, %[[T:.+]]: index, %[[N:.+]]: index)
// CHECK-DAG:     %[[KEPT:.+]] = arith.constant dense<7.500000e-01> : vector<16xf32>
// CHECK-DAG:     %[[THRESHOLD:.+]] = arith.constant dense<6291456> : vector<16xi32>
// CHECK-DAG:     %[[LANES:.+]] = arith.constant dense<[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15]>
// CHECK-DAG:     %[[PARITY:.+]] = arith.constant dense<466688986>
// CHECK-DAG:     %[[FEATURES:.+]] = arith.constant 20 : index
// CHECK:         scf.for %[[R:.+]] = %{{.+}} to %[[N]] step
// CHECK:           %[[STEP:.+]] = arith.addi %[[T]], %[[R]]
// CHECK:           %[[START:.+]] = arith.muli %[[STEP]], %[[FEATURES]]
// CHECK:           affine.for %[[H:.+]] = 0 to 20 step 16
// CHECK:             arith.addi %[[START]], %[[H]]
// CHECK:             %[[LOW:.+]] = arith.addi %{{.+}}, %[[LANES]]
// CHECK:             arith.cmpi ult, %[[LOW]], %[[LANES]]
// CHECK-COUNT-20:    arith.shli
// CHECK:             %[[IS:.+]] = arith.cmpi ult, %{{.+}}, %[[THRESHOLD]]
// CHECK:             %[[X:.+]] = vector.maskedload %[[OUT]][%[[R]], %[[H]]]
// CHECK:             %[[Q:.+]] = arith.divf %[[X]], %[[KEPT]]
// CHECK:             %[[Y:.+]] = arith.select %[[IS]], %[[Q]],
// CHECK:             vector.maskedstore %[[OUT]][%[[R]], %[[H]]], %{{.+}}, %[[Y]]
func.func @drop(%h: memref<24x20xf32>, %key: memref<2xi32>, %t: index, %n: index) {
  ssm.drop_rows %h : memref<24x20xf32> key(%key : memref<2xi32>) from %t features 20 rate 0.25 count %n
  return
}

// -----

// One mask for all features of a row: the counter is the time step.
// CHECK-LABEL: func.func @one_mask(
// CHECK-SAME:    %[[OUT:.+]]: memref<8x16xf32>, %[[KEY:.+]]: memref<2xi32>, %[[T:.+]]: index)
// CHECK-NOT:     dense<[0, 1, 2
// CHECK:         scf.for %[[R:.+]] =
// CHECK:           %[[STEP:.+]] = arith.addi %[[T]], %[[R]]
// CHECK-NEXT:      %[[COUNTER:.+]] = arith.index_cast %[[STEP]]
// CHECK-NEXT:      %[[WORD:.+]] = arith.trunci %[[COUNTER]]
func.func @one_mask(%h: memref<8x16xf32>, %key: memref<2xi32>, %t: index) {
  ssm.drop_rows %h : memref<8x16xf32> key(%key : memref<2xi32>) from %t features 16 rate 0.25 {ssm.one_mask}
  return
}
