"""Spoils a safetensors file: edit_weights.py IN OUT EDIT [TENSOR].

EDIT is one of: drop, rename, reshape (to one axis), integer (dtype I32),
nan and negative (the second element), zero, truncate (the file), overlap (all data at 0),
double (dtype F64, the same numbers), huge (F64 that no F32 can hold).
"""

import json
import struct
import sys


def main():
    source, target, edit = sys.argv[1:4]
    name = sys.argv[4] if len(sys.argv) > 4 else None
    with open(source, "rb") as file:
        text = file.read()
    (length,) = struct.unpack("<Q", text[:8])
    header, data = json.loads(text[8 : 8 + length]), bytearray(text[8 + length :])
    entry = header[name] if name else None
    begin, end = entry["data_offsets"] if entry else (0, 0)

    def remove_bytes():  # so that the rest of the file is right
        del data[begin:end]
        for other in header.values():
            if "data_offsets" in other and other["data_offsets"][0] >= end:
                other["data_offsets"] = [o - (end - begin) for o in other["data_offsets"]]

    if edit == "drop":
        del header[name]
        remove_bytes()
    elif edit == "rename":
        header["layers.9.unknown"] = header.pop(name)
    elif edit == "reshape":
        entry["shape"] = [(end - begin) // 4]
    elif edit == "integer":
        entry["dtype"] = "I32"
    elif edit == "nan":
        data[begin + 4 : begin + 8] = struct.pack("<f", float("nan"))
    elif edit == "negative":
        data[begin + 4 : begin + 8] = struct.pack("<f", -0.5)
    elif edit == "zero":
        data[begin:end] = bytes(end - begin)
    elif edit in ("double", "huge"):
        numbers = struct.unpack(f"<{(end - begin) // 4}f", data[begin:end])
        doubles = [1e300 if edit == "huge" else number for number in numbers]
        remove_bytes()
        entry["dtype"] = "F64"
        entry["data_offsets"] = [len(data), len(data) + 8 * len(doubles)]
        data += struct.pack(f"<{len(doubles)}d", *doubles)
    elif edit == "truncate":
        del data[-1:]
    elif edit == "overlap":
        for other in header.values():
            if "data_offsets" in other:
                size = other["data_offsets"][1] - other["data_offsets"][0]
                other["data_offsets"] = [0, size]
    else:
        sys.exit(f"unknown edit {edit}")

    text = json.dumps(header).encode()
    with open(target, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + data)


main()
