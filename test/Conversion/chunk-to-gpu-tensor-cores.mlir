// RUN: ssm-opt %s -convert-chunk-to-gpu=threads=128 -canonicalize -cse -split-input-file | FileCheck %s
// RUN: sed s/bf16x3/tf32/ %s | ssm-opt -convert-chunk-to-gpu=threads=128 -canonicalize -cse -split-input-file | FileCheck %s --check-prefix=TF32

// 4 warps are 2 panels by 2 fragments of 8 rows. Lane l has column l / 4 and that plus 8,
// of the bias on, and loads 4 inputs of row l / 4 from 4 (l mod 4) on.
// CHECK-LABEL: func.func @product(
// CHECK-SAME:    %[[X:[a-z0-9]+]]: memref<16x36xf32>, %[[W:[a-z0-9]+]]: memref<2x48x16xf32>, %[[BIAS:[a-z0-9]+]]: memref<2x16xf32>, %[[OUT:[a-z0-9]+]]: memref<16x32xf32>
// CHECK:         gpu.barrier
// CHECK:         %[[LANE:.+]] = arith.remui %{{.+}}, %c32
// CHECK-NEXT:    %[[WARP:.+]] = arith.divui %{{.+}}, %c32
// CHECK-NEXT:    %[[PANEL:.+]] = arith.remui %[[WARP]], %c2
// CHECK-NEXT:    %[[GROUP:.+]] = arith.divui %[[WARP]], %c2
// CHECK-NEXT:    %[[FIRST:.+]] = arith.muli %[[GROUP]], %c8
// All lanes are there.
// CHECK-NEXT:    nvvm.bar.warp.sync %c-1_i32
// CHECK-NEXT:    %[[J:.+]] = arith.divui %[[LANE]], %c4
// CHECK-NEXT:    %[[ROW:.+]] = arith.addi %[[FIRST]], %[[J]]
// CHECK-NEXT:    %[[B0:.+]] = memref.load %[[BIAS]][%[[PANEL]], %[[J]]]
// CHECK:         %[[B8:.+]] = memref.load %[[BIAS]][%[[PANEL]], %{{.+}}]
// CHECK-NEXT:    %{{.+}} = affine.for %[[K:.+]] = 0 to 32 step 16 iter_args(%[[C0:.+]] = %[[B0]], %[[C1:.+]] = %[[B0]], %[[C2:.+]] = %[[B8]], %[[C3:.+]] = %[[B8]])
// CHECK-NEXT:      %[[T:.+]] = arith.remui %[[LANE]], %c4
// CHECK-NEXT:      %[[AT:.+]] = arith.muli %[[T]], %c4
// CHECK-NEXT:      %[[KX:.+]] = arith.addi %[[K]], %[[AT]]
// CHECK-NEXT:      %[[V:.+]] = vector.load %[[X]][%[[ROW]], %[[KX]]] {alignment = 16 : i64} : memref<16x36xf32>, vector<4xf32>
// Split: what is more than the bf16, of both halves of a word.
// CHECK:           %[[HI:.+]] = arith.truncf %{{.+}} : vector<2xf32> to vector<2xbf16>
// CHECK-NEXT:      %[[HIBITS:.+]] = vector.bitcast %[[HI]] : vector<2xbf16> to vector<1xi32>
// CHECK-NEXT:      %[[HI01:.+]] = vector.extract %[[HIBITS]][0]
// CHECK:           %[[HI23:.+]] = vector.extract %{{.+}}[0] : i32
// CHECK-NEXT:      %[[SHIFTED:.+]] = arith.shli %[[HI01]], %c16_i32
// CHECK-NEXT:      %[[F0:.+]] = arith.bitcast %[[SHIFTED]] : i32 to f32
// CHECK-NEXT:      arith.subf %{{.+}}, %[[F0]]
// CHECK-NEXT:      arith.andi %[[HI01]], %c-65536_i32
// CHECK:           %[[LO01:.+]] = vector.extract %{{.+}}[0] : i32
// CHECK:           %[[LO23:.+]] = vector.extract %{{.+}}[0] : i32
// Weights by 16 bytes, hi and, 8 rows on, lo.
// CHECK:           vector.load %[[W]][%[[PANEL]], %{{.+}}, %[[AT]]] {alignment = 16 : i64} : memref<2x48x16xf32>, vector<4xf32>
// CHECK:           vector.load %[[W]][%[[PANEL]], %{{.+}}, %[[AT]]] {alignment = 16 : i64} : memref<2x48x16xf32>, vector<4xf32>
// CHECK:           %[[D:.+]] = nvvm.mma.sync A[%[[L0:.+]], %{{.+}}] B[%[[HI01]], %[[HI23]]] C[%[[C0]], %[[C1]], %[[C2]], %[[C3]]]
// CHECK-SAME:        multiplicandAPtxType = #nvvm.mma_type<bf16>{{.*}}shape = #nvvm.shape<m = 16, n = 8, k = 16>
// CHECK:           nvvm.mma.sync A[%[[H0:.+]], %{{.+}}] B[%[[LO01]], %[[LO23]]] C[
// CHECK:           nvvm.mma.sync A[%[[H0]], %{{.+}}] B[%[[HI01]], %[[HI23]]] C[
// CHECK-NOT:       nvvm.mma.sync
// CHECK:           affine.yield
// 36 = 32 + 4: those beyond are zeros, and not loaded.
// CHECK:         vector.load %[[X]][%[[ROW]], %c32]
// CHECK-NEXT:    %[[THERE:.+]] = arith.cmpi ult, %{{.+}}, %c4
// CHECK-NEXT:    arith.select %[[THERE]], %{{.+}} : vector<4xf32>
// CHECK-COUNT-3: nvvm.mma.sync
// CHECK-NOT:     nvvm.mma.sync
// Rows 2 (l mod 4) and the next have both columns each.
// CHECK:         %[[S0:.+]] = llvm.extractvalue %{{.+}}[0]
// CHECK-NEXT:    %[[S1:.+]] = llvm.extractvalue %{{.+}}[1]
// CHECK-NEXT:    %[[S2:.+]] = llvm.extractvalue %{{.+}}[2]
// CHECK-NEXT:    %[[S3:.+]] = llvm.extractvalue %{{.+}}[3]
// CHECK-NEXT:    %[[TWICE:.+]] = arith.muli %{{.+}}, %c2
// CHECK-NEXT:    %[[R0:.+]] = arith.addi %[[FIRST]], %[[TWICE]]
// CHECK:         memref.store %[[S0]], %[[OUT]][%[[R0]], %[[COLUMN:.+]]]
// CHECK:         memref.store %[[S2]], %[[OUT]][%[[R0]], %[[COLUMN8:.+]]]
// CHECK-NEXT:    %[[R1:.+]] = arith.addi %[[R0]], %c1
// CHECK-NEXT:    memref.store %[[S1]], %[[OUT]][%[[R1]], %[[COLUMN]]]
// CHECK-NEXT:    memref.store %[[S3]], %[[OUT]][%[[R1]], %[[COLUMN8]]]

