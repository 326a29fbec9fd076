#!/usr/bin/python3
"""What each part of the network is worth: variants trained on from one model, equally long, on the
same batches, and scored by `kizil eval` on pictures that none of them was trained on.

  ablation.py --images DIR --init CORE --whole MODEL [--manifest LIST.csv] [--perceptual FILE]
              [--lpips FILE] [--crops 40] [--only NAME,...] [-o work/ablation]

Two kinds of variants. Grown ones begin with the weights of CORE, a network without guides; what it
lacks begins as nothing, and takes some hundred steps to count at all (after 250 nothing differs),
hence --steps 500 of small crops. Pruned ones begin with MODEL, a trained network with guides, lose
a part, and all train on for --pruned-steps 300, so that the rest can take over; a short time, which
is to the advantage of what was there. All see the same crops, damage and noise in the same order,
so a difference is the part's, and chance in its random weights. Held-out pictures are those that
`kizil train` holds out by itself (--held-out 0.05); a crop is cut from each, again and again at
other places, with masks by `kizil damage`. Line drawings given in the hole are those of
`kizil features`.

Prints the differences that the table COMPARISONS names, with 95 % intervals: with one call (one
view) and with the defaults. Finished variants are kept: run again to go on.
Needs Debian's python3-opencv.
"""
import argparse
import csv
import os
import re
import subprocess
import sys

import cv2
import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.normpath(os.path.join(HERE, '..'))


def parts(structure=0, text=0, detail=0):
    return ['--structure-1', structure, '--text', text, '--detail', detail]


VARIANTS = {'core': parts(), 'structure': parts(structure=48)}
PRUNED = {
    'whole': parts(48, 128, 32), 'no-structure': parts(0, 128, 32),
    'no-text': parts(48, 0, 32), 'no-detail': parts(48, 128, 0),
}
# Which variant, restored with what, is compared with which.
COMPARISONS = [
    ('core alone', 'structure alone'), ('core alone', 'structure lines'),
    ('no-structure alone', 'whole alone'), ('no-text alone', 'whole alone'),
    ('no-detail alone', 'whole alone'), ('no-detail lines', 'whole lines'),
]
KINDS = {'cracks': ('crack', '0.01,0.04'), 'irr20': ('stroke', '0.2,0.3'),
         'irr40': ('stroke', '0.4,0.5')}
MASK = (1 << 64) - 1


def split_rank(name):
    """kz__split_rank in src/dataset/list.c."""
    stem = os.path.splitext(os.path.basename(name))[0]
    group = stem.rsplit('-', 1)[-1]
    if not (group and group[0].isalpha() and group[-1].isdigit()):
        group = os.path.splitext(name)[0]
    h = 0xcbf29ce484222325
    for b in group.encode():
        h = ((h ^ b) * 0x100000001b3) & MASK
    h = ((h ^ (h >> 30)) * 0xbf58476d1ce4e5b9) & MASK
    h = ((h ^ (h >> 27)) * 0x94d049bb133111eb) & MASK
    return ((h ^ (h >> 31)) >> 11) / (1 << 53)


def run(*command, **more):
    done = subprocess.run([str(c) for c in command], stdout=subprocess.PIPE, text=True, **more)
    if done.returncode:
        sys.exit(f'{" ".join(map(str, command))}: exit status {done.returncode}')
    return done.stdout


def held_out(images):
    names = sorted(os.path.relpath(os.path.join(d, f), images)
                   for d, _, files in os.walk(images) for f in files
                   if re.search(r'\.(jpe?g|png|tiff?|webp)$', f, re.I))
    return [n for n in names if split_rank(n) < 0.05]


def make_set(a, folder):
    """NNN.png, NNN_kind.png, NNN_lines.png."""
    os.makedirs(folder, exist_ok=True)
    names, rng, made = held_out(a.images), np.random.default_rng(1), 0
    if not names:
        sys.exit(f'{a.images}: nothing is held out')
    while made < a.crops:
        image = cv2.imread(os.path.join(a.images, names[made % len(names)]))
        scale = min(440 / min(image.shape[:2]), 1)
        scale = max(scale, 256 / min(image.shape[:2]))
        image = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        y, x = (int(rng.integers(0, n - 255)) for n in image.shape[:2])
        stem = f'{folder}/{made:03d}'
        made += 1
        if os.path.exists(f'{stem}_lines.png'):
            continue
        cv2.imwrite(f'{stem}.png', image[y:y + 256, x:x + 256])
        for kind, (generator, cover) in KINDS.items():
            run(a.kizil, 'damage', f'{stem}_{kind}.png', '--size', '256x256', '--kind', generator,
                '--cover', cover, '--seed', made)
        run(a.kizil, 'features', f'{stem}.png', '-o', f'{stem}-f', '--overwrite', '--drawing',
            f'{stem}_lines.png', stderr=subprocess.DEVNULL)
        for rest in ('.tif', '.png', '-sheet.png'):
            os.remove(f'{stem}-f{rest}')


