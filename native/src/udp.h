// Datagrams in batches: one recvmmsg or sendmmsg for many.
//
//   outgoing  slots of `slot bytes` each, one a datagram
//   incoming  areas of `area bytes` each; what the kernel hands over at once stands in one. With UDP_GRO
//             that may be many datagrams of one sender, all as long as the first, only the last shorter:
//
//               | datagram | datagram | datagram | last |        | datagram |               |
//               |<- segment ->|                       area 0     |              area 1      |
//
//   rows      Int32, 4 words a datagram: length, address, port, where it begins in its memory
//   times     Float64 a datagram received: when the kernel had it, ms since 1970; one of all that it
//             hands over at once
//
// An address is that of IPv4 as one word in network order; a row to be sent with address 0 goes where
// the socket was told to send. A row with length -1 was longer than a slot, or did not fit its area.
// Datagrams that found no row wait in their areas for the next call: nothing is read before they went.
#ifndef DAYBOOK_UDP_H
#define DAYBOOK_UDP_H

#include <netinet/in.h>
#include <node_api.h>
#include <sys/socket.h>

#include <vector>

#include "args.h"

namespace daybook {

class UdpSocket {
 public:
  static const napi_type_tag kTag;
  static constexpr size_t kRowWords = 4;
  static constexpr size_t kControlBytes = 96;

  int fd = -1;
  size_t slot_bytes = 0;
  size_t area_bytes = 0;
  size_t slots = 0;
  size_t areas = 0;
  size_t rows_most = 0;
  Memory outgoing;
  Memory outgoing_rows;
  Memory incoming;
  Memory incoming_rows;
  Memory times;
  napi_ref refs[5] = {};
  sockaddr_in destination = {};
  // Datagrams that the kernel had no room for.
  uint32_t dropped = 0;

  // What the last recvmmsg brought: areas from `area` of `filled` on, the first from `offset` on.
  size_t area = 0;
  size_t filled = 0;
  size_t offset = 0;

  // Apart: datagrams may wait in their areas while others are sent.
  struct Batch {
    std::vector<mmsghdr> headers;
    std::vector<iovec> vectors;
    std::vector<sockaddr_in> addresses;
    msghdr& set(size_t index, uint8_t* data, size_t bytes);
  };
  Batch sends;
  Batch receives;
  std::vector<uint8_t> controls;

  bool fits() const;
  void prepare();
  int receive(int timeout_ms, int* error);
  int send(size_t from, size_t count, int* error);
  void release(napi_env env);

 private:
  struct Origin {
    // Bytes of each datagram in the area but the last; all of them where it is one datagram.
    size_t segment;
    double time;
  };

  bool fill(int timeout_ms, int* error);
  Origin origin(size_t index, size_t length);
};

void define_udp(napi_env env, napi_value exports);

}  // namespace daybook

#endif
