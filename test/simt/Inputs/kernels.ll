; Kernels that the emulated device is tried with: an inclusive scan over chunks
; in shared memory, the same by look-back, shuffles, and what goes wrong.
target datalayout = "e-p6:32:32-i64:64-i128:128-i256:256-v16:16-v32:32-n16:32:64"
target triple = "nvptx64-nvidia-cuda"

@dynamic = external addrspace(3) global [0 x float], align 16
@ticket_of_block = internal addrspace(3) global i32 undef, align 4

declare i32 @llvm.nvvm.read.ptx.sreg.tid.x()
declare i32 @llvm.nvvm.read.ptx.sreg.ntid.x()
declare i32 @llvm.nvvm.read.ptx.sreg.ctaid.x()
declare i32 @llvm.nvvm.read.ptx.sreg.laneid()
declare void @llvm.nvvm.barrier0()
declare float @llvm.nvvm.shfl.sync.down.f32(i32, float, i32, i32)
declare { i32, i1 } @llvm.nvvm.shfl.sync.up.i32p(i32, i32, i32, i32)
declare i32 @llvm.nvvm.vote.ballot.sync(i32, i1)
declare float @llvm.fma.f32(float, float, float)
declare { float, float, float, float } @llvm.nvvm.mma.m16n8k16.row.col.bf16(i32, i32, i32, i32, i32, i32, float, float, float, float)
declare { float, float, float, float } @llvm.nvvm.mma.m16n8k8.row.col.tf32(i32, i32, i32, i32, i32, i32, float, float, float, float)
declare i32 @llvm.nvvm.f2tf32.rna(float)

; y[i] = x[0] + ... + x[i] inside each block of threads: Hillis and Steele's.
define ptx_kernel void @scan(ptr addrspace(1) %x, ptr addrspace(1) %y) {
entry:
  %tid = call i32 @llvm.nvvm.read.ptx.sreg.tid.x()
  %threads = call i32 @llvm.nvvm.read.ptx.sreg.ntid.x()
  %block = call i32 @llvm.nvvm.read.ptx.sreg.ctaid.x()
  %first = mul i32 %block, %threads
  %i = add i32 %first, %tid
  %from = getelementptr float, ptr addrspace(1) %x, i32 %i
  %value = load float, ptr addrspace(1) %from, align 4
  %mine = getelementptr float, ptr addrspace(3) @dynamic, i32 %tid
  store float %value, ptr addrspace(3) %mine, align 4
  call void @llvm.nvvm.barrier0()
  br label %loop
loop:
  %distance = phi i32 [ 1, %entry ], [ %twice, %next ]
  %sum = phi float [ %value, %entry ], [ %total, %next ]
  %more = icmp ult i32 %distance, %threads
  br i1 %more, label %body, label %done
body:
  %has = icmp uge i32 %tid, %distance
  br i1 %has, label %read, label %joined
read:
  %other = sub i32 %tid, %distance
  %there = getelementptr float, ptr addrspace(3) @dynamic, i32 %other
  %left = load float, ptr addrspace(3) %there, align 4
  %both = fadd float %left, %sum
  br label %joined
joined:
  %total = phi float [ %both, %read ], [ %sum, %body ]
  call void @llvm.nvvm.barrier0()
  store float %total, ptr addrspace(3) %mine, align 4
  call void @llvm.nvvm.barrier0()
  br label %next
next:
  %twice = shl i32 %distance, 1
  br label %loop
done:
  %to = getelementptr float, ptr addrspace(1) %y, i32 %i
  store float %sum, ptr addrspace(1) %to, align 4
  ret void
}

