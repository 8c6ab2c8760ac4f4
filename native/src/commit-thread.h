// Makes one commit at a time durable on a thread of its own: seals it, writes it, syncs it. Meanwhile
// whoever decides goes on with the next.
//
// JavaScript hands over memory once and leaves it alone between `begin` and `end`:
//
//   commit  the commit, records behind its head      chain  32 bytes, of the commit before
//
//   state  Int32                                      times  Float64, ms of CLOCK_MONOTONIC
//   0 phase: 0 at rest, 1 under way, 2 done           0 written
//   1 whether it is written, 0 or 1                   1 durable
//
//   bell   Int32, of src/lib/doorbell.ts: whoever sleeps there is woken when the commit is done
//
// A large commit goes past the kernel's cache (O_DIRECT), all of it but its two ends. `place` says where in the
// memory it has to stand for that: as far behind a page's beginning as in the file.
//
//   file    ...-------|4096---------|4096---------|4096------...
//   commit          [ head |  whole pages: direct  | tail ]        head and tail through the cache
#ifndef DAYBOOK_COMMIT_THREAD_H
#define DAYBOOK_COMMIT_THREAD_H

#include <node_api.h>

#include "args.h"
#include "one-job.h"

namespace daybook {

struct CommitJob {
  int file = -1;
  // Of the memory, where the commit begins.
  size_t start = 0;
  size_t length = 0;
  int64_t position = 0;
  size_t count = 0;
  double first = 0;
};

// How a job ended: 0, or the errno of a call; what is no commit is written nowhere.
struct CommitOutcome {
  int error = 0;
  const char* call = nullptr;
  bool is_commit = true;
};

class CommitThread {
 public:
  static const napi_type_tag kTag;

  CommitThread();
  // Where in the memory a commit of that length at that position of its file has to stand.
  size_t place(size_t length, int64_t position) const;
  // False when one is under way.
  bool begin(const CommitJob& job);
  // Waits for the one that was begun. False when none was.
  bool end(CommitOutcome* outcome);
  void release(napi_env env);

  Memory commit;
  Memory chain;
  Memory state;
  Memory times;
  Memory bell;
  napi_ref refs[5] = {};

 private:
  enum Phase : int32_t { kRest = 0, kUnderWay = 1, kDone = 2 };

  CommitOutcome make_durable(const CommitJob& job);
  CommitOutcome seal_write_sync(const CommitJob& job);
  void ring() const;
  int32_t phase() const { return __atomic_load_n(word(0), __ATOMIC_SEQ_CST); }
  int32_t* word(size_t index) const { return reinterpret_cast<int32_t*>(state.data) + index; }

  OneJob<CommitJob, CommitOutcome> job_;
};

napi_value commit_open(napi_env env, napi_callback_info info);
napi_value commit_place(napi_env env, napi_callback_info info);
napi_value commit_begin(napi_env env, napi_callback_info info);
napi_value commit_end(napi_env env, napi_callback_info info);

}  // namespace daybook

#endif
