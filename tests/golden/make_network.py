#!/usr/bin/python3
"""Golden values of the whole network, by PyTorch in f64.

  make_network.py                    tests/golden/network.safetensors: a narrow network
  make_network.py guided             tests/golden/guided.safetensors: narrow networks with guides
  make_network.py TRIAL.safetensors  tests/golden/trial.safetensors: samples of the full-size
                                     network with trained weights (which are not committed)

Weights and inputs of the narrow networks, inputs of the full-size one, come from
noise(), the same function as noise_at() in tests/golden/harness.h, so only results
are stored. Large gradients are stored as 16 bits over each tensor's largest value
(error 1.5e-5 of it), norms and losses as f32.
"""
import os
import sys

import numpy as np
import torch

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, '../../bench/peers'))
from fedr_torch import Fedr, adamw_curve, forward, gradients, hole_loss, load, save  # noqa: E402
from fedr_torch import set_weights  # noqa: E402

WIDTH, HEADS, GROUPS, TIME = (16, 16, 32, 32), 4, 8, 48


def noise(seed, *shape):
    i = np.arange(np.prod(shape, dtype=np.int64), dtype=np.uint32)
    with np.errstate(over='ignore'):
        h = i * np.uint32(0x9e3779b1) + np.uint32(seed) * np.uint32(0x85ebca77) + \
            np.uint32(0x165667b1)
        h ^= h >> np.uint32(16)
        h *= np.uint32(0x85ebca6b)
        h ^= h >> np.uint32(13)
        h *= np.uint32(0xc2b2ae35)
        h ^= h >> np.uint32(16)
    v = (h >> np.uint32(8)).astype(np.float32) / np.float32(8388608) - np.float32(1)
    return v.reshape(shape)


def weight_of(seed, name, shape):
    """Norm scales 1 + v/4, biases v/8, weights v/sqrt(fan in): nothing is zero."""
    v = noise(seed, *shape)
    if len(shape) == 1:
        if name.endswith('weight'):  # only norms have weights of one dimension
            return np.float32(1) + v / np.float32(4)
        return v / np.float32(8)
    fan = int(np.prod(shape[1:]))
    return v * (np.float32(1) / np.sqrt(np.float32(fan)))


def inputs(n, h, w):
    """Channels-last noise as C makes it: x, target, weight in (0, 2), then times."""
    x = noise(1001, n, h, w, 7)
    target = noise(1002, n, h, w, 3)
    weight = noise(1003, n, h, w, 1) + np.float32(1)
    t = (noise(1004, n) + np.float32(1)) / np.float32(2)
    as_nchw = [torch.from_numpy(a).double().permute(0, 3, 1, 2) for a in (x, target, weight)]
    return as_nchw[0], as_nchw[1], as_nchw[2], torch.from_numpy(t).double()


def f32(a):
    a = a.detach() if isinstance(a, torch.Tensor) else torch.tensor(a, dtype=torch.float64)
    return a.to(torch.float32).contiguous().numpy()


def put_quantised(out, key, a):
    a = a.detach().numpy()
    top = max(float(np.abs(a).max()), 1e-30)
    q = np.round(a / top * 32767).astype('<i2')
    out[key] = np.frombuffer(q.tobytes(), np.uint8)
    out[key + '.top'] = np.array([top], np.float32)


def narrow_net(out, prefix='', width=WIDTH, groups=GROUPS, **guides):
    """A network with the weights of weight_of(), whose parameters' names go to `out`."""
    net = Fedr(width, HEADS, groups, TIME, **guides).double()
    shapes = {k: tuple(p.shape) for k, p in net.named_parameters()}
    set_weights(net, {k: weight_of(i + 1, k, s) for i, (k, s) in enumerate(shapes.items())})
    out[prefix + 'names'] = np.frombuffer('\n'.join(shapes).encode(), np.uint8)
    print(prefix, sum(np.prod(s) for s in shapes.values()), 'parameters')
    return net


def run(out, net, y, loss, prefix='', wanted=lambda name: True):
    out[prefix + 'y'] = f32(y.permute(0, 2, 3, 1))
    out[prefix + 'loss'] = f32([float(loss)])
    for k, g in gradients(net, loss).items():
        if wanted(k):
            put_quantised(out, prefix + 'd.' + k, g)
    print('loss', float(loss), 'output std', float(y.std()))


def narrow():
    out = {}
    net = narrow_net(out)
    x, target, weight, t = inputs(2, 32, 64)
    y = forward(net, x, t)
    run(out, net, y, hole_loss(y, target, weight))
    losses, norms = adamw_curve(net, x, t, target, weight)
    out['curve'], out['norms'] = f32(losses), f32(norms)
    print('curve', losses, 'norms', norms)
    return out


# As the configurations in tests/unit/test_guided.c: of the first all gradients are stored, of the
# others those of a few of the guides' own layers.
GUIDED_WIDTH, GUIDED_GROUPS = (16, 8, 24, 16), 4
GUIDED = {
    '': dict(structure=(16, 8, 16, 16), text=16, text_layers=2, detail=8),
    'structure.': dict(structure=(16, 8, 24, 16)),
    'text.': dict(text=16, text_layers=1)}
FEW = ('s.1', 't.0')


def guided():
    out = {}
    for prefix, guides in GUIDED.items():
        net = narrow_net(out, prefix, GUIDED_WIDTH, GUIDED_GROUPS, **guides)
        n, h, w = (1, 32, 32) if prefix else (2, 32, 64)
        x, target, weight, t = inputs(n, h, w)
        features = torch.from_numpy(noise(1005, n, h, w, 12)).double().permute(0, 3, 1, 2)
        text = (torch.arange(n * 77) * 7 % 1024).reshape(n, 77)
        y = forward(net, x, t, features, text)
        run(out, net, y, hole_loss(y, target, weight), prefix,
            lambda name: not prefix or name.startswith(FEW))
    return out


def trial(path):
    net = set_weights(Fedr().double(), load(path))
    x, target, weight, t = inputs(1, 128, 96)
    out = {}
    y = forward(net, x, t)
    loss = hole_loss(y, target, weight)
    out['loss'] = f32([float(loss)])
    flat = y.permute(0, 2, 3, 1).reshape(-1)
    out['y'] = f32(flat[torch.arange(0, flat.numel(), 179)])
    out['y.norm'] = f32([float(flat.norm())])
    for k, g in gradients(net, loss).items():
        g = g.reshape(-1)
        at = (torch.arange(8) * (g.numel() // 8)).long()
        out['d.' + k] = f32(torch.cat([g.norm()[None], g.abs().max()[None], g[at]]))
    print('loss', float(loss), 'output norm', float(flat.norm()))
    return out


if __name__ == '__main__':
    torch.set_num_threads(2)
    what = {0: 'network', 'guided': 'guided'}.get(sys.argv[1] if sys.argv[1:] else 0, 'trial')
    out = {'network': narrow, 'guided': guided, 'trial': lambda: trial(sys.argv[1])}[what]()
    name = os.path.join(HERE, what + '.safetensors')
    save(name, out, {'made by': 'tests/golden/make_network.py'})
    print(name, os.path.getsize(name), 'bytes')
