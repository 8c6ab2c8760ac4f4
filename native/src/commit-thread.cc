#include "commit-thread.h"

#include <cerrno>
#include <fcntl.h>
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

constexpr size_t kPageBytes = 4096;
// From this size on the copy into the kernel's cache costs more than the cache saves (docs/decisions/0003).
constexpr size_t kDirectBytesLeast = 512 * 1024;

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

// Past the kernel's cache; both ends of it in whole pages. 0 or an errno: EINVAL where the file system has no such thing.
int write_direct(int file, const uint8_t* bytes, size_t length, int64_t position) {
  const int flags = fcntl(file, F_GETFL);
  if (flags < 0 || fcntl(file, F_SETFL, flags | O_DIRECT) != 0) return errno;
  const int error = write_all(file, bytes, length, position);
  return fcntl(file, F_SETFL, flags) == 0 ? error : errno;
}

// 0 or an errno.
int write_commit(int file, const uint8_t* bytes, size_t length, int64_t position) {
  const auto behind = static_cast<size_t>(position) % kPageBytes;
  const size_t head = (kPageBytes - behind) % kPageBytes;
  if (length < kDirectBytesLeast || reinterpret_cast<uintptr_t>(bytes) % kPageBytes != behind) {
    return write_all(file, bytes, length, position);
  }
  const size_t whole = (length - head) / kPageBytes * kPageBytes;
  const int error = write_direct(file, bytes + head, whole, position + static_cast<int64_t>(head));
  // What is through the cache later holds for what was written before as well.
  if (error == EINVAL) return write_all(file, bytes, length, position);
  if (error != 0) return error;
  const int at_head = write_all(file, bytes, head, position);
  if (at_head != 0) return at_head;
  const size_t tail = head + whole;
  return write_all(file, bytes + tail, length - tail, position + static_cast<int64_t>(tail));
}

}  // namespace

const napi_type_tag CommitThread::kTag = {0x5e0c7a91d2f64b83, 0x97a3e1c05b8f2d46};

CommitThread::CommitThread() : job_("journal", [this](const CommitJob& job) { return make_durable(job); }) {}

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
  uint8_t* bytes = commit.data + job.start;
  outcome.is_commit = seal_commit(bytes, job.length, job.count, job.first, chain.data);
  if (!outcome.is_commit) return outcome;
  outcome.call = "pwrite";
  outcome.error = write_commit(job.file, bytes, job.length, job.position);
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

size_t CommitThread::place(size_t length, int64_t position) const {
  if (length < kDirectBytesLeast) return 0;
  return (static_cast<size_t>(position) - reinterpret_cast<uintptr_t>(commit.data)) % kPageBytes;
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

// commitPlace(thread, length, position): where in the memory such a commit has to stand
napi_value commit_place(napi_env env, napi_callback_info info) {
  Args args(env, info, 3);
  auto* thread = args.object<CommitThread>(0);
  if (!args.ok()) return nullptr;
  const int64_t length = args.integer(1, kHeadBytes, static_cast<int64_t>(thread->commit.bytes));
  const int64_t position = args.integer(2, 0, kSafeMost);
  if (!args.ok()) return nullptr;
  return number(env, static_cast<double>(thread->place(static_cast<size_t>(length), position)));
}

// commitBegin(thread, file, start, length, position, count, first): to be followed by commitEnd, with the file
// open and the memory left alone in between
napi_value commit_begin(napi_env env, napi_callback_info info) {
  Args args(env, info, 7);
  auto* thread = args.object<CommitThread>(0);
  if (!args.ok()) return nullptr;
  const auto most = static_cast<int64_t>(thread->commit.bytes);
  CommitJob job;
  job.file = static_cast<int>(args.integer(1, 0, (int64_t{1} << 31) - 1));
  const int64_t start = args.integer(2, 0, most);
  job.start = static_cast<size_t>(start);
  job.length = static_cast<size_t>(args.integer(3, kHeadBytes, most - start));
  job.position = args.integer(4, 0, kSafeMost);
  job.count = static_cast<size_t>(args.integer(5, 1, kRecordBytesMost));
  job.first = static_cast<double>(args.integer(6, 0, kSafeMost));
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
