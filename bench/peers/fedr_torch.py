#!/usr/bin/python3
"""FEDR in PyTorch 1.13 (Debian's python3-torch): the oracle of the golden
values in tests/golden and the rival of bench/peers/compare.py. It is the network
of src/model/ with the same parameter names and shapes, written for clarity,
run as PyTorch runs best here: channels-last, bf16 autocast, two threads.

  fedr_torch.py [--core] serve train|forward BATCH SIZE   warm up, then time steps, as many as
                                                          each line of stdin says
  fedr_torch.py [--core] speed                            a table of the same figures

With --core it has no guides, else those of GUIDED.
"""
import json
import math
import struct
import sys
import time
import warnings

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

GFLOP_256 = (9.375, 11.127)  # one forward pass at 256 x 256: of the core, with GUIDED


class Norm(nn.GroupNorm):
    """Statistics in f32 (or better) whatever the autocast type."""

    def forward(self, x):
        x = x.float() if x.dtype == torch.bfloat16 else x
        return F.group_norm(x, self.num_groups, self.weight, self.bias, self.eps)


class LayerNorm(nn.LayerNorm):
    def forward(self, x):
        x = x.float() if x.dtype == torch.bfloat16 else x
        return super().forward(x)


class Residual(nn.Module):
    """x + conv(silu(film(norm(conv(silu(norm x)))))), film from the time embedding."""

    def __init__(self, ci, co, time_width, groups):
        super().__init__()
        self.n1, self.n2 = Norm(groups, ci), Norm(groups, co)
        self.c1, self.c2 = nn.Conv2d(ci, co, 3, padding=1), nn.Conv2d(co, co, 3, padding=1)
        self.t = nn.Linear(time_width, 2 * co)
        self.k = nn.Conv2d(ci, co, 1) if ci != co else nn.Identity()

    def forward(self, x, time_embedding):
        h = self.c1(F.silu(self.n1(x)))
        scale, shift = self.t(time_embedding)[:, :, None, None].chunk(2, 1)
        h = self.c2(F.silu(self.n2(h) * (1 + scale) + shift))
        return self.k(x) + h


