//===- SsmChunkOps.td - Static rows and packed panels ---------------------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Operations on rows, a row being one time step of one stream. They are
// destination-passing, on tensors before bufferization and on memrefs after.
//
//===----------------------------------------------------------------------===//

#ifndef SSMC_DIALECT_SSMCHUNKOPS
#define SSMC_DIALECT_SSMCHUNKOPS

include "dialect/SsmBase.td"
include "mlir/Interfaces/DestinationStyleOpInterface.td"

// A tensor, or the memref it became.
class Ssm_Buffer<list<Type> elements> : AnyTypeOf<[
    RankedTensorOf<elements>, MemRefOf<elements>]>;
def Ssm_F32Buffer : Ssm_Buffer<[F32]>;

class Ssm_RowOp<string mnemonic, list<Trait> traits = []> : Ssm_Op<mnemonic, !listconcat([
    DestinationStyleOpInterface,
    DeclareOpInterfaceMethods<MemoryEffectsOpInterface>], traits)> {
  let hasVerifier = 1;
  string rowOpDeclaration = [{
    /// Operations on memrefs have no results; on tensors one per init.
    bool hasTensorSemantics() { return getOperation()->getNumResults() != 0; }
  }];
}

def Ssm_PanelMapOp : Ssm_RowOp<"panel_map", [AttrSizedOperandSegments,
    SingleBlockImplicitTerminator<"YieldOp">]> {
  let summary = "A product over packed panels and its epilogue in registers";
  let description = [{
    Runs the body once per row r and panel p on vectors of lanes. The body's
    arguments are, in order:

    * with a product, the accumulator
      `acc[j] = bias[p, j] + sum_k x[r, k] w[p, k, j]`, one chain of fused
      multiply-adds in the order of k, 16 lanes;
    * for each of `rows`, `scalars`, `columns`, `outs`, `carries` the lanes of
      panel p: `rows[r, p n : p n + n]`, `scalars[r]` in all lanes,
      `columns[p, :]`, `outs[r, p n : p n + n]` (its value before),
      `carries[s, p n : p n + n]`, n the argument's lanes (8 or 16).

    It yields the new values of `outs`, then of `carries`. `s` is `streams[r]`,
    or 0 without `streams`. Rows of one stream are consecutive time steps: the body
    sees the carry that the row before left. A carry, unlike an output, is read and
    written at the stream's place.
    With `count`, only rows r < count are run; the others are neither read nor
    written. Lanes at and beyond a row's width are not written and read as 0; features
    beyond the last panel are left alone.

    With `tensor_cores`, the accumulator is what tensor cores of a GPU make of the
    product, `depth` deep, and `w` is in fragment order (see `ssm.pack_panels`):

    * `bf16x3`: x and w are sums of two bf16, `hi = bf16(v)`, `lo = bf16(v - hi)`; for
      each 16 k, in their order, `acc += lo_w hi_x`, `acc += hi_w lo_x`, `acc += hi_w hi_x`;
    * `tf32`: x and w are rounded to 11 bits; `acc += w x` for each 8 k.

    A row's sums do not depend on other rows, nor on where it lies in a tile.

    Constraints:
    * (C1) `w` is (P, K, 16), `x` is (R, at least K), `bias`, if any, (P, 16).
    * (C2) `x` and `w` are both present or both absent; `bias` needs them.
    * (C3) the body's arguments are vectors of 8 or 16 f32 (carries also f64), one for
      the accumulator and one per operand of `rows`, `scalars`, `columns`, `outs`,
      `carries`.
    * (C4) all row operands, scalars and outputs have R rows, columns are (P, n).
    * (C5) the body yields the types of the `outs` and `carries` arguments.
    * (C6) results, if any, have the types of `outs` and `carries`.
    * (C7) with `tensor_cores` there is a product, `x` is (R, at least `depth`), and K is
      `depth` rounded up to 16.

    ```mlir
    // A projection from 3 to 32 features, added to %skip.
    %y = ssm.panel_map product(%x : tensor<24x3xf32>, %w : tensor<2x3x16xf32>, %bias : tensor<2x16xf32>)
        rows(%skip : tensor<24x32xf32>) outs(%out : tensor<24x32xf32>) -> tensor<24x32xf32> {
    ^bb0(%acc: vector<16xf32>, %s: vector<16xf32>, %before: vector<16xf32>):
      %sum = arith.addf %acc, %s : vector<16xf32>
      ssm.yield %sum : vector<16xf32>
    }
    ```
  }];
  let arguments = (ins
    Optional<Ssm_F32Buffer>:$x, Optional<Ssm_F32Buffer>:$w, Optional<Ssm_F32Buffer>:$bias,
    Variadic<Ssm_F32Buffer>:$rows, Variadic<Ssm_F32Buffer>:$scalars,
    Variadic<Ssm_F32Buffer>:$columns,
    Variadic<Ssm_F32Buffer>:$outs, Variadic<Ssm_Buffer<[F32, F64]>>:$carries,
    Optional<Ssm_Buffer<[Index]>>:$streams, Optional<Index>:$count,
    OptionalAttr<Ssm_TensorProducts>:$tensor_cores, OptionalAttr<I64Attr>:$depth);
  let results = (outs Variadic<Ssm_Buffer<[F32, F64]>>:$results);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = [{
    (`product` `(` $x^ `:` type($x) `,` $w `:` type($w) (`,` $bias^ `:` type($bias))? `)`)?
    (`tensor_cores` `(` $tensor_cores^ `depth` $depth `)`)?
    (`rows` `(` $rows^ `:` type($rows) `)`)?
    (`scalars` `(` $scalars^ `:` type($scalars) `)`)?
    (`columns` `(` $columns^ `:` type($columns) `)`)?
    (`outs` `(` $outs^ `:` type($outs) `)`)?
    (`carries` `(` $carries^ `:` type($carries) `)`)?
    (`streams` `(` $streams^ `:` type($streams) `)`)?
    (`count` $count^)? attr-dict-with-keyword (`->` type($results)^)? $body
  }];
  let extraClassDeclaration = rowOpDeclaration # [{
    mlir::MutableOperandRange getDpsInitsMutable();
    int64_t getNumRows();
    int64_t getNumPanels();
    /// K of the product, without what fills fragments; 0 without a product.
    int64_t getProductDepth();
    /// The body's argument for the accumulator; null without a product.
    mlir::BlockArgument getAccumulator();
    /// The body's arguments for each operand group.
    mlir::Block::BlockArgListType getRowArguments();
    mlir::Block::BlockArgListType getScalarArguments();
    mlir::Block::BlockArgListType getColumnArguments();
    mlir::Block::BlockArgListType getOutArguments();
    mlir::Block::BlockArgListType getCarryArguments();
    YieldOp getYield();
  }];
}

