// The sender of `npm run bench -- udp`: it stands for an exchange, its network and the card that receives.
// Compiled when the bench runs; one process, one thread, no part of Daybook.
//
//   blast PORT RATE MESSAGES SECONDS COALESCE
//
// MoldUDP64 of ITCH to a port of this host: RATE packets a second of MESSAGES messages each, 15 orders added
// and then deleted; then heartbeats, by which the receiver knows how many there were.
//
//   COALESCE 1  what is due goes to the kernel as the driver of a network card hands on what came since it was
//               last looked at: datagrams of the same length, and a shorter one behind them, in one buffer
//               (UDP_SEGMENT). A socket that did not ask for such buffers gets each datagram by itself
//            0  each datagram through the whole of the stack by itself. On loopback the sender's thread also
//               does what the kernel does to receive it
//
// Prints one line of JSON.
#include <algorithm>
#include <arpa/inet.h>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <sys/socket.h>
#include <vector>

#include "bench.h"

// Since Linux 4.18; not in older headers.
#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif

namespace {

void put64(uint8_t* at, uint64_t value) {
  for (int i = 7; i >= 0; i--, value >>= 8) at[i] = static_cast<uint8_t>(value);
}

// Orders that are added before they are deleted again: half a packet of 30 messages.
constexpr uint64_t kRun = 15;

// An ITCH Add Order, or the Order Delete of one before. Returns its length with the length field.
size_t put_itch(uint8_t* at, uint64_t sequence) {
  const uint64_t turn = (sequence - 1) / kRun;
  const uint64_t order = turn / 2 * kRun + (sequence - 1) % kRun;
  const bool adds = turn % 2 == 0;
  const size_t length = adds ? 36 : 19;
  memset(at, 0, length + 2);
  at[1] = static_cast<uint8_t>(length);
  uint8_t* message = at + 2;
  message[0] = adds ? 'A' : 'D';
  message[2] = static_cast<uint8_t>(1 + order % 200);
  put64(message + 11, order + 1);
  if (adds) {
    message[19] = order % 2 == 0 ? 'B' : 'S';
    message[23] = 100;
    memcpy(message + 24, "SYM00000", 8);
    for (unsigned i = 31, left = message[2]; left > 0; i--, left /= 10) {
      message[i] = static_cast<uint8_t>('0' + left % 10);
    }
    const uint32_t price = 100'000 + static_cast<uint32_t>(order % 50) * 100;
    for (int i = 0; i < 4; i++) message[32 + i] = static_cast<uint8_t>(price >> (24 - 8 * i));
  }
  return length + 2;
}

// Packets in a row, and how they go to the kernel: each by itself, or those that may share a buffer in one.
class Burst {
 public:
  static constexpr size_t kPackets = 64;
  static constexpr size_t kPacketBytes = 1472;
  static constexpr size_t kBufferBytesMost = 65'000;

  explicit Burst(bool coalesce) : coalesce_(coalesce) {}

  uint8_t* next() { return bytes_.data() + count_ * kPacketBytes; }

  void add(size_t length) {
    vectors_[count_] = {next(), length};
    if (!fits(length)) open();
    mmsghdr& header = headers_[buffers_ - 1];
    header.msg_hdr.msg_iovlen++;
    bytes_in_last_ += length;
    closed_ = length < segment();
    count_++;
  }

  void send(int fd) {
    for (size_t i = 0; i < buffers_ && coalesce_; i++) {
      msghdr& header = headers_[i].msg_hdr;
      if (header.msg_iovlen == 1) continue;
      header.msg_control = controls_[i].bytes;
      header.msg_controllen = sizeof controls_[i].bytes;
      cmsghdr* control = CMSG_FIRSTHDR(&header);
      control->cmsg_level = SOL_UDP;
      control->cmsg_type = UDP_SEGMENT;
      control->cmsg_len = CMSG_LEN(sizeof(uint16_t));
      const auto segment = static_cast<uint16_t>(header.msg_iov[0].iov_len);
      memcpy(CMSG_DATA(control), &segment, sizeof segment);
    }
    for (size_t done = 0; done < buffers_;) {
      const int sent = sendmmsg(fd, headers_.data() + done, static_cast<unsigned>(buffers_ - done), 0);
      if (sent < 0 && errno != ECONNREFUSED && errno != ENOBUFS) die("sendmmsg");
      if (sent > 0) done += static_cast<size_t>(sent);
    }
    count_ = buffers_ = 0;
    closed_ = true;
  }

