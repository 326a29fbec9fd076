/* Statements added to XMP packets: what was there is there, byte by byte; what is new, once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <glib.h>

#include "image/xmp.h"

#define RDF "xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'"
#define DC "xmlns:dc='http://purl.org/dc/elements/1.1/'"
#define EXT "xmlns:e='http://iptc.org/std/Iptc4xmpExt/2008-02-29/'"
#define OPEN "<x:xmpmeta xmlns:x='adobe:ns:meta/'><rdf:RDF " RDF ">"
#define CLOSE "</rdf:RDF></x:xmpmeta>"
#define TYPE "http://cv.iptc.org/newscodes/digitalsourcetype/it"
#define RECORD "wall.tif.json"

static int times(const char *text, const char *word) {
  int n = 0;
  for (const char *p = text; (p = strstr(p, word)); p++) n++;
  return n;
}

/* The packet with both statements, made of exactly `size` bytes, so that a read beyond is seen. */
static char *state(const char *packet, size_t size) {
  char *exact = malloc(size ? size : 1);
  assert_non_null(exact);
  memcpy(exact, packet, size);
  char *out = kz__xmp_state(exact, &size, TYPE, RECORD);
  assert_non_null(out);
  assert_int_equal(strlen(out), size);
  free(exact);
  return out;
}

/* What goes and what stays, of packets that are read. */
static void test_extended(void **state_) {
  (void)state_;
  static const struct {
    const char *packet, *stays[3], *goes;
  } cases[] = {
      {OPEN "<rdf:Description rdf:about='uuid:7' dc:format='a' " DC "/>" CLOSE,
       {"rdf:about='uuid:7' dc:format='a'", "rdf:about=\"uuid:7\""}, NULL},
      {OPEN "<rdf:Description rdf:about='' " DC "><dc:relation><rdf:Bag><rdf:li>other</rdf:li>"
            "</rdf:Bag></dc:relation></rdf:Description>" CLOSE,
       {"<dc:relation><rdf:Bag><rdf:li>other</rdf:li><rdf:li xmlns:rdf="}, NULL},
      {OPEN "<rdf:Description rdf:about='' " DC "><dc:relation>alone &amp; only</dc:relation>"
            "</rdf:Description>" CLOSE,
       {"<rdf:li>alone &amp; only</rdf:li><rdf:li>" RECORD "</rdf:li>"},
       "<dc:relation>alone"},
      {OPEN "<rdf:Description rdf:about='' " DC " dc:relation='\"said\"' dc:format='f'/>" CLOSE,
       {"<rdf:li>\"said\"</rdf:li>", DC " dc:format='f'/>"}, "dc:relation='"},
      {OPEN "<rdf:Description rdf:about='' " EXT " e:DigitalSourceType='http://old'/>" CLOSE,
       {EXT "/>"}, "http://old"},
      {OPEN "<rdf:Description rdf:about='' " EXT "><e:DigitalSourceType>http://old"
            "</e:DigitalSourceType><e:Event>x</e:Event></rdf:Description>" CLOSE,
       {EXT "><e:Event>x</e:Event>"}, "http://old"},
      {OPEN "<rdf:Description rdf:about='' " EXT "><e:DigitalSourceType rdf:resource='http://old'/>"
            "</rdf:Description>" CLOSE, {EXT "></rdf:Description>"}, "http://old"},
      /* The same names elsewhere: in another namespace, and deeper. */
      {OPEN "<rdf:Description rdf:about='' xmlns:e='urn:other' e:DigitalSourceType='other'/>" CLOSE,
       {"e:DigitalSourceType='other'"}, NULL},
      {OPEN "<rdf:Description rdf:about='' " EXT " " DC "><e:Part rdf:parseType='Resource'>"
            "<e:DigitalSourceType>inner</e:DigitalSourceType></e:Part></rdf:Description>" CLOSE,
       {"<e:DigitalSourceType>inner</e:DigitalSourceType>"}, NULL},
      /* Stated twice in the eyes of Adobe's library, which keeps one of the two. */
      {OPEN "<rdf:Description rdf:about='' xmlns:t='http://ns.adobe.com/tiff/1.0/' "
            "xmlns:p='http://ns.adobe.com/xap/1.0/' t:Software='s' p:CreatorTool='c'/>" CLOSE,
       {"t:Software='s' p:CreatorTool='c'"}, NULL},
      {"<?xpacket begin='\xef\xbb\xbf' id='W5M0MpCehiHzreSzNTczkc9d'?><!-- <rdf:RDF> -->"
       "<rdf:RDF " RDF "><rdf:Description rdf:about=\"a'b\"><![CDATA[<&>]]></rdf:Description>"
       "</rdf:RDF><?xpacket end='w'?>", {"<![CDATA[<&>]]>", "rdf:about=\"a'b\"><Iptc"}, NULL},
  };
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    assert_true(kz__xmp_readable(cases[i].packet, strlen(cases[i].packet)));
    char *out = state(cases[i].packet, strlen(cases[i].packet));
    for (int k = 0; k < 3 && cases[i].stays[k]; k++)
      if (!strstr(out, cases[i].stays[k])) fail_msg("%zu: no %s in %s", i, cases[i].stays[k], out);
    if (cases[i].goes && strstr(out, cases[i].goes)) fail_msg("%zu: %s", i, out);
    assert_int_equal(times(out, TYPE "<"), 1);
    assert_int_equal(times(out, ">" RECORD "<"), 1);
    assert_true(kz__xmp_readable(out, strlen(out)));
    /* Said again, it is said once. */
    char *again = state(out, strlen(out));
    assert_int_equal(times(again, TYPE "<"), 1);
    assert_int_equal(times(again, ">" RECORD "<"), 1);
    free(again);
    free(out);
  }
}