def Ssm_LookupOp : Ssm_RowOp<"lookup"> {
  let summary = "Copies rows of a table chosen by token";
  let description = [{
    `out[r, :] = table[clamp(id < 0 ? id + size : id, 0, size - 1), :]` with
    `id = ids[r]`, for r below `count`, or all rows.

    Constraints:
    * (C1) `table` is (size, W), `out` (R, W), `ids` (R).

    ```mlir
    %y = ssm.lookup %ids : tensor<24xi32> from %table : tensor<10x64xf32> outs(%out : tensor<24x64xf32>) -> tensor<24x64xf32>
    ```
  }];
  let arguments = (ins Ssm_Buffer<[I32]>:$ids, Ssm_F32Buffer:$table, Ssm_F32Buffer:$out,
                       Optional<Index>:$count);
  let results = (outs Optional<Ssm_F32Buffer>:$result);
  let assemblyFormat = [{
    $ids `:` type($ids) `from` $table `:` type($table) `outs` `(` $out `:` type($out) `)`
    (`count` $count^)? attr-dict (`->` type($result)^)?
  }];
  let extraClassDeclaration = rowOpDeclaration # [{
    mlir::MutableOperandRange getDpsInitsMutable() { return getOutMutable(); }
  }];
}

def Ssm_PoolRowsOp : Ssm_RowOp<"pool_rows", [AttrSizedOperandSegments]> {
  let summary = "Adds rows to the f64 sums of a pooled head";
  let description = [{
    `sums[s, h] += x[r, h]` and `counts[s] += 1` for every row r, in order;
    s and `count` as in `ssm.panel_map`. With `last`, `sums[s, h] = x[r, h]` and
    `counts[s] = 1`: of a stream's rows the last one stays.

    Constraints:
    * (C1) `x` is (R, W) with W at least H, `sums` (S, H), `counts` (S, 1).

    ```mlir
    ssm.pool_rows %x : memref<24x64xf32> outs(%sums : memref<1x64xf64>, %counts : memref<1x1xi64>) count %n
    ```
  }];
  let arguments = (ins Ssm_F32Buffer:$x, Ssm_Buffer<[F64]>:$sums, Ssm_Buffer<[I64]>:$counts,
                       Optional<Ssm_Buffer<[Index]>>:$streams, Optional<Index>:$count,
                       UnitAttr:$last);
  let results = (outs Variadic<Ssm_Buffer<[F64, I64]>>:$results);
  let assemblyFormat = [{
    $x `:` type($x) `outs` `(` $sums `:` type($sums) `,` $counts `:` type($counts) `)`
    (`streams` `(` $streams^ `:` type($streams) `)`)? (`count` $count^)?
    attr-dict (`->` type($results)^)?
  }];
  let extraClassDeclaration = rowOpDeclaration # [{
    mlir::MutableOperandRange getDpsInitsMutable();
  }];
}

