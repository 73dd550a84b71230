"""Checks what `ssmc inspect --json` says of tiny.json against numbers counted by hand."""

import json
import sys


def main() -> None:
    with open(sys.argv[1]) as file:
        found = json.load(file)
    assert found["steps_per_chunk"] == 24, found["steps_per_chunk"]
    # Products: the encoder's 16, and per block 16 x 16, 16 x 16, 16 x 32; the skip's 16, and 4
    # multiply-adds per mode. A mean adds 16 numbers. The head's product is done once per sequence.
    flops = 2 * (16 + 2 * (2 * 256 + 512 + 16 + 4 * 8)) + 16
    assert found["flops_per_step"] == flops, (found["flops_per_step"], flops)
    assert found["forward_only"] is False and len(found["states"]) == 4
    assert set(found["stack_bytes"]) == {"step", "chunk", "forward"}
    assert all(0 < bytes_ < 1 << 16 for bytes_ in found["stack_bytes"].values())

    chunk, step, streams = found["entry_points"]
    assert [chunk["name"], step["name"], streams["name"]] == ["chunk", "step", "streams"]
    assert [chunk["rows"], step["rows"], streams["rows"]] == [24, 1, 24]

    row = 64
    weights = 128 + 2 * (1280 + 1088 + 2240)
    read = {entry["name"]: entry["bytes"] for entry in found["entry_points"]}
    for name, rows, records in (("chunk", 24, 1), ("step", 1, 1), ("streams", 24, 24)):
        bytes_ = read[name]
        assert bytes_["weights"]["read"] == weights, (name, bytes_)
        assert bytes_["weights"]["written"] == 0, (name, bytes_)
        # Of each block 2 + 3 rows are read or written by products of two inputs; each
        # block's first and last product and the pool look up whose rows are which.
        streams_of_rows = rows * 8 if name == "streams" else 0
        assert bytes_["activations"]["read"] == rows * (2 * 5 + 1) * row + 5 * streams_of_rows
        assert bytes_["activations"]["written"] == rows * (1 + 2 * 3) * row + streams_of_rows
        assert bytes_["state"]["written"] == records * (2 * 64 + 16 * 8 + 8), (name, bytes_)
        assert bytes_["input"]["read"] == rows * 4 + streams_of_rows, (name, bytes_)
        assert bytes_["output"] == {"read": 0, "written": 0, "loaded": 0, "stored": 0}

    scan = next(phase for phase in chunk["phases"] if phase.get("epilogue") == "scan")
    assert (scan["unit"], scan["layers"], scan["depth"], scan["columns"]) == ("block0", 2, 16, 16)
    assert scan["tile"] == {"rows": 6, "panels": 1}, scan["tile"]
    assert scan["product_flops"] == 2 * 24 * 2 * 16 * 16
    # And 4 multiply-adds for each of 16 planes of the scan.
    assert scan["flops"] == 2 * 24 * 2 * (16 * 16 + 4 * 16)
    # 4 tiles load the weights of the product, a row of coefficients each of the 24.
    product = 2 * 16 * 16 * 4
    assert scan["bytes"]["weights"]["loaded"] >= 4 * product
    assert scan["weight_bytes"] == 2560


main()
