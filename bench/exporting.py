#!/usr/bin/python3
"""How fast a data set leaves its catalogue, in each format, and whether what left is what was there:
`kizil dataset export`, and shards read back by Python's tarfile.

  exporting.py CATALOGUE --kizil PROGRAM [--rounds 3] [--work DIR]

Processor time is the best of the rounds, peak memory the largest; MB are the bytes of the images'
files, whatever the format writes of them.
"""
import argparse
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile


def run(*command):
    p = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    complaint = p.stderr.read().decode(errors='replace')
    _, status, usage = os.wait4(p.pid, 0)
    p.returncode = os.waitstatus_to_exitcode(status)
    if p.returncode:
        sys.exit(f'{" ".join(command)}: exit status {p.returncode}\n{complaint}')
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1e3


def read_shards(folder):
    """Images and bytes in the shards of a folder, each compared to the hash that its record gives."""
    images = size = 0
    index = json.load(open(os.path.join(folder, 'x.json')))
    for shard in index['shardlist']:
        held, here = {}, 0
        with tarfile.open(os.path.join(folder, shard['url'])) as tar:
            for member in tar:
                key, suffix = member.name.split('.', 1)
                data = tar.extractfile(member).read()
                if suffix == 'json':
                    assert json.loads(data)['sha256'] == held.pop(key), key
                    here += 1
                elif suffix != 'txt':
                    held[key] = hashlib.sha256(data).hexdigest()
                    size += len(data)
        assert here == shard['nsamples'] and not held, shard['url']
        images += here
    return images, size


def main():
    p = argparse.ArgumentParser()
    p.add_argument('catalogue')
    p.add_argument('--kizil', required=True)
    p.add_argument('--rounds', type=int, default=3)
    p.add_argument('--work')
    o = p.parse_args()
    kinds = {'list': ['list'], 'csv': ['csv'], 'jsonl': ['jsonl'], 'coco': ['coco'],
             'webdataset': ['webdataset'], 'folder': ['folder'],
             'webdataset --pixels --short-side 256': ['webdataset', '--pixels', '--short-side', '256']}
    images = size = None
    found = {}
    with tempfile.TemporaryDirectory(dir=o.work) as work:
        for name, as_ in kinds.items():
            for _ in range(o.rounds if '--pixels' not in as_ else 1):
                shutil.rmtree(os.path.join(work, 'out'), ignore_errors=True)
                os.makedirs(os.path.join(work, 'out'))
                out = os.path.join(work, 'out', 'x')
                cpu, peak = run(o.kizil, 'dataset', 'export', o.catalogue, '-o', out, '--as', *as_)
                best = found.get(name, (cpu, peak))
                found[name] = min(cpu, best[0]), max(peak, best[1])
            if name == 'webdataset':
                images, size = read_shards(os.path.join(work, 'out'))
    print(f'{images} images, {size / 1e6:.1f} MB; every image in the shards has its SHA-256')
    for name, (cpu, peak) in found.items():
        print(f'{name:38s} {cpu:7.2f} s CPU {images / cpu:8.0f} images/s {size / 1e6 / cpu:7.1f} MB/s'
              f' {peak:6.0f} MB')


main()