; One thread block per chunk, drawn by ticket: z[c] = z[c-1] / 2 + x[c], passed
; on through out[c] and flags[c]. %draw = 0 takes the block's number instead.
define ptx_kernel void @look_back(ptr addrspace(1) %x, ptr addrspace(1) %out,
                                  ptr addrspace(1) %flags, ptr addrspace(1) %ticket,
                                  i64 %draw) {
entry:
  %tid = call i32 @llvm.nvvm.read.ptx.sreg.tid.x()
  %is_first = icmp eq i32 %tid, 0
  br i1 %is_first, label %take, label %taken
take:
  %draws = icmp ne i64 %draw, 0
  br i1 %draws, label %atomic, label %number
atomic:
  %drawn = atomicrmw add ptr addrspace(1) %ticket, i32 1 syncscope("device") monotonic
  br label %publish
number:
  %block = call i32 @llvm.nvvm.read.ptx.sreg.ctaid.x()
  br label %publish
publish:
  %chosen = phi i32 [ %drawn, %atomic ], [ %block, %number ]
  store i32 %chosen, ptr addrspace(3) @ticket_of_block, align 4
  br label %taken
taken:
  call void @llvm.nvvm.barrier0()
  br i1 %is_first, label %work, label %end
work:
  %chunk = load i32, ptr addrspace(3) @ticket_of_block, align 4
  %from = getelementptr float, ptr addrspace(1) %x, i32 %chunk
  %value = load float, ptr addrspace(1) %from, align 4
  %any = icmp ne i32 %chunk, 0
  br i1 %any, label %before, label %done
before:
  %previous = sub i32 %chunk, 1
  %flag = getelementptr i32, ptr addrspace(1) %flags, i32 %previous
  br label %spin
spin:
  %set = load atomic i32, ptr addrspace(1) %flag syncscope("device") acquire, align 4
  %ready = icmp ne i32 %set, 0
  br i1 %ready, label %go, label %spin
go:
  %carry_at = getelementptr float, ptr addrspace(1) %out, i32 %previous
  %carry = load float, ptr addrspace(1) %carry_at, align 4
  %next = call float @llvm.fma.f32(float %carry, float 0.5, float %value)
  br label %done
done:
  %z = phi float [ %value, %work ], [ %next, %go ]
  %to = getelementptr float, ptr addrspace(1) %out, i32 %chunk
  store float %z, ptr addrspace(1) %to, align 4
  %mine = getelementptr i32, ptr addrspace(1) %flags, i32 %chunk
  store atomic i32 1, ptr addrspace(1) %mine syncscope("device") release, align 4
  br label %end
end:
  ret void
}

; The flag before the data: right only as long as nobody runs in between.
define ptx_kernel void @flag_too_early(ptr addrspace(1) %data, ptr addrspace(1) %flag,
                                       ptr addrspace(1) %seen) {
  %block = call i32 @llvm.nvvm.read.ptx.sreg.ctaid.x()
  %writes = icmp eq i32 %block, 0
  br i1 %writes, label %write, label %spin
write:
  store atomic i32 1, ptr addrspace(1) %flag syncscope("device") release, align 4
  store i32 42, ptr addrspace(1) %data, align 4
  ret void
spin:
  %set = load atomic i32, ptr addrspace(1) %flag syncscope("device") acquire, align 4
  %ready = icmp ne i32 %set, 0
  br i1 %ready, label %read, label %spin
read:
  %value = load i32, ptr addrspace(1) %data, align 4
  store i32 %value, ptr addrspace(1) %seen, align 4
  ret void
}

; y[warp] = the sum of its lanes; z[i] = i - 1 of the lane below, or -1;
; ballot[0] = which lanes are odd.
define ptx_kernel void @warp(ptr %x, ptr %y, ptr %z, ptr %ballot) {
  %tid = call i32 @llvm.nvvm.read.ptx.sreg.tid.x()
  %lane = call i32 @llvm.nvvm.read.ptx.sreg.laneid()
  %from = getelementptr float, ptr %x, i32 %tid
  %v0 = load float, ptr %from, align 4
  %s0 = call float @llvm.nvvm.shfl.sync.down.f32(i32 -1, float %v0, i32 16, i32 31)
  %v1 = fadd float %v0, %s0
  %s1 = call float @llvm.nvvm.shfl.sync.down.f32(i32 -1, float %v1, i32 8, i32 31)
  %v2 = fadd float %v1, %s1
  %s2 = call float @llvm.nvvm.shfl.sync.down.f32(i32 -1, float %v2, i32 4, i32 31)
  %v3 = fadd float %v2, %s2
  %s3 = call float @llvm.nvvm.shfl.sync.down.f32(i32 -1, float %v3, i32 2, i32 31)
  %v4 = fadd float %v3, %s3
  %s4 = call float @llvm.nvvm.shfl.sync.down.f32(i32 -1, float %v4, i32 1, i32 31)
  %v5 = fadd float %v4, %s4
  %pair = call { i32, i1 } @llvm.nvvm.shfl.sync.up.i32p(i32 -1, i32 %tid, i32 1, i32 0)
  %below = extractvalue { i32, i1 } %pair, 0
  %exists = extractvalue { i32, i1 } %pair, 1
  %number = select i1 %exists, i32 %below, i32 -1
  %to = getelementptr i32, ptr %z, i32 %tid
  store i32 %number, ptr %to, align 4
  %bit = and i32 %tid, 1
  %odd = icmp ne i32 %bit, 0
  %votes = call i32 @llvm.nvvm.vote.ballot.sync(i32 -1, i1 %odd)
  %is_first = icmp eq i32 %lane, 0
  br i1 %is_first, label %write, label %end
write:
  %warp = lshr i32 %tid, 5
  %sum_at = getelementptr float, ptr %y, i32 %warp
  store float %v5, ptr %sum_at, align 4
  store i32 %votes, ptr %ballot, align 4
  br label %end
end:
  ret void
}

