// RUN: ssm-opt %s -ssm-outline-units -split-input-file | FileCheck %s

// Two blocks of one shape share a function, which takes sequences, then states,
// then the parameters of each call, and has the arithmetic on them. A block of
// another width has its own.
// CHECK-LABEL: func.func private @input(
// CHECK-SAME:    %[[X:.+]]: tensor<?x?x3xf32>, %[[W:.+]]: tensor<4x3xf32> {ssm.parameter}) -> tensor<?x?x4xf32> attributes {ssm.unit = "input"}
// CHECK-NEXT:    %[[Y:.+]] = ssm.linear %[[X]], %[[W]]
// CHECK-NEXT:    return %[[Y]]
// CHECK:       func.func private @block0(
// CHECK-SAME:    %[[X:[a-z0-9]+]]: tensor<?x?x4xf32>, %[[S:[a-z0-9]+]]: tensor<?x2x2xf32>, %[[A:[a-z0-9]+]]: tensor<2xf64> {ssm.parameter})
// CHECK-SAME:    -> (tensor<?x?x4xf32>, tensor<?x2x2xf32>) attributes {ssm.unit = "block"}
// CHECK-NEXT:    %[[E:.+]] = math.exp %[[A]]
// CHECK-NEXT:    %[[Y:.+]], %[[NEW:.+]] = ssm.scan diagonal %[[X]], %[[S]] coefficients(%[[E]], %[[E]]
// CHECK-NEXT:    %[[R:.+]] = ssm.add %[[X]], %[[Y]]
// CHECK-NEXT:    return %[[R]], %[[NEW]]
// CHECK:       func.func private @block1(
// CHECK-SAME:    tensor<?x?x4xf32>, {{.*}}: tensor<?x2x2x2xf32>
// CHECK:         ssm.scan oscillator
// CHECK-NOT:   func.func private @block
// CHECK-LABEL: func.func @model(
// CHECK-SAME:    %[[X:[a-z0-9]+]]: tensor<?x?x3xf32>, %[[S:[a-z0-9]+]]: tensor<?x2x2xf32>, %[[T:[a-z0-9]+]]: tensor<?x2x2xf32>, %[[U:[a-z0-9]+]]: tensor<?x2x2x2xf32>
// CHECK:         %[[A:.+]] = ssm.parameter "log"
// CHECK:         %[[B:.+]] = ssm.parameter "b"
// CHECK-NOT:     math.exp
// CHECK:         %[[E:.+]] = call @input(%[[X]], %
// CHECK:         %[[Y:.+]]:2 = call @block0(%[[E]], %[[S]], %[[A]]) {{.*}}ssm.path = "layers.1.blocks.0"
// CHECK:         %[[Z:.+]]:2 = call @block0(%[[Y]]#0, %[[T]], %[[B]]) {{.*}}ssm.path = "layers.1.blocks.1"
// CHECK:         %[[V:.+]]:2 = call @block1(%[[Z]]#0, %[[U]], %[[B]]) {{.*}}ssm.path = "layers.2.blocks.0"
// The last unit is a block, which works in place: the output is copied from it.
// CHECK:         %[[OUT:.+]] = call @output(%[[V]]#0)
// CHECK:         return %[[OUT]], %[[Y]]#1, %[[Z]]#1, %[[V]]#1
func.func @model(%x: tensor<?x?x3xf32>, %s: tensor<?x2x2xf32>, %t: tensor<?x2x2xf32>, %u: tensor<?x2x2x2xf32>)
    -> (tensor<?x?x4xf32>, tensor<?x2x2xf32>, tensor<?x2x2xf32>, tensor<?x2x2x2xf32>) {
  %w = ssm.parameter "w" : tensor<4x3xf32>
  %log = ssm.parameter "log" : tensor<2xf64>
  %b = ssm.parameter "b" : tensor<2xf64>
  %e = ssm.linear %x, %w : (tensor<?x?x3xf32>, tensor<4x3xf32>) -> tensor<?x?x4xf32>
  %a = math.exp %log : tensor<2xf64>
  %d = math.exp %b : tensor<2xf64>
  %y, %s1 = ssm.block "layers.1.blocks.0" (%e, %s) : (tensor<?x?x4xf32>, tensor<?x2x2xf32>) -> (tensor<?x?x4xf32>, tensor<?x2x2xf32>) {
  ^bb0(%v: tensor<?x?x4xf32>, %c: tensor<?x2x2xf32>):
    %m, %c1 = ssm.scan diagonal %v, %c coefficients(%a, %a : tensor<2xf64>, tensor<2xf64>) : tensor<?x?x4xf32>, tensor<?x2x2xf32>
    %r = ssm.add %v, %m : (tensor<?x?x4xf32>, tensor<?x?x4xf32>) -> tensor<?x?x4xf32>
    ssm.yield %r, %c1 : tensor<?x?x4xf32>, tensor<?x2x2xf32>
  }
  %z, %t1 = ssm.block "layers.1.blocks.1" (%y, %t) : (tensor<?x?x4xf32>, tensor<?x2x2xf32>) -> (tensor<?x?x4xf32>, tensor<?x2x2xf32>) {
  ^bb0(%v: tensor<?x?x4xf32>, %c: tensor<?x2x2xf32>):
    %m, %c1 = ssm.scan diagonal %v, %c coefficients(%d, %d : tensor<2xf64>, tensor<2xf64>) : tensor<?x?x4xf32>, tensor<?x2x2xf32>
    %r = ssm.add %v, %m : (tensor<?x?x4xf32>, tensor<?x?x4xf32>) -> tensor<?x?x4xf32>
    ssm.yield %r, %c1 : tensor<?x?x4xf32>, tensor<?x2x2xf32>
  }
  %q, %u1 = ssm.block "layers.2.blocks.0" (%z, %u) : (tensor<?x?x4xf32>, tensor<?x2x2x2xf32>) -> (tensor<?x?x4xf32>, tensor<?x2x2x2xf32>) {
  ^bb0(%v: tensor<?x?x4xf32>, %c: tensor<?x2x2x2xf32>):
    %m, %c1 = ssm.scan oscillator %v, %c coefficients(%b, %b, %b : tensor<2xf64>, tensor<2xf64>, tensor<2xf64>) : tensor<?x?x4xf32>, tensor<?x2x2x2xf32>
    %r = ssm.add %v, %m : (tensor<?x?x4xf32>, tensor<?x?x4xf32>) -> tensor<?x?x4xf32>
    ssm.yield %r, %c1 : tensor<?x?x4xf32>, tensor<?x2x2x2xf32>
  }
  return %q, %s1, %t1, %u1 : tensor<?x?x4xf32>, tensor<?x2x2xf32>, tensor<?x2x2xf32>, tensor<?x2x2x2xf32>
}

