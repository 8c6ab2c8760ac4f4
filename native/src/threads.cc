#include "threads.h"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <dirent.h>
#include <pthread.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "args.h"

namespace daybook {

namespace {

// 0 or an errno. A thread that has ended is none.
int keep_off(pid_t thread, size_t cpu) {
  cpu_set_t set;
  if (sched_getaffinity(thread, sizeof set, &set) != 0) return errno == ESRCH ? 0 : errno;
  if (!CPU_ISSET(cpu, &set)) return 0;
  CPU_CLR(cpu, &set);
  if (CPU_COUNT(&set) == 0) return 0;
  return sched_setaffinity(thread, sizeof set, &set) == 0 || errno == ESRCH ? 0 : errno;
}

}  // namespace

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

// avoidCpu(cpu): every thread of the process, and every one that they start, runs anywhere else: V8 collects and
// compiles in threads of its own, for milliseconds. Who has no other processor is left alone.
napi_value avoid_cpu(napi_env env, napi_callback_info info) {
  Args args(env, info, 1);
  const auto cpu = static_cast<size_t>(args.integer(0, 0, CPU_SETSIZE - 1));
  if (!args.ok()) return nullptr;
  DIR* threads = opendir("/proc/self/task");
  if (threads == nullptr) return throw_errno(env, errno, "opendir");
  int error = 0;
  while (const dirent* entry = readdir(threads)) {
    const int id = atoi(entry->d_name);
    if (id > 0 && error == 0) error = keep_off(id, cpu);
  }
  closedir(threads);
  return error == 0 ? nullptr : throw_errno(env, error, "sched_setaffinity");
}

namespace {

napi_value boolean(napi_env env, bool value) {
  napi_value result = nullptr;
  napi_get_boolean(env, value, &result);
  return result;
}

// As the kernel has it; not in every libc.
struct SchedulingAttributes {
  uint32_t size = sizeof(SchedulingAttributes);
  uint32_t policy = 0;
  uint64_t flags = 0;
  int32_t nice = 0;
  uint32_t priority = 0;
  uint64_t runtime = 0;
  uint64_t deadline = 0;
  uint64_t period = 0;
};

}  // namespace

// idleThread(id): that thread, 0 the calling one, runs when nothing else wants the processor, and makes way
// at once. True when the kernel agreed; there is no way back without privileges.
napi_value idle_thread(napi_env env, napi_callback_info info) {
  Args args(env, info, 1);
  const int64_t id = args.integer(0, 0, INT32_MAX);
  if (!args.ok()) return nullptr;
  const sched_param none = {};
  return boolean(env, sched_setscheduler(static_cast<pid_t>(id), SCHED_IDLE, &none) == 0);
}

// nameThread(name): the calling thread's, as `top -H` and `perf` show it; 15 bytes at most.
napi_value name_thread(napi_env env, napi_callback_info info) {
  Args args(env, info, 1);
  if (!args.ok()) return nullptr;
  char name[16] = {};
  size_t length = 0;
  if (napi_get_value_string_utf8(env, args.raw(0), name, sizeof name, &length) != napi_ok) {
    return args.fail("nameThread: a name");
  }
  pthread_setname_np(pthread_self(), name);
  return nullptr;
}

// promptThread(us): the calling thread asks for slices that short. Since Linux 6.12 a thread that wakes
// then interrupts the slice of one that asked for a longer one; its share of the processor is the same.
// Older kernels change nothing. True when the kernel took it.
napi_value prompt_thread(napi_env env, napi_callback_info info) {
  Args args(env, info, 1);
  const int64_t us = args.integer(0, 100, 100'000);
  if (!args.ok()) return nullptr;
  SchedulingAttributes attributes;
  if (syscall(SYS_sched_getattr, 0, &attributes, sizeof attributes, 0) != 0) return boolean(env, false);
  if (attributes.policy != SCHED_OTHER) return boolean(env, false);
  attributes.runtime = static_cast<uint64_t>(us) * 1000;
  return boolean(env, syscall(SYS_sched_setattr, 0, &attributes, 0) == 0);
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
  return boolean(env, agreed);
}

// readClocks(typedArray): two doubles, ms: CLOCK_MONOTONIC, and the processor time of the calling thread, which
// stands still while others have the processor. Into memory, because a number that is returned is allocated.
napi_value read_clocks(napi_env env, napi_callback_info info) {
  Args args(env, info, 1);
  const Memory memory = args.memory(0);
  if (!args.ok()) return nullptr;
  if (memory.bytes < 2 * sizeof(double)) {
    napi_throw_range_error(env, nullptr, "readClocks: room for two doubles");
    return nullptr;
  }
  timespec used = {};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
  const double ms[2] = {monotonic_ms_now(),
                        static_cast<double>(used.tv_sec) * 1e3 + static_cast<double>(used.tv_nsec) / 1e6};
  std::memcpy(memory.data, ms, sizeof ms);
  return nullptr;
}

// The clock of `performance.now()`, with another zero.
napi_value monotonic_ms(napi_env env, napi_callback_info) { return number(env, monotonic_ms_now()); }

// readMonotonic(typedArray): the same into memory.
napi_value read_monotonic(napi_env env, napi_callback_info info) {
  Args args(env, info, 1);
  const Memory memory = args.memory(0);
  if (!args.ok()) return nullptr;
  const double ms = monotonic_ms_now();
  if (memory.bytes < sizeof ms) return args.fail("readMonotonic: room for a double");
  std::memcpy(memory.data, &ms, sizeof ms);
  return nullptr;
}

}  // namespace daybook
