// Checksums, Merkle root and head of a commit, as src/log/journal/ has them in TypeScript.
#include "seal.h"

#include <algorithm>
#include <cstring>
#include <vector>

#include "args.h"
#include "commit.h"
#include "records.h"
#include "sha256.h"

namespace daybook {

namespace {

constexpr uint8_t kLeaf = 0;
constexpr uint8_t kNode = 1;
constexpr uint8_t kChain = 2;
constexpr int64_t kSafeMost = (int64_t{1} << 53) - 1;

// Folds the hashes of a level in pairs until one is left; an odd last one moves up unchanged.
void fold(std::vector<uint8_t>& level, size_t count) {
  while (count > 1) {
    size_t above = 0;
    for (size_t i = 0; i < count; i += 2, above++) {
      uint8_t* target = level.data() + above * kHashBytes;
      const uint8_t* left = level.data() + i * kHashBytes;
      if (i + 1 < count) {
        uint8_t hash[kHashBytes];
        sha256_prefixed(kNode, left, 2 * kHashBytes, hash);
        memcpy(target, hash, kHashBytes);
      } else {
        memmove(target, left, kHashBytes);
      }
    }
    count = above;
  }
}

// Fills in each record's checksum and the root over all of them. Where the last record begins, 0 when
// the bytes behind the head are not `count` records numbered from `first` on.
size_t seal_records(uint8_t* commit, size_t length, size_t count, double first) {
  std::vector<uint8_t> level((count + kLeafRecords - 1) / kLeafRecords * kHashBytes);
  size_t at = kHeadBytes;
  size_t leaf_at = at;
  size_t last = 0;
  size_t leaves = 0;
  for (size_t i = 0; i < count; i++) {
    uint8_t* record = commit + at;
    const size_t bytes = record_length(record, length - at, first + static_cast<double>(i));
    if (bytes == 0) return 0;
    store(record, crc32c(record + 4, bytes - 4));
    last = at;
    at += bytes;
    if ((i + 1) % kLeafRecords == 0 || i + 1 == count) {
      sha256_prefixed(kLeaf, commit + leaf_at, at - leaf_at, level.data() + leaves * kHashBytes);
      leaves++;
      leaf_at = at;
    }
  }
  if (at != length) return 0;
  fold(level, leaves);
  memcpy(commit + kRootAt, level.data(), kHashBytes);
  return last;
}

}  // namespace

bool seal_commit(uint8_t* commit, size_t length, size_t count, double first, uint8_t* chain) {
  const size_t last = seal_records(commit, length, count, first);
  if (last == 0) return false;
  store(commit + kShapeAt, kShape);
  store(commit + kFirstAt, first);
  memcpy(commit + kTimeAt, commit + last + kRecordTimeAt, sizeof(int64_t));
  store(commit + kCountAt, static_cast<uint32_t>(count));
  store(commit + kBytesAt, static_cast<uint32_t>(length - kHeadBytes));
  uint8_t chained[kHashBytes + kChainAt - kFirstAt];
  memcpy(chained, chain, kHashBytes);
  memcpy(chained + kHashBytes, commit + kFirstAt, kChainAt - kFirstAt);
  sha256_prefixed(kChain, chained, sizeof chained, chain);
  memcpy(commit + kChainAt, chain, kHashBytes);
  store(commit, crc32c(commit + 4, kHeadBytes - 4));
  return true;
}

// sealCommit(commit, length, count, first, chain): completes the commit and moves the chain on to it;
// false, and no head, when these are not so many records from there on
napi_value seal_commit_call(napi_env env, napi_callback_info info) {
  Args args(env, info, 5);
  const Memory commit = args.memory(0);
  const auto length = static_cast<size_t>(
      args.integer(1, kHeadBytes, std::max(kHeadBytes, commit.bytes)));
  const auto count = static_cast<size_t>(args.integer(2, 1, kRecordBytesMost));
  const auto first = static_cast<double>(args.integer(3, 0, kSafeMost));
  const Memory chain = args.memory(4);
  if (!args.ok()) return nullptr;
  if (length > commit.bytes) return args.fail("a commit has a head");
  if (chain.bytes != kHashBytes) return args.fail("a chain value has 32 bytes");
  napi_value result = nullptr;
  napi_get_boolean(env, seal_commit(commit.data, length, count, first, chain.data), &result);
  return result;
}

// checkRecords(bytes, start, end, count, first): whether the bytes are exactly so many records from
// there on, each with its checksum
napi_value check_records(napi_env env, napi_callback_info info) {
  Args args(env, info, 5);
  const Memory memory = args.memory(0);
  const auto most = static_cast<int64_t>(memory.bytes);
  const int64_t start = args.integer(1, 0, most);
  const auto end = static_cast<size_t>(args.integer(2, start, most));
  const auto count = static_cast<size_t>(args.integer(3, 1, most));
  const auto first = static_cast<double>(args.integer(4, 0, kSafeMost));
  if (!args.ok()) return nullptr;
  const auto from = static_cast<size_t>(start);
  const bool right = are_records(memory.data + from, end - from, count, first);
  napi_value result = nullptr;
  napi_get_boolean(env, right, &result);
  return result;
}

}  // namespace daybook
