#!/usr/bin/python3
"""A collection of many files with known defects, made of mural pictures, for bench/adding.py.

  challenge.py FOLDER [--images DIR] [--count 10277] [--seed 1]

DIR is $KIZIL_SHARED/data/murals/train, or ../shared/... of the sources. FOLDER must not be there; it
gets folders of files and truth.csv (file, what, how, of). The same seed gives the same bytes with
the same OpenCV. What is written:
  control  a crop of a picture that the thresholds were not set on (the half that screening.py holds
           out), as it is, JPEG 92
  ...      a tenth of all: a defect put into such a control, or a changed copy of it; `of` names it
  view     what `overlapping` overlaps: the other end of the control that `of` names
  fill     the rest: pictures put together of four pieces each, turned, mirrored, warped, lit anew and
           blended, so that no two are the same; 440 to 768 px; JPEG 75 to 95, some PNG and WebP
Needs python3-opencv.
"""
import argparse
import csv
import functools
import hashlib
import os
import sys

import cv2
import numpy as np

ROOT = os.path.normpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), '..'))
SHARED = os.environ.get('KIZIL_SHARED', os.path.join(ROOT, '..', 'shared'))
FEATHER = 12  # px on each side of a seam
LEAST, MOST = 300, 768  # px of the longer side of a control


@functools.lru_cache(maxsize=160)
def load(path):
    return cv2.imread(path, cv2.IMREAD_COLOR)


def held_out(path):
    return hashlib.sha256(os.path.basename(path).encode()).digest()[0] & 1


def encoded(image, kind, quality=0):
    how = {'jpg': [cv2.IMWRITE_JPEG_QUALITY, quality], 'webp': [cv2.IMWRITE_WEBP_QUALITY, quality],
           'png': [cv2.IMWRITE_PNG_COMPRESSION, 1]}[kind]
    return cv2.imencode('.' + kind, image, how)[1].tobytes()


def resized(image, factor, how=None):
    if how is None:
        how = cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC
    return cv2.resize(image, None, fx=factor, fy=factor, interpolation=how)


def cropped(image, share, rng):
    h, w = image.shape[:2]
    long = np.exp(rng.uniform(-0.15, 0.15))
    cw = min(w, int(round(w * np.sqrt(share) * long)))
    ch = min(h, int(np.ceil(share * w * h / cw)))
    x, y = rng.integers(0, w - cw + 1), rng.integers(0, h - ch + 1)
    return image[y:y + ch, x:x + cw].copy()


# ---- pictures that are like no other ----

def piece(paths, w, h, rng):
    """w x h px of some picture, laid in any way, a little smaller, warped."""
    for attempt in range(400):
        image = load(paths[rng.integers(len(paths))])
        scale = rng.uniform(0.72, 0.9)
        if attempt > 200:
            scale = 1
        image = np.rot90(image, rng.integers(4))
        if rng.random() < 0.5:
            image = image[:, ::-1]
        room_x, room_y = image.shape[1] - w / scale - 48, image.shape[0] - h / scale - 48
        if room_x >= 0 and room_y >= 0:
            break
    else:
        image = cv2.copyMakeBorder(image, 0, h, 0, w, cv2.BORDER_REFLECT)
        room_x = room_y = 0
    x, y = np.arange(w, dtype=np.float32)[None, :], np.arange(h, dtype=np.float32)[:, None]
    far, swing, phase = rng.uniform(130, 240, 4), rng.uniform(5, 11, 4), rng.uniform(0, 6.3, 4)
    wave = [swing[i] * np.sin((y if i % 2 else x) * (6.283 / far[i]) + phase[i]) for i in range(4)]
    mx = 24 + rng.uniform(0, room_x + 1e-3) + x / scale + wave[0] + wave[1]
    my = 24 + rng.uniform(0, room_y + 1e-3) + y / scale + wave[2] + wave[3]
    out = cv2.remap(np.ascontiguousarray(image), mx.astype(np.float32), my.astype(np.float32),
                    cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT)
    light = rng.uniform(0.85, 1, 3) * rng.uniform(0.9, 1)  # nothing is clipped by it
    return np.clip(out * light, 0, 255)


