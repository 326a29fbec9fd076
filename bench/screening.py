#!/usr/bin/env python3
"""Recall and false alarms of the measures of src/screen, on defects put into real pictures.

usage: screening.py [--program build-bench/bench/bench_screen] [--pictures FOLDER] [--set]
                    [--every N] [--only TEXT[,TEXT]...] [--percentiles]

The pictures (default: murals/train of $KIZIL_SHARED or ../shared/data) fall into two halves by a
hash of the cave that manifest.csv, two folders up, gives them, so that no cave is in both; one of
no known cave stands for itself. Thresholds were set on the first half; the tables are made from the
second, --set shows the first instead. Each picture is tried as it is and with each defect; every
one but "JPEG quality N" is stored as JPEG of quality 92 afterwards, as a real one would be, and the
unharmed too; false alarms are also counted on the files as they are. Recall is by the measure that is meant for the defect; `any` is by whatever fails,
short-side apart. In brackets: intervals of 95 % (Wilson), as if pictures of a cave were
independent, which they are not quite. The tables are Markdown. Needs OpenCV and NumPy.
"""
import argparse
import csv
import hashlib
import os
import pathlib
import subprocess
import sys

import cv2
import numpy as np

KEPT = 92  # JPEG quality


def caves(pictures):
    """Cave by file name; from the manifest where there is one."""
    manifest = pictures.parent.parent / "manifest.csv"
    if not manifest.exists():
        return {}
    with open(manifest, newline="", encoding="utf-8") as file:
        return {pathlib.PurePath(row["file"]).name: f"{row['site']} {row['cave']}"
                for row in csv.DictReader(file) if row["cave"]}


def half(group):
    return hashlib.sha256(group.encode()).digest()[0] & 1


def seed_of(path, name):
    return int.from_bytes(hashlib.sha256((path.name + name).encode()).digest()[:4], "big")


def as_jpeg(image, quality):
    return cv2.imdecode(cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])[1], 1)


def blurred(sigma):
    return lambda image, rng: cv2.GaussianBlur(image, (0, 0), sigma)


def moved(length):
    def defect(image, rng):
        angle = rng.random() * np.pi
        kernel = np.zeros((2 * length + 1,) * 2, np.float32)
        for t in np.linspace(-length / 2, length / 2, 8 * length):
            y, x = length + t * np.sin(angle), length + t * np.cos(angle)
            kernel[int(round(y)), int(round(x))] += 1
        return cv2.filter2D(image, -1, kernel / kernel.sum(), borderType=cv2.BORDER_REFLECT)
    return defect


def exposed(stops):
    """Light times 2^stops; a 2.2 gamma."""
    table = np.clip((np.arange(256) / 255) ** 2.2 * 2.0 ** stops, 0, 1) ** (1 / 2.2) * 255
    return lambda image, rng: (table + 0.5).astype(np.uint8)[image]


def flattened(share):
    return lambda image, rng: np.clip(128 + (image.astype(np.float32) - 128) * share, 0,
                                      255).astype(np.uint8)


def enlarged(factor, how):
    return lambda image, rng: cv2.resize(image, None, fx=factor, fy=factor, interpolation=how)


def screened(period):
    """Halftone of dots at 45 degrees or about that, as a scanner softens it."""
    def defect(image, rng):
        h, w = image.shape[:2]
        angle = np.pi / 4 + (rng.random() - 0.5) * 0.3
        y, x = np.mgrid[:h, :w].astype(np.float32) * (2 * np.pi / period)
        dots = 0.5 * (np.cos(x * np.cos(angle) + y * np.sin(angle)) + np.cos(
            y * np.cos(angle) - x * np.sin(angle)))
        tone = image.astype(np.float32) / 255
        ink = 1 / (1 + np.exp(-(tone - 0.5 + 0.5 * dots[..., None]) * 8))
        ink = cv2.GaussianBlur(ink, (0, 0), period / 5)
        return (np.clip(0.6 * tone + 0.4 * ink, 0, 1) * 255).astype(np.uint8)
    return defect


def shrunk(period):
    """The moire of a halftone that was scanned at too few dots."""
    def defect(image, rng):
        image = cv2.resize(image, None, fx=1.6, fy=1.6, interpolation=cv2.INTER_CUBIC)
        image = screened(period)(image, rng)
        return cv2.resize(image, None, fx=0.625, fy=0.625, interpolation=cv2.INTER_LINEAR)
    return defect


def write(over, text, place, size, tone):
    cv2.putText(over, text, place, cv2.FONT_HERSHEY_SIMPLEX, size, tone, max(1, round(2 * size)),
                cv2.LINE_AA)


