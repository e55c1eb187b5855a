/*
 * The page-fault limit: what the first touch of BYTES costs, without any arithmetic.
 *   faults BYTES        prints the figures
 *   faults BYTES warm   touches private memory and leaves, so that the host has given the pages before others are timed
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define HUGE_PAGE ((size_t)2 << 20)
#define PAGE ((size_t)4096)
#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25
#endif

static double now_ms(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1e3 + t.tv_nsec / 1e6;
}

static char *map(size_t bytes, int kind) {
  char *room = mmap(0, bytes + HUGE_PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (room == MAP_FAILED) exit(2);
  char *at = (char *)(((size_t)room + HUGE_PAGE - 1) & ~(HUGE_PAGE - 1));
  at = mmap(at, bytes, PROT_READ | PROT_WRITE, kind | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
  if (at == MAP_FAILED) exit(2);
  return at;
}

static void touch(volatile char *at, size_t bytes, size_t step) {
  for (size_t k = 0; k < bytes; k += step) at[k] = 1;
}

/* Two processes touch a half each: what np = 2 can at best get out of a mapping. */
static double touch_by_two(char *at, size_t bytes) {
  double start = now_ms();
  for (int half = 0; half < 2; half++) {
    if (fork() == 0) {
      touch(at + half * (bytes / 2), bytes / 2, PAGE);
      _exit(0);
    }
  }
  while (wait(0) > 0);
  return now_ms() - start;
}

int main(int argc, char **argv) {
  size_t bytes = argc > 1 ? strtoull(argv[1], 0, 10) : (size_t)1 << 30;
  if (argc > 2) {
    char *at = map(bytes, MAP_PRIVATE);
    madvise(at, bytes, MADV_HUGEPAGE);
    touch(at, bytes, PAGE);
    return 0;
  }
  double small = 1e9, small_by_two = 1e9, collapsed = 1e9, collapsed_by_two = 1e9, huge = 1e9;
  int refused = 0;
  for (int k = 0; k < 3; k++) {
    char *at = map(bytes, MAP_SHARED);
    double start = now_ms();
    touch(at, bytes, PAGE);
    double ms = now_ms() - start;
    if (ms < small) small = ms;
    munmap(at, bytes);

    at = map(bytes, MAP_SHARED);
    ms = touch_by_two(at, bytes);
    if (ms < small_by_two) small_by_two = ms;
    munmap(at, bytes);

    at = map(bytes, MAP_SHARED);
    start = now_ms();
    touch(at, bytes, HUGE_PAGE);
    refused |= madvise(at, bytes, MADV_COLLAPSE) != 0;
    ms = now_ms() - start;
    if (ms < collapsed) collapsed = ms;
    ms = touch_by_two(at, bytes);
    if (ms < collapsed_by_two) collapsed_by_two = ms;
    munmap(at, bytes);

    at = map(bytes, MAP_PRIVATE);
    madvise(at, bytes, MADV_HUGEPAGE);
    start = now_ms();
    touch(at, bytes, PAGE);
    ms = now_ms() - start;
    if (ms < huge) huge = ms;
    munmap(at, bytes);
  }
  printf("BENCH {\"shared4KMs\":%.2f,\"shared4KByTwoMs\":%.2f,\"sharedHugeMs\":%.2f,\"sharedHugeByTwoMs\":%.2f,"
         "\"hugeRefused\":%d,\"privateHugeMs\":%.2f}\n",
         small, small_by_two, collapsed, collapsed_by_two, refused, huge);
  return 0;
}
