"""One row of the table of test_metadata.sh: compares an original with what was made from it, by
readers that are not kizil's: libtiff (through the fixture) and OpenCV for samples, exiftool for
metadata. Exits with 1, saying what, where something is not as it was.

    metadata.py FIXTURE SOURCE DESCRIBED RESULT BITS BANDS

DESCRIBED holds the metadata of SOURCE: exiftool does not read all of a BigTIFF.
"""
import json
import re
import subprocess
import sys

import cv2
import numpy as np

fixture, source, described, result, bits, bands = sys.argv[1:]
bits, bands = int(bits), int(bands)
WIDTH, HEIGHT = 150, 120
SQUARE = np.s_[30:62, 40:72]
TYPE = "http://cv.iptc.org/newscodes/digitalsourcetype/compositeWithTrainedAlgorithmicMedia"
GROUPS = ("IFD0", "ExifIFD", "GPS", "InteropIFD")
# How samples are stored, which is the format's own affair.
STORED = re.compile(
    "BitsPerSample|Compression|Image(Width|Height)|Photometric|PlanarConf|RowsPerStrip|SampleFormat"
    "|SamplesPerPixel|(Strip|Tile)(Offsets|ByteCounts|Width|Length)|Predictor|ExtraSamples"
    "|SubfileType|YCbCr(Positioning|SubSampling)|ReferenceBlackWhite|InkSet|JPEGTables|OldSubfile"
    "|PageNumber|PreviewImage|ThumbnailOffset|ThumbnailLength")


def samples(path):
    kind = {8: np.uint8, 16: np.uint16, 32: np.uint32}[bits]
    if path.endswith(".tif"):
        raw = subprocess.run([fixture, "samples", path], check=True, capture_output=True).stdout
        return np.frombuffer(raw, kind).reshape(HEIGHT, WIDTH, bands)
    a = cv2.imread(path, cv2.IMREAD_UNCHANGED)
    if a.ndim == 3 and a.shape[2] > 2:
        a = a[:, :, [2, 1, 0, 3][: a.shape[2]]]
    return a.reshape(HEIGHT, WIDTH, bands)


def tags(path):
    out = subprocess.run(["exiftool", "-j", "-G1", "-a", "-struct", "-n", path], check=True,
                         capture_output=True).stdout
    return json.loads(out)[0]


def profile(path):
    return subprocess.run(["exiftool", "-b", "-ICC_Profile", path], check=True,
                          capture_output=True).stdout


def of(all_tags, *groups):
    return {k: v for k, v in all_tags.items() if k.split(":")[0] in groups
            and not (k.startswith("IFD0:") and STORED.match(k[5:]))}


wrong = []
a, b = samples(source), samples(result)
outside = np.ones((HEIGHT, WIDTH), bool)
outside[SQUARE] = False
if source.endswith(".jpg") and result.endswith(".jpg"):
    differ = "lossy"
else:
    if result.endswith(".webp") and bands == 4:  # drops the colour under fully transparent pixels
        outside &= a[:, :, 3] > 0
    differ = int((a != b)[outside].sum())
    if differ:
        wrong.append(f"{differ} samples differ outside")
if (a[SQUARE] != b[SQUARE]).mean() < 0.5:
    wrong.append("nothing was laid inside")

before, after = tags(described), tags(result)
exif, exif_now = of(before, *GROUPS), of(after, *GROUPS)
if exif != exif_now:
    wrong.append(f"EXIF: {set(exif.items()) ^ set(exif_now.items())}")
if len(exif) < 20:
    wrong.append(f"only {len(exif)} EXIF fields to compare")

groups = sorted({k.split(":")[0] for k in [*before, *after] if k.startswith("XMP-")})
xmp, xmp_now = of(before, *groups), of(after, *groups)
added = {"XMP-iptcExt:DigitalSourceType": TYPE}
relation = xmp_now.pop("XMP-dc:Relation", None)
if relation != ["early.json", "a%20result.json"]:
    wrong.append(f"dc:relation is {relation}")
xmp.pop("XMP-dc:Relation", None)
if xmp_now != {**xmp, **added}:
    wrong.append(f"XMP: {xmp} became {xmp_now}")

icc = profile(described)
if icc != profile(result):
    wrong.append("the ICC profile is not byte-equal")

iptc, iptc_now = of(before, "IPTC"), of(after, "IPTC")
if iptc and result.endswith((".tif", ".jpg")) and iptc != iptc_now:
    wrong.append(f"IPTC: {iptc} became {iptc_now}")
if after.get("ExifTool:Warning"):
    wrong.append(f"exiftool: {after['ExifTool:Warning']}")

kept = f"{len(iptc_now)} of {len(iptc)}" if iptc else "none there"
print(f"differing {differ}, ICC {len(icc)} B equal, EXIF {len(exif_now)} of {len(exif)} equal, "
      f"XMP {len(xmp) + 1} kept + 2, IPTC {kept}")
if wrong:
    sys.exit("; ".join(wrong))
