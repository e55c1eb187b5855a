/* Argsort of doubles by partition and radix, the algorithm of src/sort, with threads; and LSD radix of 8 bits, alone.
   gcc -O3 -march=native -pthread argsort.c; argsort N THREADS CALLS ALGORITHM (0 partition and radix, 1 LSD radix): a
   first call and so many later ones, ns per element. Scratch memory is kept from call to call, as in src/sort. */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#define CELLS 65536
#define DIGIT 4096
#define MOST 32768
#define MAX_THREADS 16

typedef struct { uint32_t word, index; } pair;

static size_t n;
static int threads;
static const uint64_t *input;
static uint32_t *out;
static pair *pairs;
static uint32_t (*rows)[CELLS];
static uint64_t least[MAX_THREADS], most[MAX_THREADS];
static uint32_t start[CELLS + 1], base[CELLS], of_cell[CELLS];
static uint8_t width[CELLS];
static int buckets, shift;
static size_t claimed;
static pthread_barrier_t met;

static double now_ms(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1e3 + t.tv_nsec / 1e6;
}

/* An order-preserving key of a double that is not NaN. */
static inline uint64_t key(uint64_t bits) { return bits ^ ((uint64_t)((int64_t)bits >> 63) | 1ULL << 63); }

static void *huge(size_t bytes) {
  void *p = aligned_alloc(1 << 21, (bytes + (1 << 21) - 1) >> 21 << 21);
  madvise(p, bytes, MADV_HUGEPAGE);
  return p;
}

static void make_buckets(void) {
  size_t position = 0, size = 0;
  int first = 0;
  buckets = -1;
  for (int cell = 0; cell < CELLS; cell++) {
    size_t count = 0;
    for (int t = 0; t < threads; t++) count += rows[t][cell];
    if (buckets < 0 || (size > 0 && size + count > MOST)) {
      if (buckets >= 0) width[buckets] = 0;
      first = cell;
      base[++buckets] = (uint32_t)first << shift;
      start[buckets] = position;
      size = 0;
    }
    of_cell[cell] = buckets;
    size += count;
    position += count;
  }
  start[++buckets] = position;
  base[buckets] = (uint32_t)CELLS << shift;
  for (int b = 0; b < buckets; b++) {
    uint64_t span = b + 1 == buckets ? ((uint64_t)CELLS << shift) - base[b] : base[b + 1] - base[b];
    int bits = 0;
    while (bits < 31 && (1ULL << bits) < span) bits++;
    width[b] = bits;
  }
}

static void sort_bucket(pair *p, uint32_t count, pair *a, pair *b, uint32_t *to) {
  uint32_t low[DIGIT] = { 0 }, high[DIGIT] = { 0 };
  for (uint32_t i = 0; i < count; i++) low[p[i].word >> 8 & 4095]++, high[p[i].word >> 20]++;
  for (uint32_t d = 0, x = 0, y = 0; d < DIGIT; d++) {
    uint32_t c = low[d];
    low[d] = x, x += c;
    c = high[d], high[d] = y, y += c;
  }
  for (uint32_t i = 0; i < count; i++) a[low[p[i].word >> 8 & 4095]++] = p[i];
  for (uint32_t i = 0; i < count; i++) b[high[a[i].word >> 20]++] = a[i];
  for (uint32_t i = 1; i < count; i++) {
    if (b[i].word > b[i - 1].word) continue;
    pair q = b[i];
    uint64_t k = key(input[q.index]);
    uint32_t j = i;
    while (j > 0 && (b[j - 1].word > q.word || (b[j - 1].word == q.word && key(input[b[j - 1].index]) > k))) {
      b[j] = b[j - 1], j--;
    }
    b[j] = q;
  }
  for (uint32_t i = 0; i < count; i++) to[i] = b[i].index;
}

