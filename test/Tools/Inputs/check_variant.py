"""check_variant.py SYMBOLS CPU: whether the address on standard input is that of
one_step for CPU (host: the best of x86-64-v3 and x86-64-v4), by nm's output."""

import pathlib
import sys

V4 = {"avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"}

symbols, cpu = sys.argv[1:]
if cpu == "host":
    flags = set(pathlib.Path("/proc/cpuinfo").read_text().split())
    cpu = "x86-64-v4" if flags >= V4 else "x86-64-v3"
address = int(sys.stdin.read(), 16)
for line in pathlib.Path(symbols).read_text().splitlines():
    where, _, name = line.rpartition(" ")
    if name == f"one.{cpu}.step":
        expected = int(where.split()[0], 16)
        sys.exit(0 if address == expected else f"step is at {address:#x}, {cpu}'s at {expected:#x}")
sys.exit(f"no symbol one.{cpu}.step")
