// The head of a commit as src/log/journal/commit.ts has it; little-endian.
#ifndef DAYBOOK_COMMIT_H
#define DAYBOOK_COMMIT_H

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace daybook {

constexpr size_t kHeadBytes = 96;
constexpr size_t kShapeAt = 4;
constexpr size_t kFirstAt = 8;
constexpr size_t kTimeAt = 16;
constexpr size_t kCountAt = 24;
constexpr size_t kBytesAt = 28;
constexpr size_t kRootAt = 32;
constexpr size_t kChainAt = 64;
// Length of the head, number 0, version 1.
constexpr uint32_t kShape = kHeadBytes | (0u << 16) | (1u << 24);
constexpr size_t kRecordBytesMost = 4 * 1024 * 1024;
constexpr size_t kLeafRecords = 32;

template <typename T>
T load(const uint8_t* from) {
  T value;
  memcpy(&value, from, sizeof value);
  return value;
}

template <typename T>
void store(uint8_t* into, T value) {
  memcpy(into, &value, sizeof value);
}

}  // namespace daybook

#endif
