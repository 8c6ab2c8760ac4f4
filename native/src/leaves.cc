#include "leaves.h"

#include <atomic>
#include <cerrno>
#include <cstring>
#include <thread>
#include <unistd.h>

#include "args.h"
#include "sha256.h"

namespace daybook {

namespace {

// As in src/lib/leaf-hashes.ts.
constexpr size_t kLeafBytes = 256 * 1024;
constexpr int64_t kThreadsMost = 2;
constexpr double kSafeMost = 9007199254740991.0;

bool is_zero(const uint8_t* bytes, size_t length) {
  size_t at = 0;
  for (; at + 4096 <= length; at += 4096) {
    uint64_t any = 0;
    for (size_t i = 0; i < 4096; i += 8) {
      uint64_t word = 0;
      memcpy(&word, bytes + at + i, 8);
      any |= word;
    }
    if (any != 0) return false;
  }
  for (; at < length; at++) {
    if (bytes[at] != 0) return false;
  }
  return true;
}

struct ZeroLeaf {
  uint8_t hash[kHashBytes];
  ZeroLeaf() {
    static const uint8_t zeros[kLeafBytes] = {};
    sha256(zeros, sizeof zeros, hash);
  }
};

// Computed once a process: columns that hold nothing are most of a state.
const uint8_t* zero_leaf() {
  static const ZeroLeaf leaf;
  return leaf.hash;
}

// The leaves of one piece of memory. Threads take them in pairs, whose hashes a processor computes in
// little more time than one.
class Leaves {
 public:
  Leaves(Memory memory, uint8_t* hashes, int file, const double* positions)
      : memory_(memory), hashes_(hashes), file_(file), positions_(positions) {}

  static size_t count(size_t bytes) { return (bytes + kLeafBytes - 1) / kLeafBytes; }

  // Whether all could be read; `error` says what failed, 0 that the file ends too early.
  bool run(size_t threads) {
    if (threads > 1 && memory_.bytes > 4 * kLeafBytes) {
      std::thread other([this] { take(); });
      take();
      other.join();
    } else {
      take();
    }
    return !failed_;
  }
  int error() const { return error_; }

 private:
  void take() {
    const size_t leaves = count(memory_.bytes);
    for (;;) {
      const size_t first = next_.fetch_add(2);
      if (first >= leaves || failed_) return;
      const size_t pair = first + 1 < leaves ? 2 : 1;
      size_t wanted[2];
      size_t left = 0;
      for (size_t i = first; i < first + pair; i++) {
        if (!fill(i)) return;
        if (length(i) == kLeafBytes && is_zero(leaf(i), kLeafBytes)) {
          memcpy(hashes_ + i * kHashBytes, zero_leaf(), kHashBytes);
        } else {
          wanted[left++] = i;
        }
      }
      hash(wanted, left);
    }
  }

  void hash(const size_t* wanted, size_t count) {
    if (count == 2 && length(wanted[0]) == length(wanted[1])) {
      sha256_pair(leaf(wanted[0]), leaf(wanted[1]), kLeafBytes, hashes_ + wanted[0] * kHashBytes,
                  hashes_ + wanted[1] * kHashBytes);
      return;
    }
    for (size_t i = 0; i < count; i++) {
      sha256(leaf(wanted[i]), length(wanted[i]), hashes_ + wanted[i] * kHashBytes);
    }
  }

  // Brings a leaf from the file, where there is one. One that is not stored is zero.
  bool fill(size_t index) {
    if (positions_ == nullptr) return true;
    uint8_t* into = leaf(index);
    const size_t bytes = length(index);
    if (positions_[index] < 0) {
      // Memory that nobody has written to is zero already, and costs nothing as long as it is so.
      if (!is_zero(into, bytes)) memset(into, 0, bytes);
      return true;
    }
    for (size_t done = 0; done < bytes;) {
      const auto at = static_cast<off_t>(positions_[index]) + static_cast<off_t>(done);
      const ssize_t count = pread(file_, into + done, bytes - done, at);
      if (count < 0 && errno == EINTR) continue;
      if (count <= 0) return fail(count < 0 ? errno : 0);
      done += static_cast<size_t>(count);
    }
    return true;
  }

  bool fail(int error) {
    error_ = error;
    failed_ = true;
    return false;
  }

  uint8_t* leaf(size_t index) const { return memory_.data + index * kLeafBytes; }
  size_t length(size_t index) const {
    const size_t at = index * kLeafBytes;
    return memory_.bytes - at < kLeafBytes ? memory_.bytes - at : kLeafBytes;
  }

  const Memory memory_;
  uint8_t* const hashes_;
  const int file_;
  const double* const positions_;
  std::atomic<size_t> next_{0};
  std::atomic<bool> failed_{false};
  std::atomic<int> error_{0};
};

}  // namespace

// leafHashes(memory, hashes, threads): 32 bytes for each leaf of the memory
napi_value leaf_hashes(napi_env env, napi_callback_info info) {
  Args args(env, info, 3);
  const Memory memory = args.memory(0);
  const Memory hashes = args.memory(1);
  const auto threads = static_cast<size_t>(args.integer(2, 1, kThreadsMost));
  if (!args.ok()) return nullptr;
  if (hashes.bytes != Leaves::count(memory.bytes) * kHashBytes) {
    return args.fail("a leaf has a hash of 32 bytes");
  }
  Leaves leaves(memory, hashes.data, -1, nullptr);
  leaves.run(threads);
  return nullptr;
}

// readLeaves(file, positions, memory, hashes, threads): each leaf from its position in the file, below
// 0 it is zero, and its hash. False when the file ends before that
napi_value read_leaves(napi_env env, napi_callback_info info) {
  Args args(env, info, 5);
  const auto file = static_cast<int>(args.integer(0, 0, (int64_t{1} << 31) - 1));
  const Memory positions = args.memory(1);
  const Memory memory = args.memory(2);
  const Memory hashes = args.memory(3);
  const auto threads = static_cast<size_t>(args.integer(4, 1, kThreadsMost));
  if (!args.ok()) return nullptr;
  const size_t count = Leaves::count(memory.bytes);
  if (hashes.bytes != count * kHashBytes) return args.fail("a leaf has a hash of 32 bytes");
  const bool aligned = reinterpret_cast<uintptr_t>(positions.data) % alignof(double) == 0;
  if (positions.bytes != count * sizeof(double) || !aligned) {
    return args.fail("a leaf has a position");
  }
  const auto* at = reinterpret_cast<const double*>(positions.data);
  for (size_t i = 0; i < count; i++) {
    // Written so that what is no number is refused.
    if (!(at[i] >= -1 && at[i] <= kSafeMost)) return args.fail("a position is a place in a file");
  }
  Leaves leaves(memory, hashes.data, file, at);
  const bool whole = leaves.run(threads);
  if (!whole && leaves.error() != 0) return throw_errno(env, leaves.error(), "pread");
  napi_value result = nullptr;
  napi_get_boolean(env, whole, &result);
  return result;
}

}  // namespace daybook
