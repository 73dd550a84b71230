"""Damages a file of weights and compares what NAME_load says of it with what `ssmc` says.

    same_sentences.py SSMC FOLDER

FOLDER has model.json, model.safetensors, and late.so, the configuration compiled with
--weights runtime --name late. Prints a line for every damage.
"""

import ctypes
import json
import pathlib
import re
import struct
import subprocess
import sys

import numpy as np

BIAS = "layers.2.linear.bias"
VAR = "layers.1.blocks.0.norm.running_var"
B = "layers.1.blocks.0.sequence_mixer.B"


class File:
    """A safetensors file in parts, so that each can be spoilt."""

    def __init__(self, content: bytes):
        length = struct.unpack("<Q", content[:8])[0]
        self.header = json.loads(content[8 : 8 + length])
        self.data = content[8 + length :]
        self.text = None  # instead of the header

    def join(self) -> bytes:
        text = json.dumps(self.header) if self.text is None else self.text
        return struct.pack("<Q", len(text.encode())) + text.encode() + self.data

    def spoil(self, tensor: str, index: int, value: float) -> None:
        at = self.header[tensor]["data_offsets"][0] + 4 * index
        self.data = self.data[:at] + struct.pack("<f", value) + self.data[at + 4 :]

    def append(self, tensor: str, entry: dict, data: bytes) -> None:
        end = len(self.data)
        self.header[tensor] = entry | {"data_offsets": [end, end + len(data)]}
        self.data += data

    def remove(self, tensor: str) -> None:
        """And its data, which must lie last."""
        begin, end = self.header.pop(tensor)["data_offsets"]
        self.data = self.data[:begin] + self.data[end:]
        for entry in self.header.values():
            entry["data_offsets"] = [
                at - (end - begin) if at >= end else at for at in entry["data_offsets"]
            ]


def edit(change):
    """A damage of File's parts as one of bytes."""

    def damage(content: bytes) -> bytes:
        file = File(content)
        change(file)
        return file.join()

    return damage


def text(change):
    """A damage of the header's text."""

    @edit
    def damage(file: File) -> None:
        file.text = change(json.dumps(file.header))

    return damage


def member(tensor: str, **members):
    """A damage of a tensor's entry; None: without the member."""

    @edit
    def damage(file: File) -> None:
        entry = file.header[tensor] | members
        file.header[tensor] = {key: value for key, value in entry.items() if value is not None}

    return damage


def overlap(file: File) -> None:
    first, second = sorted(file.header.values(), key=lambda entry: entry["data_offsets"])[:2]
    begin, end = second["data_offsets"]
    second["data_offsets"] = [begin - 4, end - 4]
    assert first["data_offsets"][1] == begin


def twice(header: str) -> str:
    entry = re.search(rf'"{re.escape(BIAS)}": {{[^}}]*}}', header)[0]
    return header[:-1] + ", " + entry + "}"


def gap(file: File) -> None:
    for entry in file.header.values():
        entry["data_offsets"] = [at + 4 for at in entry["data_offsets"]]
    file.data = bytes(4) + file.data


