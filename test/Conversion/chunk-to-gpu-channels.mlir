// RUN: ssm-opt %s -convert-chunk-to-gpu=threads=128 -canonicalize -cse -split-input-file | FileCheck %s

// Four threads share each of 32 channels, a mode each. In turn `now` of 9, thread t is at
// rows 4 (now - t) to 4 (now - t) + 3 of 24, so that y is summed in the order of modes; then all meet.
// CHECK-LABEL: func.func @turns(
// CHECK-SAME:    %[[X:[a-z0-9]+]]: memref<24x32xf32>, {{.+}}, %[[Y:[a-z0-9]+]]: memref<24x32xf32>, %[[S:[a-z0-9]+]]: memref<1x256xf32>
// CHECK:         %[[THREAD:.+]] = gpu.thread_id
// CHECK:         %[[CHANNEL:.+]] = arith.remui %[[THREAD]], %c32
// CHECK:         %[[MODE:.+]] = arith.divui %[[THREAD]], %c32
// CHECK-NEXT:    %[[WORKS:.+]] = arith.cmpi ult, %[[MODE]], %c4
// CHECK-NEXT:    %[[T:.+]] = arith.minui %[[MODE]], %c3
// CHECK-NEXT:    %[[FIRST:.+]] = arith.cmpi ult, %[[T]], %c1
// CHECK:         %[[ENDS:.+]]:2 = affine.for %[[NOW:.+]] = 0 to 9 iter_args(%[[RE:.+]] = %{{.+}}, %[[IM:.+]] = %{{.+}}) -> (f32, f32) {
// CHECK-NEXT:      %[[EARLY:.+]] = arith.cmpi ult, %[[NOW]], %[[T]]
// CHECK-NEXT:      %[[SINCE:.+]] = arith.subi %[[NOW]], %[[T]]
// CHECK-NEXT:      %[[ROW:.+]] = arith.muli %[[SINCE]], %c4
// CHECK-NEXT:      %[[FROM:.+]] = arith.select %[[EARLY]], %c0, %[[ROW]]
// CHECK-NEXT:      %[[END:.+]] = arith.addi %[[FROM]], %c4
// CHECK-NEXT:      %[[INSIDE:.+]] = arith.minui %[[END]], %c24
// CHECK-NEXT:      %[[LATE:.+]] = arith.select %[[EARLY]], %c0, %[[INSIDE]]
// CHECK-NEXT:      %[[TO:.+]] = arith.select %[[WORKS]], %[[LATE]], %c0
// CHECK-NEXT:      %[[NEXT:.+]]:2 = scf.for %[[R:.+]] = %[[FROM]] to %[[TO]] step %c1 iter_args(%{{.+}} = %[[RE]], %{{.+}} = %[[IM]])
// CHECK-NEXT:        %[[BEFORE:.+]] = memref.load %[[Y]][%[[R]], %[[CHANNEL]]]
// CHECK-NEXT:        %[[SUM:.+]] = arith.select %[[FIRST]], %cst, %[[BEFORE]]
// CHECK-NEXT:        memref.load %[[X]][%[[R]], %[[CHANNEL]]]
// CHECK:             %[[SUM_RE:.+]] = math.fma %{{.+}}, %{{.+}}, %[[SUM]]
// CHECK-NEXT:        %[[SUM_IM:.+]] = math.fma %{{.+}}, %{{.+}}, %[[SUM_RE]]
// CHECK-NEXT:        memref.store %[[SUM_IM]], %[[Y]][%[[R]], %[[CHANNEL]]]
// CHECK:           gpu.barrier
// CHECK-NEXT:      affine.yield %[[NEXT]]#0, %[[NEXT]]#1
// CHECK:         scf.if %[[WORKS]] {
// CHECK-NEXT:      memref.store %[[ENDS]]#0, %[[S]][
// CHECK-NEXT:      memref.store %[[ENDS]]#1, %[[S]][
func.func @turns(%x: memref<24x32xf32>, %a: memref<2x4x16xf32>, %al: memref<2x4x16xf32>, %b: memref<2x4x16xf32>, %bl: memref<2x4x16xf32>, %m: memref<2x4x16xf32>, %n: memref<2x4x16xf32>, %c: memref<2x4x16xf32>, %d: memref<2x4x16xf32>, %k: memref<2x1xf32>, %y: memref<24x32xf32>, %s: memref<1x256xf32>) {
  ssm.channel_rows %x : memref<24x32xf32>
    factors(%a, %al, %b, %bl, %m, %n, %c, %d, %k : memref<2x4x16xf32>, memref<2x4x16xf32>, memref<2x4x16xf32>, memref<2x4x16xf32>, memref<2x4x16xf32>, memref<2x4x16xf32>, memref<2x4x16xf32>, memref<2x4x16xf32>, memref<2x1xf32>)
    outs(%y : memref<24x32xf32>, %s : memref<1x256xf32>)
  return
}

