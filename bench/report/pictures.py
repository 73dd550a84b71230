"""The pictures of docs/benchmarks.md."""

from pathlib import Path

import matplotlib
import numpy as np

from bench.report.figures import Row, find, job_name, jobs, share, title

matplotlib.use("svg")
matplotlib.rcParams.update({"svg.hashsalt": "ssmc", "font.size": 9, "svg.fonttype": "none"})
import matplotlib.pyplot as plt  # noqa: E402 - after its backend

OURS, HAND = "#c0392b", "#7f8c8d"


def save(figure, path: Path) -> None:
    # No date: the same figures give the same file.
    figure.savefig(path, metadata={"Date": None}, bbox_inches="tight")
    plt.close(figure)


def plot_roofline(results: Row, path: Path) -> None:
    """FLOPs per byte of weights that are read, against GFLOP/s."""
    machine = results["scaling"]["machine"]
    peak = machine["peak"]["1"][0]
    figure, axes = plt.subplots(figsize=(7, 4.2))
    x = np.logspace(-1.2, 2.2, 100)
    for read in machine["read"]:
        size = read["bytes"]
        if size in (2**17, 2**20, 2**23, 2**28):
            name = f"{size // 1024} KB" if size < 2**20 else f"{size // 2**20} MB"
            roof = np.minimum(x * read["gb_per_s"], peak)
            axes.plot(x, roof, color="0.75", zorder=1)
            axes.annotate(
                f"{name}: {read['gb_per_s']:.0f} GB/s",
                (x[0], roof[0]),
                fontsize=7,
                color="0.4",
                va="bottom",
            )
    axes.axhline(peak, color="0.4", zorder=1)
    axes.annotate(f"FMA peak {peak:.0f} GFLOP/s", (x[0], peak), va="bottom", fontsize=8)
    for section, marker in (("sequences", "o"), ("steps", "s")):
        for job in jobs(results, section):
            numbers = job["inspect"]
            rows = numbers.get("time steps per chunk", 24)
            if section == "steps":
                rows = min(job["batch"], numbers.get("streams per group", 24))
            for program, color in (("ssmc@1", OURS), ("by hand@1", HAND)):
                row = find(job, program)
                if not row:
                    continue
                per_step = numbers["operations per step"]
                intensity = per_step * rows / numbers["packed weights"]
                axes.plot(intensity, job["flops"] / row["min"] / 1e9, marker, color=color)
                if program == "ssmc@1":
                    name = job_name(job).replace(" b", " step b" if section == "steps" else " b")
                    at = (intensity * 1.06, job["flops"] / row["min"] / 1e9)
                    axes.annotate(name, at, fontsize=7, va="center")
    axes.set(xscale="log", yscale="log", xlim=(x[0], x[-1]))
    axes.set_xlabel("FLOP per byte of weights read (a chunk or group of streams reads them once)")
    axes.set_ylabel("GFLOP/s, one thread")
    axes.set_title("Sequences (dots) and steps (squares); red: ssmc, grey: by hand", fontsize=9)
    save(figure, path)


def plot_ratios(results: Row, path: Path) -> None:
    """Time relative to ssmc's, of all programs on one thread."""
    shown = [j for j in jobs(results, "sequences") if find(j, "ssmc@1") and len(j["rows"]) > 3]
    if not shown:
        return
    figure, panels = plt.subplots(1, len(shown), figsize=(2.3 * len(shown), 3), sharey=True)
    names = []
    for job in shown:
        for row in job["rows"]:
            if row["program"].endswith("@1") and row["program"] not in names:
                names.append(row["program"])
    names = [n for n in names if n != "build@1"][::-1]
    for job, axes in zip(shown, np.atleast_1d(panels), strict=True):
        ours = find(job, "ssmc@1")
        for i, name in enumerate(names):
            row = find(job, name)
            if row:
                times = row["min"] / ours["min"]
                color = OURS if name == "ssmc@1" else HAND if name == "by hand@1" else "#2c6fa6"
                axes.barh(i, times, color=color)
                axes.annotate(f"{times:.2f}", (times, i), fontsize=7, va="center")
        axes.set_title(job_name(job), fontsize=9)
        axes.set_yticks(range(len(names)), [title(n).replace("*", "") for n in names], fontsize=7)
        axes.margins(x=0.25)
        axes.spines[["top", "right"]].set_visible(False)
    figure.supxlabel("time / time of ssmc, one thread, fastest runs", fontsize=8)
    save(figure, path)


def plot_sweep(results: Row, path: Path) -> None:
    rows = [r for r in jobs(results, "sweep") if "min" in r]
    widths, states = (sorted({r[k] for r in rows}) for k in ("hidden", "state"))
    values = np.full((len(states), len(widths)), np.nan)
    for r in rows:
        values[states.index(r["state"]), widths.index(r["hidden"])] = share(r, r)
    figure, axes = plt.subplots(figsize=(8, 3))
    axes.imshow(values, vmin=20, vmax=100, cmap="RdYlGn", aspect="auto")
    for (i, j), value in np.ndenumerate(values):
        if np.isfinite(value):
            axes.annotate(f"{value:.0f}", (j, i), ha="center", va="center", fontsize=8)
    axes.set_xticks(range(len(widths)), widths)
    axes.set_yticks(range(len(states)), states)
    axes.set(xlabel="hidden_dim", ylabel="state_dim")
    axes.set_title("S5, two blocks: % of FMA peak, per FLOP that is needed", fontsize=9)
    save(figure, path)


def plot_all(results: Row, folder: Path) -> dict[str, Path]:
    """The pictures that the results have the figures for."""
    folder.mkdir(parents=True, exist_ok=True)
    wanted = {
        "roofline": (plot_roofline, "machine" in (results.get("scaling") or {})),
        "ratios": (plot_ratios, bool(jobs(results, "sequences"))),
        "sweep": (plot_sweep, any("min" in r for r in jobs(results, "sweep"))),
    }
    for name, (plot, possible) in wanted.items():
        if possible:
            plot(results, folder / f"{name}.svg")
    return {n: folder / f"{n}.svg" for n in wanted if (folder / f"{n}.svg").exists()}
