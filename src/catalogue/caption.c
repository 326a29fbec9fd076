/* Captions made of what is known: first all drafts, from facts, then, where a template asks for
 * colours, picture by picture. A draft and the view of the picture decide what a caption says, so
 * their hash is kept with it, and what is as it would be made is not decoded again; so a run that
 * was interrupted goes on where it was. */
#include "catalogue/caption.h"

#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/sha256.h"
#include "catalogue/show.h"
#include "feature/caption_text.h"

enum { BATCH = 64, LANGUAGES = 2, BOTH = 2 };
/* The points looked at are the file's own pixels up to this size; beyond it is reduced first. */
enum { LARGEST_SIDE = 2048 };

static const char *const choices[] = {"en", "zh", "both", NULL};
#define FIELD(name) offsetof(struct kz_catalogue_caption_options, name)
const struct kz_param kz_catalogue_caption_params[] = {
    {.name = "lang", .type = KZ_PARAM_CHOICE, .offset = FIELD(language), .choices = choices,
     .def = BOTH, .max = BOTH, .help = "English, Chinese, or both"},
    {.name = "anew", .type = KZ_PARAM_BOOL, .offset = FIELD(anew), .max = 1,
     .help = "make those again that were made of the same facts and template"},
    {0}};

struct job {
  int64_t image;
  char *path;
  struct kz_view view;
  int side;              /* the shorter, px */
  char *draft[LANGUAGES]; /* NULL: none is asked for */
};

struct making {
  struct kz_catalogue *c;
  const struct kz_catalogue_caption_options *o;
  const struct kz_catalogue_host *host;
  struct kz_catalogue_captioned *done;
  char *template[LANGUAGES]; /* NULL: not this language */
  struct job *jobs;
  int count, room;
  sqlite3_stmt *recipe, *insert, *forget;
  double began, committed;
  int waiting;                                   /* jobs since the last commit */
  uint8_t points[KZ__CAPTION_GRID * KZ__CAPTION_GRID * 3];
};

static int no_memory(const struct making *m, struct kz_err *err) {
  return kz_err_set(err, KZ_ENOMEM, "%s: no memory for captions", m->c->path);
}

/* ---- drafts ---- */

static void make_recipe(const char *draft, const struct kz_view *v, char hex[65]) {
  struct kz_sha256 h;
  char view[200];
  int n = snprintf(view, sizeof view, "1 %d %d %d %d %d %d %.6g %.6g %.6g ", v->x, v->y, v->w, v->h,
                   v->orientation, v->to_srgb, v->gain[0], v->gain[1], v->gain[2]);
  kz_sha256_init(&h);
  kz_sha256_add(&h, view, (size_t)n);
  kz_sha256_add(&h, draft, strlen(draft));
  kz_sha256_hex(&h, hex);
}

/* 1: the catalogue has the caption of this draft already. */
static int is_made(struct making *m, const struct job *job, int language, struct kz_err *err) {
  char hex[65];
  make_recipe(job->draft[language], &job->view, hex);
  sqlite3_bind_int64(m->recipe, 1, job->image);
  sqlite3_bind_text(m->recipe, 2, kz__caption_languages[language], -1, SQLITE_STATIC);
  sqlite3_bind_text(m->recipe, 3, hex, -1, SQLITE_STATIC);
  int code = kz__db_step(m->c, m->recipe, err);
  sqlite3_reset(m->recipe);
  return code;
}

static int draft(struct making *m, const struct kz_catalogue_entry *e, struct job *job,
                 struct kz_err *err) {
  char text[KZ_CAPTION_MOST];
  int code = 0;
  for (int l = 0; l < LANGUAGES && code >= 0; l++) {
    if (!m->template[l]) continue;
    kz__caption_draft(text, m->template[l], (enum kz_language)l, e->facts, e->fact_count);
    job->draft[l] = strdup(text);
    if (!job->draft[l]) return no_memory(m, err);
    code = m->o->anew ? 0 : is_made(m, job, l, err);
    if (code != 1) continue;
    m->done->kept++;
    free(job->draft[l]);
    job->draft[l] = NULL;
  }
  return code < 0 ? code : 0;
}

static void release_job(struct job *job) {
  for (int l = 0; l < LANGUAGES; l++) free(job->draft[l]);
  free(job->path);
}

static int take_image(void *user, const struct kz_catalogue_entry *e, struct kz_err *err) {
  struct making *m = user;
  if (m->host && m->host->stop && m->host->stop(m->host->user))
    return kz_err_set(err, KZ_EINTR, "interrupted");
  if (m->count == m->room) {
    int room = m->room ? 2 * m->room : 256;
    struct job *grown = realloc(m->jobs, (size_t)room * sizeof *grown);
    if (!grown) return no_memory(m, err);
    m->jobs = grown;
    m->room = room;
  }
  int w = e->view.w ? e->view.w : e->width, h = e->view.w ? e->view.h : e->height;
  struct job *job = &m->jobs[m->count];
  *job = (struct job){.image = e->image, .view = e->view, .side = w < h ? w : h};
  m->done->images++;
  int code = draft(m, e, job, err);
  bool wanted = job->draft[0] || job->draft[1];
  if (!code && wanted) {
    job->path = strdup(e->path);
    if (!job->path) code = no_memory(m, err);
  }
  if (!code && wanted) m->count++;
  else release_job(job);
  return code;
}

/* ---- writing ---- */

static int put(struct making *m, const struct job *job, int language, const char *text,
               struct kz_err *err) {
  char hex[65];
  sqlite3_stmt *s = *text ? m->insert : m->forget; /* nothing is known, nothing is said */
  make_recipe(job->draft[language], &job->view, hex);
  sqlite3_bind_int64(s, 1, job->image);
  sqlite3_bind_text(s, 2, kz__caption_languages[language], -1, SQLITE_STATIC);
  if (*text) {
    sqlite3_bind_text(s, 3, text, -1, SQLITE_STATIC);
    sqlite3_bind_text(s, 4, hex, -1, SQLITE_STATIC);
    m->done->made++;
  }
  return kz__db_run(m->c, s, err);
}