def train(a, name, folder):
    out = f'{folder}/{name}'
    model = f'{out}/model.safetensors'
    if os.path.exists(f'{out}/done'):
        return model
    if os.path.exists(f'{out}/last.safetensors'):
        how = ['--resume']
    else:
        init, steps = (a.init, a.steps) if name in VARIANTS else (a.whole, a.pruned_steps)
        how = ['--init', init, '--steps', steps, '--minutes', 0, '--small-share', 1,
               '--crop-small', a.crop, '--batch-small', a.batch,
               '--optimiser', 'muon', '--rate', a.rate, '--warmup', 50, '--beta-2', 0.99,
               '--ema', 0.99, '--no-pure-relative', '--pure-noise-share', 0.5, '--border-weight', 0.5, '--balance', 0.5,
               '--seed', 3, '--preview-minutes', 0] + (VARIANTS | PRUNED)[name]
        for option in ('manifest', 'perceptual'):
            if getattr(a, option):
                how += [f'--{option}', getattr(a, option)]
        if a.perceptual:
            how += ['--perceptual-weight', 0.3, '--perceptual-from', 0]
    run(a.kizil, 'train', '--images', a.images, '-o', out, *how)
    open(f'{out}/done', 'w').close()
    return model


def score(a, name, model, how, calls, pictures, folder):
    """scores.csv of a variant; `how`: alone, or with lines."""
    out = f'{folder}/{name}-{how}-{calls}'
    if os.path.exists(f'{out}/scores.csv'):
        return f'{out}/scores.csv'
    os.makedirs(f'{out}-pictures', exist_ok=True)
    jobs, pairs = [], []
    for i in range(a.crops):
        for kind in KINDS:
            stem = f'{pictures}/{i:03d}'
            job = {'image': f'{stem}.png', 'mask': f'{stem}_{kind}.png',
                   'output': f'{out}-pictures/{i:03d}_{kind}.png'}
            if how == 'lines':
                job['lines'] = f'{stem}_lines.png'
            jobs.append(job)
            pairs.append({'original': job['image'], 'mask': job['mask'], 'result': job['output'],
                          'group': kind})
    for path, rows in ((f'{out}-jobs.csv', jobs), (f'{out}-pairs.csv', pairs)):
        with open(path, 'w', newline='') as f:
            w = csv.DictWriter(f, rows[0].keys())
            w.writeheader()
            w.writerows(rows)
    steps = ['--steps', 1, '--views', 1] if calls == 'one' else []
    run(a.kizil, 'restore', '--batch', f'{out}-jobs.csv', '--model', model, '--overwrite', *steps,
        stderr=subprocess.DEVNULL)
    lpips = ['--lpips', a.lpips] if a.lpips else []
    run(a.kizil, 'eval', '--pairs', f'{out}-pairs.csv', '-o', out, '--cases', 0, *lpips,
        stderr=subprocess.DEVNULL)
    return f'{out}/scores.csv'


def main():
    p = argparse.ArgumentParser()
    for name in ('images', 'init', 'whole'):
        p.add_argument(f'--{name}', required=True)
    for name in ('manifest', 'perceptual', 'lpips', 'only'):
        p.add_argument(f'--{name}')
    p.add_argument('--steps', type=int, default=500)
    p.add_argument('--pruned-steps', type=int, default=300)
    p.add_argument('--rate', type=float, default=5e-4)
    p.add_argument('--crop', type=int, default=128)
    p.add_argument('--batch', type=int, default=12)
    p.add_argument('--crops', type=int, default=40)
    p.add_argument('--kizil', default=os.path.join(ROOT, 'build/kizil'))
    p.add_argument('-o', '--out', default=os.path.join(ROOT, 'work/ablation'))
    a = p.parse_args()
    names = a.only.split(',') if a.only else list(VARIANTS | PRUNED)
    make_set(a, f'{a.out}/set')
    scores = {}
    for name in names:
        model = train(a, name, a.out)
        for how in ('alone', 'lines') if (VARIANTS | PRUNED)[name][1] else ('alone',):
            for calls in ('one', 'default'):
                scores[name, how, calls] = score(a, name, model, how, calls, f'{a.out}/set', a.out)
        print(f'{name}: done', flush=True)
    for pair in COMPARISONS:
        for calls in ('one', 'default'):
            files = [scores.get((*side.split(), calls)) for side in pair]
            if all(files):
                print(f'\n{" -> ".join(pair)}, {"one call" if calls == "one" else "defaults"}')
                print(run(a.kizil, 'eval', '--compare', *files), flush=True)


main()
