#!/usr/bin/env python3
"""Recall and false alarms of the measures of src/screen, on defects put into real pictures.

usage: screening.py [--program build-bench/bench/bench_screen] [--pictures FOLDER] [--set]
                    [--every N] [--only TEXT[,TEXT]...]

The pictures (default: murals/train of $KIZIL_SHARED or ../shared/data) fall into two halves by a
hash of their names. Thresholds were set on the first; the table is made from the second, --set
shows the first instead, with the percentiles that a threshold is read from. Each picture is tried
as it is and with each defect; every one but "JPEG quality N" is stored as JPEG of quality 92
afterwards, as a real one would be, and the unharmed too. What counts is the measure that is meant
for the defect; `any` is whatever else fails, short-side apart. Needs OpenCV and NumPy.
"""
import argparse
import hashlib
import os
import pathlib
import subprocess
import sys

import cv2
import numpy as np

KEPT = 92  # JPEG quality


def half(path):
    return hashlib.sha256(path.name.encode()).digest()[0] & 1


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
            kernel[int(round(length + t * np.sin(angle))), int(round(length + t * np.cos(angle)))] += 1
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


def lettered(alpha):
    def defect(image, rng):
        over = image.copy()
        h, w = image.shape[:2]
        size = max(0.5, min(w, h) / 400)
        tone = (255, 255, 255) if rng.random() < 0.5 else (0, 0, 0)
        place = (int(w * 0.05), int(h * (0.2 + 0.7 * rng.random())))
        cv2.putText(over, "www.example.com 2024", place, cv2.FONT_HERSHEY_SIMPLEX, size, tone,
                    max(1, round(2 * size)), cv2.LINE_AA)
        return cv2.addWeighted(over, alpha, image, 1 - alpha, 0)
    return defect


def drawn(image, rng):
    """Areas of one colour and lines, as an interface or a chart has."""
    h, w = image.shape[:2]
    out = np.full_like(image, 245)
    for _ in range(12):
        x, y = int(rng.random() * w), int(rng.random() * h)
        colour = tuple(int(v) for v in rng.integers(0, 255, 3))
        cv2.rectangle(out, (x, y), (x + w // 4, y + h // 6), colour, -1 if rng.random() < 0.6 else 1)
    return out


DEFECTS = [(f"blur, sigma {s:g}", "sharpness", blurred(s)) for s in (1, 1.5, 2, 3, 5)]
DEFECTS += [(f"motion, {n} px", "motion", moved(n)) for n in (6, 10, 16)]
DEFECTS += [(f"exposure {s:+g} stops", "exposure-high" if s > 0 else "exposure-low", exposed(s))
            for s in (1, 1.5, 2, 3, -1, -1.5, -2, -3)]
DEFECTS += [(f"contrast x {s:g}", "contrast", flattened(s)) for s in (0.3, 0.15)]
DEFECTS += [(f"JPEG quality {q}", "jpeg-block", q) for q in (30, 20, 15, 10, 5)]
DEFECTS += [(f"enlarged {f:g} x, {name}", "upscale", enlarged(f, how))
            for f in (1.5, 2, 3) for name, how in (("linear", cv2.INTER_LINEAR),
                                                  ("cubic", cv2.INTER_CUBIC),
                                                  ("Lanczos", cv2.INTER_LANCZOS4))]
DEFECTS += [(f"halftone, {p:g} px", "moire", screened(p)) for p in (3, 4, 6)]
DEFECTS += [(f"text, {100 * a:g} %", "text-overlay", lettered(a)) for a in (1, 0.5)]
DEFECTS += [("flat drawing", "flat", drawn)]


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
    return f"{100 * np.mean(flags):5.1f} %" if len(flags) else "-"


def main():
    shared = pathlib.Path(os.environ.get("KIZIL_SHARED", "../shared"))
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--program", default="build-bench/bench/bench_screen")
    parser.add_argument("--pictures", type=pathlib.Path, default=shared / "data/murals/train")
    parser.add_argument("--set", action="store_true")
    parser.add_argument("--every", type=int, default=1, help="every N-th picture only")
    parser.add_argument("--only", default="", help="defects whose names start so")
    o = parser.parse_args()
    defects = [d for d in DEFECTS if d[0].startswith(tuple(o.only.split(",")))]
    cv2.setNumThreads(1)
    screen = Screen(o.program)
    paths = [p for p in sorted(o.pictures.glob("*")) if half(p) != o.set][::o.every]
    if not paths:
        sys.exit(f"{o.pictures}: no pictures")
    clean, found = [], {name: [] for name, _, _ in defects}
    for path in paths:
        image = cv2.imread(str(path))
        clean.append(screen.values(as_jpeg(image, KEPT)))
        for name, _, defect in defects:
            rng = np.random.default_rng(seed_of(path, name))
            harmed = (as_jpeg(image, defect) if isinstance(defect, int)
                      else as_jpeg(defect(image, rng), KEPT))
            found[name].append(screen.values(harmed))
    clean = np.array(clean)
    judged = np.array(screen.names) != "short-side"
    print(f"{len(paths)} pictures, {'the half thresholds were set on' if o.set else 'held out'}\n")
    print("| measure | threshold | false alarms | percentiles 0, 5, 50, 95, 100 of the unharmed |")
    print("| --- | --- | --- | --- |")
    for i, name in enumerate(screen.names):
        known = clean[~np.isnan(clean[:, i]), i]
        spread = ", ".join(f"{v:.3g}" for v in np.percentile(known, [0, 5, 50, 95, 100]))
        print(f"| {name} | {screen.threshold[i]:g} | {share(screen.fails(clean)[:, i])} | {spread} |")
    print(f"| any but short-side | | {share(screen.fails(clean)[:, judged].any(1))} | |\n")
    print("| defect | measure | recall | any | percentiles 0, 5, 50, 95, 100 of the measure |")
    print("| --- | --- | --- | --- | --- |")
    for name, measure, _ in defects:
        v, i = np.array(found[name]), screen.names.index(measure)
        known = v[~np.isnan(v[:, i]), i]
        spread = ", ".join(f"{x:.3g}" for x in np.percentile(known, [0, 5, 50, 95, 100])) \
            if len(known) else "-"
        print(f"| {name} | {measure} | {share(screen.fails(v)[:, i])} | "
              f"{share(screen.fails(v)[:, judged].any(1))} | {spread} |")


main()
