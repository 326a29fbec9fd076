#!/usr/bin/env python3
"""Check what the compiler does not: which module includes which, file sizes, banned functions,
and that every test program is in a build list. Prints TAP, one case a rule.

    tools/check-layers.py [SOURCE-ROOT]
"""
import pathlib
import re
import sys

# A module may include itself, what is named here, and what those may include.
MAY_INCLUDE = {
    "base": [],
    "image": ["base"],
    "tensor": ["base"],
    "damage": ["image"],
    "treat": ["image"],
    "sample": ["image"],
    "report": ["image"],
    "feature": ["image", "damage"],
    "text": ["base"],
    "nn": ["tensor"],
    "bridge": ["image", "tensor"],
    "model": ["nn"],
    "dataset": ["image", "damage", "feature", "bridge", "catalogue"],
    "diffusion": ["model", "text"],
    "restore": ["diffusion", "image", "damage", "feature", "bridge", "treat", "layers"],
    "eval": ["image", "damage", "bridge", "model", "report"],
    "screen": ["base"],
    "near": ["base"],
    "catalogue": ["image", "screen", "near", "clean", "feature"],
    "clean": ["base"],
    "export": ["catalogue", "image", "report"],
    "layers": ["image"],
    "record": ["restore"],
    "page": ["record", "report", "treat"],
    "restoration": ["record", "page"],
}
# Public headers by the module that implements them; others are named after their module.
OWNER = {"err": "base", "param": "base", "rng": "base", "data": "dataset", "caption": "feature",
         "csv": "base", "study": "eval", "candidates": "restore"}
# One header, or one file's reason, at a time: (module, header).
EXCEPTIONS = {
    ("diffusion", "kizil/data.h"),  # struct kz_batch only: the shape of what the caller hands in
    ("diffusion", "feature/fused.h"),  # plain arithmetic on arrays, as the next
    ("diffusion", "bridge/coarse.h"),  # plain arithmetic on arrays, shared by training and restoring
}
BANNED = ["strcpy", "strcat", "sprintf", "vsprintf", "gets", "strtok", "atoi", "atol", "atof",
          "alloca", "rand", "srand", "mktemp", "tmpnam"]
BANNED_IN_LIBRARY = ["exit", "_exit", "abort", "printf", "puts", "putchar", "perror", "vprintf"]
LOOK_AT_LINES, MOST_LINES = 500, 1000
LOOK_AT_COLUMNS, MOST_COLUMNS = 100, 120

INCLUDE = re.compile(r'^\s*#\s*include\s+[<"]([^>"]+)[>"]', re.M)
NOISE = re.compile(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])+\'', re.S)


def closure(module):
    seen, todo = {module}, [module]
    while todo:
        for below in MAY_INCLUDE[todo.pop()]:
            if below not in seen:
                seen.add(below)
                todo.append(below)
    return seen


def sources(root, *folders):
    for folder in folders:
        yield from sorted(p for p in (root / folder).rglob("*") if p.suffix in (".c", ".h"))


def owner_of(header):
    folder, name = header.split("/", 1)
    if folder == "kizil":
        stem = name.removesuffix(".h")
        return OWNER.get(stem, stem)
    return folder


def check_layers(root):
    for path in sources(root, "src"):
        module = path.relative_to(root / "src").parts[0]
        if module not in MAY_INCLUDE:
            yield f"{path}: module '{module}' is in no layer (see MAY_INCLUDE)"
            continue
        for header in INCLUDE.findall(path.read_text()):
            ours = "/" in header and (header.startswith("kizil/")
                                      or header.split("/")[0] in MAY_INCLUDE)
            if not ours or owner_of(header) in closure(module) or (module, header) in EXCEPTIONS:
                continue
            yield f"{path}: {module} must not include {header}"
    for path in sources(root, "cli"):
        for header in INCLUDE.findall(path.read_text()):
            if "/" in header and header.split("/")[0] in MAY_INCLUDE:
                yield f"{path}: the command line includes <kizil/...> only, not {header}"


def check_public_headers(root):
    for path in sources(root, "include"):
        for header in INCLUDE.findall(path.read_text()):
            if "/" in header and not header.startswith(("kizil/", "sys/")):
                yield f"{path}: a public header must not include {header}"


def check_sizes(root):
    for path in sources(root, "include", "src", "cli", "tests", "bench"):
        lines = path.read_text().splitlines()
        if len(lines) > MOST_LINES:
            yield f"{path}: {len(lines)} lines; at most {MOST_LINES}"
        elif len(lines) > LOOK_AT_LINES:
            print(f"# look: {path.relative_to(root)} has {len(lines)} lines")
        for number, line in enumerate(lines, 1):
            if len(line) > MOST_COLUMNS:
                yield f"{path}:{number}: {len(line)} columns; at most {MOST_COLUMNS}"
            elif len(line) > LOOK_AT_COLUMNS:
                print(f"# look: {path.relative_to(root)}:{number} has {len(line)} columns")


def calls(text, names):
    pattern = re.compile(r"(?<![\w.>])(" + "|".join(names) + r")\s*\(")
    bare = NOISE.sub(lambda m: "\n" * m.group().count("\n"), text)
    for match in pattern.finditer(bare):
        yield bare.count("\n", 0, match.start()) + 1, match.group(1)


def check_banned(root):
    for folder, names in (("src", BANNED + BANNED_IN_LIBRARY), ("cli", BANNED), ("tests", BANNED),
                          ("bench", BANNED)):
        for path in sources(root, folder):
            for line, name in calls(path.read_text(), names):
                yield f"{path}:{line}: {name}() is banned here"


def check_tests_listed(root):
    lists = "".join(p.read_text() for p in (root / "tests").rglob("meson.build"))
    for path in sorted((root / "tests").rglob("test_*.*")):
        if path.suffix not in (".c", ".sh", ".py") or path.parent.name == "golden":
            continue
        if f"'{path.stem.removeprefix('test_')}'" not in lists:
            yield f"{path}: not in any list of tests/**/meson.build"


def check_head_comments(root):
    for path in sources(root, "include", "src", "cli"):
        if not path.read_text().startswith("/*"):
            yield f"{path}: starts without a comment that says why it is there"


def main():
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ".").resolve()
    rules = [check_layers, check_public_headers, check_sizes, check_banned, check_tests_listed,
             check_head_comments]
    failed = 0
    print(f"1..{len(rules)}")
    for number, rule in enumerate(rules, 1):
        found = list(rule(root))
        failed += bool(found)
        for line in found:
            print(f"# {line.replace(str(root) + '/', '')}")
        name = rule.__name__.removeprefix("check_").replace("_", " ")
        print(f"{'not ok' if found else 'ok'} {number} - {name}")
    sys.exit(1 if failed else 0)


main()