static void *work(void *argument) {
  int t = (int)(intptr_t)argument;
  size_t from = n * t / threads, to = n * (t + 1) / threads;
  uint64_t min = ~0ULL, max = 0;
  for (size_t i = from; i < to; i++) {
    uint64_t k = key(input[i]);
    min = k < min ? k : min, max = k > max ? k : max;
  }
  least[t] = min, most[t] = max;
  pthread_barrier_wait(&met);
  for (int o = 0; o < threads; o++) min = least[o] < min ? least[o] : min, max = most[o] > max ? most[o] : max;
  uint32_t low = min >> 32, range = (uint32_t)(max >> 32) - low;
  int s = 0;
  while (range >> s >= CELLS) s++;
  uint32_t *row = rows[t];
  memset(row, 0, sizeof rows[t]);
  for (size_t i = from; i < to; i++) row[((uint32_t)(key(input[i]) >> 32) - low) >> s]++;
  if (t == 0) shift = s;
  pthread_barrier_wait(&met);
  if (t == 0) make_buckets(), claimed = 0;
  pthread_barrier_wait(&met);
  uint32_t *next = malloc(sizeof(uint32_t) * (buckets + 1));
  memcpy(next, start, sizeof(uint32_t) * (buckets + 1));
  for (int o = 0; o < t; o++) for (int c = 0; c < CELLS; c++) next[of_cell[c]] += rows[o][c];
  for (size_t i = from; i < to; i++) {
    uint64_t k = key(input[i]);
    uint32_t q = (uint32_t)(k >> 32) - low, b = of_cell[q >> s];
    uint32_t word = (uint32_t)((((uint64_t)(q - base[b]) << 32) | (uint32_t)k) >> width[b]);
    pairs[next[b]++] = (pair){ word, (uint32_t)i };
  }
  free(next);
  pthread_barrier_wait(&met);
  pair *a = malloc(sizeof(pair) * n / 8 + sizeof(pair) * 2 * MOST), *b = malloc(sizeof(pair) * n / 8 + sizeof(pair) * 2 * MOST);
  for (;;) {
    size_t k = __atomic_fetch_add(&claimed, 1, __ATOMIC_RELAXED);
    if (k >= (size_t)buckets) break;
    sort_bucket(pairs + start[k], start[k + 1] - start[k], a, b, out + start[k]);
  }
  free(a), free(b);
  return 0;
}

static void partitioned(void) {
  pthread_t others[MAX_THREADS];
  if (pairs == 0) pairs = huge(sizeof(pair) * n), rows = huge(sizeof *rows * threads);
  for (int t = 1; t < threads; t++) pthread_create(&others[t], 0, work, (void *)(intptr_t)t);
  work(0);
  for (int t = 1; t < threads; t++) pthread_join(others[t], 0);
}

typedef struct { uint64_t key; uint64_t index; } wide;

static void lsd(void) {
  static wide *a, *b;
  if (a == 0) a = huge(sizeof(wide) * n), b = huge(sizeof(wide) * n);
  static uint32_t counts[8][256];
  memset(counts, 0, sizeof counts);
  for (size_t i = 0; i < n; i++) {
    a[i] = (wide){ key(input[i]), i };
    for (int d = 0; d < 8; d++) counts[d][a[i].key >> 8 * d & 255]++;
  }
  for (int d = 0; d < 8; d++) {
    uint32_t x = 0;
    for (int k = 0; k < 256; k++) { uint32_t c = counts[d][k]; counts[d][k] = x, x += c; }
    for (size_t i = 0; i < n; i++) b[counts[d][a[i].key >> 8 * d & 255]++] = a[i];
    wide *t = a; a = b, b = t;
  }
  for (size_t i = 0; i < n; i++) out[i] = a[i].index;
}

static int compare(const void *a, const void *b) { return (*(double *)a > *(double *)b) - (*(double *)a < *(double *)b); }

int main(int argc, char **argv) {
  if (argc != 5) return 2;
  n = (size_t)atof(argv[1]);
  threads = atoi(argv[2]);
  int calls = atoi(argv[3]), algorithm = atoi(argv[4]);
  if (threads < 1 || threads > MAX_THREADS || n < 2 || calls < 1) return 2;
  pthread_barrier_init(&met, 0, threads);
  double *x = huge(8 * n), cold = 0, *later = malloc(sizeof(double) * calls);
  uint32_t state = 2463534242u;
  for (size_t i = 0; i < n; i++) {
    double v[2];
    for (int k = 0; k < 2; k++) state ^= state << 13, state ^= state >> 17, state ^= state << 5, v[k] = state;
    x[i] = (v[0] + v[1] / 4294967296.0) / 4294967296.0;
  }
  input = (uint64_t *)x;
  out = huge(4 * n);
  for (int call = 0; call <= calls; call++) {
    double began = now_ms();
    algorithm == 0 ? partitioned() : lsd();
    double ns = (now_ms() - began) * 1e6 / n;
    if (call == 0) cold = ns;
    else later[call - 1] = ns;
    for (size_t i = 1; call == 0 && i < n; i++) if (x[out[i - 1]] > x[out[i]]) return 3;
  }
  qsort(later, calls, sizeof *later, compare);
  printf("BENCH {\"coldNs\":%.3f,\"medianNs\":%.3f,\"minNs\":%.3f}\n", cold, later[calls / 2], later[0]);
  return 0;
}