def put_together(paths, rng):
    w = int(rng.integers(440, 769))
    h = int(w / rng.uniform(1, 1.6))
    if rng.random() < 0.4:
        w, h = h, w
    x, y = int(w * rng.uniform(0.35, 0.65)), int(h * rng.uniform(0.35, 0.65))
    across = np.clip((np.arange(w) - x) / (2 * FEATHER) + 0.5, 0, 1)[None, :, None]
    down = np.clip((np.arange(h) - y) / (2 * FEATHER) + 0.5, 0, 1)[:, None, None]
    out = np.zeros((h, w, 3))
    for i in range(4):
        x0, x1 = (x - FEATHER, w) if i & 1 else (0, x + FEATHER)
        y0, y1 = (y - FEATHER, h) if i & 2 else (0, y + FEATHER)
        weight = (across if i & 1 else 1 - across) * (down if i & 2 else 1 - down)
        out[y0:y1, x0:x1] += weight[y0:y1, x0:x1] * piece(paths, x1 - x0, y1 - y0, rng)
    return (out + 0.5).astype(np.uint8)


def fill(paths, rng):
    image, kind = put_together(paths, rng), rng.random()
    if kind < 0.06:
        return 'png', '', encoded(image, 'png')
    kind, quality = 'webp' if kind < 0.12 else 'jpg', int(rng.integers(75, 96))
    return kind, f'{kind} {quality}', encoded(image, kind, quality)


# ---- defects: image, bytes of the control, rng -> ending, how, bytes ----

def blurred(image, data, rng):
    sigma = rng.uniform(2, 4)
    return 'jpg', f'sigma {sigma:.1f}', encoded(cv2.GaussianBlur(image, (0, 0), sigma), 'jpg', 92)


def coarse(image, data, rng):
    quality = int(rng.integers(5, 16))
    return 'jpg', f'quality {quality}', encoded(image, 'jpg', quality)


def exposed(sign):
    def defect(image, data, rng):
        stops = sign * rng.uniform(2, 3)
        table = np.clip((np.arange(256) / 255) ** 2.2 * 2.0 ** stops, 0, 1) ** (1 / 2.2) * 255
        return 'jpg', f'{stops:+.1f} stops', encoded((table + 0.5).astype(np.uint8)[image], 'jpg', 92)
    return defect


def enlarged(image, data, rng):
    name, how = (('linear', cv2.INTER_LINEAR), ('cubic', cv2.INTER_CUBIC),
                 ('Lanczos', cv2.INTER_LANCZOS4))[rng.integers(3)]
    return 'jpg', name, encoded(resized(image, 2, how), 'jpg', 92)


def truncated(image, data, rng):
    share = rng.uniform(0.1, 0.95)
    return 'jpg', f'{share:.0%}', data[:int(len(data) * share)]


def exact(image, data, rng):
    return 'jpg', '', data


def again(image, data, rng):
    kind, quality = ('jpg', 'jpg', 'webp', 'png')[rng.integers(4)], int(rng.integers(40, 91))
    return kind, f'{kind} {quality}', encoded(image, kind, quality)


def other_size(image, data, rng):
    factor = rng.uniform(0.4, 0.9) if rng.random() < 0.5 else rng.uniform(1.1, 1.8)
    return 'jpg', f'x {factor:.2f}', encoded(resized(image, factor), 'jpg', 85)


def turned(image, data, rng):
    turns = int(rng.integers(1, 4))
    return 'jpg', f'{90 * turns}', encoded(np.rot90(image, turns).copy(), 'jpg', 85)


def mirrored(image, data, rng):
    turns = int(rng.integers(0, 4))
    return 'jpg', f'{90 * turns}', encoded(np.rot90(image[:, ::-1], turns).copy(), 'jpg', 85)


def part(image, data, rng):
    share = rng.uniform(0.6, 0.9)
    return 'jpg', f'{share:.0%}', encoded(cropped(image, share, rng), 'jpg', 80)


