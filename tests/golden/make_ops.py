#!/usr/bin/python3
"""Golden values of every op (tests/golden/ops.safetensors), by PyTorch in f64.

For each case: inputs x0, x1, ... ([n, h, w, c], channels-last), parameters
p.NAME, the output y, a random output gradient dy, and the gradients dx0, dx1,
..., dp.NAME. Run by hand when an op's definition changes; tests need no PyTorch.
"""
import math
import os
import sys

import numpy as np
import torch
import torch.nn.functional as F

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, '../../bench/peers'))
from fedr_torch import save  # noqa: E402

torch.manual_seed(1)
out = {}


def nchw(x):
    return x.permute(0, 3, 1, 2)


def nhwc(x):
    return x.permute(0, 2, 3, 1)


def rand(*shape, scale=1.0, shift=0.0):
    """Values that f32 holds exactly, so that both sides see the same ones."""
    return (torch.randn(*shape) * scale + shift).double().requires_grad_(True)


def case(name, f, inputs, params=None):
    params = params or {}
    y = f(*inputs, *params.values())
    dy = torch.randn(*y.shape).double()
    leaves = [v for v in list(inputs) + list(params.values()) if v.requires_grad]
    grads = dict(zip(map(id, leaves), torch.autograd.grad((y * dy).sum(), leaves)))

    def put(key, v):
        out[f'{name}/{key}'] = v.detach().to(torch.float32).contiguous().numpy()
    for i, v in enumerate(inputs):
        put(f'x{i}', v)
        if id(v) in grads:
            put(f'dx{i}', grads[id(v)])
    for k, v in params.items():
        put(f'p.{k}', v)
        put(f'dp.{k}', grads[id(v)])
    put('y', y)
    put('dy', dy)


