"""The report on GPU kernels: what ptxas prints, how many blocks fit, times by arithmetic."""

import pytest

from bench.gpu import page, ptxas, roofline

PRINTED = """ptxas info    : 0 bytes gmem
ptxas info    : Compiling entry function 'ssm_time' for 'sm_90'
ptxas info    : Function properties for ssm_time
    48 bytes stack frame, 12 bytes spill stores, 20 bytes spill loads
ptxas info    : Used 136 registers, used 1 barriers, 48 bytes cumulative stack size, 256 bytes smem
ptxas info    : Compile time = 90.1 ms
ptxas info    : Compiling entry function 'ssm_rows' for 'sm_90'
ptxas info    : Function properties for ssm_rows
    0 bytes stack frame, 0 bytes spill stores, 0 bytes spill loads
ptxas info    : Used 40 registers, used 1 barriers
"""

GPU = {
    "registers_per_sm": 65536,
    "shared_per_sm": 164 << 10,
    "threads_per_sm": 2048,
    "max_blocks_per_sm": 32,
    "sm_count": 100,
    "peak_gflops": 10000,
    "memory_gb_per_second": 1000,
    "clock_mhz": 1000,
    "l2_bytes_per_cycle": 2000,
}


def test_what_ptxas_prints():
    spilling, other = ptxas.parse(PRINTED)
    assert spilling == ptxas.Assembled("ssm_time", 136, 48, 12, 20, 256)
    assert other == ptxas.Assembled("ssm_rows", 40, 0, 0, 0, 0)
    assert ptxas.parse("ptxas info    : 0 bytes gmem") == []


@pytest.mark.parametrize(
    ("threads", "registers", "shared", "blocks"),
    [(256, 64, 0, 4), (256, 100, 0, 2), (64, 32, 81 << 10, 2), (1024, 32, 0, 2), (32, 16, 0, 32)],
)
def test_blocks_of_an_sm(threads, registers, shared, blocks):
    assert ptxas.count_blocks(GPU, threads, registers, shared) == blocks


def make_report(**more):
    names = (("ssm_time", 32), ("ssm_rows", 16), ("ssm_unit_block0", 32))
    kernels = [{"name": n, "rows": r, "by_chunk": "unit" in n} for n, r in names]
    product = {"panels": 4, "ops_per_sum": 10}
    scan = {"modes": 32, "ops": 4, "f64_ops": 2}
    units = [
        {"layers": 1, "scans": [], "products": [product], "product_flops_per_row": 1000},
        {"layers": 4, "scans": [scan], "products": [product], "product_flops_per_row": 8000},
        # The pool: nothing that a row is multiplied by.
        {"layers": 1, "scans": [scan], "products": [], "product_flops_per_row": 0},
    ]
    sizes = {"input_features": 2, "output_features": 10, "pooled": True, "state_bytes": 100}
    return sizes | {"kernels": kernels, "units": units, "blob_bytes": 5000} | more


def test_bytes_of_sequences():
    work = roofline.sequences(make_report(), 1e9, hidden=64, batch=3, length=65, gpu=GPU)
    # 65 steps of 2 numbers, 10 answers, a record read and written; weights once.
    assert work.memory_bytes == 3 * (65 * 8 + 40 + 200) + 5000
    assert work.l2_bytes == 3 * 3 * 5000  # 65 steps are 3 chunks
    assert work.block_floor == 8 * 64 * 4 * 3 * 65 + 5000
    each = roofline.sequences(make_report(pooled=False), 1e9, 64, 3, 65, GPU)
    assert each.memory_bytes == 3 * (65 * 8 + 65 * 40 + 200) + 5000


@pytest.mark.parametrize(("batch", "length", "pieces"), [(3, 65, 9), (3, 32, 3), (100, 65, 100)])
def test_few_long_streams_are_cut_into_chunks(batch, length, pieces):
    assert roofline.sequences(make_report(), 1e9, 64, batch, length, GPU).pieces == pieces


def test_what_the_algorithm_needs():
    report, gpu = make_report(), GPU | {"f32_gflops": 10000, "f64_ratio": 2}
    products = 33000 / 1e13
    others = (5 * 16 * 4 * 10 + 5 * 32 * 4) / 5e12  # sums; scans
    arithmetic = pytest.approx(1e6 * (products + others))
    assert roofline.needed(report, gpu, 1e6, 0) == arithmetic
    assert roofline.needed(report, gpu, 1e6, 1e12) == pytest.approx(1)  # memory
    # Tensor cores multiply while lanes do the rest.
    tensor = roofline.needed(report, gpu | {"products_by": "tensor cores"}, 1e6, 0)
    assert tensor == pytest.approx(1e6 * max(products, others))
    slow = roofline.needed(report, gpu | {"f64_ratio": 64}, 1e6, 0)
    assert slow == pytest.approx(1e6 * 5 * 32 * 2 * 64 / 5e12)  # f64


def test_bytes_of_a_step():
    work = roofline.steps(make_report(), 1e6, streams=40)
    assert work.memory_bytes == 40 * (48 + 200) + 5000
    assert work.l2_bytes == 3 * 5000
    assert work.pieces == 3
    with pytest.raises(RuntimeError, match="no kernel ssm_rows; found ssm_time"):
        roofline.steps(make_report(kernels=[{"name": "ssm_time", "rows": 1}]), 1, 1)


def make_work(**more):
    return roofline.Work(
        **{"flops": 1e9, "memory_bytes": 0, "l2_bytes": 0, "block_floor": 0} | more
    )


def test_rooflines():
    assert roofline.roofline(GPU, make_work(pieces=1000)) == (pytest.approx(1e-4), "FMA")
    # A quarter of the SMs have a thread block.
    assert roofline.roofline(GPU, make_work(pieces=25)) == (pytest.approx(4e-4), "FMA")
    memory = make_work(pieces=1000, memory_bytes=1e9)
    assert roofline.roofline(GPU, memory) == (pytest.approx(1e-3), "memory")
    cache = make_work(pieces=1000, l2_bytes=1e10)
    assert roofline.roofline(GPU, cache) == (pytest.approx(5e-3), "L2")


def test_units_on_the_page():
    assert [page.size(n) for n in (100, 2048, 3 << 20)] == ["100 B", "2.0 KB", "3.0 MB"]
    assert page.time(2.5e-6) == "2.5 us"
    assert page.time(2.5e-2) == "25.00 ms"
    assert page.time(None) == "-"