// -----

// Neither an encoder nor a head: the user's rows are copied in and out.
// CHECK-LABEL: func.func private @input(
// CHECK-SAME:    %[[X:.+]]: tensor<?x?x4xf32>) -> tensor<?x?x4xf32>
// CHECK-NEXT:    return %[[X]]
// CHECK:       func.func private @output(
// CHECK-SAME:    %[[X:.+]]: tensor<?x?x4xf32>) -> tensor<?x?x4xf32>
// CHECK-NEXT:    return %[[X]]
// CHECK-LABEL: func.func @model(
// CHECK-SAME:    %[[X:.+]]: tensor<?x?x4xf32>
// CHECK-NEXT:    %[[IN:.+]] = call @input(%[[X]])
// CHECK-NEXT:    %[[Y:.+]] = call @block0(%[[IN]])
// CHECK-NEXT:    %[[OUT:.+]] = call @output(%[[Y]])
// CHECK-NEXT:    return %[[OUT]]
func.func @model(%x: tensor<?x?x4xf32>) -> tensor<?x?x4xf32> {
  %y = ssm.block "layers.0" (%x) : (tensor<?x?x4xf32>) -> tensor<?x?x4xf32> {
  ^bb0(%v: tensor<?x?x4xf32>):
    %g = ssm.gelu %v : tensor<?x?x4xf32>
    ssm.yield %g : tensor<?x?x4xf32>
  }
  return %y : tensor<?x?x4xf32>
}

// -----

// What comes after the mean over time is a unit of its own: it runs once per
// answer, not per row.
// CHECK-LABEL: func.func private @pool(
// CHECK-SAME:    attributes {ssm.unit = "pool"}
// CHECK-NEXT:    ssm.mean_pool
// CHECK:       func.func private @answer(
// CHECK-SAME:    %[[P:[a-z0-9]+]]: tensor<?x4xf32>, {{.*}} attributes {ssm.unit = "answer"}
// CHECK-NEXT:    %[[Y:.+]] = ssm.linear %[[P]]
// CHECK-NEXT:    ssm.log_softmax %[[Y]]
// CHECK-LABEL: func.func @model(
// CHECK:         call @input
// CHECK:         %[[P:.+]]:3 = call @pool
// CHECK:         %[[Y:.+]] = call @answer(%[[P]]#0, %{{.+}})
// CHECK:         return %[[Y]], %[[P]]#1, %[[P]]#2
func.func @model(%x: tensor<?x?x4xf32>, %sums: tensor<?x4xf64>, %count: tensor<?xi64>)
    -> (tensor<?x10xf32>, tensor<?x4xf64>, tensor<?xi64>) {
  %w = ssm.parameter "w" : tensor<10x4xf32>
  %g = ssm.gelu %x : tensor<?x?x4xf32>
  %p, %sums1, %count1 = ssm.mean_pool %g, %sums, %count : tensor<?x?x4xf32>, tensor<?x4xf64>, tensor<?xi64> -> tensor<?x4xf32>
  %y = ssm.linear %p, %w : (tensor<?x4xf32>, tensor<10x4xf32>) -> tensor<?x10xf32>
  %l = ssm.log_softmax %y : tensor<?x10xf32>
  return %l, %sums1, %count1 : tensor<?x10xf32>, tensor<?x4xf64>, tensor<?xi64>
}

