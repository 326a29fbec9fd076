#!/usr/bin/env python3
"""Whether tiles leave lines inside what they fill.

usage: seams.py [--kizil build/kizil] [--pictures 24] [--tile 256 --overlap 64] [--seed 1]

Murals of ../shared/data (or KIZIL_SHARED) under masks that span several tiles, restored with the
default model. Along each line where tiles meet (the rims of all tiles and the borders between their
cores, as src/restore/tiles.c plans them) the mean absolute difference of neighbouring pixels across
the line, in a band of 1 and of 3 differences, over that everywhere else in the fill, in the same
direction. A picture weighs by its pixels; the interval is a bootstrap over pictures. The last column
is the ratio at the same places in the photograph before it was damaged: what chance alone does.
"""
import argparse
import csv
import glob
import os
import subprocess
import sys
import tempfile

import cv2
import numpy as np

MULTIPLE = 32


class Axis:
    """kz__axis_plan."""

    def __init__(self, length, tile, overlap):
        self.length, self.size, self.count = length, tile, 1
        if length <= tile + tile // 2:
            self.size = (length + MULTIPLE - 1) // MULTIPLE * MULTIPLE
        else:
            stride = tile - overlap
            self.count = (length - overlap + stride - 1) // stride

    def at(self, i):
        gaps = self.count - 1
        return (i * (self.length - self.size) + gaps // 2) // gaps if gaps else 0

    def core(self, i):
        if i == 0:
            return 0
        if i == self.count:
            return self.length
        return (self.at(i - 1) + self.size + self.at(i)) // 2

    def cores(self):
        return [self.core(i) for i in range(1, self.count)]

    def rims(self):
        both = {self.at(i) for i in range(self.count)}
        both |= {self.at(i) + self.size for i in range(self.count)}
        return sorted(p for p in both if 0 < p < self.length)


def planned(mask, tile, overlap):
    """The axes of kz__tiles_plan: they do not depend on where the damage lies."""
    return Axis(mask.shape[1], tile, overlap), Axis(mask.shape[0], tile, overlap)


def make_mask(height, width, files, rng):
    """A free-form mask, enlarged to the picture, and an ellipse wider than a small tile."""
    drawn = cv2.imread(files[rng.integers(len(files))], cv2.IMREAD_GRAYSCALE)
    mask = cv2.resize(drawn, (width, height), interpolation=cv2.INTER_NEAREST)
    mask = np.where(mask > 127, 255, 0).astype(np.uint8)
    centre = int(rng.integers(width)), int(rng.integers(height))
    axes = int(rng.integers(60, 160)), int(rng.integers(60, 160))
    cv2.ellipse(mask, centre, axes, int(rng.integers(180)), 0, 360, 255, -1)
    return mask


def gradients(picture, mask, lines, band, axis):
    """Sum and number of differences along `axis`, near the lines and elsewhere, both ends filled."""
    p = picture.astype(np.float64) if axis else picture.astype(np.float64).transpose(1, 0, 2)
    hole = mask > 0 if axis else mask.T > 0
    difference = np.abs(np.diff(p, axis=1)).mean(axis=2)
    inside = hole[:, 1:] & hole[:, :-1]
    near = np.zeros(difference.shape[1], bool)
    for line in lines: # the difference between pixels line - 1 and line has the number line - 1
        near[max(0, line - 1 - band // 2):line + band // 2] = True
    at, rest = inside & near, inside & ~near
    return np.array([difference[at].sum(), at.sum(), difference[rest].sum(), rest.sum()])


def measure(picture, mask, axes, kind, band):
    return sum(gradients(picture, mask, getattr(axes[1 - along], kind)(), band, along)
               for along in (1, 0))


def ratio(sums):
    total = sums.sum(axis=0)
    return (total[0] / total[1]) / (total[2] / total[3])


def interval(sums, rng):
    many = [ratio(sums[rng.integers(len(sums), size=len(sums))]) for _ in range(1000)]
    return np.percentile(many, [2.5, 97.5])


def prepare(a, shared, folder, rng):
    """Pictures of two tiles or more a side, their masks, and the list for `kizil restore`."""
    rows = [r for r in csv.DictReader(open(f"{shared}/data/manifest.csv"))
            if r["split"] == "train" and min(int(r["width"]), int(r["height"])) >= 480]
    rng.shuffle(rows)
    files = sorted(glob.glob(f"{shared}/data/masks/irregular/*"))
    names = []
    with open(f"{folder}/list.csv", "w") as out:
        out.write("image,mask,output\n")
        for i, row in enumerate(rows[:a.pictures]):
            picture = cv2.imread(f"{shared}/data/{row['file']}")
            height, width = picture.shape[:2]
            picture = picture[:1024, :1024]
            height, width = picture.shape[:2]
            names.append(f"{folder}/{i}")
            cv2.imwrite(f"{names[-1]}.png", picture)
            cv2.imwrite(f"{names[-1]}-mask.png", make_mask(height, width, files, rng))
            out.write(f"{names[-1]}.png,{names[-1]}-mask.png,{names[-1]}-out.png\n")
    return names


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--kizil", default="build/kizil")
    p.add_argument("--model")
    p.add_argument("--pictures", type=int, default=24)
    p.add_argument("--tile", type=int, default=256)
    p.add_argument("--overlap", type=int, default=64)
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("--keep", help="folder for pictures, masks and results")
    a = p.parse_args()
    shared = os.environ.get("KIZIL_SHARED", "../shared")
    if not os.path.isdir(f"{shared}/data"):
        sys.exit("seams.py: there are no murals (KIZIL_SHARED)")
    rng = np.random.default_rng(a.seed)
    with tempfile.TemporaryDirectory() as folder:
        folder = a.keep or folder
        os.makedirs(folder, exist_ok=True)
        names = prepare(a, shared, folder, rng)
        command = [a.kizil, "restore", "--batch", f"{folder}/list.csv", "--overwrite", "--thin", "0",
                   "--tile", str(a.tile), "--overlap", str(a.overlap), "--allow-conjecture",
                   "--no-record"]
        subprocess.run(command + (["--model", a.model] if a.model else []), check=True,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        report(a, names, rng)


def report(a, names, rng):
    print(f"tile {a.tile}, overlap {a.overlap}, {len(names)} pictures")
    print("lines  band   ratio                 of the photograph")
    for kind in ("cores", "rims"):
        for band in (1, 3):
            made, real = [], []
            for name in names:
                mask = cv2.imread(f"{name}-mask.png", cv2.IMREAD_GRAYSCALE)
                axes = planned(mask, a.tile, a.overlap)
                made.append(measure(cv2.imread(f"{name}-out.png"), mask, axes, kind, band))
                real.append(measure(cv2.imread(f"{name}.png"), mask, axes, kind, band))
            made, real = np.array(made), np.array(real)
            low, high = interval(made, rng)
            print(f"{kind:6} {band}      {ratio(made):.3f} [{low:.3f}, {high:.3f}]  "
                  f"{ratio(real):.3f}", flush=True)


if __name__ == "__main__":
    main()
