"""Compares what `ssmc inspect --json` says of a bidirectional model with its library."""

import ctypes
import json
import sys


def main() -> None:
    with open(sys.argv[1]) as file:
        found = json.load(file)
    needed = ctypes.CDLL(sys.argv[2]).both_forward_workspace_bytes
    needed.restype, needed.argtypes = ctypes.c_size_t, [ctypes.c_int64, ctypes.c_int32]
    for length in (0, 1, 1000):
        said = found["workspace_bytes"] + length * found["workspace_bytes_per_step"]
        assert said == needed(length, 1), (length, said, needed(length, 1))
    assert found["forward_only"] is True
    assert set(found["stack_bytes"]) == {"forward"}
    assert not {"states", "state_bytes", "streams_per_group"} & set(found)


main()
