#include "read-ahead.h"

#include <cerrno>
#include <cstring>
#include <unistd.h>

#include "commit.h"
#include "records.h"
#include "sha256.h"

namespace daybook {

namespace {

constexpr int64_t kSafeMost = (int64_t{1} << 53) - 1;

size_t read_all(const Window& window) {
  size_t done = 0;
  while (done < window.memory.bytes) {
    const auto at = static_cast<off_t>(window.position) + static_cast<off_t>(done);
    const ssize_t count = pread(window.file, window.memory.data + done, window.memory.bytes - done, at);
    if (count < 0 && errno == EINTR) continue;
    // An error comes again when the window is read anew, by who can say what it is.
    if (count <= 0) break;
    done += static_cast<size_t>(count);
  }
  return done;
}

// Bytes of the records of the commit at `head`, 0 when no commit of that sequence is there as a whole.
size_t commit_bytes(const uint8_t* head, size_t room, double sequence) {
  if (room < kHeadBytes || load<uint32_t>(head + 4) != kShape) return 0;
  if (load<uint32_t>(head) != crc32c(head + 4, kHeadBytes - 4)) return 0;
  if (load<double>(head + kFirstAt) != sequence) return 0;
  const size_t count = load<uint32_t>(head + kCountAt);
  const size_t bytes = load<uint32_t>(head + kBytesAt);
  const bool right = count > 0 && bytes % 8 == 0 && bytes >= count * kRecordLeast &&
                     bytes <= kRecordBytesMost && bytes <= room - kHeadBytes;
  return right && are_records(head + kHeadBytes, bytes, count, sequence) ? bytes : 0;
}

WindowResult take(const Window& window) {
  WindowResult result;
  const size_t filled = read_all(window);
  double sequence = window.sequence;
  uint8_t* const data = window.memory.data;
  for (;;) {
    const uint8_t* head = data + result.consumed;
    const size_t bytes = commit_bytes(head, filled - result.consumed, sequence);
    if (bytes == 0) return result;
    const size_t count = load<uint32_t>(head + kCountAt);
    memcpy(result.chain, head + kChainAt, sizeof result.chain);
    memmove(data + result.bytes, head + kHeadBytes, bytes);
    result.consumed += kHeadBytes + bytes;
    result.bytes += bytes;
    result.count += count;
    sequence += static_cast<double>(count);
  }
}

}  // namespace

const napi_type_tag ReadAhead::kTag = {0x1fb27c54e9a04d6f, 0xb8d35e7720c14a91};

ReadAhead::ReadAhead() : OneJob("read-ahead", take) {}

void ReadAhead::release(napi_env env) {
  stop();
  if (held != nullptr) napi_delete_reference(env, held);
  held = nullptr;
}

// aheadOpen()
napi_value ahead_open(napi_env env, napi_callback_info) { return external(env, new ReadAhead()); }

// aheadBegin(thread, file, bytes, length, position, sequence): to be followed by aheadEnd, with the file
// open and the bytes left alone in between
napi_value ahead_begin(napi_env env, napi_callback_info info) {
  Args args(env, info, 6);
  auto* thread = args.object<ReadAhead>(0);
  Window window;
  window.file = static_cast<int>(args.integer(1, 0, (int64_t{1} << 31) - 1));
  window.memory = args.memory(2);
  const auto most = static_cast<int64_t>(window.memory.bytes);
  window.memory.bytes = static_cast<size_t>(args.integer(3, 0, most));
  window.position = args.integer(4, 0, kSafeMost);
  window.sequence = static_cast<double>(args.integer(5, 0, kSafeMost));
  if (!args.ok()) return nullptr;
  if (thread->held != nullptr) return args.fail("a window is under way");
  if (napi_create_reference(env, args.raw(2), 1, &thread->held) != napi_ok) return nullptr;
  thread->begin(window);
  return nullptr;
}

// aheadEnd(thread, result, chain): consumed bytes, bytes of records and their number; 0 when the window
// does not begin with a commit that is right
napi_value ahead_end(napi_env env, napi_callback_info info) {
  Args args(env, info, 3);
  auto* thread = args.object<ReadAhead>(0);
  const Memory numbers = args.memory(1);
  const Memory chain = args.memory(2);
  if (!args.ok()) return nullptr;
  WindowResult result;
  if (numbers.bytes != 3 * sizeof(double) || chain.bytes != sizeof result.chain) {
    return args.fail("a result has three numbers, a chain value 32 bytes");
  }
  if (!thread->end(&result)) return args.fail("no window was begun");
  napi_delete_reference(env, thread->held);
  thread->held = nullptr;
  const double found[3] = {static_cast<double>(result.consumed), static_cast<double>(result.bytes),
                           static_cast<double>(result.count)};
  memcpy(numbers.data, found, sizeof found);
  if (result.consumed > 0) memcpy(chain.data, result.chain, sizeof result.chain);
  return nullptr;
}

}  // namespace daybook
