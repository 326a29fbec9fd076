#!/usr/bin/env python3
"""The whole `kizil restore` process, from start to written file: seconds and peak memory.

usage: bench_restore.py [--kizil build/kizil] [--model FILE] [--steps N] [small] [large]

small  512 x 512 with a 20 % mask, at the default number of steps
large  8192 x 8192, 16 bits, TIFF, with 1 % damage (spots all over and one long crack): --steps 1,
       because memory does not depend on the number of steps; seconds are a step's

Needs OpenCV and NumPy to make the pictures; they are made in another process, because Linux counts
the peak of the process that starts a program towards that program's. Best of three for `small`.
"""
import argparse
import os
import subprocess
import sys
import tempfile
import time


def measured(command):
    """Seconds, peak MiB and output of one process."""
    start = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                               text=True)
    output = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        sys.exit(f"{' '.join(command)} failed")
    return time.monotonic() - start, usage.ru_maxrss / 1024, output.strip(), usage.ru_utime


def texture(side, dtype, top, rng):
    """Smooth colour noise of several scales."""
    total = np.zeros((side, side, 3), np.float32)
    for scale in (8, 32, 128, 512):
        small = rng.random((max(2, side // scale), max(2, side // scale), 3), dtype=np.float32)
        total += cv2.resize(small, (side, side), interpolation=cv2.INTER_CUBIC) / 4
    return (np.clip(total, 0, 1) * top).astype(dtype)


def spots(side, share, biggest, rng):
    mask = np.zeros((side, side), np.uint8)
    cv2.line(mask, (0, side // 3), (side - 1, side // 2), 255, 4)
    while np.count_nonzero(mask) < share * mask.size:
        for _ in range(max(1, side // 128)):
            x, y, r = (int(v) for v in rng.integers((0, 0, 1), (side, side, biggest)))
            cv2.circle(mask, (x, y), r, 255, -1)
    return mask


def make(case, folder):
    rng = np.random.default_rng(1)
    if case == "small":
        cv2.imwrite(f"{folder}/image.tif", texture(512, np.uint8, 255, rng))
        cv2.imwrite(f"{folder}/mask.png", spots(512, 0.2, 40, rng))
    else:
        cv2.imwrite(f"{folder}/image.tif", texture(8192, np.uint16, 65535, rng),
                    [cv2.IMWRITE_TIFF_COMPRESSION, 1])
        cv2.imwrite(f"{folder}/mask.png", spots(8192, 0.01, 9, rng))


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--kizil", default="build/kizil")
    p.add_argument("--model")
    p.add_argument("--steps")
    p.add_argument("cases", nargs="*", default=["small", "large"])
    a = p.parse_args()

    for case in a.cases:
        with tempfile.TemporaryDirectory() as folder:
            subprocess.run([sys.executable, __file__, "--make", case, folder], check=True)
            command = [a.kizil, "restore", f"{folder}/image.tif", "--mask", f"{folder}/mask.png",
                       "-o", f"{folder}/out.tif", "--overwrite"]
            command += ["--model", a.model] if a.model else []
            command += ["--steps", "1"] if case == "large" else []
            command += ["--steps", a.steps] if a.steps else []
            seconds, peak, said, user = min(measured(command) for _ in range(
                3 if case == "small" else 1))
        print(f"{case}: {seconds:.2f} s, {user:.2f} s of processor time, peak {peak:.0f} MiB "
              f"({said})", flush=True)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--make"]:
        import cv2
        import numpy as np
        make(*sys.argv[2:4])
    else:
        main()
