#!/usr/bin/python3
"""kizil against PyTorch, and against the machine, in one run: for each figure the
three programs stay loaded and take turns (ours, PyTorch, oneDNN's convolutions
alone, ours, ...), so that a machine that slows down slows all of them.

  compare.py [--core] [--rounds N] [--only train|forward] [--size 128|256|512] BUILD_DIR

The network has its default guides (structure, detail), with --core none.
Prints medians, the ratio of PyTorch's time to ours, and what share of the rate of
oneDNN's convolutions ours reaches. Needs a build with -Dbench=true, and Debian's
python3-torch for /usr/bin/python3 (without it, PyTorch's columns stay empty).
"""
import argparse
import os
import statistics
import subprocess
import sys
import time

# glibc gives large blocks back to the system at once and gets them as new pages at the next step;
# kept, they save PyTorch 6 % of a training step.
KEEP_MEMORY = {'MALLOC_MMAP_THRESHOLD_': str(1 << 33), 'MALLOC_TRIM_THRESHOLD_': str(1 << 34),
               'MALLOC_TOP_PAD_': str(1 << 28)}
HERE = os.path.dirname(os.path.abspath(__file__))
FIGURES = (('train', 40, 128, 1), ('train', 10, 256, 1), ('forward', 1, 256, 8),
           ('forward', 1, 512, 4))
GUIDES = ['--structure', '48', '--detail', '32']  # as GUIDED in fedr_torch.py


class Player:
    """A program that says "ready FLOPS", then answers counts with seconds a step."""

    def __init__(self, name, command, env={}):
        self.name, self.seconds = name, []
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        text=True, env=os.environ | env)
        words = self.process.stdout.readline().split()
        if words[:1] != ['ready']:
            raise RuntimeError(f'{name}: did not start ({" ".join(command)})')
        self.flops = float(words[1]) if len(words) > 1 else 0

    def turn(self, count):
        self.process.stdin.write(f'{count}\n')
        self.process.stdin.flush()
        self.seconds.append(float(self.process.stdout.readline()))
        time.sleep(0.1)  # let its threads go to sleep

    def end(self):
        self.process.stdin.close()
        self.process.wait()

    def median(self):
        return statistics.median(self.seconds)


def players(build, core, kind, batch, size):
    shape = ['--batch', str(batch), '--size', str(size), '--serve']
    yield Player('ours', [f'{build}/bench/bench_{kind}'] + shape + ([] if core else GUIDES))
    yield Player('limit', [f'{build}/bench/bench_conv', kind] + shape)
    peer = ['/usr/bin/python3', f'{HERE}/fedr_torch.py'] + (['--core'] if core else []) + \
        ['serve', kind, str(batch), str(size)]
    try:
        yield Player('torch', peer, KEEP_MEMORY)
    except RuntimeError as e:
        print(e, file=sys.stderr)


def figure(build, core, kind, batch, size, count, rounds):
    at = {p.name: p for p in players(build, core, kind, batch, size)}
    for _ in range(rounds):
        for p in at.values():
            p.turn(count)
    for p in at.values():
        p.end()
    ours, limit = at['ours'], at['limit']
    rate, top = ours.flops / ours.median() / 1e9, limit.flops / limit.median() / 1e9
    crops = batch * size * size / 65536
    row = f'| {kind} B{batch}@{size} | {ours.median() * 1000:.1f} ms, ' \
          f'{crops / ours.median():.2f} crops/s | '
    if 'torch' in at:
        torch = at['torch'].median()
        ratios = [b / a for a, b in zip(ours.seconds, at['torch'].seconds)]
        row += f'{torch * 1000:.1f} ms, {crops / torch:.2f} crops/s | ' \
               f'{torch / ours.median():.2f} x ({min(ratios):.2f} to {max(ratios):.2f}) | '
    else:
        row += ' | | '
    print(row + f'{rate:.0f} of {top:.0f} GFLOP/s: {100 * rate / top:.0f} % |', flush=True)


def main():
    a = argparse.ArgumentParser(description='kizil against PyTorch and oneDNN')
    a.add_argument('build')
    a.add_argument('--rounds', type=int, default=7)
    a.add_argument('--only', choices=('train', 'forward'))
    a.add_argument('--size', type=int)
    a.add_argument('--core', action='store_true')
    a = a.parse_args()
    print('| figure | kizil | PyTorch | ratio (of medians; of rounds) | share of the limit |')
    print('| --- | --- | --- | --- | --- |', flush=True)
    for kind, batch, size, count in FIGURES:
        if a.only in (None, kind) and a.size in (None, size):
            figure(a.build, a.core, kind, batch, size, count, a.rounds)


if __name__ == '__main__':
    main()
