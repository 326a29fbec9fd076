/* Muon: see muon.h. Matrices of one shape share their plans; all share the buffers. */
#include "nn/muon.h"

#include <math.h>
#include <stdlib.h>

#define SMALLEST 32
#define STEPS 5
#define SILENT 1e-14 /* squared norm of a momentum without direction (a layer behind a zero) */
/* Jordan's coefficients: singular values from 0.001 to 1 end between 0.7 and 1.2. */
static const double identity = 3.4445, linear = -4.7750, square = 2.0315;

struct shape {
  int rows, cols;            /* of the matrix as stored */
  int n;                     /* the smaller: A is [n, n] */
  struct kz_matmul *gram;    /* A = X X^T, or X^T X of a tall X */
  struct kz_matmul *squared; /* A A */
  struct kz_matmul *apply;   /* P X, or X P of a tall X */
};

struct matrix {
  int param, shape;
};

struct kz_muon {
  struct kz_paramset *params;
  enum kz_dtype dtype;
  struct shape *shape;
  struct matrix *matrix;
  int shapes, matrices;
  void *x, *y;       /* the matrix, and its next */
  void *a, *aa, *p;  /* A, A A, the polynomial */
  void *scratch;
};

static bool matrix_of(const struct kz_paraminfo *i, int *rows, int *cols)
{
  if (i->rank < 2) return false;
  *rows = i->shape[0];
  *cols = (int)(i->count / i->shape[0]);
  return *rows >= SMALLEST && *cols >= SMALLEST;
}

static int plan(struct kz_muon *u, struct kz_matmul **out, int m, int n, int k, bool at, bool bt,
                struct kz_err *err)
{
  const struct kz_matmul_desc d = {.m = m, .n = n, .k = k, .a_transposed = at, .b_transposed = bt,
                                   .dtype = u->dtype};
  return u->params->backend->matmul_new(&d, out, err);
}

/* The index of the shape, made if it is new; negative: error. */
static int shape_of(struct kz_muon *u, int rows, int cols, struct kz_err *err)
{
  for (int i = 0; i < u->shapes; i++)
    if (u->shape[i].rows == rows && u->shape[i].cols == cols) return i;
  struct shape *s = &u->shape[u->shapes++];
  bool tall = rows > cols;
  int n = tall ? cols : rows, longer = tall ? rows : cols;
  *s = (struct shape){.rows = rows, .cols = cols, .n = n};
  int code = plan(u, &s->gram, n, n, longer, tall, !tall, err);
  if (!code) code = plan(u, &s->squared, n, n, n, false, false, err);
  if (!code) code = plan(u, &s->apply, rows, cols, n, false, false, err);
  return code ? code : u->shapes - 1;
}

static int find_matrices(struct kz_muon *u, struct kz_err *err)
{
  int rows, cols;
  for (int i = 0; i < u->params->len; i++) {
    if (!matrix_of(&u->params->info[i], &rows, &cols)) continue;
    int s = shape_of(u, rows, cols, err);
    if (s < 0) return s;
    u->matrix[u->matrices++] = (struct matrix){i, s};
  }
  return 0;
}

static size_t larger(size_t a, size_t b) { return a > b ? a : b; }

static int allocate(struct kz_muon *u, struct kz_err *err)
{
  const struct kz_backend *be = u->params->backend;
  size_t matrix = 0, gram = 0, scratch = 0, size = kz_dtype_size(u->dtype);
  for (int i = 0; i < u->shapes; i++) {
    const struct shape *s = &u->shape[i];
    const struct kz_matmul *plans[] = {s->gram, s->squared, s->apply};
    matrix = larger(matrix, (size_t)s->rows * (size_t)s->cols * size);
    gram = larger(gram, (size_t)s->n * (size_t)s->n * size);
    for (int k = 0; k < 3; k++) scratch = larger(scratch, be->matmul_scratch_size(plans[k]));
  }
  void **buffers[] = {&u->x, &u->y, &u->a, &u->aa, &u->p, &u->scratch};
  const size_t bytes[] = {matrix, matrix, gram, gram, gram, scratch};
  for (int i = 0; i < 6; i++)
    if ((*buffers[i] = be->alloc(bytes[i])) == NULL)
      return kz_err_set(err, KZ_ENOMEM, "out of memory for the optimiser");
  return 0;
}

int kz_muon_new(struct kz_paramset *params, enum kz_dtype dtype, struct kz_muon **out,
                struct kz_err *err)
{
  size_t most = (size_t)params->len + 1;
  struct kz_muon *u = calloc(1, sizeof *u);
  if (!u) return kz_err_set(err, KZ_ENOMEM, "out of memory for the optimiser");
  *u = (struct kz_muon){.params = params, .dtype = dtype};
  u->shape = calloc(most, sizeof *u->shape);
  u->matrix = calloc(most, sizeof *u->matrix);
  int code = u->shape && u->matrix ? find_matrices(u, err)
                                   : kz_err_set(err, KZ_ENOMEM, "out of memory for the optimiser");
  if (!code) code = allocate(u, err);
  if (code) kz_muon_free(u);
  else *out = u;
  return code;
}

