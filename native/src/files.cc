// The two calls of the journal's hot path.
#include "files.h"

#include <cerrno>
#include <unistd.h>

#include "args.h"

namespace daybook {

namespace {
constexpr int64_t kFileMost = int64_t{1} << 31;
constexpr int64_t kSafeMost = (int64_t{1} << 53) - 1;
}  // namespace

// pwrite(file, bytes, start, length, position): bytes written, possibly fewer than length.
napi_value file_write(napi_env env, napi_callback_info info) {
  Args args(env, info, 5);
  const int file = static_cast<int>(args.integer(0, 0, kFileMost - 1));
  const Memory memory = args.memory(1);
  const auto most = static_cast<int64_t>(memory.bytes);
  const int64_t start = args.integer(2, 0, most);
  const int64_t length = args.integer(3, 0, most - start);
  const int64_t position = args.integer(4, 0, kSafeMost);
  if (!args.ok()) return nullptr;
  for (;;) {
    const ssize_t done = pwrite(file, memory.data + start, static_cast<size_t>(length), position);
    if (done >= 0) return number(env, static_cast<double>(done));
    if (errno != EINTR) return throw_errno(env, errno, "pwrite");
  }
}

// fdatasync(file). Not tried again after a failure: the kernel may have dropped what was dirty.
napi_value file_sync(napi_env env, napi_callback_info info) {
  Args args(env, info, 1);
  const int file = static_cast<int>(args.integer(0, 0, kFileMost - 1));
  if (!args.ok()) return nullptr;
  if (fdatasync(file) != 0) return throw_errno(env, errno, "fdatasync");
  return nullptr;
}

}  // namespace daybook