// -----

// Of 32 modes each thread has four in a first pass, and four in a second one, which
// begins when all have been through all rows.
// CHECK-LABEL: func.func @passes(
// CHECK:         %[[T:.+]] = arith.minui %{{.+}}, %c3
// CHECK:         affine.for %[[PASS:.+]] = 0 to 2 {
// CHECK-NEXT:      %[[PASSED:.+]] = arith.muli %[[PASS]], %c4
// CHECK-NEXT:      %[[NUMBER:.+]] = arith.addi %[[PASSED]], %[[T]]
// CHECK-NEXT:      %[[MODE:.+]] = arith.muli %[[NUMBER]], %c4
// CHECK-NEXT:      arith.cmpi ult, %[[NUMBER]], %c1
func.func @passes(%x: memref<24x32xf32>, %a: memref<2x32x16xf32>, %al: memref<2x32x16xf32>, %b: memref<2x32x16xf32>, %bl: memref<2x32x16xf32>, %m: memref<2x32x16xf32>, %n: memref<2x32x16xf32>, %c: memref<2x32x16xf32>, %d: memref<2x32x16xf32>, %k: memref<2x8xf32>, %y: memref<24x32xf32>, %s: memref<1x2048xf32>) {
  ssm.channel_rows %x : memref<24x32xf32>
    factors(%a, %al, %b, %bl, %m, %n, %c, %d, %k : memref<2x32x16xf32>, memref<2x32x16xf32>, memref<2x32x16xf32>, memref<2x32x16xf32>, memref<2x32x16xf32>, memref<2x32x16xf32>, memref<2x32x16xf32>, memref<2x32x16xf32>, memref<2x8xf32>)
    outs(%y : memref<24x32xf32>, %s : memref<1x2048xf32>)
  return
}

// -----

// Seven modes are not to be shared among four threads, nor are few rows: a thread takes
// all modes of its channel, four at a time.
// CHECK-LABEL: func.func @alone(
// CHECK:         %[[HAS_WORK:.+]] = arith.cmpi ult, %{{.+}}, %c32
// CHECK-NEXT:    scf.if %[[HAS_WORK]] {
// CHECK:           scf.for %{{.+}} = %c0 to %c24 step %c1 iter_args(%{{.+}}, %{{.+}}, %{{.+}}, %{{.+}}, %{{.+}}, %{{.+}}, %{{.+}}, %{{.+}})
// CHECK:           scf.for %{{.+}} = %c0 to %c24 step %c1 iter_args(%{{.+}}, %{{.+}}, %{{.+}}, %{{.+}}, %{{.+}}, %{{.+}})
// CHECK-NOT:       gpu.barrier
func.func @alone(%x: memref<24x32xf32>, %a: memref<2x7x16xf32>, %al: memref<2x7x16xf32>, %b: memref<2x7x16xf32>, %bl: memref<2x7x16xf32>, %m: memref<2x7x16xf32>, %n: memref<2x7x16xf32>, %c: memref<2x7x16xf32>, %d: memref<2x7x16xf32>, %k: memref<2x2xf32>, %y: memref<24x32xf32>, %s: memref<1x448xf32>) {
  ssm.channel_rows %x : memref<24x32xf32>
    factors(%a, %al, %b, %bl, %m, %n, %c, %d, %k : memref<2x7x16xf32>, memref<2x7x16xf32>, memref<2x7x16xf32>, memref<2x7x16xf32>, memref<2x7x16xf32>, memref<2x7x16xf32>, memref<2x7x16xf32>, memref<2x7x16xf32>, memref<2x2xf32>)
    outs(%y : memref<24x32xf32>, %s : memref<1x448xf32>)
  return
}