def view(image, data, rng):
    """The second of two views that have a share in common; the control is the first."""
    return 'jpg', '', encoded(image, 'jpg', 85)


DEFECTS = {'blurred': blurred, 'coarse JPEG': coarse, 'too light': exposed(1),
           'too dark': exposed(-1), 'enlarged': enlarged, 'truncated': truncated, 'exact': exact,
           're-encoded': again, 'resized': other_size, 'turned': turned, 'mirrored': mirrored,
           'cropped': part, 'overlapping': view}


# ---- all of it ----

class Collection:
    def __init__(self, folder):
        self.folder, self.rows, self.count = folder, [], 0

    def add(self, what, made, of=''):
        ending, how, data = made
        name = f'{self.count // 1000:02d}/{hashlib.sha256(b"%d" % self.count).hexdigest()[:10]}'
        path = os.path.join(self.folder, f'{name}.{ending}')
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, 'wb') as f:
            f.write(data)
        self.rows.append((f'{name}.{ending}', what, how, of))
        self.count += 1
        return f'{name}.{ending}'

    def save(self):
        with open(os.path.join(self.folder, 'truth.csv'), 'w', newline='') as f:
            writer = csv.writer(f)
            writer.writerow(('file', 'what', 'how', 'of'))
            writer.writerows(self.rows)


def controls(paths, rng):
    """(source, image), one of each held-out picture that is large enough; at most MOST px."""
    for path in paths:
        image = load(path)
        if not held_out(path) or max(image.shape[:2]) < LEAST:
            continue
        h, w = image.shape[:2]
        cw, ch = (min(MOST, int(n * rng.uniform(0.85, 1))) for n in (w, h))
        x, y = rng.integers(0, w - cw + 1), rng.integers(0, h - ch + 1)
        yield path, image[y:y + ch, x:x + cw].copy()


def two_views(image, rng):
    """One at each end of the longer side; they share 45 to 65 % of each."""
    h, w = image.shape[:2]
    share = rng.uniform(0.45, 0.65)
    if w >= h:
        k = int(w / (2 - share))
        return share, image[:, :k].copy(), image[:, w - k:].copy()
    k = int(h / (2 - share))
    return share, image[:k].copy(), image[h - k:].copy()


def add_defects(c, paths, count, rng):
    pictures = list(controls(paths, rng))
    data = [encoded(image, 'jpg', 92) for _, image in pictures]
    names = [c.add('control', ('jpg', os.path.basename(path), d))
             for (path, _), d in zip(pictures, data)]
    each = -(-count // len(DEFECTS))
    for what, defect in DEFECTS.items():
        order = np.concatenate([rng.permutation(len(pictures)) for _ in range(each // len(pictures)
                                                                              + 1)])[:each]
        for i in order:
            image, of = pictures[i][1], names[i]
            if what == 'overlapping':
                share, first, image = two_views(image, rng)
                of = c.add('view', ('jpg', f'{share:.0%}', encoded(first, 'jpg', 90)), of)
            c.add(what, defect(image, data[i], rng), of)


def main():
    p = argparse.ArgumentParser(description=__doc__.split('\n\n')[0])
    p.add_argument('folder')
    p.add_argument('--images', default=os.path.join(SHARED, 'data/murals/train'))
    p.add_argument('--count', type=int, default=10277)
    p.add_argument('--seed', type=int, default=1)
    o = p.parse_args()
    if not os.path.isdir(o.images):
        sys.exit(f'{o.images}: no such folder')
    os.makedirs(o.folder)
    cv2.setNumThreads(1)
    paths = sorted(os.path.join(o.images, n) for n in os.listdir(o.images))
    c = Collection(o.folder)
    add_defects(c, paths, o.count // 10, np.random.default_rng(o.seed))
    while c.count < o.count:
        c.add('fill', fill(paths, np.random.default_rng((o.seed, c.count))))
    c.save()
    print(f'{c.count} files in {o.folder}')


main()
