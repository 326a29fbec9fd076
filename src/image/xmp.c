/* Statements added to an XMP packet, which otherwise stays as it is, byte by byte.
 *
 * XMP libraries read a packet into their own model and write it anew. Adobe's drops what is stated
 * twice in its eyes (tiff:Software beside xmp:CreatorTool, photoshop:Author beside dc:creator), and
 * renames the rest of that kind; nothing of an original may go that way. So the packet is
 * read here as the XML that it is, only to find places in it: where rdf:RDF ends, and the two
 * properties that we state ourselves. What is new stands in an rdf:Description of its own.
 *
 * Why dc:relation for the record: Dublin Core's "related resource" is a list, so ours stands beside
 * those that are there; every reader of XMP shows it. dcterms:provenance would be nearer by name,
 * but C2PA uses it in XMP to point to manifests; xmpMM is about what a picture was made from. */
#include "image/xmp.h"

#include <glib.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/utf8.h"

#define RDF "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
#define DC "http://purl.org/dc/elements/1.1/"
#define EXT "http://iptc.org/std/Iptc4xmpExt/2008-02-29/"
#define KIZIL "urn:kizil:xmp/1.0/"

enum { DEEPEST = 64, BINDINGS = 256 };

struct span {
  const char *at;
  size_t n;
};

struct tag {
  const char *from, *to; /* with < and > */
  struct span name, attributes;
  bool closes, empty; /* </name>, <name/> */
};

struct attribute {
  const char *from; /* with the space before it */
  struct span name, value;
};

struct binding {
  struct span prefix, uri;
};

struct open_element {
  struct span name;
  int bindings; /* how many hold outside of it */
};

struct packet {
  const char *end;
  struct open_element open[DEEPEST];
  struct binding bound[BINDINGS];
  int depth, bindings, rdf; /* rdf: depth of rdf:RDF, -1: not met */
  /* What was looked for; at = NULL: not there. */
  const char *rdf_end;
  struct span about, type, relation, items, alone; /* alone: text of a relation that is no list */
};

/* ---- XML ---- */

static bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

static bool same(struct span s, const char *text) {
  return s.n == strlen(text) && !memcmp(s.at, text, s.n);
}

static bool equal(struct span a, struct span b) { return a.n == b.n && !memcmp(a.at, b.at, a.n); }

/* After `word` from p on; NULL: it is not there. */
static const char *after(const char *p, const char *end, const char *word) {
  const char *found = memmem(p, (size_t)(end - p), word, strlen(word));
  return found ? found + strlen(word) : NULL;
}

static bool starts(const char *p, const char *end, const char *word) {
  return (size_t)(end - p) >= strlen(word) && !memcmp(p, word, strlen(word));
}

/* Whether every & begins one of XML's own references, and no < is there. */
static bool plain_text(const char *p, const char *end) {
  static const char *const known[] = {"&amp;", "&lt;", "&gt;", "&quot;", "&apos;", "&#"};
  for (; p < end; p++) {
    bool ok = *p != '<' && *p != '&';
    for (size_t i = 0; !ok && i < sizeof known / sizeof known[0]; i++)
      ok = starts(p, end, known[i]);
    if (!ok) return false;
  }
  return true;
}

/* The end of the tag that begins at p, past quoted values; NULL: there is none. */
static const char *tag_end(const char *p, const char *end) {
  char quote = 0;
  for (; p < end; p++) {
    if (quote)
      quote = *p == quote ? 0 : quote;
    else if (*p == '"' || *p == '\'')
      quote = *p;
    else if (*p == '>')
      return p + 1;
  }
  return NULL;
}

/* The next tag from *p on, past text, comments and instructions. 1: found, 0: none, -1: no XML. */
static int next_tag(const char **p, const char *end, struct tag *tag) {
  const char *q = *p, *mark;
  for (;;) {
    mark = memchr(q, '<', (size_t)(end - q));
    if (!plain_text(q, mark ? mark : end)) return -1;
    if (!mark) return 0;
    if (starts(mark, end, "<?"))
      q = after(mark, end, "?>");
    else if (starts(mark, end, "<!--"))
      q = after(mark + 4, end, "-->");
    else if (starts(mark, end, "<![CDATA["))
      q = after(mark, end, "]]>");
    else
      break;
    if (!q) return -1;
  }
  const char *to = tag_end(mark, end);
  if (!to || mark[1] == '!') return -1;
  *tag = (struct tag){.from = mark, .to = to, .closes = mark[1] == '/', .empty = to[-2] == '/'};
  const char *name = mark + 1 + tag->closes, *stop = to - 1 - tag->empty, *s = name;
  while (s < stop && !is_space(*s)) s++;
  tag->name = (struct span){name, (size_t)(s - name)};
  tag->attributes = (struct span){s, s < stop ? (size_t)(stop - s) : 0};
  *p = to;
  return tag->name.n ? 1 : -1;
}

