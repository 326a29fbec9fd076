#!/usr/bin/python3
"""Quality against rivals, all over one list of damaged pictures, all judged by `kizil eval`.

  rivals.py [--set DIR | --pairs LIST.csv] [--only METHOD,...] [--pictures N] [-o FOLDER]
            [NAME=DIR ...]

Methods: kizil (its defaults), kizil:N and torch:N (N calls of the same network, in kizil and
in PyTorch, nothing else), telea, ns (OpenCV, radius 5), gmic (G'MIC's patch-based
inpainting, patch of 9 px; slow, so only --gmic pictures of the list, 8 unless said); and
folders of results named as the masks are.

DIR of --set holds NNN.png and NNN_kind.png (default ../shared/eval/val, or under
KIZIL_SHARED); LIST.csv has the columns original, mask and, if you like, group. What is in
the hole is painted white before any method sees it. Results that are there are kept.

Prints a row a method: hole PSNR and LPIPS for each kind of mask, the largest change outside
the mask, seconds a picture; then how the first method differs from each other one, with
95 % intervals. Needs Debian's python3-opencv; python3-torch and gmic for their rows.
"""
import argparse
import csv
import glob
import json
import os
import shutil
import subprocess
import sys
import time

import cv2

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.normpath(os.path.join(HERE, '../..'))
SHARED = os.environ.get('KIZIL_SHARED', os.path.join(ROOT, '../shared'))
GMIC = '[1],9,22,0.5,1,9,0'
OPENCV = {'telea': cv2.INPAINT_TELEA, 'ns': cv2.INPAINT_NS}


def stem(path):
    return os.path.splitext(os.path.basename(path))[0]


def list_of_set(folder):
    rows = []
    for original in sorted(glob.glob(f'{folder}/[0-9][0-9][0-9].png')):
        for mask in sorted(glob.glob(f'{original[:-4]}_*.png')):
            rows.append({'original': original, 'mask': mask, 'group': stem(mask).split('_', 1)[1]})
    return rows


def read_list(a):
    if a.pairs:
        with open(a.pairs, newline='') as f:
            rows = [{k: r.get(k) or '' for k in ('original', 'mask', 'group')}
                    for r in csv.DictReader(f)]
    else:
        rows = list_of_set(a.set)
    keep = sorted({r['original'] for r in rows})[:a.pictures]
    rows = [r for r in rows if r['original'] in keep]
    if not rows:
        sys.exit(f'{a.pairs or a.set}: no originals with masks')
    if len({stem(r['mask']) for r in rows}) != len(rows):
        sys.exit('masks need names of their own: results are named after them')
    return rows


def write_csv(path, rows):
    with open(path, 'w', newline='') as f:
        w = csv.DictWriter(f, rows[0].keys())
        w.writeheader()
        w.writerows(rows)
    return path


def paint_out(rows, folder):
    os.makedirs(folder, exist_ok=True)
    for r in rows:
        r['damaged'] = f"{folder}/{stem(r['mask'])}.png"
        if not os.path.exists(r['damaged']):
            image = cv2.imread(r['original'])
            image[cv2.imread(r['mask'], cv2.IMREAD_GRAYSCALE) > 127] = 255
            cv2.imwrite(r['damaged'], image)


# ---- methods: rows whose 'result' is not there yet ----

def run_opencv(method, rows):
    for r in rows:
        mask = cv2.imread(r['mask'], cv2.IMREAD_GRAYSCALE)
        cv2.imwrite(r['result'], cv2.inpaint(cv2.imread(r['damaged']), mask, 5, OPENCV[method]))


def run_gmic(rows):
    for r in rows:
        subprocess.run(['gmic', '-v', '-99', r['damaged'], r['mask'], 'inpaint[0]', GMIC, 'rm[1]',
                        'o', r['result']], check=True, stderr=subprocess.DEVNULL)


def batch(rows, path):
    return write_csv(path, [{'image': r['damaged'], 'mask': r['mask'], 'output': r['result']}
                            for r in rows])


def quietly(command):
    """Its last words if it fails."""
    done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    if done.returncode:
        raise RuntimeError(done.stderr.strip().splitlines()[-1])


def run_kizil(a, rows, path, steps):
    more = ['--steps', steps, '--thin', '0', '--views', '1'] if steps else []
    quietly([a.kizil, 'restore', '--model', a.model, '--batch', batch(rows, path)] + more)


def run_torch(a, rows, path, steps):
    quietly([sys.executable, f'{HERE}/restore_torch.py', a.model, batch(rows, path),
             '--steps', steps or '1', '--kizil', a.kizil])


def run(a, method, rows):
    """Seconds a picture, or None if all was there."""
    name, _, steps = method.partition(':')
    rows = [r for r in rows if not os.path.exists(r['result'])]
    if not rows:
        return None
    start, path = time.perf_counter(), f'{a.out}/{method}.batch.csv'
    if name in OPENCV:
        run_opencv(name, rows)
    elif name == 'gmic':
        run_gmic(rows)
    elif name == 'kizil':
        run_kizil(a, rows, path, steps)
    elif name == 'torch':
        run_torch(a, rows, path, steps)
    return (time.perf_counter() - start) / len(rows)


