#!/usr/bin/python3
"""How fast a collection is taken into a catalogue, what is found of the defects in it, and whether
`add` survives being killed: `kizil dataset init`, `add`, `screen` on a folder of challenge.py.

  adding.py FOLDER --kizil PROGRAM --decode BENCH_DECODE [--rounds 3] [--threads 2] [--small 1000]
            [--work DIR] [--kill 20 [--kill-files 1500]] [--only rate|found|kill]

Rates are taken in turns with bench_decode, libvips alone on the same files with as many threads;
on a busy machine processor time tells more than the clock. Linux only: processor time and peak
memory are wait4's.
"""
import argparse
import collections
import csv
import os
import random
import re
import signal
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time

MEANT = {'blurred': 'sharpness', 'coarse JPEG': 'jpeg-block', 'too light': 'exposure-high',
         'too dark': 'exposure-low', 'enlarged': 'upscale', 'truncated': 'decode'}
COPIES = ('exact', 're-encoded', 'resized', 'turned', 'mirrored', 'cropped', 'overlapping')


class Ran:
    """A command that has run: seconds of processor and clock, peak memory in MB, output."""

    def __init__(self, *command, feed=None):
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as given:
            given.write(feed or b'')
            given.seek(0)
            start = time.monotonic()
            p = subprocess.Popen(command, stdin=given, stdout=out, stderr=subprocess.DEVNULL)
            _, status, usage = os.wait4(p.pid, 0)
            self.clock = time.monotonic() - start
            p.returncode = os.waitstatus_to_exitcode(status)
            out.seek(0)
            self.text = out.read().decode(errors='replace')
        if p.returncode:
            sys.exit(f'{command[0]} {command[1]}: exit status {p.returncode}\n{self.text}')
        self.cpu, self.peak = usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1e3


def fresh(o, name):
    path = os.path.join(o.work, name)
    for end in ('', '-wal', '-shm'):
        if os.path.exists(path + end):
            os.remove(path + end)
    Ran(o.kizil, 'dataset', 'init', path)
    return path


def add(o, catalogue, what):
    return Ran(o.kizil, 'dataset', 'add', catalogue, '--threads', str(o.threads), *what)


# ---- rates and memory ----

def rate(o, files):
    megabytes = sum(os.path.getsize(f) for f in files) / 1e6
    names = '\n'.join(files).encode() + b'\n'
    ratios, adds, decodes, screens, searches = [], [], [], [], []
    print(f'{len(files)} files, {megabytes:.0f} MB, {o.threads} threads\n')
    print('| round | libvips alone: CPU s, s | add: CPU s, s, images/s, MB/s, peak MB | rate by CPU, '
          'by clock |\n| --- | --- | --- | --- |')
    for i in range(o.rounds):
        d = Ran(o.decode, str(o.threads), feed=names)
        _, _, cpu, clock = (float(v) for v in d.text.split())
        catalogue = fresh(o, 'whole.db')
        a = add(o, catalogue, [o.folder])
        s = Ran(o.kizil, 'dataset', 'screen', catalogue)
        ratios.append((cpu / a.cpu, clock / a.clock))
        adds.append(a), decodes.append(cpu), screens.append(s)
        searches.append(s.cpu)
        print(f'| {i + 1} | {cpu:.1f}, {clock:.1f} | {a.cpu:.1f}, {a.clock:.1f}, '
              f'{len(files) / a.clock:.0f}, {megabytes / a.clock:.0f}, {a.peak:.0f} | '
              f'{ratios[-1][0]:.0%}, {ratios[-1][1]:.0%} |', flush=True)
    by_cpu, by_clock = (statistics.median(r) for r in zip(*ratios))
    print(f'\nadd at {by_cpu:.0%} by processor time, {by_clock:.0%} by the clock, of the rate at '
          'which libvips alone decodes (median)')
    a, s = (statistics.median(x.cpu for x in xs) for xs in (adds, screens))
    print(f'with screen: {statistics.median(decodes) / (a + s):.0%} by processor time')
    found = re.search(r'(\d+) images compared.*', screens[-1].text)
    print(f'screen: {s:.2f} CPU s, peak {screens[-1].peak:.0f} MB; {found.group(0) if found else ""}')
    print(f'screen, which is mostly the search, is {s / (a + s):.1%} of add and screen')
    return max(x.peak for x in adds)


