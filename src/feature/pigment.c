/* Pigments of Central and East Asian wall painting, with the CIELAB of a surface painted with them
 * and aged. The figures are typical values for giving colours a name, chosen from what is written
 * about these pigments and from how photographs of murals look; they are not measurements, and a
 * name is not an identification. Beside pigments the list has what photographs of walls show most:
 * plaster, soot, dilute ink, flesh tones and the pale grades of blue and green.
 *
 * Lightness counts for less than hue when a colour is named: photographs differ in exposure, and
 * a painter shades with one pigment. */
#include "feature/palette.h"

const struct kz_pigment kz_pigments[] = {
    {"lead white", "铅白", "white", "白", {91, 0, 4}},
    {"kaolin", "高岭白", "white", "白", {83, 3, 11}},
    {"gypsum", "石膏白", "white", "白", {84, 0, 0}},
    {"ash", "草灰", "grey", "灰", {72, -1, 4}},
    {"ink wash", "淡墨", "grey", "灰", {55, 1, 4}},
    {"ink", "墨", "black", "黑", {14, 1, 0}},
    {"cinnabar", "朱砂", "red", "红", {46, 36, 26}},
    {"vermilion", "银朱", "red", "红", {54, 48, 40}},
    {"red lead", "铅丹", "orange", "橙", {60, 27, 36}},
    {"red ochre", "赭石", "red", "红", {50, 21, 18}},
    {"haematite", "铁赭", "dark red", "深红", {35, 21, 13}},
    {"lac", "胭脂", "crimson", "红", {36, 32, 6}},
    {"flesh", "肉粉", "pink", "粉", {70, 15, 15}},
    {"orpiment", "雌黄", "yellow", "黄", {74, 5, 48}},
    {"massicot", "密陀僧", "pale yellow", "浅黄", {82, 1, 29}},
    {"yellow ochre", "土黄", "yellow", "黄", {62, 12, 30}},
    {"gold", "泥金", "gold", "金", {52, 9, 44}},
    {"azurite", "石青", "blue", "青", {48, -3, -18}},
    {"pale azurite", "三青", "blue", "青", {66, -4, -9}},
    {"lapis lazuli", "青金石", "blue", "蓝", {40, 4, -28}},
    {"indigo", "靛蓝", "blue", "蓝", {27, 3, -14}},
    {"malachite", "石绿", "green", "绿", {58, -16, 8}},
    {"pale malachite", "三绿", "green", "绿", {76, -11, 4}},
    {"atacamite", "氯铜绿", "green", "绿", {44, -12, 6}},
    {"verdigris", "铜绿", "blue-green", "绿", {54, -14, -6}},
    {"green earth", "绿土", "olive", "绿", {50, -5, 17}},
    {"lac purple", "紫铆", "purple", "紫", {42, 16, -10}},
    {"umber", "棕土", "brown", "棕", {41, 7, 14}},
    {"darkened lead", "变色铅", "brown", "褐", {26, 9, 6}},
    {"smoked brown plaster", "烟褐泥壁", "brown", "褐", {57, 6, 12}},
    {"buff plaster", "土色泥壁", "buff", "土色", {72, 7, 16}},
    {0}};

const struct kz_pigment *kz_pigment_nearest(const float lab[3]) {
  const struct kz_pigment *nearest = kz_pigments;
  float least = 1e30f;
  for (const struct kz_pigment *p = kz_pigments; p->name; p++) {
    float l = KZ_PALETTE_LIGHTNESS * (lab[0] - p->lab[0]);
    float a = lab[1] - p->lab[1], b = lab[2] - p->lab[2], d = l * l + a * a + b * b;
    if (d >= least) continue;
    least = d;
    nearest = p;
  }
  return nearest;
}