void kz_muon_free(struct kz_muon *u)
{
  if (!u) return;
  const struct kz_backend *be = u->params->backend;
  for (int i = 0; i < u->shapes; i++) {
    be->matmul_free(u->shape[i].gram);
    be->matmul_free(u->shape[i].squared);
    be->matmul_free(u->shape[i].apply);
  }
  void *buffers[] = {u->x, u->y, u->a, u->aa, u->p, u->scratch};
  for (int i = 0; i < 6; i++)
    if (buffers[i]) be->free(buffers[i]);
  free(u->shape);
  free(u->matrix);
  free(u);
}

static double trace(enum kz_dtype t, int n, const void *a)
{
  double sum = 0;
  for (int64_t i = 0; i < n; i++)
    sum += t == KZ_F32 ? ((const float *)a)[i * (n + 1)]
                       : kz_bf16_to_f32(((const kz_bf16 *)a)[i * (n + 1)]);
  return sum;
}

/* y <- (c1 I + c3 A + c5 A^2) x, where `a` holds A; then x and y change places. */
static int newton_schulz(struct kz_muon *u, const struct shape *s, double c1, double c3, double c5,
                         struct kz_err *err)
{
  const struct kz_backend *be = u->params->backend;
  bool tall = s->rows > s->cols;
  int code = be->matmul(s->squared, u->a, u->a, u->aa, u->scratch, err);
  be->kernels->combine(u->dtype, s->n, (float)c1, (float)c3, (float)c5, u->a, u->aa, u->p);
  if (!code)
    code = be->matmul(s->apply, tall ? u->x : u->p, tall ? u->p : u->x, u->y, u->scratch, err);
  void *next = u->y;
  u->y = u->x;
  u->x = next;
  return code;
}

/* x <- about U V^T, or 0. The first step divides by the Frobenius norm, the root of A's trace, so
 * that all singular values are at most 1: in its coefficients, x itself is never scaled. */
static int orthogonalise(struct kz_muon *u, const struct shape *s, struct kz_err *err)
{
  const struct kz_backend *be = u->params->backend;
  for (int k = 0; k < STEPS; k++) {
    double norm = 1;
    int code = be->matmul(s->gram, u->x, u->x, u->a, u->scratch, err);
    if (!code && k == 0) {
      norm = trace(u->dtype, s->n, u->a);
      if (norm < SILENT) {
        be->kernels->fill(u->dtype, (int64_t)s->rows * s->cols, 0, u->x);
        return 0;
      }
    }
    double scale = 1 / sqrt(norm);
    if (!code)
      code = newton_schulz(u, s, identity * scale, linear * pow(scale, 3), square * pow(scale, 5),
                           err);
    if (code) return code;
  }
  return 0;
}

static int update_matrix(struct kz_muon *u, int at, const struct kz_adamw *a,
                         const struct kz_muon_turn *turn, struct kz_err *err)
{
  const struct kz_kernels *k = u->params->backend->kernels;
  const struct kz_paraminfo *i = &u->params->info[u->matrix[at].param];
  const struct shape *s = &u->shape[u->matrix[at].shape];
  const struct kz_momentum begin = {.count = i->count,
                                    .beta = (float)turn->momentum,
                                    .grad_scale = a->grad_scale,
                                    .m = a->m + i->offset,
                                    .g = a->g + i->offset,
                                    .dtype = u->dtype,
                                    .dst = u->x};
  k->momentum(&begin);
  if ((turn->step + at) % turn->interval) return 0;
  int code = orthogonalise(u, s, err);
  if (code) return code;
  double longer = s->rows > s->cols ? s->rows : s->cols, rate = a->rate * turn->interval;
  const struct kz_descent end = {.count = i->count,
                                 .rate = (float)(rate * 0.2 * sqrt(longer)),
                                 .decay = (float)(rate * a->decay),
                                 .ema_rate = (float)(1 - pow(1 - a->ema_rate, turn->interval)),
                                 .dtype = u->dtype,
                                 .u = u->x,
                                 .w = a->w + i->offset,
                                 .ema = a->ema ? a->ema + i->offset : NULL};
  k->descent(&end);
  return 0;
}

/* AdamW over what lies between two matrices. */
static void update_rest(const struct kz_muon *u, const struct kz_adamw *a, int64_t begin,
                        int64_t end)
{
  struct kz_adamw part = *a;
  if (begin == end) return;
  part.count = end - begin;
  part.w += begin;
  part.m += begin;
  part.v += begin;
  part.g += begin;
  if (part.ema) part.ema += begin;
  u->params->backend->kernels->adamw(&part);
}

int kz_muon_update(struct kz_muon *u, const struct kz_adamw *a, const struct kz_muon_turn *turn,
                   struct kz_err *err)
{
  int64_t done = 0;
  for (int i = 0; i < u->matrices; i++) {
    const struct kz_paraminfo *p = &u->params->info[u->matrix[i].param];
    update_rest(u, a, done, p->offset);
    int code = update_matrix(u, i, a, turn, err);
    if (code) return code;
    done = p->offset + p->count;
  }
  update_rest(u, a, done, a->count);
  return 0;
}