; Reads column 0, 1 ... of a shared matrix with %stride floats per row, as
; scalars and as vectors of 4; the second half of the loads has no conflicts.
define ptx_kernel void @columns(ptr addrspace(1) %y, i64 %stride) {
  %tid = call i32 @llvm.nvvm.read.ptx.sreg.tid.x()
  %tid64 = zext i32 %tid to i64
  %row = mul i64 %tid64, %stride
  %at = getelementptr float, ptr addrspace(3) @dynamic, i64 %row
  store float 1.0, ptr addrspace(3) %at, align 4
  call void @llvm.nvvm.barrier0()
  %wide = mul i64 %tid64, 4
  %four = getelementptr float, ptr addrspace(3) @dynamic, i64 %wide
  %vector = load <4 x float>, ptr addrspace(3) %four, align 16
  %first = extractelement <4 x float> %vector, i32 0
  %to = getelementptr float, ptr addrspace(1) %y, i64 %tid64
  store float %first, ptr addrspace(1) %to, align 4
  ret void
}

; y[0] = a * b, flushed or not.
; A lane's 4 words of A, 2 of B and 4 of C are a row of %words, its sums a row of %sums.
define ptx_kernel void @mma(ptr %words, ptr %sums, i64 %tf32) {
  %lane = call i32 @llvm.nvvm.read.ptx.sreg.laneid()
  %row = getelementptr [10 x i32], ptr %words, i32 %lane
  %a0 = load i32, ptr %row, align 4
  %p1 = getelementptr i32, ptr %row, i32 1
  %a1 = load i32, ptr %p1, align 4
  %p2 = getelementptr i32, ptr %row, i32 2
  %a2 = load i32, ptr %p2, align 4
  %p3 = getelementptr i32, ptr %row, i32 3
  %a3 = load i32, ptr %p3, align 4
  %p4 = getelementptr i32, ptr %row, i32 4
  %b0 = load i32, ptr %p4, align 4
  %p5 = getelementptr i32, ptr %row, i32 5
  %b1 = load i32, ptr %p5, align 4
  %p6 = getelementptr i32, ptr %row, i32 6
  %c0 = load float, ptr %p6, align 4
  %p7 = getelementptr i32, ptr %row, i32 7
  %c1 = load float, ptr %p7, align 4
  %p8 = getelementptr i32, ptr %row, i32 8
  %c2 = load float, ptr %p8, align 4
  %p9 = getelementptr i32, ptr %row, i32 9
  %c3 = load float, ptr %p9, align 4
  %is_tf32 = icmp ne i64 %tf32, 0
  br i1 %is_tf32, label %narrow, label %wide
wide:
  %d16 = call { float, float, float, float } @llvm.nvvm.mma.m16n8k16.row.col.bf16(
    i32 %a0, i32 %a1, i32 %a2, i32 %a3, i32 %b0, i32 %b1, float %c0, float %c1, float %c2, float %c3)
  br label %end
narrow:
  %d8 = call { float, float, float, float } @llvm.nvvm.mma.m16n8k8.row.col.tf32(
    i32 %a0, i32 %a1, i32 %a2, i32 %a3, i32 %b0, i32 %b1, float %c0, float %c1, float %c2, float %c3)
  br label %end
end:
  %d = phi { float, float, float, float } [ %d16, %wide ], [ %d8, %narrow ]
  %q0 = getelementptr [4 x float], ptr %sums, i32 %lane
  %q1 = getelementptr float, ptr %q0, i32 1
  %q2 = getelementptr float, ptr %q0, i32 2
  %q3 = getelementptr float, ptr %q0, i32 3
  %d0 = extractvalue { float, float, float, float } %d, 0
  %d1 = extractvalue { float, float, float, float } %d, 1
  %d2 = extractvalue { float, float, float, float } %d, 2
  %d3 = extractvalue { float, float, float, float } %d, 3
  store float %d0, ptr %q0, align 4
  store float %d1, ptr %q1, align 4
  store float %d2, ptr %q2, align 4
  store float %d3, ptr %q3, align 4
  ret void
}

; Lane l rounds x[l] to bf16 and to tf32; both as f32.
define ptx_kernel void @round(ptr %x, ptr %bf16, ptr %tf32) {
  %lane = call i32 @llvm.nvvm.read.ptx.sreg.laneid()
  %p = getelementptr float, ptr %x, i32 %lane
  %v = load float, ptr %p, align 4
  %half = fptrunc float %v to bfloat
  %word = bitcast bfloat %half to i16
  %wide = zext i16 %word to i32
  %bits = shl i32 %wide, 16
  %pb = getelementptr i32, ptr %bf16, i32 %lane
  store i32 %bits, ptr %pb, align 4
  %t = call i32 @llvm.nvvm.f2tf32.rna(float %v)
  %pt = getelementptr i32, ptr %tf32, i32 %lane
  store i32 %t, ptr %pt, align 4
  ret void
}