def lettered(alpha):
    """A line of text."""
    def defect(image, rng):
        over = image.copy()
        h, w = image.shape[:2]
        tone = (255, 255, 255) if rng.random() < 0.5 else (0, 0, 0)
        place = (int(w * 0.05), int(h * (0.2 + 0.7 * rng.random())))
        write(over, "www.example.com 2024", place, max(0.5, min(w, h) / 400), tone)
        return cv2.addWeighted(over, alpha, image, 1 - alpha, 0)
    return defect


def repeated(alpha):
    """Text all over, sloping."""
    def defect(image, rng):
        h, w = image.shape[:2]
        side = 2 * max(w, h)
        layer = np.zeros((side, side), np.uint8)
        size = max(0.5, min(w, h) / 500)
        for y in range(0, side, int(110 * size)):
            for x in range(-int(rng.random() * 200), side, int(250 * size)):
                write(layer, "example.com", (x, y), size, 255)
        turn = cv2.getRotationMatrix2D((side / 2, side / 2), 30, 1)
        layer = cv2.warpAffine(layer, turn, (side, side))[side // 2 - h // 2:, side // 2 - w // 2:]
        share = alpha * layer[:h, :w, None].astype(np.float32) / 255
        return (image * (1 - share) + 255 * share).astype(np.uint8)
    return defect


def sketch(image, rng):
    """Lines of ink on white paper."""
    grey = cv2.cvtColor(cv2.GaussianBlur(image, (0, 0), 1.5), cv2.COLOR_BGR2GRAY)
    lines = cv2.adaptiveThreshold(grey, 255, cv2.ADAPTIVE_THRESH_MEAN_C, cv2.THRESH_BINARY, 15, 5)
    return cv2.cvtColor(cv2.GaussianBlur(lines, (0, 0), 0.6), cv2.COLOR_GRAY2BGR)


def blank(image, rng):
    """Paper: nothing but grain."""
    h, w = image.shape[:2]
    return np.clip(235 + 2 * rng.standard_normal((h, w, 1)) + np.zeros(3), 0, 255).astype(np.uint8)


def interface(image, rng):
    """A window with the picture small in it, lines of text and buttons."""
    h, w = image.shape[:2]
    out = np.full_like(image, 240)
    out[:max(8, h // 12)] = (180, 110, 40)
    small = cv2.resize(image, (max(1, w // 3), max(1, h // 3)), interpolation=cv2.INTER_AREA)
    out[h // 6:h // 6 + small.shape[0], w // 20:w // 20 + small.shape[1]] = small
    for y in range(h // 5, h - 8, 18):
        length = int(w * (0.1 + 0.4 * rng.random()))
        write(out, "Lorem ipsum dolor sit amet"[:max(3, length // 8)], (w // 2 - w // 20, y), 0.4,
              (40, 40, 40))
    return out


def drawn(image, rng):
    """Areas of one colour and lines, as an interface or a chart has."""
    h, w = image.shape[:2]
    out = np.full_like(image, 245)
    for _ in range(12):
        x, y = int(rng.random() * w), int(rng.random() * h)
        colour = tuple(int(v) for v in rng.integers(0, 255, 3))
        inside = -1 if rng.random() < 0.6 else 1
        cv2.rectangle(out, (x, y), (x + w // 4, y + h // 6), colour, inside)
    return out


DEFECTS = [(f"blur, sigma {s:g}", "sharpness", blurred(s)) for s in (1.5, 2, 3, 5)]
DEFECTS += [(f"motion, {n} px", "motion", moved(n)) for n in (6, 10, 16)]
DEFECTS += [(f"exposure {s:+g} stops", "exposure-high" if s > 0 else "exposure-low", exposed(s))
            for s in (1, 1.5, 2, 3, -1, -1.5, -2, -3)]
DEFECTS += [(f"contrast x {s:g}", "contrast", flattened(s)) for s in (0.3, 0.15)]
DEFECTS += [(f"JPEG quality {q}", "jpeg-block", q) for q in (20, 15, 10, 5)]
DEFECTS += [(f"enlarged {f:g} x, {name}", "upscale", enlarged(f, how))
            for f in (1.5, 2, 3) for name, how in (("linear", cv2.INTER_LINEAR),
                                                  ("cubic", cv2.INTER_CUBIC),
                                                  ("Lanczos", cv2.INTER_LANCZOS4))]
DEFECTS += [(f"halftone, {p:g} px", "moire", screened(p)) for p in (3, 4, 6)]
DEFECTS += [(f"halftone, {p:g} px, made smaller", "moire", shrunk(p)) for p in (3, 4)]
DEFECTS += [(f"text, {100 * a:g} %", "text-overlay", lettered(a)) for a in (1, 0.7, 0.5)]
DEFECTS += [(f"repeated text, {100 * a:g} %", "text-overlay", repeated(a)) for a in (1, 0.5, 0.25)]
DEFECTS += [("flat drawing", "flat colours", drawn), ("interface", "flat colours", interface),
            ("line drawing", "flat colours", sketch),
            ("blank page", "flat colours contrast", blank)]


class Screen:
    def __init__(self, program):
        self.list = [line.split() for line in subprocess.run(
            [program, "--list"], check=True, capture_output=True, text=True).stdout.splitlines()]
        self.names = [row[0] for row in self.list]
        self.threshold = np.array([float(row[1]) for row in self.list])
        self.sense = np.array([float(row[2]) for row in self.list])
        self.process = subprocess.Popen([program, "--measure"], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE)

    def values(self, image):
        h, w = image.shape[:2]
        self.process.stdin.write(f"{w} {h}\n".encode() + image[..., ::-1].tobytes())
        self.process.stdin.flush()
        return np.array([float(v) for v in self.process.stdout.readline().split()])

    def fails(self, values):
        return (values - self.threshold) * self.sense > 0  # never for NaN


def share(flags):
    """Of the flags that are set, %, with Wilson's interval."""
    n = len(flags)
    if not n:
        return "-"
    p, z = np.mean(flags), 1.96
    middle = (p + z * z / (2 * n)) / (1 + z * z / n)
    reach = z * np.sqrt(p * (1 - p) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    low, high = max(0, middle - reach), min(1, middle + reach)
    return f"{100 * p:.1f} % ({100 * low:.1f}-{100 * high:.1f})"


def spread(values):
    known = values[~np.isnan(values)]
    return ", ".join(f"{v:.3g}" for v in np.percentile(known, [0, 5, 50, 95, 100])) \
        if len(known) else "-"


def options():
    shared = pathlib.Path(os.environ.get("KIZIL_SHARED", "../shared"))
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--program", default="build-bench/bench/bench_screen")
    parser.add_argument("--pictures", type=pathlib.Path, default=shared / "data/murals/train")
    parser.add_argument("--set", action="store_true", help="the half thresholds were set on")
    parser.add_argument("--every", type=int, default=1, help="every N-th picture only")
    parser.add_argument("--only", default="", help="defects whose names start so")
    parser.add_argument("--percentiles", action="store_true", help="0, 5, 50, 95, 100 of values")
    return parser.parse_args()


def measure(screen, paths, defects):
    as_is, clean, found = [], [], {name: [] for name, _, _ in defects}
    for path in paths:
        image = cv2.imread(str(path))
        as_is.append(screen.values(image))
        clean.append(screen.values(as_jpeg(image, KEPT)))
        for name, _, defect in defects:
            rng = np.random.default_rng(seed_of(path, name))
            harmed = (as_jpeg(image, defect) if isinstance(defect, int)
                      else as_jpeg(defect(image, rng), KEPT))
            found[name].append(screen.values(harmed))
    return np.array(as_is), np.array(clean), {name: np.array(v) for name, v in found.items()}


def print_row(*cells):
    print("| " + " | ".join(cells) + " |")


def main():
    o = options()
    defects = [d for d in DEFECTS if d[0].startswith(tuple(o.only.split(",")))]
    cv2.setNumThreads(1)
    screen, known = Screen(o.program), caves(o.pictures)
    group = {p: known.get(p.name, p.name) for p in sorted(o.pictures.glob("*"))}
    paths = [p for p in group if half(group[p]) == o.set][::o.every]
    if not paths:
        sys.exit(f"{o.pictures}: no pictures")
    as_is, clean, found = measure(screen, paths, defects)
    judged = np.array(screen.names) != "short-side"
    alarms, before = screen.fails(clean), screen.fails(as_is)
    print(f"{len(paths)} pictures of {len({group[p] for p in paths})} caves or single files, "
          f"{'the half that thresholds were set on' if o.set else 'held out'}\n")
    more = ["percentiles 0, 5, 50, 95, 100"] if o.percentiles else []
    print_row("measure", "threshold", "false alarms", "on files as they are", *more)
    print_row(*["---"] * (4 + len(more)))
    for i, name in enumerate(screen.names):
        print_row(name, f"{screen.threshold[i]:g}", share(alarms[:, i]),
                  share(before[:, i]), *[spread(clean[:, i]) for _ in more])
    print_row("any but short-side", "", share(alarms[:, judged].any(1)),
              share(before[:, judged].any(1)), *["" for _ in more])
    print()
    print_row("defect", "measure", "recall", "false alarms of it", "any measure", *more)
    print_row(*["---"] * (5 + len(more)))
    for name, measures, _ in defects:
        at = [screen.names.index(m) for m in measures.split()]
        fails = screen.fails(found[name])
        print_row(name, ", ".join(measures.split()), share(fails[:, at].any(1)),
                  share(alarms[:, at].any(1)), share(fails[:, judged].any(1)),
                  *[spread(found[name][:, at[0]]) for _ in more])


if __name__ == "__main__":
    main()
