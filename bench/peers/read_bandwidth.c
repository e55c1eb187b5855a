/*
 * The read limit: how fast 1, 2, … threads add up memory that is there, on huge pages.
 *   read_bandwidth CALLS BYTES THREADS
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>

typedef double lanes __attribute__((vector_size(64)));

struct part {
  const lanes *from;
  size_t count;
  double sum;
};

static double now_ms(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1e3 + t.tv_nsec / 1e6;
}

__attribute__((target("avx2"))) static void *add(void *argument) {
  struct part *part = argument;
  lanes s0 = {0}, s1 = {0}, s2 = {0}, s3 = {0};
  for (size_t i = 0; i + 4 <= part->count; i += 4) {
    s0 += part->from[i];
    s1 += part->from[i + 1];
    s2 += part->from[i + 2];
    s3 += part->from[i + 3];
  }
  s0 += s1 + (s2 + s3);
  for (int k = 0; k < 8; k++) part->sum += s0[k];
  return 0;
}

static int compare(const void *a, const void *b) {
  return (*(double *)a > *(double *)b) - (*(double *)a < *(double *)b);
}

int main(int count, char **arguments) {
  if (count != 4) return 2;
  int calls = atoi(arguments[1]), threads = atoi(arguments[3]);
  size_t bytes = strtoull(arguments[2], 0, 10);
  double *x = mmap(0, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (x == MAP_FAILED || calls < 1 || threads < 1 || threads > 64) return 2;
  madvise(x, bytes, MADV_HUGEPAGE);
  for (size_t i = 0; i < bytes / 8; i++) x[i] = i % 1024;
  double *times = malloc(calls * sizeof *times), sum = 0;
  for (int call = 0; call < calls; call++) {
    pthread_t ids[64];
    struct part parts[64];
    size_t each = bytes / 64 / threads;
    double start = now_ms();
    for (int k = 0; k < threads; k++) {
      parts[k] = (struct part){(const lanes *)x + k * each, each, 0};
      pthread_create(&ids[k], 0, add, &parts[k]);
    }
    for (int k = 0; k < threads; k++) {
      pthread_join(ids[k], 0);
      sum += parts[k].sum;
    }
    times[call] = now_ms() - start;
  }
  qsort(times, calls, sizeof *times, compare);
  double ms = times[calls / 2];
  printf("BENCH {\"bytes\":%zu,\"threads\":%d,\"ms\":%.3f,\"leastMs\":%.3f,\"GBs\":%.2f,\"sum\":%.0f}\n", bytes, threads,
         ms, times[0], bytes / ms / 1e6, sum);
  return 0;
}
