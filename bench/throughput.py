#!/usr/bin/env python3
"""A batch of pictures of one megapixel with 10 % damage: pictures a minute, calls of the network a
second, share of the machine's limit.

usage: throughput.py [--kizil build/kizil] [--pictures 50] [--rounds 3] [--jobs N --threads N]
                     [--bench build/bench]

Pictures are mosaics of 16 details of murals from ../shared/data (or KIZIL_SHARED), colour noise of
several scales where there are none; damage is the free-form masks of ../shared/data, discs and lines
where there are none, laid over one another until 10 % are covered. They are restored by one `kizil
restore --batch` with defaults, the default model among them; the median of the rounds is what counts.

The limit is what oneDNN's own convolutions do at the network's shapes on all processors at once, a
process of one thread for each (bench_conv), each with buffers of its own; it is measured before and
after each round. On a machine that others use too, the processor time of a picture is what can be
compared. FLOP of a megapixel are the graph's own count (bench_forward), megapixels those that
`--dry-run` names. Needs OpenCV and NumPy to make the pictures.
"""
import argparse
import glob
import json
import os
import re
import resource
import struct
import subprocess
import sys
import tempfile
import time

import cv2
import numpy as np

SIDE, CELL, DAMAGE = 1000, 250, 0.10


def murals(shared):
    return sorted(glob.glob(f"{shared}/data/murals/train/*"))