 private:
  struct alignas(cmsghdr) Control {
    uint8_t bytes[CMSG_SPACE(sizeof(uint16_t))];
  };

  size_t segment() const { return headers_[buffers_ - 1].msg_hdr.msg_iov[0].iov_len; }

  // All as long as the first, only the last shorter: the kernel's rule for both ways.
  bool fits(size_t length) const {
    return coalesce_ && !closed_ && length <= segment() && bytes_in_last_ + length <= kBufferBytesMost;
  }

  void open() {
    headers_[buffers_].msg_hdr = {};
    headers_[buffers_].msg_hdr.msg_iov = &vectors_[count_];
    buffers_++;
    bytes_in_last_ = 0;
  }

  const bool coalesce_;
  size_t count_ = 0;
  size_t buffers_ = 0;
  size_t bytes_in_last_ = 0;
  bool closed_ = true;
  std::vector<uint8_t> bytes_ = std::vector<uint8_t>(kPackets * kPacketBytes);
  std::vector<iovec> vectors_ = std::vector<iovec>(kPackets);
  std::vector<mmsghdr> headers_ = std::vector<mmsghdr>(kPackets);
  std::vector<Control> controls_ = std::vector<Control>(kPackets);
};

int blast(uint16_t port, double rate, int messages, double seconds, bool coalesce) {
  const int fd = socket(AF_INET, SOCK_DGRAM, 0);
  const int room = 4 << 20;
  setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &room, sizeof room);
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) die("connect");
  Burst burst(coalesce);
  uint64_t sequence = 1;
  uint64_t packets = 0;
  const uint64_t start = now_ns();
  const uint64_t end = start + static_cast<uint64_t>(seconds * 1e9);
  for (uint64_t now = start; now < end; now = now_ns()) {
    const auto due = static_cast<uint64_t>(static_cast<double>(now - start) * rate / 1e9);
    const uint64_t count = std::min<uint64_t>(due - packets, Burst::kPackets);
    if (count == 0) continue;
    for (uint64_t i = 0; i < count; i++) {
      uint8_t* packet = burst.next();
      memcpy(packet, "BLAST00000", 10);
      put64(packet + 10, sequence);
      packet[18] = 0;
      packet[19] = static_cast<uint8_t>(messages);
      size_t length = 20;
      for (int k = 0; k < messages; k++) length += put_itch(packet + length, sequence++);
      burst.add(length);
    }
    burst.send(fd);
    packets += count;
  }
  const double took = static_cast<double>(now_ns() - start) / 1e9;
  uint8_t beat[20] = {};
  memcpy(beat, "BLAST00000", 10);
  put64(beat + 10, sequence);
  for (int i = 0; i < 20; i++) {
    const timespec nap = {0, 10'000'000};
    nanosleep(&nap, nullptr);
    if (send(fd, beat, sizeof beat, 0) < 0) break;
  }
  printf("{\"packets\":%llu,\"messages\":%llu,\"packetsPerSecond\":%.0f}\n",
         static_cast<unsigned long long>(packets), static_cast<unsigned long long>(sequence - 1),
         static_cast<double>(packets) / took);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 6) {
    fprintf(stderr, "usage: at the head of blast.cc\n");
    return 2;
  }
  return blast(static_cast<uint16_t>(atoi(argv[1])), atof(argv[2]), atoi(argv[3]), atof(argv[4]),
               atoi(argv[5]) != 0);
}
