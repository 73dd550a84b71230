"""The benchmark's own arithmetic: FLOPs, the rewritten scans, who is left out, what is met."""

import json
import sys

import numpy as np
import pytest

from bench import drive, truth
from bench.peers import common
from bench.report import limits, page
from bench.workloads import WORKLOADS


@pytest.mark.parametrize(
    ("name", "batch", "giga"),
    [("W1", 1, 0.104), ("W1", 32, 3.33), ("W2", 1, 8.33), ("W3", 1, 9.57), ("W4", 8, 155.5)],
)
def test_flops_of_workloads(name, batch, giga):
    assert WORKLOADS[name].flops(batch) / 1e9 == pytest.approx(giga, rel=0.005)


def make_block(kind, rng, modes=3):
    if kind == "linoss":
        return {"M": rng.uniform(-0.5, 0.5, (4, modes)), "Fin": rng.uniform(0.5, 1, (2, modes))}
    return {"lam": rng.uniform(0.5, 0.95, modes) * np.exp(1j * rng.uniform(0, 3, modes))}


def scan_by_products(levels, n, U):
    K, KL, K0 = levels[0]
    y = K @ U
    if len(levels) == 1:
        return y
    E = KL @ U
    G, S, cols = E.shape
    X = scan_by_products(levels[1:], n[1:], E.reshape(G, S * n[1], cols // n[1]))
    return y + K0 @ X.reshape(G, S, cols)


@pytest.mark.parametrize("kind", ["s5", "linoss"])
def test_recursive_products_are_the_scan(kind):
    rng = np.random.default_rng(0)
    b, n, P = make_block(kind, rng), (4, 3, 5), 3
    v = rng.standard_normal((60, 2 * P))  # columns p.re, p.im, rows in order of time
    sequential = truth.scan({**b, "F": b.get("Fin")}, kind, (v[:, 0::2] + 1j * v[:, 1::2])[None])[0]
    rows, weights = common.permute(v[None].astype(np.float32), n)
    assert weights.sum() == pytest.approx(1, rel=1e-6)
    levels = common.bmm_levels(b, kind, n)
    U = rows.T.reshape(levels[0][0].shape[0], -1, 60 // n[0])
    y = scan_by_products(levels, n, U).reshape(2 * P, 60).T
    expected = np.stack([sequential.real, sequential.imag], 2).reshape(60, 2 * P)
    found, _ = common.permute(expected[None], n)
    np.testing.assert_allclose(y, found, rtol=2e-5, atol=2e-5)


def make_program(tmp_path, name, ready, tolerance=1e-4):
    """A program that takes part without doing anything."""
    file = tmp_path / f"{name}.py"
    file.write_text(
        f"import sys\nprint('@' + {json.dumps(json.dumps(ready))}, flush=True)\n"
        "for line in sys.stdin:\n"
        "    n = int(line.split()[0])\n"
        "    t = '[' + ', '.join(['0.5'] * n) + ']'\n"
        """    print(f'@{{"t": {t}, "c": {t}, "rss_peak_mb": 1}}', flush=True)\n"""
    )
    truth_file = tmp_path / "truth.npy"
    np.save(truth_file, np.array([[1.0, -4.0]]))
    return drive.Program(name, [sys.executable, file], 2, truth_file, tolerance)


def test_programs_that_fail_or_answer_wrongly_are_named(tmp_path):
    programs = [
        make_program(tmp_path, "right", {"y": [1.0, -4.0]}),
        make_program(tmp_path, "wrong", {"y": [1.01, -4.0]}),
        make_program(tmp_path, "not a number", {"err": float("nan")}),
        drive.Program("dead", [sys.executable, "-c", "raise SystemExit('no weights')"], 2),
        drive.Program("not JSON", [sys.executable, "-c", "print('@{nan}')"], 2),
    ]
    right, *failed = drive.measure(programs, 0, least=1, most=1)
    assert (right["min"], right["err"]) == (0.5, 0)
    texts = ("by 2.5e-03", "by nan", "no weights", "no JSON: {nan}")
    for row, text in zip(failed, texts, strict=True):
        assert text in row["error"] and "min" not in row
    job = {"workload": "W1", "batch": 1, "rows": failed}
    listed = page.failures({"sequences": [job]})
    assert all(f"W1 b1, {p.name}" in listed for p in programs[1:])


def test_what_libraries_print_is_passed_over(tmp_path):
    program = make_program(tmp_path, "chatty", {"y": [1.0, -4.0]})
    file = program.command[1]
    file.write_text(file.read_text().replace("print('@'", "print('loading\\nready\\n@'"))
    (row,) = drive.measure([program], 0, limit=20, least=1, most=1)
    assert row["min"] == 0.5


def make_results(ours, peer):
    rows = [
        {"program": "ssmc@1", "threads": 1, "min": ours, "err": 1e-6},
        {"program": "jax bmm@1", "threads": 1, "min": peer, "err": 1e-6},
        {"program": "iree bmm@1", "threads": 1, "min": 2 * peer, "err": 1e-6},
    ]
    job = {"workload": "W3", "batch": 1, "flops": 80e9, "peak": {"1": [100, 90]}, "rows": rows}
    return {"sequences": [job]}


@pytest.mark.parametrize(
    ("ours", "peer", "met"), [(0.9, 1.8, (True, True)), (1.0, 1.7, (False, False))]
)
def test_limits_of_sequences(ours, peer, met):
    found = {limit.text: limit for limit in limits.all_limits(make_results(ours, peer))}
    share = found["W3 b1: at least 85 % of FMA peak"]
    best = found["W3 b1: at least 1.8 times as fast as the best peer"]
    assert (share.met, best.met) == met
    assert "JAX, batched products" in best.found
    assert found["W1 b1: at least 80 % of FMA peak"].met is None