def memory(o, files, peak):
    small = files[::max(1, len(files) // o.small)][:o.small]
    a = add(o, fresh(o, 'small.db'), small)
    print(f'peak memory of add: {a.peak:.0f} MB for {len(small)} files, {peak:.0f} MB for '
          f'{len(files)}\n')


# ---- what is found ----

class Catalogue:
    def __init__(self, path, folder):
        c = sqlite3.connect(path)
        folder = os.fsencode(os.path.realpath(folder)) + b'/'
        self.image = {os.fsdecode(bytes(p)[len(folder):]): i
                      for p, i in c.execute('SELECT path, image FROM file')}
        self.verdicts = collections.defaultdict(set)
        for i, measure in c.execute('SELECT image, measure FROM verdict'):
            self.verdicts[i].add(measure)
        self.group = {i: g for i, g in c.execute('SELECT image, grp FROM grp')}
        self.best = {i: b for i, b in c.execute('SELECT image, best FROM grp')}
        self.pairs = list(c.execute('SELECT a, b, kind, overlap FROM pair'))

    def linked(self, a, b):
        a, b = self.image[a], self.image[b]
        return a == b or self.best.get(a, a) == self.best.get(b, b)

    def grouped(self, a, b):
        a, b = self.image[a], self.image[b]
        return a == b or (a in self.group and self.group[a] == self.group.get(b))

    def one_goes(self, a, b):
        return self.image[a] == self.image[b] or self.fails(a, 'duplicate') or self.fails(
            b, 'duplicate')

    def fails(self, name, measure):
        return measure in self.verdicts[self.image[name]]

    def out(self, name):
        """For a reason of its own, size apart."""
        return bool(self.verdicts[self.image[name]] - {'duplicate', 'short-side'})


def share(flags):
    return f'{sum(flags)} of {len(flags)}, {100 * sum(flags) / max(1, len(flags)):.1f} %'


def found(rows, c):
    of = collections.defaultdict(list)
    for row in rows:
        of[row['what']].append(row)
    control = [r['file'] for r in of['control']]
    fill = [r['file'] for r in of['fill']]
    print('| defect | measure | found | out for any reason | false alarms: controls | pictures put '
          'together |\n| --- | --- | --- | --- | --- | --- |')
    for what, measure in MEANT.items():
        names = [r['file'] for r in of[what]]
        cells = [[c.fails(n, measure) for n in names], [c.out(n) for n in names],
                 [c.fails(n, measure) for n in control], [c.fails(n, measure) for n in fill]]
        print(f'| {what} | {measure} | ' + ' | '.join(share(x) for x in cells) + ' |')
    every = sorted(set().union(*c.verdicts.values()) - set(MEANT.values()) - {'duplicate'})
    for measure in every:
        print(f'| | {measure} | | | {share([c.fails(n, measure) for n in control])} | '
              f'{share([c.fails(n, measure) for n in fill])} |')
    print(f'| any but short-side | | | | {share([c.out(n) for n in control])} | '
          f'{share([c.out(n) for n in fill])} |\n')
    print('| copy | found | in one group | one of the two goes |\n| --- | --- | --- | --- |')
    direct = {frozenset(p[:2]) for p in c.pairs}
    for what in COPIES:
        pairs = [(r['file'], r['of']) for r in of[what]]
        seen = [c.linked(*p) or frozenset(c.image[n] for n in p) in direct for p in pairs]
        print(f'| {what} | {share(seen)} | {share([c.grouped(*p) for p in pairs])} | '
              f'{share([c.one_goes(*p) for p in pairs])} |')


def false_links(rows, c):
    """Pairs of images that do not come of one control."""
    of = {r['file']: r['of'] for r in rows}
    told = {r['file']: r for r in rows}

    def root(name):
        while of[name]:
            name = of[name]
        return name
    roots = collections.defaultdict(set)
    for name, image in c.image.items():
        roots[image].add(root(name))
    wrong = [p for p in c.pairs if not roots[p[0]] & roots[p[1]]]
    kinds = collections.Counter()
    named = set()
    for a, b, *_ in wrong:
        one, other = (told[min(roots[i])] for i in (a, b))
        kinds[' and '.join(sorted((one['what'], other['what'])))] += 1
        if one['what'] == other['what'] == 'control':
            named.add(tuple(sorted((one['how'], other['how']))))
    print(f'\n{len(c.pairs)} pairs found, {len(wrong)} of them not of one control:',
          ', '.join(f'{k}: {n}' for k, n in kinds.items()) or 'none')
    for pair in sorted(named):  # of one wall, perhaps: to be judged by eye
        print('  ', *pair)


# ---- kills ----

def dump(path):
    """All that does not depend on when, or in which order, it was written."""
    c = sqlite3.connect(path)
    assert c.execute('PRAGMA integrity_check').fetchall() == [('ok',)]
    assert not c.execute('PRAGMA foreign_key_check').fetchall()
    content = dict(c.execute('SELECT id, sha256 FROM image'))
    lines = []
    for (table,) in c.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT IN "
                              "('run', 'review') AND name NOT LIKE 'sqlite%'").fetchall():
        names = [r[1] for r in c.execute(f'PRAGMA table_info({table})')]
        skip = {'added', 'id'} if table == 'image' else set()
        for row in c.execute(f'SELECT * FROM {table}'):
            lines.append(repr((table, [content.get(v, v) if n in ('image', 'a', 'b', 'grp', 'best')
                                       else v for n, v in zip(names, row) if n not in skip])))
    return sorted(lines)


def kill(o, files):
    some = files[::max(1, len(files) // o.kill_files)][:o.kill_files]
    whole = fresh(o, 'unbroken.db')
    length = add(o, whole, some).clock
    want, rng, kept, done = dump(whole), random.Random(1), [], 0
    print(f'{len(some)} files, {length:.1f} s unbroken, {len(want)} rows')
    for attempt in range(10 * o.kill):
        if done == o.kill:
            break
        catalogue = fresh(o, 'killed.db')
        p = subprocess.Popen([o.kizil, 'dataset', 'add', catalogue, '--threads', str(o.threads),
                              *some], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(rng.uniform(0, length))
        p.send_signal(signal.SIGKILL)
        if p.wait() != -signal.SIGKILL:
            continue  # it was done before
        done += 1
        c = sqlite3.connect(catalogue)
        kept.append(c.execute('SELECT count(*) FROM file').fetchone()[0])
        c.close()
        add(o, catalogue, some)
        if dump(catalogue) != want:
            sys.exit(f'killed with {kept[-1]} files in, then again: not the same catalogue')
    print(f'{done} kills, with {min(kept)} to {max(kept)} files in '
          f'({", ".join(map(str, sorted(kept)))}): the same catalogue each time\n')


def main():
    p = argparse.ArgumentParser(description=__doc__.split('\n\n')[0])
    p.add_argument('folder')
    p.add_argument('--kizil', required=True)
    p.add_argument('--decode', required=True)
    p.add_argument('--rounds', type=int, default=3)
    p.add_argument('--threads', type=int, default=2)
    p.add_argument('--small', type=int, default=1000)
    p.add_argument('--kill', type=int, default=20)
    p.add_argument('--kill-files', type=int, default=1500)
    p.add_argument('--work')
    p.add_argument('--only', choices=('rate', 'found', 'kill'))
    o = p.parse_args()
    with open(os.path.join(o.folder, 'truth.csv'), newline='') as f:
        rows = list(csv.DictReader(f))
    files = [os.path.join(o.folder, r['file']) for r in rows]
    with tempfile.TemporaryDirectory() as temporary:
        o.work = o.work or temporary
        if o.only in (None, 'rate'):
            memory(o, files, rate(o, files))
        if o.only in (None, 'found'):
            if not os.path.exists(os.path.join(o.work, 'whole.db')):
                catalogue = fresh(o, 'whole.db')
                add(o, catalogue, [o.folder])
                Ran(o.kizil, 'dataset', 'screen', catalogue)
            c = Catalogue(os.path.join(o.work, 'whole.db'), o.folder)
            found(rows, c)
            false_links(rows, c)
        if o.only in (None, 'kill'):
            kill(o, files)


main()