def ready(method):
    name = method.partition(':')[0]
    if name not in ('kizil', 'torch', 'gmic', *OPENCV):
        sys.exit(f"no method '{method}'")
    if name == 'gmic' and not shutil.which('gmic'):
        return 'gmic is not installed'
    if name == 'torch' and subprocess.run([sys.executable, '-c', 'import torch'],
                                          stderr=subprocess.DEVNULL).returncode:
        return 'python3-torch is not installed'
    return None


# ---- judging ----

def judge(a, method, rows):
    pairs = write_csv(f'{a.out}/{method}.csv',
                      [{k: r[k] for k in ('original', 'mask', 'result', 'group')} for r in rows])
    folder = f'{a.out}/{method}.scores'
    lpips = ['--lpips', a.lpips] if os.path.exists(a.lpips) else []
    subprocess.run([a.kizil, 'eval', '--pairs', pairs, '-o', folder] + lpips, check=True,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    with open(f'{folder}/scores.json') as f:
        return json.load(f)


def cell(scores):
    mean = {k: v['mean'] for k, v in scores.items()}
    text = '' if mean['hole-psnr'] is None else f"{mean['hole-psnr']:.2f} dB"
    return text + (f", {mean['lpips']:.4f}" if mean.get('lpips') is not None else '')


def print_row(method, result, groups, seconds):
    found = {g['name']: g for g in result['groups']}
    cells = [cell(found[g]['scores']) if g in found else '' for g in groups]
    worst = max((float(r['outside-max']) for r in result['scores']
                 if r['outside-max'] is not None), default=0)
    spent = '' if seconds is None else f'{seconds:.2f}'
    print(f"| {method} ({result['pairs']}) | " + ' | '.join(cells) + f' | {worst:.0f} | {spent} |',
          flush=True)


def print_difference(a, first, method):
    path = f'{a.out}/{first}-{method}.json'
    subprocess.run([a.kizil, 'eval', '--compare', f'{a.out}/{method}.scores/scores.csv',
                    f'{a.out}/{first}.scores/scores.csv', '-o', path], check=True,
                   stdout=subprocess.DEVNULL)
    with open(path) as f:
        groups = json.load(f)['groups']
    for g in groups:
        parts = []
        for name, digits in (('hole-psnr', 2), ('lpips', 4)):
            s = g['scores'].get(name)
            if s and s['difference'] is not None:
                between = ', '.join(f'{v:+.{digits}f}' for v in s.get('interval', ()))
                parts.append(f"{s['difference']:+.{digits}f} [{between or 'too few'}] "
                             + {'b': 'better', 'a': 'worse'}.get(s['better'], 'undecided'))
        print(f"| {first} - {method} | {g['name']} | " + ' | '.join(parts) + ' |', flush=True)


def arguments():
    a = argparse.ArgumentParser(description='quality against rivals, judged by kizil eval')
    a.add_argument('--set', default=os.path.join(SHARED, 'eval/val'))
    a.add_argument('--pairs', help='a list instead of a set')
    a.add_argument('--only', default='kizil,kizil:1,torch:1,telea,ns,gmic', help='or "none"')
    a.add_argument('--pictures', type=int, default=1 << 30, help='the first N originals only')
    a.add_argument('--gmic', type=int, default=8, help='originals that G\'MIC gets')
    a.add_argument('--kizil', default=os.path.join(ROOT, 'build/kizil'))
    a.add_argument('--model', default=os.path.join(ROOT, 'models/kizil-base.safetensors'))
    a.add_argument('--lpips', default=os.path.join(SHARED, 'models/lpips_alex_v0.1.safetensors'))
    a.add_argument('-o', '--out', default=os.path.join(ROOT, 'out/rivals'))
    a.add_argument('results', nargs='*', metavar='NAME=DIR')
    return a.parse_args()


def play(a, method, folder, rows, groups):
    """One row of the table; False if it is left out."""
    missing = None if folder else ready(method)
    if method == 'gmic':
        keep = sorted({r['original'] for r in rows})
        keep = keep[::max(1, -(-len(keep) // a.gmic))]
        rows = [r for r in rows if r['original'] in keep]
    where = os.path.abspath(folder or f'{a.out}/{method}')
    rows = [dict(r, result=f"{where}/{stem(r['mask'])}.png") for r in rows]
    seconds = None
    try:
        if not missing and not folder:
            os.makedirs(where, exist_ok=True)
            seconds = run(a, method, rows)
    except (RuntimeError, subprocess.CalledProcessError) as e:
        missing = e
    if missing:
        print(f'{missing}: the row of {method} is left out', file=sys.stderr)
        return False
    print_row(method, judge(a, method, rows), groups, seconds)
    return True


def main():
    a = arguments()
    rows = read_list(a)
    groups = list(dict.fromkeys(r['group'] for r in rows if r['group'])) + ['all']
    paint_out(rows, f'{a.out}/damaged')
    methods = [(m, None) for m in a.only.split(',') if m not in ('', 'none')]
    methods += [tuple(r.rpartition('=')[::2]) for r in a.results]
    print('| hole PSNR, LPIPS (pairs) | ' + ' | '.join(groups) + ' | outside | s |')
    print('| --- ' * (len(groups) + 3) + '|', flush=True)
    done = [m for m, folder in methods if play(a, m, folder, rows, groups)]
    print('\n| difference | kind | hole PSNR, dB | LPIPS |\n| --- | --- | --- | --- |')
    for method in done[1:]:
        print_difference(a, done[0], method)


if __name__ == '__main__':
    main()
