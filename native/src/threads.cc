#include "threads.h"

#include <cerrno>
#include <ctime>
#include <sched.h>

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

// The clock of `performance.now()`, with another zero.
napi_value monotonic_ms(napi_env env, napi_callback_info) { return number(env, monotonic_ms_now()); }

}  // namespace daybook
