// Checksums and Merkle root of a commit's records, as src/log/journal/ has them in TypeScript.
#include "seal.h"

#include <cstring>
#include <vector>

#include "args.h"
#include "records.h"
#include "sha256.h"

namespace daybook {

namespace {

constexpr uint8_t kLeaf = 0;
constexpr uint8_t kNode = 1;
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

}  // namespace

// sealRecords(bytes, start, end, count, first, leafRecords, root): fills in each record's checksum and
// the root; where the last record begins, or -1 when the bytes are not so many records from there on
napi_value seal_records(napi_env env, napi_callback_info info) {
  Args args(env, info, 7);
  const Memory memory = args.memory(0);
  const auto most = static_cast<int64_t>(memory.bytes);
  const int64_t start = args.integer(1, 0, most);
  const auto end = static_cast<size_t>(args.integer(2, start, most));
  const auto count = static_cast<size_t>(args.integer(3, 1, most));
  const auto first = static_cast<double>(args.integer(4, 0, kSafeMost));
  const auto leaf_records = static_cast<size_t>(args.integer(5, 1, 1 << 20));
  const Memory root = args.memory(6);
  if (!args.ok()) return nullptr;
  if (root.bytes != kHashBytes) return args.fail("a root has 32 bytes");
  std::vector<uint8_t> level((count + leaf_records - 1) / leaf_records * kHashBytes);
  auto at = static_cast<size_t>(start);
  size_t leaf_at = at;
  size_t last = at;
  size_t leaves = 0;
  for (size_t i = 0; i < count; i++) {
    uint8_t* record = memory.data + at;
    const size_t length = record_length(record, end - at, first + static_cast<double>(i));
    if (length == 0) return number(env, -1);
    const uint32_t crc = crc32c(record + 4, length - 4);
    memcpy(record, &crc, sizeof crc);
    last = at;
    at += length;
    if ((i + 1) % leaf_records == 0 || i + 1 == count) {
      sha256_prefixed(kLeaf, memory.data + leaf_at, at - leaf_at, level.data() + leaves * kHashBytes);
      leaves++;
      leaf_at = at;
    }
  }
  if (at != end) return number(env, -1);
  fold(level, leaves);
  memcpy(root.data, level.data(), kHashBytes);
  return number(env, static_cast<double>(last));
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