/* The next of a tag's attributes, taken off `left`. 1: found, 0: none, -1: no XML. */
static int next_attribute(struct span *left, struct attribute *a) {
  const char *p = left->at, *end = p + left->n, *name;
  while (p < end && is_space(*p)) p++;
  if (p == end) return 0;
  a->from = left->at;
  for (name = p; p < end && *p != '=' && !is_space(*p);) p++;
  a->name = (struct span){name, (size_t)(p - name)};
  while (p < end && is_space(*p)) p++;
  if (p == end || *p++ != '=') return -1;
  while (p < end && is_space(*p)) p++;
  if (p == end || (*p != '"' && *p != '\'')) return -1;
  const char *value = p + 1, *close = memchr(value, *p, (size_t)(end - value));
  if (!close || !a->name.n || !plain_text(value, close)) return -1;
  a->value = (struct span){value, (size_t)(close - value)};
  *left = (struct span){close + 1, (size_t)(end - close - 1)};
  return 1;
}

/* The part before the colon; nothing where there is none. */
static struct span prefix_of(struct span name) {
  const char *colon = memchr(name.at, ':', name.n);
  return (struct span){name.at, colon ? (size_t)(colon - name.at) : 0};
}

static bool is_declaration(struct span name) {
  return same(name, "xmlns") || same(prefix_of(name), "xmlns");
}

/* The namespace of a prefix; at = NULL: not declared. */
static struct span space_of(const struct packet *x, struct span prefix) {
  if (same(prefix, "xml")) return (struct span){"xml", 3};
  for (int i = x->bindings; i-- > 0;)
    if (equal(x->bound[i].prefix, prefix)) return x->bound[i].uri;
  return (struct span){prefix.n ? NULL : "", 0};
}

static bool is(const struct packet *x, struct span name, const char *uri, const char *local) {
  struct span prefix = prefix_of(name), space = space_of(x, prefix);
  size_t skip = prefix.n ? prefix.n + 1 : 0;
  return space.at && same(space, uri) && same((struct span){name.at + skip, name.n - skip}, local);
}

/* Declare the namespaces of a tag and see that all its names have one. */
static bool declare(struct packet *x, const struct tag *tag) {
  struct attribute a;
  struct span left = tag->attributes;
  int more;
  while ((more = next_attribute(&left, &a)) > 0) {
    if (!is_declaration(a.name)) continue;
    size_t skip = a.name.n > 5 ? 6 : 5; /* "xmlns:" or "xmlns" */
    if (x->bindings == BINDINGS) return false;
    x->bound[x->bindings++] =
        (struct binding){{a.name.at + skip, a.name.n - skip}, a.value};
  }
  if (more < 0 || !space_of(x, prefix_of(tag->name)).at) return false;
  for (left = tag->attributes; next_attribute(&left, &a) > 0;)
    if (!is_declaration(a.name) && !space_of(x, prefix_of(a.name)).at) return false;
  return true;
}

/* ---- what is looked for ---- */

/* Take note of a place; false: it was met before. */
static bool note(struct span *where, const char *from, const char *to) {
  if (where->at) return false;
  *where = (struct span){from, (size_t)(to - from)};
  return true;
}

/* A child of rdf:RDF: its subject, and properties written as attributes. */
static bool on_node(struct packet *x, const struct tag *tag) {
  struct attribute a;
  struct span left = tag->attributes;
  while (next_attribute(&left, &a) > 0) {
    bool ok = true;
    if (!x->about.at && (is(x, a.name, RDF, "about") || same(a.name, "about"))) x->about = a.value;
    if (is(x, a.name, EXT, "DigitalSourceType")) ok = note(&x->type, a.from, left.at);
    if (is(x, a.name, DC, "relation")) {
      ok = note(&x->relation, a.from, left.at);
      x->alone = a.value;
    }
    if (!ok) return false;
  }
  return true;
}

/* A property that is an element; its end is not known yet. */
static bool on_property(struct packet *x, const struct tag *tag) {
  struct attribute a;
  struct span left = tag->attributes;
  if (is(x, tag->name, EXT, "DigitalSourceType")) return note(&x->type, tag->from, tag->to);
  if (!is(x, tag->name, DC, "relation")) return true;
  while (next_attribute(&left, &a) > 0)
    if (!is_declaration(a.name)) return false;
  x->alone = (struct span){tag->to, 0};
  return note(&x->relation, tag->from, tag->to);
}