static bool asks_for_colours(const struct job *job) {
  for (int l = 0; l < LANGUAGES; l++)
    if (job->draft[l] && strchr(job->draft[l], KZ__CAPTION_PALETTE)) return true;
  return false;
}

static int look(struct making *m, const struct job *job, int *w, int *h, struct kz_err *why) {
  struct kz_pixels pixels = {0};
  int side = job->side > LARGEST_SIDE ? LARGEST_SIDE : 0;
  int code = kz_pixels_load_view(job->path, &job->view, side, 0, &pixels, why);
  if (!code) kz__caption_points(&pixels, m->points, w, h);
  kz_pixels_release(&pixels);
  return code;
}

static void tell_failed(struct making *m, const struct job *job, const char *why) {
  char *shown = kz__show(why, strlen(why));
  m->done->failed++;
  if (m->host && m->host->failed) m->host->failed(m->host->user, shown ? shown : job->path);
  free(shown);
}

static int finish(struct making *m, const struct job *job, struct kz_err *err) {
  char colours[KZ_CAPTION_MOST], text[KZ_CAPTION_MOST];
  struct kz_err why = {0};
  int w = 0, h = 0;
  int code = asks_for_colours(job) ? look(m, job, &w, &h, &why) : 0;
  if (code == KZ_ENOMEM) return kz_err_set(err, code, "%s", why.msg);
  if (code) {
    tell_failed(m, job, why.msg);
    return 0;
  }
  for (int l = 0; l < LANGUAGES && !code; l++) {
    if (!job->draft[l]) continue;
    colours[0] = 0;
    if (w) kz_caption_write(colours, (enum kz_language)l, NULL, w, h, m->points, NULL);
    kz__caption_finish(text, job->draft[l], colours);
    code = put(m, job, l, text, err);
  }
  return code;
}

/* ---- all of it ---- */

static int commit_some(struct making *m, bool all, struct kz_err *err) {
  double now = kz_now();
  if (!all && m->waiting < BATCH && now - m->committed < 1) return 0;
  m->waiting = 0;
  m->committed = now;
  int code = kz__db_end(m->c, 0, err);
  if (!code && !all) code = kz__db_begin(m->c, err);
  return code;
}

static void tell_progress(const struct making *m, int at) {
  const struct kz_catalogue_progress p = {
      .found = m->count, .done = at, .images = m->done->made, .seconds = kz_now() - m->began};
  if (m->host && m->host->progress) m->host->progress(m->host->user, &p);
}

/* After a stop all that was finished stays, after an error what was committed. */
static int finish_all(struct making *m, struct kz_err *err) {
  int code = kz__db_begin(m->c, err);
  if (code) return code;
  for (int i = 0; i < m->count && !code; i++) {
    tell_progress(m, i);
    if (m->host && m->host->stop && m->host->stop(m->host->user))
      code = kz_err_set(err, KZ_EINTR, "interrupted; the next run goes on");
    if (!code) code = finish(m, &m->jobs[i], err);
    m->waiting++;
    if (!code) code = commit_some(m, false, err);
  }
  if (sqlite3_get_autocommit(m->c->db)) return code;
  int ended = kz__db_end(m->c, code == KZ_EINTR ? 0 : code, code == KZ_EINTR ? NULL : err);
  return code ? code : ended;
}

static int prepare(struct making *m, struct kz_err *err) {
  int code = kz__db_prepare(m->c,
                            "SELECT 1 FROM caption WHERE image = ?1 AND language = ?2"
                            " AND source = 'made' AND recipe = ?3",
                            &m->recipe, err);
  if (!code)
    code = kz__db_prepare(m->c,
                          "INSERT OR REPLACE INTO caption(image, language, source, text, recipe)"
                          " VALUES(?1, ?2, 'made', ?3, ?4)",
                          &m->insert, err);
  if (!code)
    code = kz__db_prepare(m->c,
                          "DELETE FROM caption WHERE image = ?1 AND language = ?2"
                          " AND source = 'made'",
                          &m->forget, err);
  for (int l = 0; l < LANGUAGES && !code; l++)
    if (m->o->language == BOTH || m->o->language == l)
      code = kz__caption_template(m->c, (enum kz_language)l, &m->template[l], err);
  return code;
}

static void release(struct making *m) {
  sqlite3_finalize(m->recipe);
  sqlite3_finalize(m->insert);
  sqlite3_finalize(m->forget);
  for (int l = 0; l < LANGUAGES; l++) free(m->template[l]);
  for (int i = 0; i < m->count; i++) release_job(&m->jobs[i]);
  free(m->jobs);
  free(m);
}

int kz_catalogue_caption(struct kz_catalogue *c, const struct kz_catalogue_caption_options *o,
                         const struct kz_catalogue_host *host,
                         struct kz_catalogue_captioned *done, struct kz_err *err) {
  *done = (struct kz_catalogue_captioned){0};
  struct making *m = calloc(1, sizeof *m);
  if (!m) return kz_err_set(err, KZ_ENOMEM, "%s: no memory for captions", c->path);
  m->c = c;
  m->o = o;
  m->host = host;
  m->done = done;
  m->began = m->committed = kz_now();
  int code = prepare(m, err);
  if (!code) code = kz_catalogue_each(c, NULL, take_image, m, err);
  if (!code && m->count) code = finish_all(m, err);
  done->seconds = kz_now() - m->began;
  release(m);
  return code;
}
