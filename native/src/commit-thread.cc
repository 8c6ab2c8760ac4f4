#include "commit-thread.h"

#include <cerrno>
#include <unistd.h>

#include "commit.h"
#include "seal.h"
#include "sha256.h"
#include "threads.h"

namespace daybook {

namespace {

constexpr int64_t kSafeMost = (int64_t{1} << 53) - 1;
// Of the doorbell: its words, and who is in it.
constexpr size_t kBellState = 0;
constexpr size_t kBellEventFd = 1;
constexpr int32_t kAwake = 0;
constexpr int32_t kSleeping = 1;

// 0 or an errno. Fewer bytes than asked for are no error; none at all would never end.
int write_all(int file, const uint8_t* bytes, size_t length, int64_t position) {
  while (length > 0) {
    const ssize_t done = pwrite(file, bytes, length, position);
    if (done < 0 && errno == EINTR) continue;
    if (done < 0) return errno;
    if (done == 0) return EIO;
    bytes += done;
    length -= static_cast<size_t>(done);
    position += done;
  }
  return 0;
}

}  // namespace

const napi_type_tag CommitThread::kTag = {0x5e0c7a91d2f64b83, 0x97a3e1c05b8f2d46};

CommitThread::CommitThread() : job_([this](const CommitJob& job) { return make_durable(job); }) {}

CommitOutcome CommitThread::make_durable(const CommitJob& job) {
  const CommitOutcome outcome = seal_write_sync(job);
  __atomic_store_n(word(0), kDone, __ATOMIC_SEQ_CST);
  ring();
  return outcome;
}

// A sync that failed is not tried again: the kernel may have dropped what was dirty.
CommitOutcome CommitThread::seal_write_sync(const CommitJob& job) {
  CommitOutcome outcome;
  auto* ms = reinterpret_cast<double*>(times.data);
  outcome.is_commit = seal_commit(commit.data, job.length, job.count, job.first, chain.data);
  if (!outcome.is_commit) return outcome;
  outcome.call = "pwrite";
  outcome.error = write_all(job.file, commit.data, job.length, job.position);
  if (outcome.error != 0) return outcome;
  __atomic_store_n(word(1), 1, __ATOMIC_SEQ_CST);
  ms[0] = monotonic_ms_now();
  outcome.call = "fdatasync";
  outcome.error = fdatasync(job.file) == 0 ? 0 : errno;
  ms[1] = monotonic_ms_now();
  return outcome;
}

// As `Doorbell.ring`, for a sleeper in a system call.
void CommitThread::ring() const {
  auto* words = reinterpret_cast<int32_t*>(bell.data);
  const int32_t event_fd = __atomic_load_n(words + kBellEventFd, __ATOMIC_SEQ_CST);
  if (event_fd == 0) return;
  int32_t sleeping = kSleeping;
  if (!__atomic_compare_exchange_n(words + kBellState, &sleeping, kAwake, false, __ATOMIC_SEQ_CST,
                                   __ATOMIC_SEQ_CST)) {
    return;
  }
  const uint64_t one = 1;
  // Full means that a wake-up waits there already.
  [[maybe_unused]] const ssize_t done = write(event_fd - 1, &one, sizeof one);
}

bool CommitThread::begin(const CommitJob& job) {
  if (phase() != kRest) return false;
  __atomic_store_n(word(1), 0, __ATOMIC_SEQ_CST);
  __atomic_store_n(word(0), kUnderWay, __ATOMIC_SEQ_CST);
  return job_.begin(job);
}

bool CommitThread::end(CommitOutcome* outcome) {
  if (!job_.end(outcome)) return false;
  __atomic_store_n(word(0), kRest, __ATOMIC_SEQ_CST);
  return true;
}

void CommitThread::release(napi_env env) {
  job_.stop();
  for (napi_ref& ref : refs) {
    if (ref != nullptr) napi_delete_reference(env, ref);
    ref = nullptr;
  }
}

// commitOpen(commit, chain, state, times, bell)
napi_value commit_open(napi_env env, napi_callback_info info) {
  Args args(env, info, 5);
  Memory memory[5];
  for (size_t i = 0; i < 5; i++) memory[i] = args.memory(i);
  if (!args.ok()) return nullptr;
  if (memory[0].bytes < kHeadBytes || memory[1].bytes != kHashBytes ||
      memory[2].bytes != 2 * sizeof(int32_t) || memory[3].bytes != 2 * sizeof(double) ||
      memory[4].bytes < 2 * sizeof(int32_t)) {
    return args.fail("the memory is not that of a commit's thread");
  }
  auto* thread = new CommitThread();
  thread->commit = memory[0];
  thread->chain = memory[1];
  thread->state = memory[2];
  thread->times = memory[3];
  thread->bell = memory[4];
  for (size_t i = 0; i < 5; i++) napi_create_reference(env, args.raw(i), 1, &thread->refs[i]);
  return external(env, thread);
}

// commitBegin(thread, file, length, position, count, first): to be followed by commitEnd, with the file
// open and the memory left alone in between
napi_value commit_begin(napi_env env, napi_callback_info info) {
  Args args(env, info, 6);
  auto* thread = args.object<CommitThread>(0);
  if (!args.ok()) return nullptr;
  CommitJob job;
  job.file = static_cast<int>(args.integer(1, 0, (int64_t{1} << 31) - 1));
  job.length = static_cast<size_t>(args.integer(2, kHeadBytes, static_cast<int64_t>(thread->commit.bytes)));
  job.position = args.integer(3, 0, kSafeMost);
  job.count = static_cast<size_t>(args.integer(4, 1, kRecordBytesMost));
  job.first = static_cast<double>(args.integer(5, 0, kSafeMost));
  if (!args.ok()) return nullptr;
  if (!thread->begin(job)) return args.fail("a commit is under way");
  return nullptr;
}

// commitEnd(thread): when it is durable
napi_value commit_end(napi_env env, napi_callback_info info) {
  Args args(env, info, 1);
  auto* thread = args.object<CommitThread>(0);
  if (!args.ok()) return nullptr;
  CommitOutcome outcome;
  if (!thread->end(&outcome)) return args.fail("no commit was begun");
  if (!outcome.is_commit) return args.fail("the batch does not hold whole records without a gap");
  if (outcome.error != 0) return throw_errno(env, outcome.error, outcome.call);
  return nullptr;
}

}  // namespace daybook