def Ssm_PoolMeanOp : Ssm_RowOp<"pool_mean", [AttrSizedOperandSegments]> {
  let summary = "Means of a pooled head, one row per stream";
  let description = [{
    `out[r, h] = f32(sums[s, h] / counts[s])`; s and `count` as in `ssm.panel_map`.

    Constraints:
    * (C1) `out` is (R, W) with W at least H, `sums` (S, H), `counts` (S, 1).

    ```mlir
    ssm.pool_mean %sums : memref<1x64xf64>, %counts : memref<1x1xi64> outs(%out : memref<1x64xf32>)
    ```
  }];
  let arguments = (ins Ssm_Buffer<[F64]>:$sums, Ssm_Buffer<[I64]>:$counts, Ssm_F32Buffer:$out,
                       Optional<Ssm_Buffer<[Index]>>:$streams, Optional<Index>:$count);
  let results = (outs Optional<Ssm_F32Buffer>:$result);
  let assemblyFormat = [{
    $sums `:` type($sums) `,` $counts `:` type($counts) `outs` `(` $out `:` type($out) `)`
    (`streams` `(` $streams^ `:` type($streams) `)`)? (`count` $count^)?
    attr-dict (`->` type($result)^)?
  }];
  let extraClassDeclaration = rowOpDeclaration # [{
    mlir::MutableOperandRange getDpsInitsMutable() { return getOutMutable(); }
  }];
}

def Ssm_RowLogSoftmaxOp : Ssm_RowOp<"row_log_softmax"> {
  let summary = "Log-probabilities of each row, or probabilities";
  let description = [{
    `out[r, c] = x[r, c] - max(x[r]) - log(sum(exp(x[r] - max(x[r]))))` over the C
    features of `out`; with `probabilities` the exponential of that.

    Constraints:
    * (C1) `out` is (R, C), `x` (R, W) with W at least C.

    ```mlir
    ssm.row_log_softmax %x : memref<1x16xf32> outs(%out : memref<1x10xf32>)
    ```
  }];
  let arguments = (ins Ssm_F32Buffer:$x, Ssm_F32Buffer:$out, Optional<Index>:$count,
                       UnitAttr:$probabilities);
  let results = (outs Optional<Ssm_F32Buffer>:$result);
  let assemblyFormat = [{
    $x `:` type($x) `outs` `(` $out `:` type($out) `)` (`count` $count^)?
    attr-dict (`->` type($result)^)?
  }];
  let extraClassDeclaration = rowOpDeclaration # [{
    mlir::MutableOperandRange getDpsInitsMutable() { return getOutMutable(); }
  }];
}