// -----

// A model that ends in the mean has an answer, too: the mean itself.
// CHECK-LABEL: func.func private @answer(
// CHECK-SAME:    %[[P:.+]]: tensor<?x4xf32>) -> tensor<?x4xf32> attributes {ssm.unit = "answer"}
// CHECK-NEXT:    return %[[P]]
// CHECK-LABEL: func.func @model(
// CHECK:         %[[P:.+]]:3 = call @pool
// CHECK:         %[[Y:.+]] = call @answer(%[[P]]#0)
// CHECK:         return %[[Y]], %[[P]]#1, %[[P]]#2
func.func @model(%x: tensor<?x?x4xf32>, %sums: tensor<?x4xf64>, %count: tensor<?xi64>)
    -> (tensor<?x4xf32>, tensor<?x4xf64>, tensor<?xi64>) {
  %g = ssm.gelu %x : tensor<?x?x4xf32>
  %p, %sums1, %count1 = ssm.mean_pool %g, %sums, %count : tensor<?x?x4xf32>, tensor<?x4xf64>, tensor<?xi64> -> tensor<?x4xf32>
  return %p, %sums1, %count1 : tensor<?x4xf32>, tensor<?x4xf64>, tensor<?xi64>
}

// -----

// Constants go along, in the order of their first use: objects are reproducible.
// CHECK-LABEL: func.func private @input(
// CHECK-NEXT:    %{{.+}} = arith.constant dense<0.000000e+00>
// CHECK-NEXT:    %{{.+}} = arith.constant dense<1.000000e+00>
// CHECK-NEXT:    %{{.+}} = arith.constant dense<2.000000e+00>
// CHECK-NEXT:    %{{.+}} = arith.constant dense<3.000000e+00>
// CHECK-NEXT:    %{{.+}} = arith.constant dense<4.000000e+00>
// CHECK-NEXT:    %{{.+}} = arith.constant dense<5.000000e+00>
// CHECK-NEXT:    %{{.+}} = arith.constant dense<6.000000e+00>
// CHECK-NEXT:    %{{.+}} = arith.constant dense<7.000000e+00>
// CHECK-NEXT:    %{{.+}} = arith.constant dense<8.000000e+00>
// CHECK-NEXT:    %{{.+}} = arith.constant dense<9.000000e+00>
// CHECK-NEXT:    %{{.+}} = arith.constant dense<1.000000e+01>
// CHECK-NEXT:    %{{.+}} = arith.constant dense<1.100000e+01>
// CHECK-NEXT:    %{{.+}} = arith.constant dense<1.200000e+01>
// CHECK-NEXT:    %{{.+}} = arith.constant dense<1.300000e+01>
// CHECK-NEXT:    %{{.+}} = arith.constant dense<1.400000e+01>
// CHECK-NEXT:    %{{.+}} = arith.constant dense<1.500000e+01>
// CHECK-NEXT:    %{{.+}} = arith.constant dense<1.600000e+01>
// CHECK-NEXT:    %{{.+}} = arith.constant dense<1.700000e+01>
// CHECK-NEXT:    %{{.+}} = arith.constant dense<1.800000e+01>
// CHECK-NEXT:    %{{.+}} = arith.constant dense<1.900000e+01>
// CHECK-NEXT:    %{{.+}} = ssm.shift
func.func @model(%x: tensor<?x?x4xf32>) -> tensor<?x?x4xf32> {
  %c19 = arith.constant dense<19.0> : tensor<4xf64>
  %c18 = arith.constant dense<18.0> : tensor<4xf64>
  %c17 = arith.constant dense<17.0> : tensor<4xf64>
  %c16 = arith.constant dense<16.0> : tensor<4xf64>
  %c15 = arith.constant dense<15.0> : tensor<4xf64>
  %c14 = arith.constant dense<14.0> : tensor<4xf64>
  %c13 = arith.constant dense<13.0> : tensor<4xf64>
  %c12 = arith.constant dense<12.0> : tensor<4xf64>
  %c11 = arith.constant dense<11.0> : tensor<4xf64>
  %c10 = arith.constant dense<10.0> : tensor<4xf64>
  %c9 = arith.constant dense<9.0> : tensor<4xf64>
  %c8 = arith.constant dense<8.0> : tensor<4xf64>
  %c7 = arith.constant dense<7.0> : tensor<4xf64>
  %c6 = arith.constant dense<6.0> : tensor<4xf64>
  %c5 = arith.constant dense<5.0> : tensor<4xf64>
  %c4 = arith.constant dense<4.0> : tensor<4xf64>
  %c3 = arith.constant dense<3.0> : tensor<4xf64>
  %c2 = arith.constant dense<2.0> : tensor<4xf64>
  %c1 = arith.constant dense<1.0> : tensor<4xf64>
  %c0 = arith.constant dense<0.0> : tensor<4xf64>
  %0 = ssm.shift %x by %c0 : tensor<?x?x4xf32>, tensor<4xf64>
  %1 = ssm.shift %0 by %c1 : tensor<?x?x4xf32>, tensor<4xf64>
  %2 = ssm.shift %1 by %c2 : tensor<?x?x4xf32>, tensor<4xf64>
  %3 = ssm.shift %2 by %c3 : tensor<?x?x4xf32>, tensor<4xf64>
  %4 = ssm.shift %3 by %c4 : tensor<?x?x4xf32>, tensor<4xf64>
  %5 = ssm.shift %4 by %c5 : tensor<?x?x4xf32>, tensor<4xf64>
  %6 = ssm.shift %5 by %c6 : tensor<?x?x4xf32>, tensor<4xf64>
  %7 = ssm.shift %6 by %c7 : tensor<?x?x4xf32>, tensor<4xf64>
  %8 = ssm.shift %7 by %c8 : tensor<?x?x4xf32>, tensor<4xf64>
  %9 = ssm.shift %8 by %c9 : tensor<?x?x4xf32>, tensor<4xf64>
  %10 = ssm.shift %9 by %c10 : tensor<?x?x4xf32>, tensor<4xf64>
  %11 = ssm.shift %10 by %c11 : tensor<?x?x4xf32>, tensor<4xf64>
  %12 = ssm.shift %11 by %c12 : tensor<?x?x4xf32>, tensor<4xf64>
  %13 = ssm.shift %12 by %c13 : tensor<?x?x4xf32>, tensor<4xf64>
  %14 = ssm.shift %13 by %c14 : tensor<?x?x4xf32>, tensor<4xf64>
  %15 = ssm.shift %14 by %c15 : tensor<?x?x4xf32>, tensor<4xf64>
  %16 = ssm.shift %15 by %c16 : tensor<?x?x4xf32>, tensor<4xf64>
  %17 = ssm.shift %16 by %c17 : tensor<?x?x4xf32>, tensor<4xf64>
  %18 = ssm.shift %17 by %c18 : tensor<?x?x4xf32>, tensor<4xf64>
  %19 = ssm.shift %18 by %c19 : tensor<?x?x4xf32>, tensor<4xf64>
  return %19 : tensor<?x?x4xf32>
}

