#!/usr/bin/env python3
"""Train the byte-pair vocabulary (Sennrich et al., 2016) that captions are read with.

    tools/train-vocabulary.py > src/text/merges.inc.h

The corpus is made here: captions by the templates of src/feature/caption.c over every pigment,
place, period, site, subject and kind of the tables in src/feature (read from the C files), in
English and Chinese, and lists of words that people may use beside them. Models keep the vocabulary
they were trained with: a new one needs a new KZ_TEXT_NAME, so run this only when that is meant.
Same tables, same output.
"""
import collections
import pathlib
import random
import re
import sys

ROWS, FIRST_BYTE = 1024, 3  # KZ_TEXT_ROWS, KZ_TEXT_FIRST_BYTE of src/text/vocabulary.h
CAPTIONS, EXTRA_COUNT = 20000, 40
ROOT = pathlib.Path(__file__).resolve().parent.parent

PLACES = [("above", "上部"), ("below", "下部"), ("at left", "左侧"), ("at right", "右侧"),
          ("in the centre", "中央"), ("", "")]
KINDS = {"mural", "thangka", "painted replica", "line drawing", "fresco", "wall painting"}
SITES = {"Mogao", "Western Thousand Buddha", "Yulin", "Kizil", "Bezeklik", "Dunhuang", "Tibet",
         "Tibetan", "Kucha"}
EXTRA_ENGLISH = """
a an and the of with on under over behind between around beside near holding wearing playing
seated standing flying dancing kneeling riding walking facing large small thin thick fine old dark
light bright pale faded red blue green yellow white black brown grey pink purple orange
figure face hand hands arm foot head hair crown robe scarf scarves ribbon ribbons sleeve skirt
necklace jewel drapery garment monk disciple king queen prince guardian attendant merchant hunter
warrior woman man child dragon phoenix horse elephant lion ox bird peacock crane fish tiger
flower petal leaf leaves tree bamboo vine cloud clouds flame mountain mountains river water rock sky
sun moon star temple pagoda palace pavilion tower wall ceiling niche throne canopy curtain flag
pipa flute harp drum lute sword staff bow arrow lamp bowl vase border pattern geometric scroll
honeysuckle contour line lines outline ground background foreground painting painted paradise jataka
sutra story preaching worship procession hunting crack flaking plaster soot smoke missing restored
""".split()
EXTRA_CHINESE = """
佛像 释迦 弥勒 观音 文殊 普贤 弟子 天王 力士 供养菩萨 乐舞 琵琶 箜篌 笛子 鼓 飘带 璎珞 宝冠 头饰 衣裙
袈裟 披帛 背光 火焰 云气 祥云 山水 树木 花卉 忍冬 卷草 联珠 边饰 几何 龙凤 凤凰 白象 狮子 马 牛 孔雀
仙鹤 猴 虎 鱼 宝相花 莲座 华盖 宝塔 楼阁 宫殿 经变 本生 故事 说法图 西方净土 出行图 狩猎 舞蹈 坐像 立像
人物 面部 双手 红色 蓝色 绿色 黄色 白色 黑色 褐色 灰色 紫色 橙色 线条 轮廓 裂缝 剥落 空鼓 起甲 泥层 修复
缺失 背景 画面 两侧 四周 前方 后方 与 和 的 在 手持 身穿 飞舞 坐 立 大 小
""".split()


def tables():
    pigment = (ROOT / "src/feature/pigment.c").read_text()
    words = (ROOT / "src/feature/caption_words.c").read_text()
    pigments = re.findall(r'\{"([^"]+)", "([^"]+)", "([^"]+)", "([^"]+)", \{', pigment)
    dynasties, others = words.split("kz__caption_words[]")
    pair = re.compile(r'\{"([^"]+)", "([^"]*)"\}')
    return pigments, pair.findall(dynasties), [p for p in pair.findall(others) if p[1]]


def with_colour(name, between, colour):
    return name if colour in name else name + between + colour


