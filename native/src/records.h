// Records of events as src/domain/event-record.ts has them: bytes are little-endian, a record begins
// with crc u32, length u16, number u8, version u8, sequence f64, time i64.
#ifndef DAYBOOK_RECORDS_H
#define DAYBOOK_RECORDS_H

#include <cstddef>
#include <cstdint>

namespace daybook {

constexpr size_t kRecordLeast = 48;
constexpr size_t kRecordMost = 1024;
constexpr size_t kRecordTimeAt = 16;

// The length of the record of that sequence, 0 when none begins there.
size_t record_length(const uint8_t* record, size_t room, double expected);

// Whether the bytes are exactly `count` records numbered from `first` on, each with its checksum.
bool are_records(const uint8_t* bytes, size_t length, size_t count, double first);

}  // namespace daybook

#endif