def conv(name, n, h, w, ic, oc, k, stride=1, dilation=1, groups=1, bias=True, residual=False):
    pad = k // 2 * dilation
    oh, ow = ((s + 2 * pad - dilation * (k - 1) - 1) // stride + 1 for s in (h, w))
    inputs = [rand(n, h, w, ic)] + ([rand(n, oh, ow, oc)] if residual else [])
    params = {'op.weight': rand(oc, ic // groups, k, k, scale=0.3)}
    if bias:
        params['op.bias'] = rand(oc)

    def f(x, *rest):
        rest = list(rest)
        r = rest.pop(0) if residual else 0
        b = rest[1] if bias else None
        y = F.conv2d(nchw(x), rest[0], b, stride, pad, dilation, groups)
        return nhwc(y) + r
    case(name, f, inputs, params)


conv('conv3', 2, 5, 7, 6, 9, 3)
conv('conv3_16', 1, 4, 5, 16, 16, 3)
conv('conv1', 2, 3, 5, 7, 10, 1)
conv('conv5', 1, 7, 6, 3, 5, 5)
conv('conv3_stride2', 1, 7, 9, 4, 6, 3, stride=2)
conv('conv3_stride2_even', 1, 8, 6, 4, 6, 3, stride=2)
conv('conv3_dilation2', 1, 7, 8, 4, 5, 3, dilation=2)
conv('conv3_groups2', 2, 5, 4, 6, 8, 3, groups=2)
conv('conv3_depthwise', 1, 6, 5, 9, 9, 3, groups=9)
conv('conv3_no_bias', 1, 5, 5, 5, 4, 3, bias=False)
conv('conv3_residual', 2, 3, 5, 5, 6, 3, residual=True)
conv('conv1_residual', 1, 5, 3, 6, 8, 1, residual=True)

case('linear', lambda x, w, b: F.linear(x, w, b), [rand(3, 1, 2, 7)],
     {'op.weight': rand(11, 7, scale=0.4), 'op.bias': rand(11)})


def group_norm(x, groups, w, b, film=None, act=None):
    y = nhwc(F.group_norm(nchw(x), groups, w, b, 1e-5))
    if film is not None:
        scale, shift = film.chunk(2, 3)
        y = y * (1 + scale) + shift
    return F.silu(y) if act else y


def norm_params(c):
    return {'op.weight': rand(c, scale=0.3, shift=1), 'op.bias': rand(c, scale=0.3)}


case('group_norm', lambda x, w, b: group_norm(x, 4, w, b), [rand(2, 5, 3, 12, shift=0.5)],
     norm_params(12))
case('group_norm_silu', lambda x, w, b: group_norm(x, 3, w, b, act=1), [rand(2, 3, 5, 9)],
     norm_params(9))
case('group_norm_film', lambda x, f, w, b: group_norm(x, 5, w, b, f),
     [rand(2, 3, 3, 10), rand(2, 1, 1, 20, scale=0.5)], norm_params(10))
case('group_norm_film_silu', lambda x, f, w, b: group_norm(x, 16, w, b, f, 1),
     [rand(2, 4, 3, 32), rand(2, 1, 1, 64, scale=0.5)], norm_params(32))
case('layer_norm', lambda x, w, b: F.layer_norm(x, (13,), w, b, 1e-5),
     [rand(2, 3, 2, 13, shift=-0.5)], norm_params(13))
case('silu', F.silu, [rand(2, 3, 5, 7, scale=2)])
case('gelu', F.gelu, [rand(2, 3, 5, 7, scale=2)])
case('softmax', lambda x: x.softmax(3), [rand(2, 3, 3, 11, scale=2)])


def attention(q, k, v, heads):
    """[n, t, heads * d] each."""
    q, k, v = (a.reshape(a.shape[0], a.shape[1], heads, -1).transpose(1, 2) for a in (q, k, v))
    p = (q @ k.transpose(-1, -2) / math.sqrt(q.shape[-1])).softmax(-1)
    return (p @ v).transpose(1, 2).flatten(2)


def self_attention(qkv, heads):
    n, h, w, c = qkv.shape
    return attention(*qkv.reshape(n, h * w, c).chunk(3, 2), heads).reshape(n, h, w, c // 3)


def cross_attention(q, kv, heads):
    n, h, w, c = q.shape
    k, v = kv.flatten(1, 2).chunk(2, 2)
    return attention(q.reshape(n, h * w, c), k, v, heads).reshape(n, h, w, c)


case('self_attention', lambda x: self_attention(x, 3), [rand(2, 3, 5, 3 * 3 * 5)])
case('self_attention_wide', lambda x: self_attention(x, 2), [rand(1, 9, 5, 3 * 2 * 16)])
case('cross_attention', lambda q, kv: cross_attention(q, kv, 2),
     [rand(2, 3, 4, 2 * 6), rand(2, 1, 7, 2 * 2 * 6)])


def bilinear(oh, ow):
    return lambda x: nhwc(F.interpolate(nchw(x), (oh, ow), mode='bilinear', align_corners=False))


case('nearest2', lambda x: nhwc(F.interpolate(nchw(x), scale_factor=2)), [rand(2, 3, 4, 5)])
case('nearest3', lambda x: nhwc(F.interpolate(nchw(x), scale_factor=3)), [rand(1, 2, 3, 7)])
case('bilinear_up', bilinear(8, 10), [rand(2, 4, 5, 3)])
case('bilinear_down', bilinear(3, 4), [rand(2, 7, 9, 3)])
case('bilinear_odd', bilinear(7, 5), [rand(1, 5, 8, 6)])
case('space_to_depth', lambda x: nhwc(F.pixel_unshuffle(nchw(x), 4)), [rand(2, 8, 12, 3)])
case('depth_to_space', lambda x: nhwc(F.pixel_shuffle(nchw(x), 2)), [rand(2, 3, 5, 12)])
case('concat', lambda a, b: torch.cat([a, b], 3), [rand(2, 3, 5, 4), rand(2, 3, 5, 7)])
case('concat_up', lambda a, b: torch.cat([a, nhwc(F.interpolate(nchw(b), scale_factor=2))], 3),
     [rand(2, 6, 10, 4), rand(2, 3, 5, 7)])
case('slice', lambda x: x[..., 3:8], [rand(2, 3, 5, 11)])
case('add', lambda a, b: a + b, [rand(2, 3, 5, 7), rand(2, 3, 5, 7)])
case('multiply', lambda a, b: a * b, [rand(2, 3, 5, 7), rand(2, 3, 5, 7)])
case('film', lambda x, f: x * (1 + f[..., :7]) + f[..., 7:],
     [rand(2, 3, 5, 7), rand(2, 1, 1, 14)])
case('global_mean', lambda x: x.mean((1, 2), keepdim=True), [rand(3, 5, 3, 7)])
index = torch.tensor([[4, 0, 4, 8, 1], [2, 2, 2, 7, 4]]).double().reshape(2, 1, 5, 1)
case('embedding', lambda i, w: F.embedding(i.long()[..., 0], w), [index],
     {'op.weight': rand(9, 6)})


def max_pool(kernel, stride, ceil):
    return lambda x: nhwc(F.max_pool2d(nchw(x), kernel, stride, ceil_mode=ceil))


# Later ones come last: the numbers of those above stay.
case('relu', F.relu, [rand(2, 3, 5, 7, scale=2)])
case('max_pool', max_pool(3, 2, False), [rand(2, 7, 8, 5)])
case('max_pool_ceil', max_pool(3, 2, True), [rand(1, 6, 8, 19)])
case('max_pool2', max_pool(2, 2, False), [rand(2, 5, 6, 4)])
case('conv3_no_pad',
     lambda x, w, b: nhwc(F.conv2d(nchw(x), w, b, stride=2)), [rand(2, 7, 6, 5)],
     {'op.weight': rand(6, 5, 3, 3, scale=0.3), 'op.bias': rand(6)})
case('append', lambda a, b: torch.cat([a, b], 2), [rand(2, 1, 3, 5), rand(2, 1, 4, 5)])
conv('conv7_depthwise', 1, 9, 6, 8, 8, 7, groups=8)

save(os.path.join(HERE, 'ops.safetensors'), out, {'made by': 'tests/golden/make_ops.py'})
print(len(out), 'tensors', os.path.getsize(os.path.join(HERE, 'ops.safetensors')), 'bytes')