def caption(rng, pigments, dynasties, words):
    """One caption, in both languages."""
    kinds = [w for w in words if w[0] in KINDS]
    sites = [w for w in words if w[0] in SITES]
    subjects = [w for w in words if w[0] not in KINDS | SITES]
    subject = rng.choice(subjects)
    if rng.random() < 0.5:
        subject = ("flying apsara", "飞天")
    kind = rng.choice(kinds) if rng.random() < 0.3 else ("mural", "壁画")
    site = rng.choice(sites) if rng.random() < 0.5 else ("Mogao", "莫高窟")
    period, periode = rng.choice(dynasties), " dynasty "
    if rng.random() < 0.1:
        period, periode = ("Five Dynasties", "五代"), " "
    english = f"{subject[0]}, {period[0]}{periode}{kind[0]}, {site[0]}"
    chinese = f"{subject[1]}，{period[1]}{kind[1]}，{site[1]}"
    for i, p in enumerate(rng.sample(pigments, rng.randint(3, 5))):
        place = rng.choice(PLACES)
        english += ("; ", ", ")[i > 0] + with_colour(p[0], " ", p[2]) + (" ground", "")[i > 0]
        english += " " + place[0] if place[0] else ""
        chinese += ("；", "，")[i > 0] + place[1] + with_colour(p[1], "", p[3]) + ("地", "")[i > 0]
    return english, chinese


def group_of(c):
    """The classes that words are made of: must be as in src/text/vocabulary.c."""
    n = ord(c)
    if n < 0x80:
        return "letter" if "a" <= c <= "z" else "digit" if "0" <= c <= "9" else "other"
    if 0x80 <= n < 0xc0 or 0x2000 <= n < 0x2070 or 0x3000 <= n < 0x3040 or 0xff00 <= n < 0xfff0:
        return "other"
    if 0x2e80 <= n < 0xa000 or 0xf900 <= n < 0xfb00 or 0x20000 <= n < 0x40000:
        return "han"
    return "letter"


def words_of(text):
    """Runs of one class, each with the blank before it."""
    found, group = [], None
    for c in re.sub(r"[A-Z]", lambda m: m[0].lower(), " ".join(text.split())):
        now = "blank" if c == " " else group_of(c)
        if found and (now == group or (group == "blank" and now != "blank")):
            found[-1] += c
        else:
            found.append(c)
        group = now
    return found


def corpus():
    pigments, dynasties, words = tables()
    rng = random.Random(1)
    counts = collections.Counter()
    for _ in range(CAPTIONS):
        for text in caption(rng, pigments, dynasties, words):
            counts.update(words_of(text))
    for word in EXTRA_ENGLISH:
        counts[" " + word] += EXTRA_COUNT
    for word in EXTRA_CHINESE:
        counts[word] += EXTRA_COUNT
    # Rare words should get merges as well as common ones: a count is worth its root.
    return {word: int(count ** 0.5) + 1 for word, count in counts.items()}


def replace(rows, pair, row):
    out, i = [], 0
    while i < len(rows):
        if i + 1 < len(rows) and (rows[i], rows[i + 1]) == pair:
            out.append(row)
            i += 2
        else:
            out.append(rows[i])
            i += 1
    return out


def train(counts):
    words = [([FIRST_BYTE + b for b in w.encode()], n) for w, n in sorted(counts.items())]
    merges = []
    while FIRST_BYTE + 256 + len(merges) < ROWS:
        pairs = collections.Counter()
        for rows, n in words:
            for pair in zip(rows, rows[1:]):
                pairs[pair] += n
        pair = max(pairs, key=lambda p: (pairs[p], -p[0], -p[1]))
        row = FIRST_BYTE + 256 + len(merges)
        merges.append(pair)
        words = [(replace(rows, pair, row), n) for rows, n in words]
    lengths = [len(rows) for rows, n in words]
    print(f"{len(words)} words of {sum(lengths) / len(words):.2f} tokens", file=sys.stderr)
    return merges


def wrapped(items):
    lines, line = [], " "
    for item in items:
        if len(line) + len(item) > 98:
            lines.append(line)
            line = " "
        line += f" {item},"
    return "\n".join(lines + [line])


def main():
    merges = train(corpus())
    order = sorted(range(len(merges)), key=lambda i: merges[i])
    print("""\
/* Made by tools/train-vocabulary.py. Merge i joins two rows of the vocabulary into row
 * KZ_TEXT_FIRST_BYTE + 256 + i; they are in the order in which they are applied. */
static const uint16_t merges[][2] = {""")
    print(wrapped(f"{{{a}, {b}}}" for a, b in merges))
    print("};\n\n/* The merges sorted by what they join. */\nstatic const uint16_t by_pair[] = {")
    print(wrapped(map(str, order)))
    print("};")


main()
