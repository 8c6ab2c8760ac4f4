#ifndef DAYBOOK_SHA256_H
#define DAYBOOK_SHA256_H

#include <cstddef>
#include <cstdint>

namespace daybook {

constexpr size_t kHashBytes = 32;

// SHA-256 of `prefix` and then `bytes`. FIPS 180-4; with the instructions for it where there are any.
void sha256_prefixed(uint8_t prefix, const uint8_t* bytes, size_t length, uint8_t* into);

// SHA-256 of `bytes`.
void sha256(const uint8_t* bytes, size_t length, uint8_t* into);

// Of two pieces of the same length, a multiple of 64: their rounds wait for each other's results less.
void sha256_pair(const uint8_t* first, const uint8_t* second, size_t length, uint8_t* into_first,
                 uint8_t* into_second);

// CRC-32C (Castagnoli) of `bytes`.
uint32_t crc32c(const uint8_t* bytes, size_t length);

}  // namespace daybook

#endif
