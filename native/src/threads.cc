#include "threads.h"

#include <cerrno>
#include <ctime>
#include <sched.h>
#include <sys/mman.h>

#include "args.h"

namespace daybook {

// pinThread(cpu): the calling thread runs there and nowhere else. Memory that it touches first then
// comes from that processor's node.
napi_value pin_thread(napi_env env, napi_callback_info info) {
  Args args(env, info, 1);
  const auto cpu = static_cast<size_t>(args.integer(0, 0, CPU_SETSIZE - 1));
  if (!args.ok()) return nullptr;
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(cpu, &set);
  if (sched_setaffinity(0, sizeof set, &set) != 0) return throw_errno(env, errno, "sched_setaffinity");
  return nullptr;
}

double monotonic_ms_now() {
  timespec now = {};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<double>(now.tv_sec) * 1e3 + static_cast<double>(now.tv_nsec) / 1e6;
}

// useHugePages(typedArray, populate): asks for large pages under the memory, and with `populate` for all
// of them now. True when the kernel agreed; memory is the same either way.
napi_value use_huge_pages(napi_env env, napi_callback_info info) {
  Args args(env, info, 2);
  const Memory memory = args.memory(0);
  const bool populate = args.integer(1, 0, 1) == 1;
  if (!args.ok()) return nullptr;
  constexpr uintptr_t kPage = 4096;
  const auto begin = (reinterpret_cast<uintptr_t>(memory.data) + kPage - 1) & ~(kPage - 1);
  const auto end = (reinterpret_cast<uintptr_t>(memory.data) + memory.bytes) & ~(kPage - 1);
  bool agreed = false;
  if (end > begin) {
    auto* at = reinterpret_cast<void*>(begin);
    agreed = madvise(at, end - begin, MADV_HUGEPAGE) == 0;
#ifdef MADV_POPULATE_WRITE
    if (populate) agreed = madvise(at, end - begin, MADV_POPULATE_WRITE) == 0 && agreed;
#else
    (void)populate;
#endif
  }
  napi_value result = nullptr;
  napi_get_boolean(env, agreed, &result);
  return result;
}

// The clock of `performance.now()`, with another zero.
napi_value monotonic_ms(napi_env env, napi_callback_info) { return number(env, monotonic_ms_now()); }

}  // namespace daybook
