#!/usr/bin/env python3
"""Whether candidates disagree where they are wrong: rank correlation, by region.

usage: doubt.py FOLDER [--kizil build/kizil] [--kind irr20 irr40] [--candidates 4] [--least 64]
                [--every 1]

FOLDER holds originals NNN.png and masks NNN_KIND.png. Of each pair K candidates are made; a region is
a connected part of the damage of at least `least` px. Its doubt is the mean disagreement in its
record, its true error the mean CIELAB distance of the candidates from the original. Printed by kind:
Spearman's correlation of the two over all regions with a 95 % interval over pictures (bootstrap), the
same within pictures pixel by pixel (median), how often the candidate ranked first is the nearest to
the original, and how many regions were left as conjecture.
"""
import argparse
import glob
import json
import os
import subprocess
import tempfile

import cv2
import numpy as np


def lab(path):
    return cv2.cvtColor(cv2.imread(path).astype(np.float32) / 255, cv2.COLOR_BGR2Lab)


def ranks(v):
    """Mean ranks, ties shared."""
    _, group, count = np.unique(v, return_inverse=True, return_counts=True)
    return (np.cumsum(count) - (count + 1) / 2)[group]


def spearman(a, b):
    return np.corrcoef(ranks(a), ranks(b))[0, 1] if len(a) > 2 else np.nan


def look(kizil, original, mask, count, least, folder):
    """Regions (doubt, error), correlation of pixels, whether the first is the best, conjecture."""
    out = os.path.join(folder, "c.png")
    subprocess.run([kizil, "restore", original, "--mask", mask, "-o", out, "--candidates", str(count),
                    "--doubt", os.path.join(folder, "d.png"), "--overwrite"], check=True,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    with open(os.path.join(folder, "c-1.png.json"), encoding="utf-8") as f:
        record = json.load(f)
    truth = lab(original)
    errors = [np.linalg.norm(lab(os.path.join(folder, f"c-{k + 1}.png")) - truth, axis=2)
              for k in range(count)]
    error = np.mean(errors, axis=0)
    damaged = cv2.imread(mask, cv2.IMREAD_GRAYSCALE) > 127
    _, part = cv2.connectedComponents(damaged.astype(np.uint8), connectivity=8)
    boxes = {}
    for i in range(1, part.max() + 1):
        y, x = np.nonzero(part == i)
        boxes[x.min(), y.min(), len(x)] = part == i
    regions = []
    for r in record["regions"]:
        where = boxes[r["x"], r["y"], r["pixels"]]
        if r["outcome"] == "filled" and r["pixels"] >= least:
            regions.append((r["disagreement"], error[where].mean()))
    first = next(i for i, c in enumerate(record["candidates"]) if c["rank"] == 1)
    best = int(np.argmin([e[damaged].mean() for e in errors]))
    doubt = cv2.imread(os.path.join(folder, "d.png"), cv2.IMREAD_UNCHANGED)
    left = sum(r["outcome"] == "conjecture" for r in record["regions"])
    return regions, spearman(doubt[damaged], error[damaged]), first == best, left


def main():
    a = argparse.ArgumentParser(usage=__doc__)
    a.add_argument("folder")
    a.add_argument("--kizil", default="build/kizil")
    a.add_argument("--kind", nargs="+", default=["irr20", "irr40"])
    a.add_argument("--candidates", type=int, default=4)
    a.add_argument("--least", type=int, default=64)
    a.add_argument("--every", type=int, default=1)
    o = a.parse_args()
    random = np.random.default_rng(1)
    for kind in o.kind:
        masks = sorted(glob.glob(os.path.join(o.folder, f"*_{kind}.png")))[::o.every]
        with tempfile.TemporaryDirectory() as folder:
            all_ = [look(o.kizil, m.replace(f"_{kind}.png", ".png"), m, o.candidates, o.least, folder)
                    for m in masks]
        per_picture = [np.array(r).reshape(-1, 2) for r, _, _, _ in all_]
        regions = np.concatenate(per_picture)
        draws = []
        for _ in range(1000):
            chosen = random.integers(0, len(per_picture), len(per_picture))
            drawn = np.concatenate([per_picture[i] for i in chosen])
            draws.append(spearman(drawn[:, 0], drawn[:, 1]))
        low, high = np.nanpercentile(draws, [2.5, 97.5])
        print(f"{kind}: {len(masks)} pictures, {len(regions)} regions, rank correlation by region "
              f"{spearman(regions[:, 0], regions[:, 1]):.3f} [{low:.3f}, {high:.3f}], by pixel "
              f"{np.median([p for _, p, _, _ in all_]):.3f}, first is nearest "
              f"{np.mean([f for _, _, f, _ in all_]):.0%} (by chance {1 / o.candidates:.0%}), "
              f"left as conjecture {sum(l for _, _, _, l in all_)}", flush=True)


if __name__ == "__main__":
    main()