def noise(rng):
    total = np.zeros((SIDE, SIDE, 3), np.float32)
    for scale in (8, 32, 128, 512):
        small = rng.random((max(2, SIDE // scale),) * 2 + (3,), dtype=np.float32)
        total += cv2.resize(small, (SIDE, SIDE), interpolation=cv2.INTER_CUBIC) / 4
    return (np.clip(total, 0, 1) * 255).astype(np.uint8)


def picture(files, rng):
    if not files:
        return noise(rng)
    image = np.zeros((SIDE, SIDE, 3), np.uint8)
    for y in range(0, SIDE, CELL):
        for x in range(0, SIDE, CELL):
            detail = cv2.imread(files[rng.integers(len(files))])
            scale = CELL / min(detail.shape[:2]) + 1e-3
            detail = cv2.resize(detail, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
            image[y:y + CELL, x:x + CELL] = detail[:CELL, :CELL]
    return image


def stamp(files, side, rng):
    if files:
        mask = cv2.imread(files[rng.integers(len(files))], cv2.IMREAD_GRAYSCALE)
        return cv2.resize(mask, (side, side), interpolation=cv2.INTER_NEAREST) > 127
    mask = np.zeros((side, side), np.uint8)
    cv2.circle(mask, (side // 2, side // 2), side // 4, 255, -1)
    cv2.line(mask, (0, 0), (side - 1, side // 2), 255, 4)
    return mask > 127


def damage(files, rng):
    mask = np.zeros((SIDE, SIDE), np.uint8)
    while np.count_nonzero(mask) < DAMAGE * mask.size:
        side = int(rng.integers(60, 250))
        y, x = rng.integers(0, SIDE - side, 2)
        mask[y:y + side, x:x + side][stamp(files, side, rng)] = 255
    return mask


def make(folder, count, shared):
    rng = np.random.default_rng(5)
    details = murals(shared)
    holes = sorted(glob.glob(f"{shared}/data/masks/irregular/*"))
    os.makedirs(f"{folder}/photos")
    os.makedirs(f"{folder}/masks")
    for i in range(count):
        cv2.imwrite(f"{folder}/photos/p{i:02d}.png", picture(details, rng))
        cv2.imwrite(f"{folder}/masks/p{i:02d}.png", damage(holes, rng))
    return "mosaics of murals" if details else "colour noise"


def batch(a, folder, out, *more):
    """The summary of a batch, the seconds and the processor seconds of the whole process."""
    command = [a.kizil, "restore", "--batch", f"{folder}/photos", "--masks", f"{folder}/masks",
               "-o", out, "--json", *more]
    for option in ("jobs", "threads", "model"):
        command += [f"--{option}", getattr(a, option)] if getattr(a, option) else []
    start, spent = time.monotonic(), resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{' '.join(command)} failed:\n{done.stderr}")
    seconds, after = time.monotonic() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    processor = after.ru_utime + after.ru_stime - spent.ru_utime - spent.ru_stime
    return json.loads(done.stdout.splitlines()[-1]), seconds, processor


def guides(model):
    """Which guides a model has, as options of bench_forward."""
    with open(model, "rb") as f:
        header = json.loads(f.read(struct.unpack("<Q", f.read(8))[0]))
    fedr = json.loads(header["__metadata__"]["fedr"])
    return ["--structure", str(fedr.get("structure", [0])[0]), "--text", str(fedr.get("text", 0)),
            "--detail", str(fedr.get("detail", 0))]


def gflop_a_megapixel(a):
    said = subprocess.run([f"{a.bench}/bench_forward", "--size", "256", "--rounds", "1",
                           *guides(a.model or "models/kizil-base.safetensors")],
                          check=True, capture_output=True, text=True).stdout
    return float(re.search(r"([\d.]+) GFLOP,", said)[1]) / (256 * 256 / 1e6)


def limit(a):
    """GFLOP a second of one process of a thread for each processor, all at once."""
    command = [f"{a.bench}/bench_conv", "forward", "--batch", "1", "--size", "256",
               "--threads", "1", "--rounds", "15"]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
               for _ in range(len(os.sched_getaffinity(0)))]
    said = [p.communicate()[0] for p in running]
    return sum(float(re.search(r"a pass\): ([\d.]+)", s)[1]) for s in said)


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--kizil", default="build/kizil")
    p.add_argument("--bench", default="build/bench")
    p.add_argument("--model")
    p.add_argument("--pictures", type=int, default=50)
    p.add_argument("--rounds", type=int, default=3)
    p.add_argument("--jobs")
    p.add_argument("--threads")
    a = p.parse_args()

    shared = os.environ.get("KIZIL_SHARED", "../shared")
    have_limit = os.path.exists(f"{a.bench}/bench_conv")
    with tempfile.TemporaryDirectory() as folder:
        what = make(folder, a.pictures, shared)
        os.mkdir(f"{folder}/none")
        plan, _, _ = batch(a, folder, f"{folder}/none", "--dry-run")
        print(f"{a.pictures} pictures, {what}: {plan['calls']} calls, {plan['megapixels']:.1f} "
              f"Mpx; foreseen {plan['seconds']:.0f} s", flush=True)
        flop = gflop_a_megapixel(a) if have_limit else 0
        rows = []
        for i in range(a.rounds):
            os.mkdir(f"{folder}/{i}")
            before = limit(a) if have_limit else 0
            s, seconds, processor = batch(a, folder, f"{folder}/{i}")
            top = (before + limit(a)) / 2 if have_limit else 0
            done = flop * plan["megapixels"] / s["seconds"]
            rows.append((60 * s["restored"] / seconds, s["calls"] / seconds,
                         plan["megapixels"] / seconds, done / top if top else 0,
                         processor / s["restored"]))
            print(f"round {i + 1}: {seconds:.1f} s, {rows[-1][0]:.1f} pictures a minute, "
                  f"{rows[-1][1]:.1f} calls a second, {rows[-1][2]:.2f} Mpx/s"
                  + (f", {done:.0f} of {top:.0f} GFLOP/s ({100 * rows[-1][3]:.0f} %)"
                     if top else ""), f"[{s['jobs']} jobs of {s['threads']} threads]", flush=True)
    rate, calls, mpx, share, processor = np.median(np.array(rows), axis=0)
    print(f"median: {rate:.1f} pictures a minute, {calls:.1f} calls a second, {mpx:.2f} Mpx/s, "
          f"{processor:.2f} s of processor time a picture"
          + (f", {100 * share:.0f} % of the limit" if share else ""))


if __name__ == "__main__":
    main()
