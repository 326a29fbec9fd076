#!/usr/bin/python3
"""Quality against classical rivals, by ../shared/eval/score.py: OpenCV's Telea and
Navier-Stokes, G'MIC's patch-based inpainting, and folders of our own results.

  rivals.py [--set DIR] [--only telea,ns,gmic] [NAME=DIR ...]

DIR of --set holds NNN.png and NNN_kind.png (default ../shared/eval/val, or under
KIZIL_SHARED); a result folder holds NNN_kind.png. Prints one table row a method:
hole PSNR, LPIPS for each kind of mask, and the largest change outside the mask.
Needs Debian's python3-opencv, python3-torch, and gmic for its row.
"""
import argparse
import os
import re
import shutil
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
SHARED = os.environ.get('KIZIL_SHARED', os.path.join(HERE, '../../../shared'))
KINDS = ('cracks', 'irr10', 'irr20', 'irr30', 'irr40')
LINE = re.compile(r'\S+\s+(\S+)\s+n=(\d+) PSNR (\S+) hole (\S+) SSIM (\S+) LPIPS (\S+) '
                  r'outside max (\S+)')
NAMES = {'telea': 'Telea', 'ns': 'Navier-Stokes', 'gmic': "G'MIC patch"}


def score(folder, method):
    """kind -> (n, hole PSNR, LPIPS, largest change outside)."""
    run = subprocess.run(['/usr/bin/python3', os.path.join(SHARED, 'eval/score.py'), folder, method],
                         stdout=subprocess.PIPE, text=True, check=True)
    rows = {}
    for line in run.stdout.splitlines():
        m = LINE.match(line)
        if m:
            rows[m[1]] = int(m[2]), float(m[4]), float(m[6]), float(m[7])
    return rows


def row(name, scores):
    cells = [f'{scores[k][1]:.2f} dB, {scores[k][2]:.4f}' if k in scores else '' for k in KINDS]
    outside = max((s[3] for s in scores.values()), default=0)
    return f'| {name} | ' + ' | '.join(cells) + f' | {outside:.0f} |'


def main():
    a = argparse.ArgumentParser(description='quality against OpenCV and G\'MIC')
    a.add_argument('--set', default=os.path.join(SHARED, 'eval/val'))
    a.add_argument('--only', default='telea,ns,gmic', help='rivals to run, or "none"')
    a.add_argument('results', nargs='*', metavar='NAME=DIR')
    a = a.parse_args()
    methods = [(NAMES[m], m) for m in a.only.split(',') if m in NAMES]
    for r in a.results:
        name, _, folder = r.rpartition('=')
        if not os.path.isdir(folder):
            sys.exit(f'{folder}: no such folder of results')
        methods.append((name or folder, os.path.abspath(folder)))
    print('| hole PSNR, LPIPS | ' + ' | '.join(KINDS) + ' | outside |')
    print('| --- ' * (len(KINDS) + 2) + '|', flush=True)
    for name, method in methods:
        if method == 'gmic' and not shutil.which('gmic'):
            print("gmic is not installed: its row is left out", file=sys.stderr)
            continue
        print(row(name, score(a.set, method)), flush=True)


if __name__ == '__main__':
    main()