define ptx_kernel void @multiply_flushed(ptr addrspace(1) %x, ptr addrspace(1) %y) #0 {
  call void @multiply(ptr addrspace(1) %x, ptr addrspace(1) %y)
  ret void
}
define ptx_kernel void @multiply_exactly(ptr addrspace(1) %x, ptr addrspace(1) %y) {
  call void @multiply(ptr addrspace(1) %x, ptr addrspace(1) %y)
  ret void
}
define internal void @multiply(ptr addrspace(1) %x, ptr addrspace(1) %y) {
  %second = getelementptr float, ptr addrspace(1) %x, i64 1
  %a = load float, ptr addrspace(1) %x, align 4
  %b = load float, ptr addrspace(1) %second, align 4
  %product = fmul float %a, %b
  store float %product, ptr addrspace(1) %y, align 4
  ret void
}

; Every thread writes 1 to the same place, and y[thread] = what is there.
define ptx_kernel void @same_value(ptr addrspace(1) %y) {
  %tid = call i32 @llvm.nvvm.read.ptx.sreg.tid.x()
  store float 1.0, ptr addrspace(3) @dynamic, align 4
  fence syncscope("block") acq_rel
  %value = load float, ptr addrspace(3) @dynamic, align 4
  call void @llvm.nvvm.barrier0()
  %to = getelementptr float, ptr addrspace(1) %y, i32 %tid
  store float %value, ptr addrspace(1) %to, align 4
  ret void
}

; What goes wrong, by %case.
define ptx_kernel void @mistake(ptr addrspace(1) %x, i64 %case) {
  %tid = call i32 @llvm.nvvm.read.ptx.sreg.tid.x()
  %is_seven = icmp eq i32 %tid, 7
  switch i64 %case, label %end [
    i64 0, label %two_barriers
    i64 1, label %left_alone
    i64 2, label %shared_range
    i64 3, label %global_range
    i64 4, label %misaligned
    i64 5, label %two_shuffles
    i64 6, label %spin
    i64 7, label %lone_mma
  ]
lone_mma:
  br i1 %is_seven, label %end, label %mma
mma:
  %d = call { float, float, float, float } @llvm.nvvm.mma.m16n8k8.row.col.tf32(
    i32 0, i32 0, i32 0, i32 0, i32 0, i32 0, float 0.0, float 0.0, float 0.0, float 0.0)
  %d0 = extractvalue { float, float, float, float } %d, 0
  store float %d0, ptr addrspace(1) %x, align 4
  br label %end
two_barriers:
  br i1 %is_seven, label %here, label %there
here:
  %noise = load volatile float, ptr addrspace(1) %x, align 4
  call void @llvm.nvvm.barrier0()
  br label %end
there:
  call void @llvm.nvvm.barrier0()
  br label %end
left_alone:
  br i1 %is_seven, label %end, label %there
shared_range:
  br i1 %is_seven, label %shared_store, label %end
shared_store:
  %s = getelementptr float, ptr addrspace(3) @dynamic, i32 64
  store float 1.0, ptr addrspace(3) %s, align 4
  br label %end
global_range:
  br i1 %is_seven, label %global_load, label %end
global_load:
  %g = getelementptr float, ptr addrspace(1) %x, i64 32
  %beyond = load float, ptr addrspace(1) %g, align 4
  store float %beyond, ptr addrspace(1) %x, align 4
  br label %end
misaligned:
  br i1 %is_seven, label %misaligned_load, label %end
misaligned_load:
  %m = getelementptr float, ptr addrspace(1) %x, i64 1
  %four = load <4 x float>, ptr addrspace(1) %m, align 16
  store <4 x float> %four, ptr addrspace(1) %m, align 4
  br label %end
two_shuffles:
  br i1 %is_seven, label %one, label %two
one:
  %noise1 = load volatile float, ptr addrspace(1) %x, align 4
  %shuffled1 = call float @llvm.nvvm.shfl.sync.down.f32(i32 -1, float 1.0, i32 16, i32 31)
  store float %shuffled1, ptr addrspace(1) %x, align 4
  br label %end
two:
  %shuffled2 = call float @llvm.nvvm.shfl.sync.down.f32(i32 -1, float 2.0, i32 8, i32 31)
  store float %shuffled2, ptr addrspace(1) %x, align 4
  br label %end
spin:
  %bits = load atomic i32, ptr addrspace(1) %x syncscope("device") acquire, align 4
  %set = icmp eq i32 %bits, 12345
  br i1 %set, label %end, label %spin
end:
  ret void
}

attributes #0 = { "denormal-fp-math-f32"="preserve-sign,preserve-sign" }
