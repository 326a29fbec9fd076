/* The words that captions are translated by. */
#ifndef KZ_CAPTION_WORDS_H
#define KZ_CAPTION_WORDS_H

struct kz__caption_word {
  const char *english, *chinese;
};
/* Terminated by a NULL. Dynasties are apart because English says "Sui dynasty mural". */
extern const struct kz__caption_word kz__dynasties[];
extern const struct kz__caption_word kz__caption_words[];

#endif
