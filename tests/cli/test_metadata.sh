#!/usr/bin/env bash
# What originals carry beside their samples, over a matrix of formats, looked at by readers that are
# not kizil's: exiftool, libtiff, OpenCV. Each line of TAP names a combination; its row of figures
# stands before it. Arguments: kizil, metadata_fixture.
here=$(cd "$(dirname "$0")" && pwd)
. "$here/lib.sh"
fixture=$2
cd "$work" || exit 1
python=
for candidate in /usr/bin/python3 python3; do
  "$candidate" -c 'import cv2, numpy' 2>/dev/null && python=$candidate && break
done
reason=
[ -n "$python" ] || reason='no Python with OpenCV'
command -v exiftool >/dev/null || reason='no exiftool'

# describe FILE: EXIF, GPS, IPTC and XMP of many kinds, an orientation, an odd resolution
describe() {
  exiftool -q -q -m -overwrite_original -Make='Phase One' -Model=IQ4 -Software='Capture 16' \
    -Artist='张 and others' -Copyright='(c) Kizil' -ImageDescription='Cave 17, north wall' \
    -ModifyDate='2021:05:06 07:08:09' -DateTimeOriginal='2021:05:06 07:08:09' -OffsetTime=+08:00 \
    -SubSecTimeOriginal=123 -ExposureTime=1/250 -FNumber=7.1 -ISO=100 -FocalLength=80.5 \
    -LensModel='Schneider 80' -UserComment='壁画' -ColorSpace#=65535 -InteropIndex=R98 \
    -GPSLatitude=41.78123 -GPSLatitudeRef=N -GPSLongitude=82.51234 -GPSLongitudeRef=E \
    -GPSAltitude=1180.5 -GPSAltitudeRef=0 -XResolution=318.7 -YResolution=318.7 \
    -ResolutionUnit=inches -Orientation#=6 -XPTitle='Cave 17' -HostComputer=studio \
    -XMP-dc:Title='Cave 17' -XMP-dc:Creator='A. B.' -XMP-xmp:CreatorTool='Capture' \
    -XMP-tiff:Software='Scan 1' -XMP-dc:Relation=early.json -XMP-iptcCore:Location=Kizil \
    -XMP-iptcExt:DigitalSourceType='http://cv.iptc.org/newscodes/digitalsourcetype/digitalCapture' \
    -XMP-iptcExt:ArtworkTitle='A wall' "$1"
  case $1 in
    *.tif | *.jpg) exiftool -q -q -overwrite_original -IPTC:ObjectName=mural -IPTC:City=Baicheng "$1" ;;
  esac
}

while read -r source bits bands profile options result big; do
  begin "$source${big:+, BigTIFF} $options, $bits bits, $bands bands, profile $profile, to $result"
  [ -z "$reason" ] || { skip "$reason" && continue; }
  [ "$options" = plain ] && options=
  holds "$fixture" make "a.$source" "$bits" "$bands" "$profile" "$options"
  holds describe "a.$source"
  cp "a.$source" "d.$source"
  [ "$big" = big ] && holds "$python" "$here/bigtiff.py" "a.$source"
  holds "$fixture" lay "a.$source" "b.$result"
  "$python" "$here/metadata.py" "$fixture" "a.$source" "d.$source" "b.$result" "$bits" \
    "$bands" >row 2>complaint || note "$(cat complaint)"
  sed 's/^/# /' row
  rm -f a.* b.* d.*
done <<'MATRIX'
tif 8 1 none plain tif
tif 8 3 srgb [compression=lzw] tif
tif 8 3 p3 [compression=deflate,predictor=horizontal] tif
tif 8 3 p3 [compression=jpeg,Q=90] tif
tif 8 4 p3 [tile] tif
tif 8 4 cmyk [compression=lzw] tif
tif 8 5 cmyk plain tif
tif 16 1 none [tile,compression=deflate] tif
tif 16 2 none plain tif
tif 16 3 p3 plain tif big
tif 16 3 p3 [tile,tile_width=64,tile_height=64,compression=lzw] tif big
tif 16 3 p3 [tile,tile_width=16,tile_height=16,pyramid] tif
tif 16 3 p3 [tile,tile_width=16,tile_height=16,pyramid,subifd] tif big
tif 16 4 p3 [tile] tif
tif 16 4 cmyk [compression=deflate] tif big
tif 32 1 none plain tif
tif 32 3 none [tile,compression=deflate,predictor=float] tif
tif 32 4 none plain tif big
tif 8 3 p3 plain png
tif 16 4 p3 [compression=lzw] png
tif 16 1 none plain png big
tif 8 3 p3 plain webp
png 8 3 srgb plain png
png 16 4 p3 plain png
png 16 3 p3 plain tif
png 8 4 p3 plain webp
jpg 8 3 p3 [Q=92] tif
jpg 8 3 p3 [Q=92] png
jpg 8 3 p3 [Q=92] webp
jpg 8 3 p3 [Q=92] jpg
webp 8 3 p3 [lossless] webp
webp 8 3 p3 [lossless] tif
webp 8 4 p3 [lossless] png
MATRIX

finish