def Ssm_RowNormOp : Ssm_RowOp<"row_norm"> {
  let summary = "Each row without its mean, divided by its deviation";
  let description = [{
    `out[r, h] = f32((x[r, h] - m) s)` over the first `features` columns, with
    `m = sum_h x[r, h] / features`, `v = sum_h (x[r, h] - m)^2 / features` and
    `s = 1 / sqrt(v + epsilon)` in f64; `count` as in `ssm.panel_map`. Sums are in one
    order, whatever the rows: lane j of 8 adds the columns j, j + 8, ..., then the lanes
    meet by halves (j and j + 4, j + 2, j + 1). What is beyond `features` in a row of
    `out` is not specified.

    Constraints:
    * (C1) `x` and `out` are (R, W) with W at least `features`, which is positive.
    * (C2) `epsilon` is positive.

    ```mlir
    ssm.row_norm %x : memref<24x64xf32> outs(%out : memref<24x64xf32>) features 60 epsilon 1.0e-6 count %n
    ```
  }];
  let arguments = (ins Ssm_F32Buffer:$x, Ssm_F32Buffer:$out, I64Attr:$features, F64Attr:$epsilon,
                       Optional<Index>:$count);
  let results = (outs Optional<Ssm_F32Buffer>:$result);
  let assemblyFormat = [{
    $x `:` type($x) `outs` `(` $out `:` type($out) `)` `features` $features `epsilon` $epsilon
    (`count` $count^)? attr-dict (`->` type($result)^)?
  }];
  let extraClassDeclaration = rowOpDeclaration # [{
    mlir::MutableOperandRange getDpsInitsMutable() { return getOutMutable(); }
  }];
}

def Ssm_DropRowsOp : Ssm_RowOp<"drop_rows"> {
  let summary = "Dropout of consecutive time steps, as JAX draws it";
  let description = [{
    For each row r below `count` (or all rows) and each of the first `features`
    columns h, the i-th element of its sequence with i = (first + r) features + h:

        (a, b) = threefry2x32(key, (i >> 32, i mod 2^32))       20 rounds
        out[r, h] = ((a xor b) >> 9) 2^-23 < f32(1) - f32(rate) ? out[r, h] / f32(1 - rate) : 0

    that is jax.random.bernoulli with `jax_threefry_partitionable` (its default), and
    eqx.nn.Dropout. All rows are of one sequence, `first` the time step of row 0. Columns
    from `features` on are left alone, or set to 0.

    Constraints:
    * (C1) `out` is (R, W) with W at least `features`, `key` (2).
    * (C2) `0 < rate <= 1`.

    ```mlir
    ssm.drop_rows %h : memref<24x64xf32> key(%key : memref<2xi32>) from %t features 64 rate 0.1 count %n
    ```
  }];
  let arguments = (ins Ssm_F32Buffer:$out, Ssm_Buffer<[I32]>:$key, Index:$first,
                       I64Attr:$features, F64Attr:$rate, Optional<Index>:$count);
  let results = (outs Optional<Ssm_F32Buffer>:$result);
  let assemblyFormat = [{
    $out `:` type($out) `key` `(` $key `:` type($key) `)` `from` $first `features` $features
    `rate` $rate (`count` $count^)? attr-dict (`->` type($result)^)?
  }];
  let extraClassDeclaration = rowOpDeclaration # [{
    mlir::MutableOperandRange getDpsInitsMutable() { return getOutMutable(); }
  }];
}