/* Inside dc:relation: the list. */
static bool on_list(struct packet *x, const struct tag *tag) {
  bool list = is(x, tag->name, RDF, "Bag") || is(x, tag->name, RDF, "Seq") ||
              is(x, tag->name, RDF, "Alt");
  return list && !tag->empty && note(&x->items, tag->to, tag->to);
}

static bool in_relation(const struct packet *x) {
  return x->depth >= x->rdf + 3 && is(x, x->open[x->rdf + 2].name, DC, "relation");
}

static bool on_start(struct packet *x, const struct tag *tag) {
  if (is(x, tag->name, RDF, "RDF")) {
    if (x->rdf >= 0 || tag->empty) return false;
    x->rdf = x->depth;
    return true;
  }
  if (x->rdf < 0 || x->rdf_end) return true;
  if (x->depth == x->rdf + 1) return on_node(x, tag);
  if (x->depth == x->rdf + 2) return on_property(x, tag);
  if (x->depth == x->rdf + 3 && in_relation(x)) return on_list(x, tag);
  return true;
}

/* The element at x->depth ends with `tag`. */
static void on_end(struct packet *x, const struct tag *tag) {
  if (x->rdf < 0 || x->rdf_end) return;
  if (x->depth == x->rdf) x->rdf_end = tag->from;
  if (x->depth == x->rdf + 3 && in_relation(x)) x->items.n = (size_t)(tag->from - x->items.at);
  if (x->depth != x->rdf + 2) return;
  if (is(x, tag->name, EXT, "DigitalSourceType")) x->type.n = (size_t)(tag->to - x->type.at);
  if (is(x, tag->name, DC, "relation")) {
    x->relation.n = (size_t)(tag->to - x->relation.at);
    x->alone.n = (size_t)(tag->from - x->alone.at);
  }
}

static bool well_formed_utf8(const char *p, const char *end) {
  uint32_t code;
  for (int n; p < end; p += n)
    if (!*p || !(n = kz_utf8_step(p, &code)) || n > end - p) return false;
  return true;
}

static bool step(struct packet *x, const struct tag *tag) {
  int outside = x->bindings;
  if (tag->closes) {
    if (x->depth-- == 0 || !equal(x->open[x->depth].name, tag->name)) return false;
    on_end(x, tag);
    x->bindings = x->open[x->depth].bindings;
    return true;
  }
  if (x->depth == DEEPEST || !declare(x, tag) || !on_start(x, tag)) return false;
  if (tag->empty)
    x->bindings = outside;
  else
    x->open[x->depth++] = (struct open_element){tag->name, outside};
  return true;
}

/* Find all places. `text` ends with a NUL at text[size]. */
static bool read_packet(struct packet *x, const char *text, size_t size) {
  struct tag tag;
  int more;
  *x = (struct packet){.end = text + size, .rdf = -1};
  if (!well_formed_utf8(text, x->end)) return false;
  while ((more = next_tag(&text, x->end, &tag)) > 0)
    if (!step(x, &tag)) return false;
  return !more && !x->depth && x->rdf_end;
}

/* ---- the new packet ---- */

/* dc:relation, with what stood there alone. */
static char *relation_element(struct span alone, const char *relation) {
  if (!alone.n)
    return kz_format("<dc:relation><rdf:Bag><rdf:li>%s</rdf:li></rdf:Bag></dc:relation>", relation);
  return kz_format("<dc:relation><rdf:Bag><rdf:li>%.*s</rdf:li><rdf:li>%s</rdf:li></rdf:Bag>"
                   "</dc:relation>", (int)alone.n, alone.at, relation);
}

/* An rdf:Description; `type`, `relation` (an element) and `unread` may be NULL. */
static char *description(struct span about, const char *type, const char *relation,
                         const char *unread) {
  char quote = about.n && memchr(about.at, '"', about.n) ? '\'' : '"';
  return kz_format(
      "<rdf:Description xmlns:rdf='" RDF "' xmlns:dc='" DC "' xmlns:Iptc4xmpExt='" EXT
      "' xmlns:kizil='" KIZIL "' rdf:about=%c%.*s%c>%s%s%s%s%s%s%s</rdf:Description>\n",
      quote, (int)about.n, about.at ? about.at : "", quote,
      type ? "<Iptc4xmpExt:DigitalSourceType>" : "", type ? type : "",
      type ? "</Iptc4xmpExt:DigitalSourceType>" : "", relation ? relation : "",
      unread ? "<kizil:UnreadXMP>" : "", unread ? unread : "", unread ? "</kizil:UnreadXMP>" : "");
}

