#!/usr/bin/python3
"""Golden values for the coarse fill, from PyTorch: writes coarse.bin beside this file.

Little-endian; for each of two 16 x 16 cases: rgb [16,16,3] f32, mask [16,16] f32 (1 = hole),
fill [16,16,3] f32. In the second case a whole quarter is missing.
"""
import os

import numpy as np
import torch
import torch.nn.functional as F

SIDE = 16


def pyramid_fill(rgb, mask):
    """rgb [1,3,n,n], mask [1,1,n,n], n a power of two."""
    known = [1 - mask]
    colour = [rgb * known[0]]
    while colour[-1].shape[-1] > 2:
        share = F.avg_pool2d(known[-1], 2)
        mean = F.avg_pool2d(colour[-1], 2) / share.clamp(min=1e-6)
        known.append((share > 0).float())
        colour.append(mean * known[-1])
    fill = colour[-1]
    for c, k in zip(colour[-2::-1], known[-2::-1]):
        finer = F.interpolate(fill, scale_factor=2, mode='bilinear', align_corners=False)
        fill = c * k + finer * (1 - k)
    return fill


def case(rng, whole_quarter):
    rgb = rng.uniform(-1, 1, (SIDE, SIDE, 3)).astype(np.float32)
    mask = (rng.uniform(size=(SIDE, SIDE)) < 0.4).astype(np.float32)
    mask[4:11, 3:9] = 1
    if whole_quarter:
        mask[:8, 8:] = 1
    x = torch.from_numpy(rgb).permute(2, 0, 1)[None]
    fill = pyramid_fill(x, torch.from_numpy(mask)[None, None])
    return [rgb, mask, fill[0].permute(1, 2, 0).contiguous().numpy()]


def main():
    rng = np.random.default_rng(20)
    arrays = case(rng, False) + case(rng, True)
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), 'coarse.bin'), 'wb') as f:
        for a in arrays:
            f.write(a.astype('<f4').tobytes())


if __name__ == '__main__':
    main()
