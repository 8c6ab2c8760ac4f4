#include "key-index.h"

#include <cstring>

#include "args.h"

namespace daybook {

namespace {

// As in src/lib/key-table.ts, and so is `hash_of`.
constexpr uint32_t kRowBits = 26;
constexpr uint32_t kRowMask = (1u << kRowBits) - 1;
constexpr uint32_t kLineMask = 15;
constexpr int64_t kWidthMost = 64;
// Keys whose places are asked for before the first of them is used: memory answers all at once.
constexpr size_t kAhead = 32;

uint32_t word_at(const uint8_t* words, size_t index) {
  uint32_t word = 0;
  memcpy(&word, words + 4 * index, sizeof word);
  return word;
}

uint32_t hash_of(uint32_t scope, uint32_t seed, const uint8_t* key, size_t width) {
  uint32_t h = (scope ^ seed) * 0x9e3779b1u;
  uint32_t word = word_at(key, 0);
  for (size_t i = 1; i < width; i++) {
    const uint32_t next = word_at(key, i);
    if (next == 0) break;
    h = (h ^ word) * 0x85ebca6bu;
    h ^= h >> 15;
    word = next;
  }
  const uint32_t shift = (word == 0 ? 32u : static_cast<uint32_t>(__builtin_clz(word))) & 24u;
  const uint32_t last = (word << shift) >> 24;
  h = (h ^ word ^ (last << (24 - shift))) * 0x85ebca6bu;
  h ^= h >> 15;
  h *= 0xc2b2ae35u;
  return ((h ^ (h >> 16)) & ~kLineMask) | (last & kLineMask);
}

}  // namespace

// indexKeys(index, keys, scopes, count, width, seed): places the first `count` keys into the index, which
// is all free and has a power of two places, more than keys
napi_value index_keys(napi_env env, napi_callback_info info) {
  Args args(env, info, 6);
  const Memory index = args.memory(0);
  const Memory keys = args.memory(1);
  const Memory scopes = args.memory(2);
  const auto count = static_cast<size_t>(args.integer(3, 0, kRowMask - 1));
  const auto width = static_cast<size_t>(args.integer(4, 1, kWidthMost));
  const auto seed = static_cast<uint32_t>(args.integer(5, -(int64_t{1} << 31), (int64_t{1} << 31) - 1));
  if (!args.ok()) return nullptr;
  const size_t places = index.bytes / 4;
  if (places == 0 || (places & (places - 1)) != 0 || places <= count) {
    return args.fail("an index has a power of two places, more than keys");
  }
  if (keys.bytes / 4 / width < count || scopes.bytes / 4 < count) {
    return args.fail("there are fewer keys than that");
  }
  const size_t mask = places - 1;
  uint32_t hashes[kAhead];
  for (size_t from = 0; from < count; from += kAhead) {
    const size_t batch = count - from < kAhead ? count - from : kAhead;
    for (size_t i = 0; i < batch; i++) {
      const uint8_t* key = keys.data + (from + i) * width * 4;
      hashes[i] = hash_of(word_at(scopes.data, from + i), seed, key, width);
      __builtin_prefetch(index.data + (hashes[i] & mask) * 4, 1);
    }
    for (size_t i = 0; i < batch; i++) {
      size_t place = hashes[i] & mask;
      // Shared memory may change: no more places are looked at than there are.
      for (size_t tried = 0; tried < places && word_at(index.data, place) != 0; tried++) {
        place = (place + 1) & mask;
      }
      const uint32_t stored = (hashes[i] & ~kRowMask) | static_cast<uint32_t>(from + i + 1);
      memcpy(index.data + place * 4, &stored, sizeof stored);
    }
  }
  return nullptr;
}

}  // namespace daybook
