#!/usr/bin/env python3
"""Holes wider than the network's field: what they score, and pictures to look at.

usage: vast.py --kizil PROGRAM[,PROGRAM...] [--pictures 16] [--sides 200,300,400,600] [--part 0|1]

Murals of ../shared/data (or KIZIL_SHARED), 768 px or more on the short side, enlarged by 2 for the
widest holes (a wall is photographed larger than these), each with a blob of every side in its middle
part. Scores are of the hole's surroundings alone: PSNR of the hole, LPIPS of its bounding box. Part 0
are files of even number (for choosing settings), part 1 the others (for reporting). The first program
is what the others are compared with; intervals are bootstraps over pictures.
"""
import argparse
import csv
import os
import subprocess
import sys
import tempfile

import cv2
import numpy as np


def blob(side, rng):
    """A rounded outline within a square of that side."""
    turns = np.linspace(0, 2 * np.pi, 65)[:-1]
    radius = np.ones(64)
    for wave in (2, 3, 4, 5):
        radius += rng.normal(0, 0.25 / wave) * np.cos(wave * turns + rng.uniform(0, 2 * np.pi))
    points = np.stack([radius * np.cos(turns), radius * np.sin(turns)], 1)
    low, high = points.min(0), points.max(0)
    points = (points - low) / (high - low) * (side - 1)
    mask = np.zeros((side, side), np.uint8)
    cv2.fillPoly(mask, [points.astype(np.int32)], 255)
    return mask


def prepare(a, shared, folder):
    rows = [r for r in csv.DictReader(open(f"{shared}/data/manifest.csv"))
            if r["split"] == "train" and min(int(r["width"]), int(r["height"])) >= 700]
    rows = rows[a.part::2][:a.pictures]
    cases = []
    for i, row in enumerate(rows):
        for side in map(int, a.sides.split(",")):
            rng = np.random.default_rng(1000 * side + i)
            picture = cv2.imread(f"{shared}/data/{row['file']}")[:1400, :1400]
            if side > 350:
                picture = cv2.resize(picture, None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC)
            height, width = picture.shape[:2]
            x, y = (int(rng.integers(64, n - side - 63)) for n in (width, height))
            mask = np.zeros((height, width), np.uint8)
            mask[y:y + side, x:x + side] = blob(side, rng)
            name = f"{folder}/{side}-{i}"
            cv2.imwrite(f"{name}.png", picture)
            cv2.imwrite(f"{name}-mask.png", mask)
            cases.append((side, name, (x, y)))
    return cases


def score(case, result, lpips):
    side, name, (x, y) = case
    box = np.s_[max(0, y - 16):y + side + 16, max(0, x - 16):x + side + 16]
    real, made = cv2.imread(f"{name}.png")[box], cv2.imread(result)[box]
    hole = cv2.imread(f"{name}-mask.png", cv2.IMREAD_GRAYSCALE)[box] > 0
    error = ((real.astype(np.float64) - made) ** 2)[hole].mean()
    return 10 * np.log10(255 ** 2 / error), float(lpips(made, real))


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--kizil", default="build/kizil")
    p.add_argument("--model")
    p.add_argument("--pictures", type=int, default=16)
    p.add_argument("--sides", default="200,300,400,600")
    p.add_argument("--part", type=int, default=1)
    p.add_argument("--keep", help="folder for pictures, masks and results")
    a = p.parse_args()
    shared = os.environ.get("KIZIL_SHARED", "../shared")
    if not os.path.isdir(f"{shared}/data"):
        sys.exit("vast.py: there are no murals (KIZIL_SHARED)")
    sys.path.insert(0, f"{shared}/eval")
    from lpips_ref import lpips
    with tempfile.TemporaryDirectory() as folder:
        folder = a.keep or folder
        os.makedirs(folder, exist_ok=True)
        cases = prepare(a, shared, folder)
        scores = [run(a, i, program, folder, cases, lpips)
                  for i, program in enumerate(a.kizil.split(","))]
    report(a, cases, np.array(scores))


def run(a, number, program, folder, cases, lpips):
    with open(f"{folder}/list.csv", "w") as out:
        out.write("image,mask,output\n")
        for _, name, _ in cases:
            out.write(f"{name}.png,{name}-mask.png,{name}-out{number}.png\n")
    command = [program, "restore", "--batch", f"{folder}/list.csv", "--overwrite",
               "--allow-conjecture", "--no-record"]
    subprocess.run(command + (["--model", a.model] if a.model else []), check=True,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return [score(case, f"{case[1]}-out{number}.png", lpips) for case in cases]


def report(a, cases, scores):
    rng = np.random.default_rng(1)
    for side in sorted({case[0] for case in cases}):
        at = [i for i, case in enumerate(cases) if case[0] == side]
        for number, program in enumerate(a.kizil.split(",")):
            mean = scores[number][at].mean(0)
            line = f"{side:4} px  {program.split('/')[-1]:24} PSNR {mean[0]:.2f}  LPIPS {mean[1]:.4f}"
            if number:
                gain = scores[number][at] - scores[0][at]
                many = [gain[rng.integers(len(gain), size=len(gain))].mean(0) for _ in range(1000)]
                low, high = np.percentile(many, [2.5, 97.5], axis=0)
                line += (f"  {gain[:, 0].mean():+.2f} [{low[0]:+.2f}, {high[0]:+.2f}] dB, "
                         f"LPIPS {gain[:, 1].mean():+.4f} [{low[1]:+.4f}, {high[1]:+.4f}]")
            print(line, flush=True)


if __name__ == "__main__":
    main()