def Ssm_DeltaRowsOp : Ssm_RowOp<"delta_rows", [AttrSizedOperandSegments]> {
  let summary = "The delta rule on rows, in the order of time";
  let description = [{
    `ssm.delta_rule` on rows. A head's features are P = ceil(D / 16) panels of 16
    lanes, of which D hold numbers and the others 0. A row of `x` has q, k and v of
    each head, P panels each, and then b. With rq = 1 / (|q| + epsilon), rk alike,
    and beta = 1 / (1 + exp(-b)), for every row r and head:

        e    = (beta rk) v - (beta rk^2) (S k)       in lanes of v
        y[r] = rq (S q + e (k . q))
        S'   = S + e k^T

    A stream's `carry` holds S as (head, panel of v, k, lane of v): D rows of 16 lanes
    for each panel. `factors` is scratch: what the op leaves there is not specified.

    Every sum is in one order, whatever the rows, tiles and ISA: S k and S q are two
    chains of fused multiply-adds each, over even and over odd k, and their sum;
    k . k, q . q and k . q are a chain over panels in each lane, then the lanes by
    halves (j and j + 8, then j and j + 4, ...).

    Rows, `streams` and `count` as in `ssm.panel_map`: rows of one stream are
    consecutive time steps.

    Constraints:
    * (C1) `heads` and `size` (D) are positive, `epsilon` is.
    * (C2) `x` is (R, at least 48 P heads + 1), `y` (R, at least 16 P heads).
    * (C3) `factors` is (R, 16 ceil(heads / 4)), `carry` (S, 16 P D heads).
    * (C4) results, if any, have the types of `y`, `factors` and `carry`.

    ```mlir
    ssm.delta_rows %x : memref<24x208xf32> outs(%y : memref<24x64xf32>, %f : memref<24x16xf32>, %s : memref<1x1024xf32>)
      heads 4 size 16 epsilon 1.0e-6 count %n
    ```
  }];
  let arguments = (ins Ssm_F32Buffer:$x, Ssm_F32Buffer:$y, Ssm_F32Buffer:$factors,
                       Ssm_F32Buffer:$carry, I64Attr:$heads, I64Attr:$size, F64Attr:$epsilon,
                       Optional<Ssm_Buffer<[Index]>>:$streams, Optional<Index>:$count);
  let results = (outs Variadic<Ssm_F32Buffer>:$results);
  let assemblyFormat = [{
    $x `:` type($x) `outs` `(` $y `:` type($y) `,` $factors `:` type($factors) `,`
    $carry `:` type($carry) `)` `heads` $heads `size` $size `epsilon` $epsilon
    (`streams` `(` $streams^ `:` type($streams) `)`)? (`count` $count^)?
    attr-dict (`->` type($results)^)?
  }];
  let extraClassDeclaration = rowOpDeclaration # [{
    mlir::MutableOperandRange getDpsInitsMutable();
    /// P: panels of a head.
    int64_t getHeadPanels() { return (getSize() + 15) / 16; }
    /// Floats of one panel of a head's state.
    int64_t getPanelFloats() { return getSize() * 16; }
  }];
}

def Ssm_ChannelRowsOp : Ssm_RowOp<"channel_rows", [AttrSizedOperandSegments]> {
  let summary = "A recurrence on rows, with modes of each channel's own";
  let description = [{
    `ssm.channel_scan` on rows: a lane is a channel. For every row r, each panel p of
    16 channels, and modes n = 0 ... N - 1 in this order, on 16 lanes

        re' = (a_re re + a_re_lo re + x) - (a_im im + a_im_lo im)
        im' = (a_re im + a_re_lo im)     + (a_im re + a_im_lo re)
        y   = c_im im' + (c_re re' + y)

    where x is `x[r, 16 p : 16 p + 16]`, each factor is `factor[p, n, :]`, and y, 0
    before the first mode, becomes `y[r, 16 p : 16 p + 16]`. Products and sums are fused
    multiply-adds, small ones first; the two parts in parentheses are computed side by
    side and added. Where `corrected[p, n / 4]` is 0, `m = a - 1` rounded to f32 is near
    enough, and a step may be (on CPUs it is)

        re' = re + (m_re re - m_im im + x)
        im' = im + (m_re im + m_im re)

    A stream's `carry` holds (panel, mode, [re, im], lane). Rows, `streams` and
    `count` as in `ssm.panel_map`: rows of one stream are consecutive time steps. Lanes
    at and beyond a row's width are not written and read as 0.

    Constraints:
    * (C1) `factors` are a_re, a_re_lo, a_im, a_im_lo, m_re, m_im, c_re, c_im, (P, N, 16)
      each, and `corrected`, (P, ceil(N / 4)).
    * (C2) `x` and `y` are (R, more than 16 (P - 1)); they are different buffers.
    * (C3) `carry` is (S, 32 P N).
    * (C4) results, if any, have the types of `y` and `carry`.

    ```mlir
    ssm.channel_rows %x : memref<24x64xf32> factors(%a, %al, %b, %bl, %m, %n, %c, %d, %k : memref<4x32x16xf32>, ..., memref<4x8xf32>)
      outs(%y : memref<24x64xf32>, %s : memref<1x4096xf32>) count %n
    ```
  }];
  let arguments = (ins Ssm_F32Buffer:$x, Variadic<Ssm_F32Buffer>:$factors, Ssm_F32Buffer:$y,
                       Ssm_F32Buffer:$carry, Optional<Ssm_Buffer<[Index]>>:$streams,
                       Optional<Index>:$count);
  let results = (outs Variadic<Ssm_F32Buffer>:$results);
  let assemblyFormat = [{
    $x `:` type($x) `factors` `(` $factors `:` type($factors) `)`
    `outs` `(` $y `:` type($y) `,` $carry `:` type($carry) `)`
    (`streams` `(` $streams^ `:` type($streams) `)`)? (`count` $count^)?
    attr-dict (`->` type($results)^)?
  }];
  let extraClassDeclaration = rowOpDeclaration # [{
    mlir::MutableOperandRange getDpsInitsMutable();
    int64_t getNumPanels();
    /// N: modes of a channel.
    int64_t getNumModes();
  }];
}

