"""The benchmark's own arithmetic: FLOPs, rewritten scans, ratios, who is left out, what is met."""

import json
import sys

import numpy as np
import pytest

from bench import compare, drive, truth
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


def make_clock(tmp_path, name, scripts, first):
    """A program whose run i takes scripts[i] = (wall seconds, CPU seconds); it does not wait."""
    file = tmp_path / f"{name}.py"
    file.write_text(
        f"import json, sys\nprint('@' + json.dumps({{'first': {first}}}), flush=True)\n"
        f"runs = iter({scripts!r})\n"
        "for line in sys.stdin:\n"
        "    taken = [next(runs) for _ in range(int(line.split()[0]))]\n"
        "    t, c = [r[0] for r in taken], [r[1] for r in taken]\n"
        "    print('@' + json.dumps({'t': t, 'c': c, 'rss_peak_mb': 1}), flush=True)\n"
    )
    return drive.Program(name, [sys.executable, file], 2)


def test_ratios_are_of_what_ran_at_the_same_time(tmp_path):
    # Both take 0.1 s of CPU per second while they share a core. The long program ends after
    # 4 s: what the other does then, alone and faster, does not count.
    short = [(0.5, 0.1)] * 8 + [(0.1, 0.02)] * 100
    programs = [
        make_clock(tmp_path, "short", short, 0.1),
        make_clock(tmp_path, "long", [(4.0, 0.8)], 0.8),
    ]
    one, other = compare.together(programs, 0.8, 1)
    assert compare.ratios(other, one) == pytest.approx([8])
    assert one["each"] == pytest.approx([0.1])


def test_ratios_in_turns_are_by_round(tmp_path):
    # The machine gets three times as slow after the first round.
    script = [(1.0, 1.0)] * 2 + [(3.0, 3.0)] * 20
    halves = [(w / 2, c / 2) for w, c in script]
    programs = [make_clock(tmp_path, n, s, 1) for n, s in (("one", script), ("two", halves))]
    one, two = compare.in_turns(programs, 0, least=3)
    assert one["each"][0] == 1 and one["each"][-1] == 3
    assert compare.ratios(one, two) == [2, 2, 2]
    assert compare.ratios(one, {"error": "died"}) == []


def test_spread_leaves_the_ends_out():
    assert compare.spread([3, 1, 2]) == [1, 2, 3]
    assert compare.spread([100, *range(1, 19), -100]) == [2, 9.5, 17]
    assert compare.spread([]) == []


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


def test_limits_say_which_code_met_them():
    results = make_results(1.0, 1.7)
    (job,) = results["sequences"]
    text = "W3 b1: at least 85 % of FMA peak"
    assert "x86-64-v3" not in page.limits_table(results)
    job["peak"]["x86-64-v3"] = [50, 45]
    row = {"program": "ssmc x86-64-v3@1", "threads": 1, "code": "x86-64-v3"}
    job["rows"].append(row | {"min": 80e9 / 45e9})
    limit = next(each for each in limits.all_limits(results) if each.text == text)
    assert (limit.met, limit.found) == (False, "80 %")
    assert (limit.narrow.met, limit.narrow.found) == (True, "90 %")
    table = page.limits_table(results)
    assert f"| {text} | 80 % | **no** | 90 % | yes |" in table
    assert "which meets 0; and x86-64-v3 code" in table and "which meets 1." in table
    assert "at least 1.8 times as fast as the best peer | 1.7 x" in table


def test_limits_of_ratios_are_medians_of_rounds():
    gains = {"gain": [1.4, 1.7, 1.9], "peak_gain": [1.5, 1.8, 2.0], "part": [0.7, 0.94, 1.2]}
    busy = {"relative": [0.9, 1.1, 1.6]}
    lengths = [
        {"program": str(n), "size": n, "relative": relative, "workspace_bytes": 64, "min": 1}
        for n, relative in ((1000, [1, 1, 1]), (10000, [0.9, 1.02, 1.5]))
    ]
    name = {"workload": "W1", "batch": 1, "rows": []}
    scaling = {"lengths": lengths, "busy": [name | busy]}
    results = {"threads": [name | gains], "scaling": scaling}
    found = {limit.text: limit for limit in limits.all_limits(results)}
    two = found["W1 b1, two threads: at least 0.95 times what the FMA peak gains"]
    assert (two.met, two.found) == (False, "0.940 (1.70 x of 1.80 x)")
    text = "W1 b1, two threads, the second core busy: at most 1.15 times one thread"
    assert found[text].met is True
    flat = found["time per step, L = 1e+03 to 1e+04: flat within 3 %"]
    assert (flat.met, flat.found) == (True, "2 %")
