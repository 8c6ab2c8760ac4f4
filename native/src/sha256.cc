#include "sha256.h"

#include <cstring>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace daybook {

namespace {

constexpr size_t kBlock = 64;

// The first 32 bits of the fractional parts of the cube roots of the first 64 primes.
alignas(16) constexpr uint32_t kRound[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

constexpr uint32_t kStart[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};

constexpr uint32_t turn(uint32_t x, int by) { return (x >> by) | (x << (32 - by)); }

void blocks_portable(uint32_t* state, const uint8_t* bytes, size_t count) {
  for (; count > 0; count--, bytes += kBlock) {
    uint32_t w[64];
    for (size_t i = 0; i < 16; i++) {
      uint32_t word = 0;
      memcpy(&word, bytes + 4 * i, 4);
      w[i] = __builtin_bswap32(word);
    }
    for (size_t i = 16; i < 64; i++) {
      const uint32_t s0 = turn(w[i - 15], 7) ^ turn(w[i - 15], 18) ^ (w[i - 15] >> 3);
      const uint32_t s1 = turn(w[i - 2], 17) ^ turn(w[i - 2], 19) ^ (w[i - 2] >> 10);
      w[i] = w[i - 16] + s0 + w[i - 7] + s1;
    }
    uint32_t v[8];
    memcpy(v, state, sizeof v);
    for (size_t i = 0; i < 64; i++) {
      const uint32_t s1 = turn(v[4], 6) ^ turn(v[4], 11) ^ turn(v[4], 25);
      const uint32_t choose = (v[4] & v[5]) ^ (~v[4] & v[6]);
      const uint32_t t1 = v[7] + s1 + choose + kRound[i] + w[i];
      const uint32_t s0 = turn(v[0], 2) ^ turn(v[0], 13) ^ turn(v[0], 22);
      const uint32_t most = (v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2]);
      for (size_t k = 7; k > 0; k--) v[k] = v[k - 1];
      v[4] += t1;
      v[0] = t1 + s0 + most;
    }
    for (size_t i = 0; i < 8; i++) state[i] += v[i];
  }
}

uint32_t crc32c_portable(const uint8_t* bytes, size_t length) {
  uint32_t crc = ~0u;
  for (size_t i = 0; i < length; i++) {
    crc ^= bytes[i];
    for (int bit = 0; bit < 8; bit++) crc = (crc >> 1) ^ (0x82f63b78u & (0u - (crc & 1)));
  }
  return ~crc;
}

#if defined(__x86_64__)

// A message's state, as the processor keeps it: (A, B, E, F) and (C, D, G, H); and its next words.
struct Lane {
  __m128i s0, s1, before0, before1, m[4];
};

__attribute__((target("sha,sse4.1,ssse3"), always_inline)) inline void load_state(
    Lane& lane, const uint32_t* state) {
  const __m128i abcd = _mm_loadu_si128(reinterpret_cast<const __m128i*>(state));
  const __m128i efgh = _mm_loadu_si128(reinterpret_cast<const __m128i*>(state + 4));
  const __m128i badc = _mm_shuffle_epi32(abcd, 0xb1);
  const __m128i hgfe = _mm_shuffle_epi32(efgh, 0x1b);
  lane.s0 = _mm_alignr_epi8(badc, hgfe, 8);
  lane.s1 = _mm_blend_epi16(hgfe, badc, 0xf0);
}

__attribute__((target("sha,sse4.1,ssse3"), always_inline)) inline void store_state(
    const Lane& lane, uint32_t* state) {
  const __m128i feba = _mm_shuffle_epi32(lane.s0, 0x1b);
  const __m128i dchg = _mm_shuffle_epi32(lane.s1, 0xb1);
  _mm_storeu_si128(reinterpret_cast<__m128i*>(state), _mm_blend_epi16(feba, dchg, 0xf0));
  _mm_storeu_si128(reinterpret_cast<__m128i*>(state + 4), _mm_alignr_epi8(dchg, feba, 8));
}

__attribute__((target("sha,sse4.1,ssse3"), always_inline)) inline void begin_block(
    Lane& lane, const uint8_t* bytes) {
  const __m128i swap = _mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203);
  lane.before0 = lane.s0;
  lane.before1 = lane.s1;
  for (size_t i = 0; i < 4; i++) {
    lane.m[i] =
        _mm_shuffle_epi8(_mm_loadu_si128(reinterpret_cast<const __m128i*>(bytes + 16 * i)), swap);
  }
}

__attribute__((target("sha,sse4.1,ssse3"), always_inline)) inline void four_rounds(Lane& lane,
                                                                                  size_t i) {
  const __m128i k = _mm_load_si128(reinterpret_cast<const __m128i*>(kRound + 4 * i));
  __m128i* m = lane.m;
  const __m128i w = _mm_add_epi32(m[i & 3], k);
  lane.s1 = _mm_sha256rnds2_epu32(lane.s1, lane.s0, w);
  lane.s0 = _mm_sha256rnds2_epu32(lane.s0, lane.s1, _mm_shuffle_epi32(w, 0x0e));
  if (i < 12) {
    const __m128i w7 = _mm_alignr_epi8(m[(i + 3) & 3], m[(i + 2) & 3], 4);
    const __m128i x = _mm_add_epi32(_mm_sha256msg1_epu32(m[i & 3], m[(i + 1) & 3]), w7);
    m[i & 3] = _mm_sha256msg2_epu32(x, m[(i + 3) & 3]);
  }
}

__attribute__((target("sha,sse4.1,ssse3"), always_inline)) inline void end_block(Lane& lane) {
  lane.s0 = _mm_add_epi32(lane.s0, lane.before0);
  lane.s1 = _mm_add_epi32(lane.s1, lane.before1);
}

