#!/usr/bin/env python3
"""What src/clean finds of frames, margins, colour cards and casts that were put into real pictures.

usage: cleaning.py [--program build-bench/bench/bench_clean] [--pictures FOLDER] [--set]
                   [--every N] [--only TEXT[,TEXT]...] [--list] [--show FOLDER]

The pictures (default: murals/train of $KIZIL_SHARED or ../shared/data) fall into two halves by a
hash of their cave. Constants were set on the first; the tables are made from the second, --set
shows the first instead. A crop counts as found if it is applied at the threshold (--crop) and no
edge is off by more than 4 px or 1 % of the side; "off" is the largest error of the four edges,
"into" how far the crop cuts into the painting. Everything is stored as JPEG afterwards, of quality
80 to 95. --list names the untouched pictures of both halves that would be cropped, or where a card
is seen; so it does for any folder. --show writes some of the pictures with what was found. Needs
OpenCV, NumPy.
"""
import argparse
import hashlib
import os
import pathlib
import subprocess

import cv2
import numpy as np

# sRGB of the 24 patches of the usual card, row by row, as published by its maker.
PATCHES = np.array([
    (115, 82, 68), (194, 150, 130), (98, 122, 157), (87, 108, 67), (133, 128, 177), (103, 189, 170),
    (214, 126, 44), (80, 91, 166), (193, 90, 99), (94, 60, 108), (157, 188, 64), (224, 163, 46),
    (56, 61, 150), (70, 148, 73), (175, 54, 60), (231, 199, 31), (187, 86, 149), (8, 133, 161),
    (243, 243, 242), (200, 200, 200), (160, 160, 160), (122, 122, 121), (85, 85, 85), (52, 52, 52)])
# Blue, cyan, green, yellow, red, magenta, white, three-colour, black: of a separation guide.
GUIDE = np.array([(30, 60, 140), (0, 140, 200), (20, 130, 80), (250, 220, 20), (210, 40, 40),
                  (190, 40, 110), (248, 248, 248), (100, 80, 80), (25, 25, 25)])


def cave(path):
    parts = path.stem.split("-")
    return parts[-1] if parts[-1].startswith("cave") else path.stem


def half(path):
    return hashlib.sha256(cave(path).encode()).digest()[0] & 1


def rng_of(path, name):
    return np.random.default_rng(
        int.from_bytes(hashlib.sha256((path.name + name).encode()).digest()[:8], "big"))


def as_jpeg(image, rng):
    q = int(rng.integers(80, 96))
    return cv2.imdecode(cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, q])[1], 1)


# ---- frames: each returns the picture and the rectangle (x, y, w, h) that is the painting ----

def widths(image, rng, low=0.02, high=0.15):
    h, w = image.shape[:2]
    return [max(3, int(round(rng.uniform(low, high) * s))) for s in (h, h, w, w)]  # t b l r


def around(image, colour, t, b, l, r):
    h, w = image.shape[:2]
    out = np.empty((h + t + b, w + l + r, 3), np.uint8)
    out[:] = colour
    out[t:t + h, l:l + w] = image
    return out, (l, t, w, h)


def flat(colour):
    return lambda image, rng: around(image, colour, *widths(image, rng))


def any_colour(image, rng):
    return around(image, rng.integers(0, 256, 3), *widths(image, rng))


def bars(image, rng):
    t, b, l, r = widths(image, rng, 0.05, 0.3)
    sides = (t, t, 0, 0) if rng.random() < 0.5 else (0, 0, l, l)
    return around(image, (242, 242, 242), *sides)


def noise(image, rng, sigma):
    return np.clip(image + rng.normal(0, sigma, image.shape), 0, 255).astype(np.uint8)


def noisy(image, rng):
    out, rect = around(image, rng.integers(20, 240, 3), *widths(image, rng))
    ground = noise(out, rng, 3)
    x, y, w, h = rect
    ground[y:y + h, x:x + w] = image
    return ground, rect