// -----

// The difference of two blocks' means is added from outside: after the last one
// it is another value.
// CHECK-LABEL: func.func private @block0(
// CHECK-SAME:    %{{.*}}: tensor<?x?x4xf32>, %[[M:.+]]: tensor<4xf64> {ssm.parameter})
// CHECK-NEXT:    ssm.shift %{{.+}} by %[[M]]
// CHECK-NOT:   @block1
// CHECK-LABEL: func.func @model(
// CHECK:         %[[D:.+]] = arith.subf
// CHECK:         call @block0(%{{.+}}, %[[D]])
// CHECK:         call @block0(%{{.+}}, %{{.+}})
func.func @model(%x: tensor<?x?x4xf32>) -> tensor<?x?x4xf32> {
  %m = ssm.parameter "m" : tensor<4xf64>
  %n = ssm.parameter "n" : tensor<4xf64>
  %d = arith.subf %m, %n : tensor<4xf64>
  %y = ssm.block "layers.0.blocks.0" (%x) : (tensor<?x?x4xf32>) -> tensor<?x?x4xf32> {
  ^bb0(%v: tensor<?x?x4xf32>):
    %r = ssm.shift %v by %d : tensor<?x?x4xf32>, tensor<4xf64>
    ssm.yield %r : tensor<?x?x4xf32>
  }
  %z = ssm.block "layers.0.blocks.1" (%y) : (tensor<?x?x4xf32>) -> tensor<?x?x4xf32> {
  ^bb0(%v: tensor<?x?x4xf32>):
    %r = ssm.shift %v by %n : tensor<?x?x4xf32>, tensor<4xf64>
    ssm.yield %r : tensor<?x?x4xf32>
  }
  return %z : tensor<?x?x4xf32>
}