__attribute__((target("sha,sse4.1,ssse3"))) void blocks_sha(uint32_t* state, const uint8_t* bytes,
                                                            size_t count) {
  Lane lane;
  load_state(lane, state);
  for (; count > 0; count--, bytes += kBlock) {
    begin_block(lane, bytes);
#pragma GCC unroll 16
    for (size_t i = 0; i < 16; i++) four_rounds(lane, i);
    end_block(lane);
  }
  store_state(lane, state);
}

// A round waits four cycles for the one before; another message fits into the gaps.
__attribute__((target("sha,sse4.1,ssse3"))) void blocks_sha_pair(uint32_t* first, uint32_t* second,
                                                                 const uint8_t* a,
                                                                 const uint8_t* b, size_t count) {
  Lane x;
  Lane y;
  load_state(x, first);
  load_state(y, second);
  for (; count > 0; count--, a += kBlock, b += kBlock) {
    begin_block(x, a);
    begin_block(y, b);
#pragma GCC unroll 16
    for (size_t i = 0; i < 16; i++) {
      four_rounds(x, i);
      four_rounds(y, i);
    }
    end_block(x);
    end_block(y);
  }
  store_state(x, first);
  store_state(y, second);
}

__attribute__((target("sse4.2"))) uint32_t crc32c_sse(const uint8_t* bytes, size_t length) {
  uint64_t crc = 0xffffffff;
  for (; length >= 8; length -= 8, bytes += 8) {
    uint64_t word = 0;
    memcpy(&word, bytes, 8);
    crc = _mm_crc32_u64(crc, word);
  }
  auto rest = static_cast<uint32_t>(crc);
  for (; length > 0; length--, bytes++) rest = _mm_crc32_u8(rest, *bytes);
  return ~rest;
}

bool has_sha() {
  // Leaf 7, EBX bit 29; GCC has no name for it in __builtin_cpu_supports everywhere.
  unsigned a = 7, b = 0, c = 0, d = 0;
  __asm__ volatile("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
  return (b >> 29 & 1) != 0 && __builtin_cpu_supports("sse4.1") && __builtin_cpu_supports("ssse3");
}

const bool kHasSha = has_sha();
const bool kHasCrc = __builtin_cpu_supports("sse4.2");

#endif

void blocks(uint32_t* state, const uint8_t* bytes, size_t count) {
#if defined(__x86_64__)
  if (kHasSha) return blocks_sha(state, bytes, count);
#endif
  blocks_portable(state, bytes, count);
}

// Ends a message of `length` bytes, of which the last `have`, less than a block, are in `piece`; it has
// room for two blocks.
void finish(uint32_t* state, uint8_t* piece, size_t have, uint64_t length, uint8_t* into) {
  piece[have++] = 0x80;
  const size_t padded = have + 8 <= kBlock ? kBlock : 2 * kBlock;
  memset(piece + have, 0, padded - have);
  const uint64_t bits = __builtin_bswap64(length * 8);
  memcpy(piece + padded - 8, &bits, 8);
  blocks(state, piece, padded / kBlock);
  for (size_t i = 0; i < 8; i++) {
    const uint32_t word = __builtin_bswap32(state[i]);
    memcpy(into + 4 * i, &word, 4);
  }
}

}  // namespace

void sha256(const uint8_t* bytes, size_t length, uint8_t* into) {
  uint32_t state[8];
  memcpy(state, kStart, sizeof state);
  const size_t whole = length / kBlock;
  blocks(state, bytes, whole);
  alignas(16) uint8_t piece[2 * kBlock];
  const size_t have = length - whole * kBlock;
  if (have > 0) memcpy(piece, bytes + whole * kBlock, have);
  finish(state, piece, have, length, into);
}

void sha256_pair(const uint8_t* first, const uint8_t* second, size_t length, uint8_t* into_first,
                 uint8_t* into_second) {
#if defined(__x86_64__)
  if (kHasSha) {
    uint32_t states[2][8];
    memcpy(states[0], kStart, sizeof kStart);
    memcpy(states[1], kStart, sizeof kStart);
    blocks_sha_pair(states[0], states[1], first, second, length / kBlock);
    alignas(16) uint8_t piece[2 * kBlock];
    finish(states[0], piece, 0, length, into_first);
    finish(states[1], piece, 0, length, into_second);
    return;
  }
#endif
  sha256(first, length, into_first);
  sha256(second, length, into_second);
}

void sha256_prefixed(uint8_t prefix, const uint8_t* bytes, size_t length, uint8_t* into) {
  uint32_t state[8];
  memcpy(state, kStart, sizeof state);
  // The prefix moves everything by one byte: blocks are gathered in pieces.
  alignas(16) uint8_t piece[16 * kBlock];
  size_t have = 1;
  piece[0] = prefix;
  for (size_t at = 0; at < length;) {
    const size_t take = length - at < sizeof piece - have ? length - at : sizeof piece - have;
    memcpy(piece + have, bytes + at, take);
    have += take;
    at += take;
    const size_t whole = have / kBlock;
    if (whole == 0) continue;
    blocks(state, piece, whole);
    have -= whole * kBlock;
    memmove(piece, piece + whole * kBlock, have);
  }
  finish(state, piece, have, static_cast<uint64_t>(length) + 1, into);
}

uint32_t crc32c(const uint8_t* bytes, size_t length) {
#if defined(__x86_64__)
  if (kHasCrc) return crc32c_sse(bytes, length);
#endif
  return crc32c_portable(bytes, length);
}

}  // namespace daybook