def keyline(image, rng):
    k = int(rng.integers(1, 4))
    inner, _ = around(image, (20, 20, 20), k, k, k, k)
    t, b, l, r = widths(image, rng)
    out, (x, y, w, h) = around(inner, (250, 250, 250), t, b, l, r)
    return out, (x + k, y + k, w - 2 * k, h - 2 * k)


def mat(image, rng):
    """A passe-partout: cream card with grain, a white bevel, a dark frame outside."""
    k = 3
    inner, _ = around(image, (245, 248, 248), k, k, k, k)
    card, (x, y, w, h) = around(inner, (205, 225, 232), *widths(inner, rng, 0.08, 0.15))
    grain = noise(card, rng, 2)
    grain[y:y + h, x:x + w] = inner
    out, (fx, fy, _, _) = around(grain, (28, 36, 52), *widths(grain, rng, 0.03, 0.06))
    return out, (fx + x + k, fy + y + k, w - 2 * k, h - 2 * k)


def scanner(image, rng):
    """The dark edge of a scan on one side or two, shading into it."""
    h, w = image.shape[:2]
    t, b, l, r = 0, 0, 0, 0
    n = max(4, int(rng.uniform(0.01, 0.04) * w))
    if rng.random() < 0.5:
        l = n
    else:
        r = n
    if rng.random() < 0.5:
        b = n
    out, rect = around(image, (14, 13, 12), t, b, l, r)
    shade = np.linspace(10, 45, n).astype(np.uint8)
    if l:
        out[:, :n] = shade[None, :, None]
    if r:
        out[:, -n:] = shade[None, ::-1, None]
    ground = noise(out, rng, 1.5)
    x, y, w, h = rect
    ground[y:y + h, x:x + w] = image
    return ground, rect