class Attention(nn.Module):
    """Self-attention over positions; channels of q are [3][heads][d]."""

    def __init__(self, c, heads, groups):
        super().__init__()
        self.heads, self.n = heads, Norm(groups, c)
        self.q, self.o = nn.Conv2d(c, 3 * c, 1), nn.Conv2d(c, c, 1)

    def forward(self, x):
        n, c, h, w = x.shape
        q, k, v = self.q(self.n(x)).reshape(n, 3, self.heads, c // self.heads, h * w).unbind(1)
        scores = q.transpose(-1, -2) @ k / math.sqrt(c // self.heads)
        mixed = v @ scores.softmax(-1).transpose(-1, -2)
        return x + self.o(mixed.reshape(n, c, h, w))


class Cross(nn.Module):
    """From positions to tokens [n, count, channels]; channels of kv are [2][heads][d]."""

    def __init__(self, c, token_width, heads, groups):
        super().__init__()
        self.heads, self.n = heads, Norm(groups, c)
        self.q, self.o = nn.Conv2d(c, c, 1), nn.Conv2d(c, c, 1)
        self.kv = nn.Linear(token_width, 2 * c)

    def forward(self, x, tokens):
        n, c, h, w = x.shape
        q = self.q(self.n(x)).reshape(n, self.heads, c // self.heads, h * w)
        k, v = self.kv(tokens).reshape(n, -1, 2, self.heads, c // self.heads).unbind(2)
        scores = q.transpose(-1, -2) @ k.permute(0, 2, 3, 1) / math.sqrt(c // self.heads)
        mixed = scores.softmax(-1) @ v.transpose(1, 2)  # [n, heads, positions, d]
        return x + self.o(mixed.transpose(-1, -2).reshape(n, c, h, w))


class Structure(nn.Module):
    """x + conv(silu(norm(conv(silu(norm x))))). z, applied by the caller, brings the result to the
    level's width."""

    def __init__(self, c, width, groups):
        super().__init__()
        self.n, self.m, self.z = Norm(groups, c), Norm(groups, c), nn.Conv2d(c, width, 1)
        self.a, self.b = nn.Conv2d(c, c, 3, padding=1), nn.Conv2d(c, c, 3, padding=1)

    def forward(self, x):
        return x + self.b(F.silu(self.m(self.a(F.silu(self.n(x))))))


class TextLayer(nn.Module):
    """x + attention(norm x), then x + mlp(norm x)."""

    def __init__(self, c, heads):
        super().__init__()
        self.heads, self.n1, self.n2 = heads, LayerNorm(c), LayerNorm(c)
        self.q, self.o = nn.Linear(c, 3 * c), nn.Linear(c, c)
        self.u, self.d = nn.Linear(c, 4 * c), nn.Linear(4 * c, c)

    def forward(self, x):
        n, count, c = x.shape
        q, k, v = self.q(self.n1(x)).reshape(n, count, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        scores = q @ k.transpose(-1, -2) / math.sqrt(c // self.heads)
        x = x + self.o((scores.softmax(-1) @ v).transpose(1, 2).reshape(n, count, c))
        return x + self.d(F.gelu(self.u(self.n2(x))))


class NormSilu(Norm):
    def forward(self, x):
        return F.silu(super().forward(x))


ROWS, TOKENS, FEATURES = 1024, 77, 12  # of the vocabulary, of a caption, of a fused picture
GUIDED = {'structure': (48, 64, 96, 96), 'detail': 32}  # what `kizil train` makes by default


class Fedr(nn.Module):
    """x [n, 7, h, w], t [n] in [0, 1], and what there is of guides, features [n, 12, h, w] and
    text [n, 77] -> correction to the coarse fill [n, 3, h, w]."""

    def __init__(self, width=(64, 128, 192, 256), heads=4, groups=16, time_width=256,
                 structure=None, text=0, text_layers=2, detail=0):
        super().__init__()
        self.structure, self.text_layers = structure, text_layers if text else 0
        self.te = nn.Sequential(nn.Linear(128, time_width), nn.SiLU(),
                                nn.Linear(time_width, time_width), nn.SiLU())
        self.i = nn.Conv2d(7 * 16, width[0], 3, padding=1)

        def level(ci, co, attention):
            blocks = [Residual(ci, co, time_width, groups), Residual(co, co, time_width, groups)]
            if attention:
                blocks.append(Attention(co, heads, groups))
            if attention and text:
                blocks.append(Cross(co, text, heads, groups))
            return nn.ModuleList(blocks)

        before = (width[0],) + tuple(width)
        self.d = nn.ModuleList(level(before[i], width[i], i >= 2) for i in range(4))
        self.ds = nn.ModuleList(nn.Conv2d(c, c, 3, stride=2, padding=1) for c in width[:3])
        after = tuple(width) + (width[3],)
        self.u = nn.ModuleList(level(after[i + 1] + width[i], width[i], i >= 2)
                               for i in (3, 2, 1, 0))
        self.o = nn.Sequential(Norm(groups, width[0]), nn.SiLU(),
                               nn.Conv2d(width[0], 48, 3, padding=1))
        self.make_guides(width, heads, groups, structure, text)
        self.f = nn.Sequential(nn.Conv2d(width[0] // 4 + 28, detail, 3, padding=1),
                               NormSilu(groups, detail), nn.Conv2d(detail, detail, 3, padding=1),
                               NormSilu(groups, detail),
                               nn.Conv2d(detail, 12, 3, padding=1)) if detail else None

    def make_guides(self, width, heads, groups, structure, text):
        if structure:
            self.s = nn.ModuleDict(
                {'i': nn.Conv2d(FEATURES * 16, structure[0], 1),
                 'd': nn.ModuleList(nn.Conv2d(a, b, 3, stride=2, padding=1)
                                    for a, b in zip(structure, structure[1:]))})
            # a level's width is that of what enters it
            for i, w in enumerate((width[0],) + tuple(width[:3])):
                self.s[str(i)] = Structure(structure[i], w, groups)
        if text:
            self.t = nn.ModuleDict({'e': nn.Embedding(ROWS, text), 'p': nn.Embedding(TOKENS, text),
                                    'n': LayerNorm(text)})
            for i in range(self.text_layers):
                self.t[str(i)] = TextLayer(text, heads)

    @staticmethod
    def run_level(blocks, h, time_embedding, tokens):
        h = blocks[1](blocks[0](h, time_embedding), time_embedding)
        if len(blocks) > 2:
            h = blocks[2](h)
        return blocks[3](h, tokens) if len(blocks) > 3 else h

    def encode_structure(self, features):
        h, levels = self.s['i'](F.pixel_unshuffle(features, 4)), []
        for i in range(4):
            h = self.s[str(i)](self.s['d'][i - 1](h) if i else h)
            levels.append(h)
        return levels

    def encode_text(self, text):
        h = self.t['e'](text) + self.t['p'].weight
        for i in range(self.text_layers):
            h = self.t[str(i)](h)
        return self.t['n'](h)

    def forward(self, x, t, features=None, text=None):
        e = self.te(time_features(t))
        structure = self.encode_structure(features) if self.structure else None
        tokens = self.encode_text(text) if self.text_layers else None
        h, skips = self.i(F.pixel_unshuffle(x, 4)), []
        for i, blocks in enumerate(self.d):
            if structure:
                h = h + self.s[str(i)].z(structure[i])
            h = self.run_level(blocks, h, e, tokens)
            skips.append(h)
            if i < 3:
                h = self.ds[i](h)
        for i, blocks in enumerate(self.u):
            if i:
                h = F.interpolate(h, scale_factor=2, mode='nearest')
            h = self.run_level(blocks, torch.cat([h, skips.pop()], 1), e, tokens)
        h = self.o[1](self.o[0](h))
        y = depth_to_space(self.o[2](h), 4)
        if self.f is None:
            return y
        fine = torch.cat([depth_to_space(h, 2), F.pixel_unshuffle(x, 2)], 1)
        return y + depth_to_space(self.f(fine), 2)


def depth_to_space(x, block):
    """pixel_shuffle; in bf16 PyTorch 1.13's own takes 25 times as long as in f32."""
    return F.pixel_shuffle(x.float() if x.dtype == torch.bfloat16 else x, block)


def time_features(t):
    f = torch.exp(-math.log(1e4) * torch.arange(64, dtype=t.dtype) / 64) * t[:, None] * 1000
    return torch.cat([f.sin(), f.cos()], 1)


# ---- safetensors, as much of it as is needed here ----

def load(path):
    types = {'F16': np.float16, 'F32': np.float32, 'U8': np.uint8, 'I64': np.int64}
    with open(path, 'rb') as f:
        head = json.loads(f.read(struct.unpack('<Q', f.read(8))[0]))
        data = f.read()
    out = {}
    for name, v in head.items():
        if name != '__metadata__':
            a, b = v['data_offsets']
            out[name] = np.frombuffer(data[a:b], types[v['dtype']]).reshape(v['shape'])
    return out


def save(path, tensors, meta=None):
    names = {np.dtype(np.float32): 'F32', np.dtype(np.float16): 'F16',
             np.dtype(np.uint8): 'U8', np.dtype(np.int64): 'I64'}
    head, blobs, at = {'__metadata__': meta} if meta else {}, [], 0
    for name, a in tensors.items():
        blob = np.ascontiguousarray(a).tobytes()
        head[name] = {'dtype': names[a.dtype], 'shape': list(a.shape),
                      'data_offsets': [at, at + len(blob)]}
        blobs.append(blob)
        at += len(blob)
    text = json.dumps(head, separators=(',', ':')).encode()
    text += b' ' * (-len(text) % 8)
    with open(path, 'wb') as f:
        f.write(struct.pack('<Q', len(text)) + text + b''.join(blobs))


# ---- what tests and benchmarks ask of it ----

def set_weights(net, weights):
    """weights: name -> numpy array, in PyTorch's shapes."""
    dtype = next(net.parameters()).dtype
    net.load_state_dict({k: torch.from_numpy(np.array(v)).to(dtype) for k, v in weights.items()})
    return net


def forward(net, x, t, *guides, bf16=False):
    """x [n, 7, h, w] -> [n, 3, h, w]."""
    x = x.contiguous(memory_format=torch.channels_last)
    with torch.cpu.amp.autocast(enabled=bf16, dtype=torch.bfloat16):
        y = net(x, t, *guides)
    return y.float() if bf16 else y


def hole_loss(pred, target, weight, l1=0.5, l2=1.0):
    """sum(w (l1 |e| + l2 e^2)) / (3 sum w), weight [n, 1, h, w]."""
    e = pred - target
    return ((l1 * e.abs() + l2 * e * e) * weight).sum() / (3 * weight.sum())


def gradients(net, loss):
    net.zero_grad(set_to_none=True)
    loss.backward()
    return {k: p.grad for k, p in net.named_parameters()}


def adamw_curve(net, x, t, target, weight, steps=10, rate=1e-3, decay=0.01, clip=1.0, bf16=False):
    """Loss before each of `steps` updates on one batch, and the gradient norms."""
    opt = torch.optim.AdamW(net.parameters(), lr=rate, betas=(0.9, 0.999), eps=1e-8,
                            weight_decay=decay)
    losses, norms = [], []
    for _ in range(steps):
        loss = hole_loss(forward(net, x, t, bf16=bf16), target, weight)
        opt.zero_grad(set_to_none=True)
        loss.backward()
        norms.append(float(nn.utils.clip_grad_norm_(net.parameters(), clip)))
        opt.step()
        losses.append(float(loss.detach()))
    return losses, norms


def make_batch(batch, size):
    """x, t, features, text as the network's inputs."""
    images = [torch.randn(batch, c, size, size).contiguous(memory_format=torch.channels_last)
              for c in (7, FEATURES)]
    text = (torch.arange(batch * TOKENS) * 7 % ROWS).reshape(batch, TOKENS)
    return images[0], torch.rand(batch), images[1], text


def halve(net):
    """Weights that autocast would make bf16 at every call, made bf16 once; norms stay f32."""
    for m in net.modules():
        if isinstance(m, (nn.Conv2d, nn.Linear, nn.Embedding)):
            m.to(torch.bfloat16)
    return net


def trace(net, inputs):
    with torch.cpu.amp.autocast(dtype=torch.bfloat16, cache_enabled=False), \
            warnings.catch_warnings():
        warnings.simplefilter('ignore')  # shapes and sizes become constants, as they may
        return torch.jit.freeze(torch.jit.trace(net, inputs, check_trace=False))


def seconds(step, count):
    start = time.perf_counter()
    for _ in range(count):
        step()
    return (time.perf_counter() - start) / count


def forward_stepper(net, inputs):
    """Interpreted or traced and frozen, whichever is faster."""
    net = halve(net.eval())
    with torch.no_grad():
        traced = trace(net, inputs)

    def plain():
        with torch.inference_mode():
            forward(net, *inputs, bf16=True)

    def frozen():
        with torch.inference_mode():
            traced(*inputs)
    for step in (plain, frozen):
        seconds(step, 5)
    taken = [min(seconds(step, 1) for _ in range(10)) for step in (plain, frozen)]
    return plain if taken[0] < taken[1] else frozen


def stepper(kind, batch, size, guides):
    """A function that does one training step, or one forward pass."""
    torch.manual_seed(0)
    net = Fedr(**guides).to(memory_format=torch.channels_last)
    inputs = make_batch(batch, size)
    if not guides:
        inputs = inputs[:2]
    if kind == 'forward':
        return forward_stepper(net, inputs)
    target, weight = torch.randn(batch, 3, size, size), torch.rand(batch, 1, size, size)
    opt = torch.optim.AdamW(net.parameters(), lr=1e-4, weight_decay=0.01)

    def step():
        loss = hole_loss(forward(net, *inputs, bf16=True), target, weight)
        opt.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        opt.step()
    return step


def serve(kind, batch, size, guides):
    step = stepper(kind, batch, size, guides)
    seconds(step, 3 if kind == 'train' else 10)
    print('ready', flush=True)
    for line in sys.stdin:
        print(seconds(step, int(line)), flush=True)


def speed(guides):
    for kind, batch, size in (('train', 40, 128), ('train', 10, 256), ('forward', 1, 256),
                              ('forward', 1, 512)):
        step = stepper(kind, batch, size, guides)
        seconds(step, 3)
        taken, crops = sorted(seconds(step, 1) for _ in range(5))[2], batch * size * size / 65536
        work = crops * GFLOP_256[bool(guides)] * (3 if kind == 'train' else 1)
        print(f'{kind} B{batch}@{size}: {taken * 1000:.1f} ms, {crops / taken:.2f} crops of '
              f'256 a second, {work / taken:.0f} GFLOP/s', flush=True)


if __name__ == '__main__':
    torch.set_num_threads(2)
    words = [w for w in sys.argv[1:] if w != '--core']
    guides = GUIDED if len(words) == len(sys.argv) - 1 else {}
    if words[:1] == ['serve'] and len(words) == 4:
        serve(words[1], int(words[2]), int(words[3]), guides)
    elif words == ['speed']:
        speed(guides)
    else:
        sys.exit(__doc__)
