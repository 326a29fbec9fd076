#!/usr/bin/env python3
"""A wall of 30,000 x 30,000 px, 16 bits, BigTIFF: peak memory, and time by damage, not by size.

usage: large.py [--kizil build/kizil] [--side 30000] [--against 3000] [--regions 200]
                [--pixels 180000] [--kind tiles|strips] [--deflate] [--steps N]

Makes both pictures (a mosaic of murals of ../shared/data, or KIZIL_SHARED; without them, noise) and
masks with the same regions, spread over each, in a temporary folder (TMPDIR; 20 GB at full size).
Each picture is restored twice, with all regions and with one alone: what one takes is reading,
writing and loading, the difference is the work on the damage (network, coarse fill, reading around
it). Seconds of the whole process; peak is its maximum resident set.
"""
import argparse
import glob
import os
import subprocess
import sys
import tempfile
import time


def measured(command):
    """Seconds, seconds of processor time, peak MiB and last line of one process."""
    start = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                               text=True, env=os.environ | {"OMP_WAIT_POLICY": "passive"})
    said = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        sys.exit(f"{' '.join(command)} failed")
    return (time.monotonic() - start, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024,
            said.strip().splitlines()[-1])


# ---- pictures, made in a process of their own: Linux counts a parent's peak to its children's


def mosaic(side):
    """[side, side, 3] of 16 bits."""
    files = sorted(glob.glob(os.environ.get("KIZIL_SHARED", "../shared") +
                             "/data/murals/train/scene-*"))[:36]
    if not files:
        return np.random.default_rng(1).integers(0, 65536, (side, side, 3), np.uint16)
    cell = side // 6
    parts = [cv2.resize(cv2.imread(f)[..., ::-1], (cell, cell), interpolation=cv2.INTER_AREA)
             for f in files]
    rows = [np.hstack([parts[(6 * r + c) % len(parts)] for c in range(6)]) for r in range(6)]
    picture = np.vstack(rows).astype(np.uint16) * 257
    return np.pad(picture, [(0, side - 6 * cell), (0, side - 6 * cell), (0, 0)], mode="edge")


def write_tiff(path, side, pattern, kind, deflate):
    """A BigTIFF whose picture is `pattern` over and over."""
    tall, wide = (256, 256) if kind == "tiles" else (64, side)
    down, across = -(-side // tall), -(-side // wide)
    offsets, counts = [], []
    with open(path, "wb") as f:
        f.write(struct.pack("<2sHHHQ", b"II", 43, 8, 0, 0))
        for j in range(down):
            high = tall if kind == "tiles" else min(tall, side - j * tall)
            rows = np.arange(j * tall, j * tall + high) % len(pattern)
            for i in range(across):
                columns = np.arange(i * wide, i * wide + wide) % len(pattern)
                data = np.ascontiguousarray(pattern[rows][:, columns]).tobytes()
                data = zlib.compress(data, 1) if deflate else data
                offsets.append(f.tell())
                counts.append(len(data))
                f.write(data)
        write_directory(f, side, (tall, wide), kind, deflate, offsets, counts)


def write_directory(f, side, shape, kind, deflate, offsets, counts):
    arrays = f.tell()
    f.write(struct.pack(f"<{len(offsets)}Q", *offsets) + struct.pack(f"<{len(counts)}Q", *counts))
    first, second = arrays, arrays + 8 * len(offsets)
    if len(offsets) == 1: # a value that fits stands in the entry
        first, second = offsets[0], counts[0]
    sixteen = struct.unpack("<Q", struct.pack("<4H", 16, 16, 16, 0))[0]
    entries = [(256, 4, 1, side), (257, 4, 1, side), (258, 3, 3, sixteen),
               (259, 3, 1, 8 if deflate else 1), (262, 3, 1, 2), (277, 3, 1, 3), (284, 3, 1, 1)]
    if kind == "tiles":
        entries += [(322, 4, 1, shape[1]), (323, 4, 1, shape[0]), (324, 16, len(offsets), first),
                    (325, 16, len(counts), second)]
    else:
        entries += [(273, 16, len(offsets), first), (278, 4, 1, shape[0]),
                    (279, 16, len(counts), second)]
    directory = f.tell()
    f.write(struct.pack("<Q", len(entries)))
    for entry in sorted(entries):
        f.write(struct.pack("<HHQQ", *entry))
    f.write(struct.pack("<Q", 0))
    f.seek(8)
    f.write(struct.pack("<Q", directory))


def write_mask(path, side, regions, pixels):
    """Squares of equal size on a jittered grid."""
    rng, mask = np.random.default_rng(2), np.zeros((side, side), np.uint8)
    grid, width = int(np.ceil(regions ** 0.5)), int(round((pixels / regions) ** 0.5))
    cell = side // grid
    cells = rng.permutation(grid * grid)[:regions]
    for n in cells:
        x, y = (int(n % grid * cell + rng.integers(cell - width)),
                int(n // grid * cell + rng.integers(cell - width)))
        mask[y:y + width, x:x + width] = 255
    cv2.imwrite(f"{path}.png", mask, [cv2.IMWRITE_PNG_COMPRESSION, 1])
    mask[:] = 0
    mask[side // 2:side // 2 + 8, side // 2:side // 2 + 8] = 255
    cv2.imwrite(f"{path}-one.png", mask, [cv2.IMWRITE_PNG_COMPRESSION, 1])


def make(folder, a):
    pattern = mosaic(3000)
    for side in (a.side,) if a.only else (a.side, a.against):
        write_tiff(f"{folder}/{side}.tif", side, pattern, a.kind, a.deflate)
        write_mask(f"{folder}/{side}", side, a.regions, a.pixels)


# ---- restoring


def restore(a, folder, side, mask):
    command = [a.kizil, "restore", f"{folder}/{side}.tif", "--mask", f"{folder}/{side}{mask}.png",
               "-o", f"{folder}/out.tif", "--overwrite"]
    command += ["--model", a.model] if a.model else []
    command += ["--steps", a.steps] if a.steps else []
    command += a.more.split()
    seconds, busy, peak, said = measured(command)
    print(f"{side} px, {'one region' if mask else f'{a.regions} regions'}: {seconds:.1f} s, "
          f"{busy:.1f} s of processor time, peak {peak:.0f} MiB ({said})", flush=True)
    return busy


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--kizil", default="build/kizil")
    p.add_argument("--model")
    p.add_argument("--side", type=int, default=30000)
    p.add_argument("--against", type=int, default=3000)
    p.add_argument("--regions", type=int, default=200)
    p.add_argument("--pixels", type=int, default=180000)
    p.add_argument("--kind", choices=["tiles", "strips"], default="tiles")
    p.add_argument("--deflate", action="store_true")
    p.add_argument("--steps")
    p.add_argument("--more", default="", help="options for kizil restore")
    p.add_argument("--only", action="store_true", help="the large picture with all regions alone")
    p.add_argument("--make", help=argparse.SUPPRESS)
    a = p.parse_args()
    if a.make:
        return make(a.make, a)
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([sys.executable, *sys.argv, "--make", folder], check=True)
        large = restore(a, folder, a.side, "")
        if a.only:
            return
        large -= restore(a, folder, a.side, "-one")
        small = restore(a, folder, a.against, "") - restore(a, folder, a.against, "-one")
    print(f"work on the damage: {large:.1f} s of processor time against {small:.1f} s, ratio "
          f"{large / small:.2f}")


if __name__ == "__main__":
    if "--make" in sys.argv:
        import struct
        import zlib
        import cv2
        import numpy as np
    main()