// CHECK-LABEL: func.func @few_rows(
// CHECK:         scf.for %{{.+}} = %c0 to %c6 step %c1 iter_args(%{{.+}}, %{{.+}}, %{{.+}}, %{{.+}}, %{{.+}}, %{{.+}}, %{{.+}}, %{{.+}})
func.func @few_rows(%x: memref<6x32xf32>, %a: memref<2x4x16xf32>, %al: memref<2x4x16xf32>, %b: memref<2x4x16xf32>, %bl: memref<2x4x16xf32>, %m: memref<2x4x16xf32>, %n: memref<2x4x16xf32>, %c: memref<2x4x16xf32>, %d: memref<2x4x16xf32>, %k: memref<2x1xf32>, %y: memref<6x32xf32>, %s: memref<1x256xf32>) {
  ssm.channel_rows %x : memref<6x32xf32>
    factors(%a, %al, %b, %bl, %m, %n, %c, %d, %k : memref<2x4x16xf32>, memref<2x4x16xf32>, memref<2x4x16xf32>, memref<2x4x16xf32>, memref<2x4x16xf32>, memref<2x4x16xf32>, memref<2x4x16xf32>, memref<2x4x16xf32>, memref<2x1xf32>)
    outs(%y : memref<6x32xf32>, %s : memref<1x256xf32>)
  return
}

// -----

// Chunks side by side: turns begin with the state that enters, and the stream's record
// changes when its last chunk is through.
// CHECK-LABEL: func.func @linked(
// CHECK-SAME:    %[[S:[a-z0-9]+]]: memref<?x256xf32, strided<[?, 1], offset: ?>>, %{{[a-z0-9]+}}: memref<?x256xf32, strided<[?, 1], offset: ?>>, %{{[a-z0-9]+}}: memref<?x256xf32, strided<[?, 1], offset: ?>>, %{{[a-z0-9]+}}: !llvm.ptr, %{{[a-z0-9]+}}: index, %[[LAST:[a-z0-9]+]]: i1
// CHECK-COUNT-3: llvm.store %c1_i32
// CHECK:         %[[RE:.+]] = arith.truncf %{{.+}} : f64 to f32
// CHECK-NEXT:    %[[IM:.+]] = arith.truncf %{{.+}} : f64 to f32
// CHECK:         affine.for %{{.+}} = 0 to 9 iter_args(%{{.+}} = %[[RE]], %{{.+}} = %[[IM]])
// CHECK:           gpu.barrier
// CHECK-NEXT:      affine.yield
// CHECK:         %[[ENDS:.+]] = arith.andi %{{.+}}, %[[LAST]]
// CHECK-NEXT:    scf.if %[[ENDS]] {
// CHECK-NEXT:      memref.store %{{.+}}, %[[S]][
func.func @linked(%x: memref<24x32xf32>, %a: memref<2x4x16xf32>, %al: memref<2x4x16xf32>, %b: memref<2x4x16xf32>, %bl: memref<2x4x16xf32>, %m: memref<2x4x16xf32>, %n: memref<2x4x16xf32>, %c: memref<2x4x16xf32>, %d: memref<2x4x16xf32>, %k: memref<2x1xf32>, %y: memref<24x32xf32>, %s: memref<?x256xf32, strided<[?, 1], offset: ?>>, %published: memref<?x256xf32, strided<[?, 1], offset: ?>>, %entering: memref<?x256xf32, strided<[?, 1], offset: ?>>, %flags: !llvm.ptr, %chunk: index, %last: i1) attributes {ssm.variant = "linked", ssm.linked_carries = 1 : i64} {
  ssm.channel_rows %x : memref<24x32xf32>
    factors(%a, %al, %b, %bl, %m, %n, %c, %d, %k : memref<2x4x16xf32>, memref<2x4x16xf32>, memref<2x4x16xf32>, memref<2x4x16xf32>, memref<2x4x16xf32>, memref<2x4x16xf32>, memref<2x4x16xf32>, memref<2x4x16xf32>, memref<2x1xf32>)
    outs(%y : memref<24x32xf32>, %s : memref<?x256xf32, strided<[?, 1], offset: ?>>)
  return
}