/* Without what is added, every byte is there. */
static void test_byte_by_byte(void **state_) {
  (void)state_;
  static const char whole[] =
      OPEN "<rdf:Description rdf:about='' " DC " dc:format='a'/>\t\r\n" CLOSE;
  size_t tail = sizeof CLOSE - 1, n = sizeof whole - 1 - tail;
  char *out = state(whole, n + tail);
  assert_memory_equal(out, whole, n);
  assert_string_equal(out + strlen(out) - tail, CLOSE);
  free(out);
}

/* One of the two, and none. */
static void test_one(void **state_) {
  (void)state_;
  static const char packet[] = OPEN "<rdf:Description rdf:about=''/>" CLOSE;
  size_t size = sizeof packet - 1;
  char *out = kz__xmp_state(packet, &size, NULL, RECORD);
  assert_null(strstr(out, "<Iptc4xmpExt:"));
  assert_int_equal(times(out, RECORD), 1);
  free(out);
  size = sizeof packet - 1;
  out = kz__xmp_state(packet, &size, TYPE, NULL);
  assert_null(strstr(out, "<dc:relation>"));
  assert_int_equal(times(out, TYPE), 1);
  free(out);
  size = 0;
  out = kz__xmp_state(NULL, &size, TYPE, RECORD);
  assert_int_equal(strlen(out), size);
  assert_true(kz__xmp_readable(out, size));
  free(out);
}

/* Of what is not readable the bytes are kept, as base64. */
static void test_unread(void **state_) {
  (void)state_;
  static const char *const packets[] = {
      "rubbish", "<", "<x", "</", "<>", "</>", "<a", "<a/>", "<!DOCTYPE a><a/>", "\xff\xfe<a/>",
      "<x:xmpmeta xmlns:x='adobe:ns:meta/'><a>kizil</a></x:xmpmeta>",
      OPEN "<rdf:Description rdf:about=''/></rdf:RDF>", /* not closed */
      OPEN "<rdf:Description rdf:about='' foo:bar='1'/>" CLOSE, /* not declared */
      OPEN "<rdf:Description rdf:about='&nbsp;'/>" CLOSE,
      OPEN "<rdf:Description rdf:about='' x/>" CLOSE,
      OPEN "<rdf:Description rdf:about='' " DC "><dc:relation rdf:resource='u'/></rdf:Description>"
      CLOSE,
      OPEN CLOSE OPEN CLOSE, /* two */
  };
  for (size_t i = 0; i < sizeof packets / sizeof packets[0]; i++) {
    size_t size;
    if (kz__xmp_readable(packets[i], strlen(packets[i]))) fail_msg("read: %s", packets[i]);
    char *out = state(packets[i], strlen(packets[i]));
    assert_true(kz__xmp_readable(out, strlen(out)));
    char *kept = strstr(out, "<kizil:UnreadXMP>");
    assert_non_null(kept);
    char *end = strstr(kept, "</kizil:UnreadXMP>");
    assert_non_null(end);
    *end = 0;
    guchar *bytes = g_base64_decode(kept + strlen("<kizil:UnreadXMP>"), &size);
    assert_int_equal(size, strlen(packets[i]));
    assert_memory_equal(bytes, packets[i], size);
    g_free(bytes);
    free(out);
  }
}

/* Cut anywhere, or with any byte changed, it is read or kept, and nothing beyond it is touched. */
static void test_damaged(void **state_) {
  (void)state_;
  static const char whole[] =
      "<?xpacket begin='' id='W5M0MpCehiHzreSzNTczkc9d'?>" OPEN "<rdf:Description rdf:about='' " DC
      " " EXT " e:DigitalSourceType='o' dc:format='&lt;'><dc:relation><rdf:Bag><rdf:li>other"
      "</rdf:li></rdf:Bag></dc:relation><!-- c --></rdf:Description>" CLOSE "<?xpacket end='w'?>";
  size_t n = sizeof whole - 1;
  static const char others[] = "<>/'\"&= :\0\xff";
  char copy[sizeof whole];
  for (size_t i = 0; i < n; i++) {
    free(state(whole, i));
    for (size_t k = 0; k < sizeof others - 1; k++) {
      memcpy(copy, whole, sizeof whole);
      copy[i] = others[k];
      char *out = state(copy, n);
      assert_true(kz__xmp_readable(out, strlen(out)));
      free(out);
    }
  }
  memcpy(copy, whole, sizeof whole);
  assert_true(kz__xmp_readable(copy, sizeof whole)); /* a zero behind it is no damage */
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_extended), cmocka_unit_test(test_byte_by_byte),
      cmocka_unit_test(test_one), cmocka_unit_test(test_unread), cmocka_unit_test(test_damaged),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
