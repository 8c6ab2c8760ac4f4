// The native addon of the fast path. Each call works on a whole batch in memory that JavaScript
// handed over; nothing here knows about orders. src/lib/native-addon.ts states the interface.
#include <node_api.h>

#include "commit-thread.h"
#include "files.h"
#include "key-index.h"
#include "leaves.h"
#include "read-ahead.h"
#include "seal.h"
#include "tcp.h"
#include "threads.h"
#include "udp.h"

NAPI_MODULE_INIT() {
  using namespace daybook;
  const napi_property_descriptor calls[] = {
      {"fileWrite", nullptr, file_write, nullptr, nullptr, nullptr, napi_enumerable, nullptr},
      {"fileSync", nullptr, file_sync, nullptr, nullptr, nullptr, napi_enumerable, nullptr},
      {"pinThread", nullptr, pin_thread, nullptr, nullptr, nullptr, napi_enumerable, nullptr},
      {"avoidCpu", nullptr, avoid_cpu, nullptr, nullptr, nullptr, napi_enumerable, nullptr},
      {"idleThread", nullptr, idle_thread, nullptr, nullptr, nullptr, napi_enumerable, nullptr},
      {"nameThread", nullptr, name_thread, nullptr, nullptr, nullptr, napi_enumerable, nullptr},
      {"promptThread", nullptr, prompt_thread, nullptr, nullptr, nullptr, napi_enumerable, nullptr},
      {"commitOpen", nullptr, commit_open, nullptr, nullptr, nullptr, napi_enumerable, nullptr},
      {"commitPlace", nullptr, commit_place, nullptr, nullptr, nullptr, napi_enumerable, nullptr},
      {"commitBegin", nullptr, commit_begin, nullptr, nullptr, nullptr, napi_enumerable, nullptr},
      {"commitEnd", nullptr, commit_end, nullptr, nullptr, nullptr, napi_enumerable, nullptr},
      {"sealCommit", nullptr, seal_commit_call, nullptr, nullptr, nullptr, napi_enumerable, nullptr},
      {"checkRecords", nullptr, check_records, nullptr, nullptr, nullptr, napi_enumerable, nullptr},
      {"leafHashes", nullptr, leaf_hashes, nullptr, nullptr, nullptr, napi_enumerable, nullptr},
      {"readLeaves", nullptr, read_leaves, nullptr, nullptr, nullptr, napi_enumerable, nullptr},
      {"indexKeys", nullptr, index_keys, nullptr, nullptr, nullptr, napi_enumerable, nullptr},
      {"aheadOpen", nullptr, ahead_open, nullptr, nullptr, nullptr, napi_enumerable, nullptr},
      {"aheadBegin", nullptr, ahead_begin, nullptr, nullptr, nullptr, napi_enumerable, nullptr},
      {"aheadEnd", nullptr, ahead_end, nullptr, nullptr, nullptr, napi_enumerable, nullptr},
      {"useHugePages", nullptr, use_huge_pages, nullptr, nullptr, nullptr, napi_enumerable, nullptr},
      {"readClocks", nullptr, read_clocks, nullptr, nullptr, nullptr, napi_enumerable, nullptr},
      {"readMonotonic", nullptr, read_monotonic, nullptr, nullptr, nullptr, napi_enumerable, nullptr},
      {"monotonicMs", nullptr, monotonic_ms, nullptr, nullptr, nullptr, napi_enumerable, nullptr},
  };
  napi_define_properties(env, exports, sizeof calls / sizeof calls[0], calls);
  define_tcp(env, exports);
  define_udp(env, exports);
  return exports;
}