// TF32-LABEL: func.func @product(
// TF32:         affine.for
// TF32:           %[[V0:.+]] = nvvm.convert.float.to.tf32 %{{.+}} {rnd = #nvvm.fp_rnd_mode<rna>}
// TF32-NEXT:      %[[V1:.+]] = nvvm.convert.float.to.tf32
// TF32-NEXT:      %[[V2:.+]] = nvvm.convert.float.to.tf32
// TF32-NEXT:      %[[V3:.+]] = nvvm.convert.float.to.tf32
// TF32:           nvvm.mma.sync A[%{{.+}}] B[%[[V0]], %[[V1]]] C[{{.+}}multiplicandAPtxType = #nvvm.mma_type<tf32>{{.*}}shape = #nvvm.shape<m = 16, n = 8, k = 8>
// TF32:           nvvm.mma.sync A[%{{.+}}] B[%[[V2]], %[[V3]]] C[
// TF32-NOT:       nvvm.mma.sync
// TF32:           affine.yield
func.func @product(%x: memref<16x36xf32>, %w: memref<2x48x16xf32>, %bias: memref<2x16xf32>, %out: memref<16x32xf32>) attributes {ssm.kind = "block", ssm.thread_tiles = array<i64: 2, 1, 4, 1>} {
  ssm.panel_map product(%x : memref<16x36xf32>, %w : memref<2x48x16xf32>, %bias : memref<2x16xf32>) tensor_cores(bf16x3 depth 36) outs(%out : memref<16x32xf32>) {
  ^bb0(%acc: vector<16xf32>, %o: vector<16xf32>):
    ssm.yield %acc : vector<16xf32>
  }
  return
}

// -----

// The caller's x: 9 features, of rows below %n only. Loads stay inside both.
// CHECK-LABEL: func.func @odd_sizes(
// CHECK-SAME:    %[[X:[a-z0-9]+]]: memref<8x9xf32>, {{.*}}, %[[N:[a-z0-9]+]]: index
// CHECK:         %[[ISTHERE:.+]] = arith.cmpi ult, %{{.+}}, %[[N]]
// CHECK-NEXT:    scf.if %[[ISTHERE]]
// CHECK:           nvvm.bar.warp.sync
// CHECK:           %[[LAST:.+]] = arith.addi %[[N]], %c-1
// CHECK:           %[[ROW:.+]] = arith.minui %{{.+}}, %[[LAST]]
// CHECK:           %[[NEAR:.+]] = arith.minui %{{.+}}, %c8
// CHECK-NEXT:      %[[V:.+]] = memref.load %[[X]][%[[ROW]], %[[NEAR]]]
// CHECK-NEXT:      %[[INSIDE:.+]] = arith.cmpi ult, %{{.+}}, %c9
// CHECK-NEXT:      arith.select %[[INSIDE]], %[[V]], %cst
// CHECK-COUNT-3:   nvvm.mma.sync
// CHECK-NOT:       nvvm.mma.sync
// CHECK:           %[[EXISTS:.+]] = arith.cmpi ult, %{{.+}}, %[[N]]
// CHECK-NEXT:      scf.if %[[EXISTS]]
func.func @odd_sizes(%x: memref<8x9xf32>, %w: memref<1x16x16xf32>, %out: memref<8x16xf32>, %n: index) {
  ssm.panel_map product(%x : memref<8x9xf32>, %w : memref<1x16x16xf32>) tensor_cores(bf16x3 depth 9) outs(%out : memref<8x16xf32>) count %n {
  ^bb0(%acc: vector<16xf32>, %o: vector<16xf32>):
    ssm.yield %acc : vector<16xf32>
  }
  return
}