DAMAGES = {
    "nothing": lambda content: content,
    "no bytes": lambda content: b"",
    "five bytes": lambda content: content[:5],
    "half a header": lambda content: content[:40],
    "one byte less": lambda content: content[:-1],
    "bytes at the end": lambda content: content + b"1234",
    "a huge header": lambda content: b"\xff" * 8 + content[8:],
    "junk": lambda content: struct.pack("<Q", 4) + b"junk",
    "a list": lambda content: struct.pack("<Q", 2) + b"[]",
    "an empty header": lambda content: struct.pack("<Q", 0),
    "cut JSON": text(lambda header: header[:-9]),
    "more behind": text(lambda header: header + " {}"),
    "no comma": text(lambda header: header.replace("}, ", "} ", 1)),
    "no colon": text(lambda header: header.replace('": {', '" {', 1)),
    "no quote": text(lambda header: header.replace('"', "", 1)),
    "an escape": text(lambda header: header.replace("layers", "\\qayers", 1)),
    "a control character": text(lambda header: header.replace("layers", "\nlayers", 1)),
    "twice": text(twice),
    "an entry of a number": text(lambda header: json.dumps({BIAS: 3})),
    "metadata of numbers": text(lambda header: '{"__metadata__": {"a": 3}, ' + header[1:]),
    "metadata": text(lambda header: '{"__metadata__": {"a": "3"}, ' + header[1:]),
    "no dtype": member(BIAS, dtype=None),
    "a dtype that is none": member(BIAS, dtype="F8"),
    "a dtype of a number": member(BIAS, dtype=3),
    "integers": member(BIAS, dtype="I32"),
    "no shape": member(BIAS, shape=None),
    "a shape of a word": member(BIAS, shape="none"),
    "a negative shape": member(BIAS, shape=[-1]),
    "a shape of a half": member(BIAS, shape=[0.5]),
    "an overflow": member(BIAS, shape=[1 << 40, 1 << 40]),
    "another member": member(BIAS, more=1),
    "no offsets": member(BIAS, data_offsets=None),
    "one offset": member(BIAS, data_offsets=[0]),
    "three offsets": member(BIAS, data_offsets=[0, 1, 2]),
    "backwards": member(BIAS, data_offsets=[8, 4]),
    "beyond the end": member(BIAS, data_offsets=[0, 1 << 40]),
    "too few bytes": member(BIAS, data_offsets=[0, 4]),
    "an overlap": edit(overlap),
    "a gap": edit(gap),
    "another rank": edit(lambda file: file.header[BIAS].update(shape=[1, 10])),
    "a shape": edit(lambda file: file.header[B].update(shape=file.header[B]["shape"][::-1])),
    "a tensor less": edit(lambda file: file.remove(BIAS)),
    "a tensor more": edit(lambda file: file.append("c", {"dtype": "F32", "shape": [1]}, bytes(4))),
    "NaN": edit(lambda file: file.spoil(B, 3, np.nan)),
    # The nearest f32 is above.
    "a variance of nearly -epsilon": edit(lambda file: file.spoil(VAR, 3, -1e-5)),
    "a variance of -epsilon": edit(
        lambda file: file.spoil(VAR, 3, np.nextafter(np.float32(-1e-5), np.float32(-1)))
    ),
    "a variance of -infinity": edit(lambda file: file.spoil(VAR, 0, -np.inf)),
    "infinity": edit(lambda file: file.spoil(B, 3, np.inf)),
}


def main() -> None:
    ssmc, folder = sys.argv[1], pathlib.Path(sys.argv[2])
    late = ctypes.CDLL(folder / "late.so").late_load
    late.argtypes = [ctypes.c_void_p, ctypes.c_size_t] * 4
    content = (folder / "model.safetensors").read_bytes()
    header = (folder / "late.h").read_text()

    def memory(macro: str) -> np.ndarray:
        size = int(re.search(rf"#define late_{macro} (\d+)", header)[1])
        whole = np.zeros(size + 64, np.uint8)
        return whole[-whole.ctypes.data % 64 :][:size]

    packed, ws = memory("WEIGHTS_BYTES"), memory("LOAD_WORKSPACE_BYTES")
    differences = 0
    for name, damage in DAMAGES.items():
        spoilt = damage(content)
        problem = ctypes.create_string_buffer(400)
        late(packed.ctypes.data, packed.size, spoilt, len(spoilt), ws.ctypes.data, ws.size,
             ctypes.addressof(problem), len(problem))  # fmt: skip
        (folder / "spoilt.safetensors").write_bytes(spoilt)
        run = subprocess.run(
            [ssmc, "compile", folder / "model.json", "--weights", folder / "spoilt.safetensors",
             "--emit", "model", "-o", folder / "spoilt"],
            capture_output=True, text=True,
        )  # fmt: skip
        said = re.search(r"spoilt.safetensors:(?:\d+:\d+:)? error: (.*)", run.stderr)
        said = said[1] if said else ""
        assert bool(said) == (run.returncode != 0), run.stderr
        if said == problem.value.decode():
            print(f"{name}: {said or 'loaded'}")
            continue
        differences += 1
        print(f"{name}: NAME_load and ssmc differ:\n  {problem.value.decode()}\n  {said}")
    print(f"{len(DAMAGES)} files, {differences} sentences differ")


main()
