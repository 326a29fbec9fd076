"""Rewrites a classic TIFF as a BigTIFF, metadata and all, which exiftool cannot.

    bigtiff.py FILE

The old file's bytes stay where they are, eight bytes further on; new directories go behind them.
"""
import struct
import sys

SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4}
SHIFT = 8
DIRECTORIES = (330, 34665, 34853, 40965)

path = sys.argv[1]
old = open(path, "rb").read()
order = "<" if old[:2] == b"II" else ">"
new = bytearray(old[:2] + struct.pack(order + "HHHQ", 43, 8, 0, 0) + old[8:])


def unpack(code, at):
    return struct.unpack_from(order + code, old, at)


def put(data):
    new.extend(b"\0" * (-len(new) % 8))
    new.extend(data)
    return len(new) - len(data)


def directory(at):
    entries = b""
    (count,) = unpack("H", at)
    for i in range(count):
        tag, kind, n = unpack("HHI", at + 2 + 12 * i)
        size = n * SIZES[kind]
        place = at + 10 + 12 * i if size <= 4 else unpack("I", at + 10 + 12 * i)[0]
        data = old[place : place + size]
        if tag in DIRECTORIES:
            kind, data = 18, b"".join(struct.pack(order + "Q", directory(child))
                                      for child in unpack(f"{n}I", place))
        elif tag in (273, 324):
            code = "I" if kind == 4 else "H"
            kind, data = 16, b"".join(struct.pack(order + "Q", offset + SHIFT)
                                      for offset in unpack(f"{n}{code}", place))
        field = data.ljust(8, b"\0") if len(data) <= 8 else struct.pack(order + "Q", put(data))
        entries += struct.pack(order + "HHQ", tag, kind, n) + field
    (following,) = unpack("I", at + 2 + 12 * count)
    then = directory(following) if following else 0
    return put(struct.pack(order + "Q", count) + entries + struct.pack(order + "Q", then))


first = directory(unpack("I", 4)[0])
struct.pack_into(order + "Q", new, 8, first)
open(path, "wb").write(new)