def page(image, rng, captions=True):
    """A page: paper with grain and shade, lines of a caption, a page number."""
    out, rect = around(image, (228, 242, 247), *widths(image, rng, 0.06, 0.22))
    H, W = out.shape[:2]
    x, y, w, h = rect
    ramp = np.linspace(1, rng.uniform(0.93, 1), W)[None, :, None]
    paper = noise(out * ramp, rng, 2.5)
    below = H - y - h
    size = max(0.3, 0.035 * below / 5)
    words = "Fig. 12  Flying apsara, ceiling, cave 249, Western Wei"
    step = int(22 * size) + 3
    if captions and below > 24:
        lines = 1 + int(below > 3 * step + 12 and rng.random() < 0.5)
        for i in range(lines):
            cv2.putText(paper, words[:max(8, int(w / (18 * size)))],
                        (x + 2, y + h + step + 4 + i * step), cv2.FONT_HERSHEY_SIMPLEX, size,
                        (50, 45, 45), 1, cv2.LINE_AA)
    if captions:
        cv2.putText(paper, str(rng.integers(10, 400)), (W // 2, max(10, y // 2)),
                    cv2.FONT_HERSHEY_SIMPLEX, 0.35, (60, 55, 55), 1, cv2.LINE_AA)
    paper[y:y + h, x:x + w] = image
    return paper, rect


def tilted(image, rng):
    """A flat frame turned by up to two degrees: the rectangle is what fits inside."""
    h, w = image.shape[:2]
    t, b, l, r = widths(image, rng, 0.06, 0.12)
    out, (x, y, _, _) = around(image, (245, 245, 245), t, b, l, r)
    angle = rng.uniform(0.6, 2) * (1 if rng.random() < 0.5 else -1)
    H, W = out.shape[:2]
    turn = cv2.getRotationMatrix2D((W / 2, H / 2), angle, 1)
    out = cv2.warpAffine(out, turn, (W, H), flags=cv2.INTER_LINEAR, borderValue=(245, 245, 245))
    corners = np.array([(x, y, 1), (x + w, y, 1), (x, y + h, 1), (x + w, y + h, 1)]) @ turn.T
    left, right = max(corners[0, 0], corners[2, 0]), min(corners[1, 0], corners[3, 0])
    top, bottom = max(corners[0, 1], corners[1, 1]), min(corners[2, 1], corners[3, 1])
    return out, (int(np.ceil(left)), int(np.ceil(top)), int(right - left), int(bottom - top))


FRAMES = [
    ("white frame", flat((255, 255, 255))), ("black frame", flat((0, 0, 0))),
    ("grey frame", flat((128, 128, 128))), ("frame of any colour", any_colour),
    ("bars on two sides", bars), ("noisy frame of any colour", noisy),
    ("white with a black rule", keyline), ("mat and dark frame", mat),
    ("dark edge of a scan", scanner), ("tilted white frame", tilted),
    ("page, no words", lambda i, r: page(i, r, False)), ("page, caption and number", page),
]


# ---- cards ----

def draw_patches(colours, columns, size, gap, body):
    rows = -(-len(colours) // columns)
    out = np.empty((rows * (size + gap) + gap, columns * (size + gap) + gap, 3), np.uint8)
    out[:] = body
    for i, c in enumerate(colours):
        y, x = i // columns * (size + gap) + gap, i % columns * (size + gap) + gap
        out[y:y + size, x:x + size] = c[::-1]
    return out


def card_grid(width, rng):
    size = max(6, int(width / 7))
    return draw_patches(PATCHES, 6, size, max(1, size // 7), (32, 32, 32))


def card_guide(width, rng):
    size = max(6, int(width / 9.6))
    strip = draw_patches(GUIDE, 9, size, 0, (250, 250, 250))
    strip = cv2.copyMakeBorder(strip, max(6, size // 2), 4, 4, 4, cv2.BORDER_CONSTANT,
                               value=(250, 250, 250))
    cv2.putText(strip, "Colour control", (6, max(5, size // 3)), cv2.FONT_HERSHEY_SIMPLEX,
                max(0.25, size / 90), (40, 40, 40), 1, cv2.LINE_AA)
    return strip


def card_scale(width, rng):
    steps = 12
    size = max(6, int(width / (steps + 0.6)))
    light = 0.9 * 10 ** (-0.16 * np.arange(steps))
    grey = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055) * 255
    strip = draw_patches(np.repeat(grey[:, None], 3, 1), steps, size, 0, (235, 235, 235))
    return cv2.copyMakeBorder(strip, 4, max(6, size // 2), 4, 4, cv2.BORDER_CONSTANT,
                              value=(235, 235, 235))


def with_card(make):
    """The card over the painting near an edge; its rectangle."""
    def put(image, rng):
        image = image.copy()
        h, w = image.shape[:2]
        card = make(rng.uniform(0.3, 0.5) * max(w, h), rng)
        if w < h:
            card = np.rot90(card).copy()
        ch, cw = card.shape[:2]
        if ch > 0.4 * h and cw > 0.4 * w or ch >= h or cw >= w:
            return None
        inset = int(rng.uniform(0, 0.03) * min(w, h))
        if cw >= ch:
            y = inset if rng.random() < 0.5 else h - ch - inset
            x = int(rng.integers(0, w - cw + 1))
        else:
            x = inset if rng.random() < 0.5 else w - cw - inset
            y = int(rng.integers(0, h - ch + 1))
        image[y:y + ch, x:x + cw] = card
        image = cv2.GaussianBlur(image, (0, 0), 0.5)
        return noise(image, rng, 1.5), (x, y, cw, ch)
    return put


CARDS = [("24 patches", 7, with_card(card_grid)),  # and how many patches long it is
         ("separation guide", 9.6, with_card(card_guide)),
         ("grey scale", 12.6, with_card(card_scale))]


def to_linear(image):
    c = image / 255.0
    return np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)


def to_srgb(light):
    light = np.clip(light, 0, 1)
    return (np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055) * 255
            + 0.5).astype(np.uint8)


def cast(image, rng):
    """Light of another colour; the gains (R, G, B) that undo it, for grey of the same luminance."""
    factor = np.array([rng.uniform(0.6, 1), rng.uniform(0.85, 1), rng.uniform(0.6, 1)])
    gain = (factor @ [0.2126, 0.7152, 0.0722]) / factor
    return to_srgb(to_linear(image) * factor[::-1]), gain


# ---- finding ----

class Finder:
    def __init__(self, program):
        self.process = subprocess.Popen([program, "--find"], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE)
        self.ms = []

    def __call__(self, image):
        h, w = image.shape[:2]
        self.process.stdin.write(b"%d %d\n" % (w, h) + image[:, :, ::-1].tobytes())
        self.process.stdin.flush()
        v = [float(x) for x in self.process.stdout.readline().split()]
        self.ms.append((v[16], w * h))
        return {"crop": tuple(map(int, v[:4])), "crop_sure": v[4], "card": tuple(map(int, v[5:9])),
                "card_sure": v[9], "gain": np.array(v[10:13]), "cast_sure": v[13],
                "from": int(v[14]), "patches": int(v[15])}


def edges(r):
    return np.array([r[0], r[1], r[0] + r[2], r[1] + r[3]])


def compare(found, true):
    """Largest error of an edge, and how far an edge lies inside of the true one."""
    d = edges(found) - edges(true)
    return np.abs(d).max(), max(d[0], d[1], -d[2], -d[3], 0)


def mark(folder, name, image, found):
    out = image.copy()
    for key, colour in (("crop", (0, 255, 0)), ("card", (255, 0, 255))):
        x, y, w, h = found[key]
        if w:
            cv2.rectangle(out, (x, y), (x + w - 1, y + h - 1), colour, 1)
            cv2.putText(out, "%.2f" % found[key + "_sure"], (x + 3, y + 14),
                        cv2.FONT_HERSHEY_SIMPLEX, 0.4, colour, 1)
    cv2.imwrite(str(folder / (name + ".png")), out)


def frame_row(finder, name, make, paths, a):
    off, into, found, n, shown = [], [], 0, 0, 0
    for path in paths:
        rng = rng_of(path, name)
        image, rect = make(cv2.imread(str(path)), rng)
        image = as_jpeg(image, rng)
        f = finder(image)
        n += 1
        hit = False
        if f["crop_sure"] >= a.crop:
            o, i = compare(f["crop"], rect)
            off.append(o)
            into.append(i)
            hit = o <= max(4, 0.01 * max(rect[2:]))
            found += hit
        if a.show and not hit and shown < 6:
            mark(a.show, "%s-%s" % (name.replace(" ", "-"), path.stem[:11]), image, f)
            shown += 1
    q = np.percentile(off, [50, 95]) if off else [0, 0]
    print("%-26s %4d   %5.1f %%   %5.1f %%   %4.0f %5.0f   %5.1f %%" % (
        name, n, 100 * found / n, 100 * len(off) / n, q[0], q[1],
        100 * np.mean(np.array(into) > 4) if into else 0))


def card_row(finder, name, across, make, paths, a):
    found, large, of_large, n, shown, error, casts = 0, 0, 0, 0, 0, [], 0
    for path in paths:
        rng = rng_of(path, name)
        made = make(cv2.imread(str(path)), rng)
        if made is None:
            continue
        image, gain = cast(made[0], rng)
        image = as_jpeg(image, rng)
        f = finder(image)
        n += 1
        hit = False
        if f["card_sure"] >= a.card:
            e, t = edges(f["card"]), edges(made[1])
            cover = np.prod(np.clip(np.minimum(e[2:], t[2:]) - np.maximum(e[:2], t[:2]), 0, None))
            hit = cover > 0.6 * made[1][2] * made[1][3]
            found += hit
        is_large = max(made[1][2:]) / across >= 14
        large += is_large
        of_large += is_large and hit
        if hit and f["from"] == 1 and f["cast_sure"] >= a.cast:
            casts += 1
            error.append(np.abs(np.log2(f["gain"] / gain)).max())
        if a.show and not hit and shown < 6:
            mark(a.show, "%s-%s" % (name.replace(" ", "-"), path.stem[:11]), image, f)
            shown += 1
    q = np.percentile(error, [50, 95]) if error else [0, 0]
    print("%-26s %4d   %5.1f %%   %4d  %5.1f %%   %5.1f %%   %5.3f  %5.3f" % (
        name, n, 100 * found / max(n, 1), large, 100 * of_large / max(large, 1),
        100 * casts / max(n, 1), q[0], q[1]))


def untouched(finder, paths, a):
    crops = cards = casts = 0
    for path in paths:
        image = cv2.imread(str(path))
        if image is None:
            continue
        f = finder(image)
        crop, card = f["crop_sure"] >= a.crop, f["card_sure"] >= a.card
        crops += crop
        cards += card
        casts += f["from"] == 1 and f["cast_sure"] >= a.cast
        if (crop or card) and a.list:
            h, w = image.shape[:2]
            print("  %-44s %dx%d crop %s %.2f card %s %.2f" % (
                path.name, w, h, f["crop"], f["crop_sure"], f["card"], f["card_sure"]))
        if (crop or card) and a.show:
            mark(a.show, "untouched-" + path.stem, image, f)
    print("untouched: %d pictures, cropped %d (%.1f %%), cards seen %d, casts %d" % (
        len(paths), crops, 100 * crops / len(paths), cards, casts))


def main():
    shared = pathlib.Path(os.environ.get("KIZIL_SHARED", "../shared"))
    p = argparse.ArgumentParser(usage=__doc__)
    p.add_argument("--program", default="build-bench/bench/bench_clean")
    p.add_argument("--pictures", type=pathlib.Path, default=shared / "data/murals/train")
    p.add_argument("--set", action="store_true")
    p.add_argument("--every", type=int, default=1)
    p.add_argument("--only", default="")
    p.add_argument("--list", action="store_true")
    p.add_argument("--show", type=pathlib.Path)
    for name, value in (("crop", 0.7), ("card", 0.6), ("cast", 0.6)):
        p.add_argument("--" + name, type=float, default=value)
    a = p.parse_args()
    if not a.pictures.is_dir():
        print("skipped: no folder", a.pictures)
        return
    if a.show:
        a.show.mkdir(parents=True, exist_ok=True)
    paths = sorted(x for x in a.pictures.iterdir() if x.suffix in (".jpg", ".png", ".jpeg"))
    finder = Finder(a.program)
    wanted = [t for t in a.only.split(",") if t]
    if a.list:
        untouched(finder, paths, a)
    else:
        paths = [x for x in paths if half(x) != a.set][::a.every]
        chosen = lambda name: not wanted or any(t in name for t in wanted)
        if chosen("untouched"):
            untouched(finder, paths, a)
        print("%-26s    n     found   applied   off 50 %%  95 %%   into > 4 px" % "frame")
        for name, make in FRAMES:
            if chosen(name):
                frame_row(finder, name, make, paths, a)
        print("%-26s    n     found   of patches >= 14 px  gains   error in stops 50 %%, 95 %%"
              % "card, under a cast")
        for name, across, make in CARDS:
            if chosen(name):
                card_row(finder, name, across, make, paths, a)
    ms = np.array([1000 * 0.25 * m / n for m, n in finder.ms])
    print("ms of processor time for 0.25 megapixels: median %.3f, 95 %% %.3f" % (
        np.median(ms) * 1000, np.percentile(ms, 95) * 1000))


if __name__ == "__main__":
    main()
