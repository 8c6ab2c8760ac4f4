#include "records.h"

#include <cstring>

#include "sha256.h"

namespace daybook {

size_t record_length(const uint8_t* record, size_t room, double expected) {
  if (room < kRecordLeast) return 0;
  uint16_t length = 0;
  double sequence = 0;
  memcpy(&length, record + 4, sizeof length);
  memcpy(&sequence, record + 8, sizeof sequence);
  const bool right = length >= kRecordLeast && length <= kRecordMost && length % 8 == 0 &&
                     length <= room && sequence == expected && record[6] != 0;
  return right ? length : 0;
}

bool are_records(const uint8_t* bytes, size_t length, size_t count, double first) {
  size_t at = 0;
  for (size_t i = 0; i < count; i++) {
    const uint8_t* record = bytes + at;
    const size_t own = record_length(record, length - at, first + static_cast<double>(i));
    if (own == 0) return false;
    uint32_t stored = 0;
    memcpy(&stored, record, sizeof stored);
    if (stored != crc32c(record + 4, own - 4)) return false;
    at += own;
  }
  return at == length;
}

}  // namespace daybook
