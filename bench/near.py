#!/usr/bin/python3
"""Recall of near duplicates: changed copies of mural pictures are put among them, all are searched
by `bench_near --pairs`, and what is found is counted for each change.

  near.py BENCH_NEAR [--images DIR] [--every 6] [--seed 1]

DIR is $KIZIL_SHARED/data/murals/train, or ../shared/... of the sources. Pictures of one wall do
overlap in such a collection; a pair of two different pictures is counted as a false alarm only if
they are not linked as they are, unchanged, and all links of unchanged ones are listed, to be judged
by eye. Needs python3-opencv.
"""
import argparse
import collections
import math
import os
import subprocess
import sys
import tempfile

import cv2
import numpy as np

ROOT = os.path.normpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), '..'))
SHARED = os.environ.get('KIZIL_SHARED', os.path.join(ROOT, '..', 'shared'))


def jpeg(image, quality):
    data = cv2.imencode('.jpg', image, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    return cv2.imdecode(data, cv2.IMREAD_COLOR)


def resized(image, factor):
    how = cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC
    return cv2.resize(image, None, fx=factor, fy=factor, interpolation=how)


def cropped(image, share, rng):
    h, w = image.shape[:2]
    long = math.exp(rng.uniform(-0.15, 0.15))
    cw = min(w, int(w * math.sqrt(share) * long))
    ch = min(h, int(share * w * h / cw))
    x, y = rng.integers(0, w - cw + 1), rng.integers(0, h - ch + 1)
    return image[y:y + ch, x:x + cw].copy()


def turned(image, degrees):
    h, w = image.shape[:2]
    about = cv2.getRotationMatrix2D((w / 2, h / 2), degrees, 1)
    x, y = w // 10, h // 10
    return cv2.warpAffine(image, about, (w, h))[y:h - y, x:w - x].copy()


CHANGES = {
    'exact': lambda i, r: i.copy(),
    'JPEG 30': lambda i, r: jpeg(i, 30),
    'x 0.4': lambda i, r: resized(i, 0.4),
    'x 1.7': lambda i, r: resized(i, 1.7),
    'x 0.6, JPEG 60': lambda i, r: jpeg(resized(i, 0.6), 60),
    'turned 90': lambda i, r: cv2.rotate(i, cv2.ROTATE_90_CLOCKWISE),
    'turned 180': lambda i, r: cv2.rotate(i, cv2.ROTATE_180),
    'turned 5, cropped': lambda i, r: turned(i, 5),
    'mirrored': lambda i, r: i[:, ::-1].copy(),
    'mirrored, turned, JPEG 50': lambda i, r: jpeg(cv2.rotate(i[:, ::-1].copy(), 0), 50),
    'brighter, JPEG 80': lambda i, r: jpeg(cv2.convertScaleAbs(i, alpha=1.25, beta=10), 80),
    'crop 80 %': lambda i, r: cropped(i, 0.8, r),
    'crop 60 %, JPEG 70': lambda i, r: jpeg(cropped(i, 0.6, r), 70),
    'crop 60 %, mirrored': lambda i, r: cropped(i[:, ::-1], 0.6, r),
}


def views(image, share):
    """Two views, one at each end of the longer side, that have `share` of each in common."""
    h, w = image.shape[:2]
    if w >= h:
        k = int(w / (2 - share))
        return image[:, :k].copy(), image[:, w - k:].copy()
    k = int(h / (2 - share))
    return image[:k].copy(), image[h - k:].copy()


class Collection:
    def __init__(self, folder):
        self.folder, self.paths, self.owners, self.truth = folder, [], [], {}

    def add(self, image, owner):
        self.paths.append(os.path.join(self.folder, f'{len(self.paths)}.png'))
        self.owners.append(owner)
        cv2.imwrite(self.paths[-1], image, [cv2.IMWRITE_PNG_COMPRESSION, 1])
        return len(self.paths) - 1


def fill(c, files, rng):
    for owner, path in enumerate(files):
        image = cv2.imread(path, cv2.IMREAD_COLOR)
        base = c.add(image, owner)
        for name, change in CHANGES.items():
            c.truth[base, c.add(change(image, rng), owner)] = name
        for share in (0.6, 0.45):
            first, second = views(image, share)
            key = c.add(jpeg(first, 85), owner), c.add(jpeg(second, 85), owner)
            c.truth[key] = f'views, {share:.0%} of each'


def found(bench, paths):
    out = subprocess.run([bench, '--pairs'], input='\n'.join(paths) + '\n', text=True, check=True,
                         stdout=subprocess.PIPE).stdout
    rows = (line.split('\t') for line in out.splitlines())
    return {(int(r[0]), int(r[1])): r[2:] for r in rows}


def main():
    p = argparse.ArgumentParser(description=__doc__.split('\n\n')[0])
    p.add_argument('bench')
    p.add_argument('--images', default=os.path.join(SHARED, 'data/murals/train'))
    p.add_argument('--every', type=int, default=6)
    p.add_argument('--seed', type=int, default=1)
    o = p.parse_args()
    if not os.path.isdir(o.images):
        sys.exit(f'{o.images}: no such folder')
    files = sorted(os.path.join(o.images, n) for n in os.listdir(o.images))[::o.every]
    with tempfile.TemporaryDirectory() as folder:
        c = Collection(folder)
        fill(c, files, np.random.default_rng(o.seed))
        got = found(o.bench, c.paths)
    plain = found(o.bench, files)
    print(f'{len(files)} pictures, {len(c.paths)} with changed copies; {len(got)} pairs found')
    print('| change | pairs | recall | taken for |\n| --- | --- | --- | --- |')
    for name in dict.fromkeys(c.truth.values()):
        pairs = [pair for pair, n in c.truth.items() if n == name]
        hits = [got[pair][0] for pair in pairs if pair in got]
        kinds = ', '.join(f'{k} {n}' for k, n in collections.Counter(hits).most_common())
        print(f'| {name} | {len(pairs)} | {len(hits) / len(pairs):.1%} | {kinds} |')
    across = {pair for pair in got if c.owners[pair[0]] != c.owners[pair[1]]}
    false = {pair for pair in across
             if tuple(sorted((c.owners[pair[0]], c.owners[pair[1]]))) not in plain}
    print(f'pairs of two different pictures: {len(across)}, {len(false)} of them of pictures not '
          'linked unchanged:')
    for a, b in sorted(false):
        print('  ', os.path.basename(files[c.owners[a]]), os.path.basename(files[c.owners[b]]),
              *got[a, b])
    print('unchanged pictures linked:')
    for (a, b), row in plain.items():
        print('  ', os.path.basename(files[a]), os.path.basename(files[b]), *row)


main()
