#!/usr/bin/python3
"""Restores with the same network in PyTorch: coarse fill, preconditioning and DDIM as
src/bridge/coarse.c, src/model/precondition.c and src/diffusion have them, written for
clarity. One picture is one tile; thin damage gets no call of its own (--thin 0); noise
is PyTorch's own, so that only one call gives what kizil gives. The structure branch's
features are read from what `kizil features` writes.

  restore_torch.py MODEL.safetensors LIST.csv [--steps N] [--kizil build/kizil]

LIST.csv has the columns image, mask, output, as for `kizil restore --batch`. A model that
reads text is refused.
"""
import argparse
import csv
import json
import math
import os
import struct
import subprocess
import sys
import tempfile

import cv2
import numpy as np
import torch
import torch.nn.functional as F

from fedr_torch import Fedr, forward, load, set_weights

ROOT = os.path.normpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), '../..'))
SPREAD, BEND = 0.25, 1.5  # as in precondition.c, sampler.c
# What 0 and 65535 stand for in the pages of `kizil features` (src/feature/registry.c).
RANGES = [(0, 1), (0, 1), (-1, 1), (-1, 1), (0, 1), (0, 1), (-1, 1), (-2.56, 2.56),
          (-2.56, 2.56), (-1, 1), (0, 1), (0, 1)]


def open_model(path):
    with open(path, 'rb') as f:
        head = json.loads(f.read(struct.unpack('<Q', f.read(8))[0]))
    c = json.loads(head['__metadata__']['fedr'])
    net = Fedr(tuple(c['width']), c['heads'], c['groups'], c['time-width'],
               structure=c.get('structure'), detail=c.get('detail', 0))
    weights, names = load(path), set(net.state_dict())
    if set(weights) != names or c.get('input') != 'posterior':
        more = sorted(set(weights) ^ names)[:3]
        sys.exit(f'{path}: not a network without text ({", ".join(more)} ...)')
    net = set_weights(net, {k: v.astype(np.float32) for k, v in weights.items()})
    return net.eval().to(memory_format=torch.channels_last)


def coarse_fill(x, known):
    """x [1, 3, h, w], zeros in the holes; known [1, 1, h, w]. Means of the known, by levels."""
    h, w = x.shape[2:]
    if h <= 2 and w <= 2:
        return x * known
    pad = (0, w % 2, 0, h % 2)
    sums = [F.avg_pool2d(F.pad(a * known, pad, mode='replicate'), 2) * 4 for a in (x, known)]
    below = (sums[1] > 0).float()
    deep = coarse_fill(sums[0] / sums[1].clamp(min=1e-6) * below, below)
    large = F.interpolate(deep, scale_factor=2, mode='bilinear', align_corners=False)[:, :, :h, :w]
    return torch.where(known > 0, x, large)


def read_features(kizil, row):
    """[1, 12, h, w], as the network reads them."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([kizil, 'features', row['image'], '--mask', row['mask'], '-o',
                        f'{folder}/f'], check=True, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL)
        _, pages = cv2.imreadmulti(f'{folder}/f.tif', flags=cv2.IMREAD_UNCHANGED)
    return torch.from_numpy(np.stack([p.astype(np.float32) / 65535 * (high - low) + low
                                      for p, (low, high) in zip(pages, RANGES)]))[None]


def estimate(net, x, coarse, hole, t, features):
    """The clean picture that the network sees in x at time t."""
    alpha, sigma = math.cos(t * math.pi / 2), math.sin(t * math.pi / 2)
    gain = alpha * SPREAD / (alpha * alpha * SPREAD * SPREAD + sigma * sigma)
    data = torch.cat([gain * (x - alpha * coarse) * hole, coarse, hole], 1)
    out = forward(net, data, torch.tensor([t], dtype=torch.float32), features, bf16=True)
    return (coarse + out).clamp(-1, 1)


def restore(net, rgb, hole, steps, features):
    """rgb [1, 3, h, w] in [-1, 1], hole [1, 1, h, w] of 0 and 1."""
    h, w = rgb.shape[2:]
    coarse = coarse_fill(rgb * (1 - hole), 1 - hole)
    pad = (0, -w % 32, 0, -h % 32)
    coarse, hole = F.pad(coarse, pad, mode='replicate'), F.pad(hole, pad)
    if features is not None:
        features = F.pad(features, pad, mode='replicate')
    times = [(1 - i / steps) ** BEND for i in range(steps)] + [0]
    x = torch.randn(coarse.shape)
    for t, later in zip(times, times[1:]):
        x0 = estimate(net, x, coarse, hole, t, features)
        ratio = math.sin(later * math.pi / 2) / math.sin(t * math.pi / 2)
        alpha = 0 if t >= 1 else math.cos(t * math.pi / 2)
        x = ratio * x + (math.cos(later * math.pi / 2) - ratio * alpha) * x0
    return x[:, :, :h, :w]


def restore_file(net, row, steps, kizil):
    image = cv2.imread(row['image'])
    hole = cv2.imread(row['mask'], cv2.IMREAD_GRAYSCALE) > 127
    rgb = torch.from_numpy(image[:, :, ::-1].copy()).permute(2, 0, 1)[None].float() / 127.5 - 1
    features = read_features(kizil, row) if net.structure else None
    torch.manual_seed(0)
    with torch.no_grad():
        x = restore(net, rgb, torch.from_numpy(hole)[None, None].float(), steps, features)
    filled = (x[0].permute(1, 2, 0).numpy()[:, :, ::-1] * 127.5 + 127.5).round().astype(np.uint8)
    image[hole] = filled[hole]
    if not cv2.imwrite(row['output'], image):
        sys.exit(f"{row['output']}: cannot write")


def main():
    a = argparse.ArgumentParser(description='restore with PyTorch')
    a.add_argument('model')
    a.add_argument('list')
    a.add_argument('--steps', type=int, default=1)
    a.add_argument('--kizil', default=os.path.join(ROOT, 'build/kizil'))
    a = a.parse_args()
    torch.set_num_threads(2)
    net = open_model(a.model)
    with open(a.list, newline='') as f:
        for row in csv.DictReader(f):
            if not os.path.exists(row['output']):
                restore_file(net, row, a.steps, a.kizil)


if __name__ == '__main__':
    main()