def Ssm_PackPanelsOp : Ssm_Op<"pack_panels", [Pure]> {
  let summary = "Lays a weight matrix out in panels of 16 output features";
  let description = [{
    The one place that knows panel order. From `weight` (O, I), f64, gives
    (P, K, 16), f32: `result[p, k, j] = weight[row(p, j), column(k)]`, 0 where
    either is beyond the matrix. A side is `plain` (feature 16 p + j, or k) or
    `paired` (its features are two planes of N: lanes 0-7 of a group of 16 are
    features 8 g ... 8 g + 7 of the first plane, lanes 8-15 the same of the
    second): `paired_out` for O, `paired_in` for I. An operand of rank 1 (O) is
    packed as (P, 16), or as (P, 8) to go with panels that give 8 features.

    With `fragments`, each 16 k of a panel, zeros beyond K, are 256 words in the order
    in which the 32 lanes of a warp take them, as the A operand of `mma.sync`, two times
    16 bytes each: word i of part h of lane l, at `128 h + 4 l + i`, is of columns
    `j = l / 4` and `j + 8` and of inputs `k = 4 (l mod 4) ...`

    * `bf16x3`: part 0 is hi, part 1 lo of (j, k), (j + 8, k), (j, k + 2), (j + 8, k + 2),
      each with its neighbour k + 1 in the upper half of the word;
    * `tf32`: part h is, rounded to 11 bits, (j, k + 2 h), (j + 8, k + 2 h),
      (j, k + 2 h + 1), (j + 8, k + 2 h + 1).

    Constraints:
    * (C1) the result is (P, K, 16), or (P, 16) for rank 1 (plain: also (P, 8)); a paired
      side of 2N features has 16 ceil(N / 8) places, K is I when plain.
    * (C2) a paired side has an even number of features.
    * (C3) with `fragments` the weight has rank 2, and the result's second size is K
      rounded up to 16.

    ```mlir
    // The real and imaginary planes of 32 modes: 4 panels of 8 + 8 features.
    %p = ssm.pack_panels %b {paired_out} : tensor<64x64xf64> -> tensor<4x64x16xf32>
    ```
  }];
  let arguments = (ins RankedTensorOf<[F32, F64]>:$weight, UnitAttr:$paired_out, UnitAttr:$paired_in,
                       OptionalAttr<Ssm_TensorProducts>:$fragments);
  let results = (outs RankedTensorOf<[F32]>:$result);
  let assemblyFormat = [{
    $weight (`fragments` $fragments^)? attr-dict `:` type($weight) `->` type($result)
  }];
  let hasVerifier = 1;
}

#endif // SSMC_DIALECT_SSMCHUNKOPS
