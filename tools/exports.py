#!/usr/bin/env python3
"""Write the linker's list of what the shared library shows: what include/kizil/*.h declares.

    tools/exports.py HEADER-FOLDER MAP [DEPFILE]

Names alone cannot tell (kz_atomic_open is private to src/), and a mark before every declaration
would be noise in the headers. A name that follows a declaration's type and precedes its bracket is
a function's; one after `extern` is a table's. Private names (kz__) never pass.
"""
import pathlib
import re
import sys

COMMENT = re.compile(r"/\*.*?\*/|//[^\n]*", re.S)
DIRECTIVE = re.compile(r"^[ \t]*#(?:[^\n]*\\\n)*[^\n]*", re.M)
BLOCK = re.compile(r"\{[^{}]*\}")
NAME = r"(?<!\w)(kz_(?!_)\w+)"
FUNCTION = re.compile(NAME + r"\s*\(")
OBJECT = re.compile(NAME + r"\s*(?=[\[,]|$)")


def declared(text):
    """Names of functions and tables that a header declares."""
    text = DIRECTIVE.sub(" ", COMMENT.sub(" ", text))
    while BLOCK.search(text):
        text = BLOCK.sub(";", text)
    for statement in text.split(";"):
        statement = " ".join(statement.split())
        if re.match(r"(static|typedef)\b", statement):
            continue
        function = FUNCTION.search(statement)
        if function:
            yield function.group(1)
        elif statement.startswith("extern "):
            yield from OBJECT.findall(statement)


def write_changed(path, text):
    if not path.exists() or path.read_text() != text:
        path.write_text(text)


def main():
    folder, target = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    headers = sorted(folder.glob("*.h"))
    names = sorted({name for header in headers for name in declared(header.read_text())})
    listed = "".join(f"    {name};\n" for name in names)
    write_changed(target, f"{{\n  global:\n{listed}  local: *;\n}};\n")
    if len(sys.argv) > 3:  # the folder too, so that a new header is seen
        inputs = " ".join(str(p).replace(" ", "\\ ") for p in [folder, *headers])
        pathlib.Path(sys.argv[3]).write_text(f"{target}: {inputs}\n")


main()
