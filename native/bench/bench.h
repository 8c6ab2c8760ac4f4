// What the programs of the benches have in common.
#ifndef DAYBOOK_BENCH_H
#define DAYBOOK_BENCH_H

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>

[[noreturn]] inline void die(const char* what) {
  perror(what);
  exit(1);
}

inline uint64_t now_ns() {
  timespec now = {};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<uint64_t>(now.tv_sec) * 1'000'000'000u + static_cast<uint64_t>(now.tv_nsec);
}

#endif
