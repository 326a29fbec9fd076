#!/usr/bin/env python3
"""Make files into C byte arrays, so that the program needs nothing beside it.

    tools/embed.py OUT.inc.h NAME=FILE...
"""
import sys


def array(name, path):
    with open(path, "rb") as f:
        data = f.read()
    lines = [", ".join(str(b) for b in data[i:i + 24]) for i in range(0, len(data), 24)]
    return f"static const unsigned char {name}[] = {{\n  " + ",\n  ".join(lines) + "};\n"


with open(sys.argv[1], "w") as out:
    out.write("/* Made by tools/embed.py; do not edit. */\n")
    out.writelines(array(*pair.split("=", 1)) for pair in sys.argv[2:])