struct change {
  struct span at; /* what goes; n = 0: nothing */
  const char *text;
};

static int compare_changes(const void *a, const void *b) {
  const char *p = ((const struct change *)a)->at.at, *q = ((const struct change *)b)->at.at;
  return (p > q) - (p < q);
}

/* The text with its changes made. */
static char *changed(const char *text, size_t *size, struct change *c, int count) {
  const char *end = text + *size;
  size_t total = *size + 1;
  qsort(c, (size_t)count, sizeof *c, compare_changes);
  for (int i = 0; i < count; i++) total += strlen(c[i].text);
  char *out = malloc(total), *to = out;
  for (int i = 0; out && i < count; i++) {
    to = mempcpy(to, text, (size_t)(c[i].at.at - text));
    to = stpcpy(to, c[i].text);
    text = c[i].at.at + c[i].at.n;
  }
  if (!out) return NULL;
  to = mempcpy(to, text, (size_t)(end - text));
  *to = 0;
  *size = (size_t)(to - out);
  return out;
}

static bool is_listed(struct span items, const char *relation) {
  char *item = kz_format(">%s<", relation);
  struct span closed = {items.at - 1, items.n + 2}; /* with the > before and the < behind */
  bool listed = item && memmem(closed.at, closed.n, item, strlen(item));
  free(item);
  return listed;
}

static char *extended(struct packet *x, const char *text, size_t *size, const char *type,
                      const char *relation) {
  struct change c[3];
  char *ours = NULL, *own = NULL, *out = NULL, *item = NULL;
  int count = 0;
  bool alone = relation && !x->items.at;
  if (alone && !(own = relation_element(x->alone, relation))) goto out;
  if (relation && x->items.at && !is_listed(x->items, relation)) {
    item = kz_format("<rdf:li xmlns:rdf='" RDF "'>%s</rdf:li>", relation);
    if (!item) goto out;
    c[count++] = (struct change){{x->items.at + x->items.n, 0}, item};
  }
  if (type && x->type.at) c[count++] = (struct change){x->type, ""};
  if (alone && x->relation.at) c[count++] = (struct change){x->relation, ""};
  if (type || own) {
    if (!(ours = description(x->about, type, own, NULL))) goto out;
    c[count++] = (struct change){{x->rdf_end, 0}, ours};
  }
  out = changed(text, size, c, count);
out:
  free(ours);
  free(own);
  free(item);
  return out;
}

/* A packet of our own; the bytes of one that is not readable go with it. */
static char *fresh(const char *packet, size_t *size, const char *type, const char *relation) {
  char *unread = packet && *size ? g_base64_encode((const guchar *)packet, *size) : NULL;
  char *own = relation ? relation_element((struct span){0}, relation) : NULL, *ours = NULL;
  char *out = NULL;
  if (!relation || own) ours = description((struct span){0}, type, own, unread);
  if (ours)
    out = kz_format("<?xpacket begin='\xef\xbb\xbf' id='W5M0MpCehiHzreSzNTczkc9d'?>\n"
                    "<x:xmpmeta xmlns:x='adobe:ns:meta/'>\n<rdf:RDF xmlns:rdf='" RDF "'>\n%s"
                    "</rdf:RDF>\n</x:xmpmeta>\n<?xpacket end='r'?>", ours);
  if (out) *size = strlen(out);
  free(own);
  free(ours);
  g_free(unread);
  return out;
}

/* Without zeros at its end, which some writers count in. */
static size_t without_zeros(const char *packet, size_t size) {
  while (size && !packet[size - 1]) size--;
  return size;
}

/* A copy with a NUL after it. */
static char *copy_of(const char *packet, size_t size) {
  char *text = malloc(size + 1);
  if (text) *(char *)mempcpy(text, packet, size) = 0;
  return text;
}

bool kz__xmp_readable(const char *packet, size_t size) {
  struct packet x;
  size = without_zeros(packet, size);
  char *text = copy_of(packet, size);
  bool readable = text && read_packet(&x, text, size);
  free(text);
  return readable;
}

char *kz__xmp_state(const char *packet, size_t *size, const char *type, const char *relation) {
  struct packet x;
  if (!packet) return fresh(NULL, size, type, relation);
  size_t used = without_zeros(packet, *size);
  char *text = copy_of(packet, used), *out = NULL;
  if (text && read_packet(&x, text, used)) {
    out = extended(&x, text, &used, type, relation);
    if (out) *size = used;
  } else if (text) {
    out = fresh(packet, size, type, relation);
  }
  free(text);
  return out;
}
