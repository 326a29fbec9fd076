/* English and Chinese of what lists of mural paintings say: periods, sites, subjects, kinds. A
 * phrase is tried whole before its words (the longest entry that matches counts), so "flying
 * apsara" is not "flying" and "apsara". An entry may be empty in Chinese: the word is dropped.
 * tools/train-vocabulary.py reads these tables too. */
#include "feature/caption_words.h"

#include <stddef.h>

const struct kz__caption_word kz__dynasties[] = {
    {"Han", "汉代"},
    {"Eastern Jin", "东晋"},
    {"Sixteen Kingdoms", "十六国"},
    {"Northern Liang", "北凉"},
    {"Northern Wei", "北魏"},
    {"Western Wei", "西魏"},
    {"Northern Qi", "北齐"},
    {"Northern Zhou", "北周"},
    {"Sui", "隋代"},
    {"early Tang", "初唐"},
    {"high Tang", "盛唐"},
    {"middle Tang", "中唐"},
    {"late Tang", "晚唐"},
    {"Tang", "唐代"},
    {"Liao", "辽代"},
    {"Northern Song", "北宋"},
    {"Song", "宋代"},
    {"Western Xia", "西夏"},
    {"Yuan", "元代"},
    {"Ming", "明代"},
    {"Qing", "清代"},
    {0}};

const struct kz__caption_word kz__caption_words[] = {
    {"dynasty", ""},
    {"Five Dynasties", "五代"},
    {"Mogao", "莫高窟"},
    {"Western Thousand Buddha", "西千佛洞"},
    {"Yulin", "榆林窟"},
    {"Kizil", "克孜尔石窟"},
    {"Bezeklik", "柏孜克里克石窟"},
    {"Dunhuang", "敦煌"},
    {"Tibet", "西藏"},
    {"Tibetan", "西藏"},
    {"Kucha", "龟兹"},
    {"cave", "洞窟"},
    {"flying apsara", "飞天"},
    {"apsara", "飞天"},
    {"scene or ornament", "场景或纹饰"},
    {"scene", "场景"},
    {"ornament", "纹饰"},
    {"Buddha", "佛"},
    {"bodhisattva", "菩萨"},
    {"donor", "供养人"},
    {"musician", "伎乐"},
    {"lotus", "莲花"},
    {"halo", "头光"},
    {"deer", "鹿"},
    {"caisson ceiling", "藻井"},
    {"mural", "壁画"},
    {"wall painting", "壁画"},
    {"thangka", "唐卡"},
    {"painted replica", "临摹品"},
    {"line drawing", "线描"},
    {"fresco", "湿壁画"},
    {"damaged", "残损"},
    {"worn", "磨损"},
    {"detail", "局部"},
    {0}};
