// Datagrams in batches: one recvmmsg or sendmmsg for many.
//
//   data  slots of `slot bytes` each      rows  Int32, 4 words each: length, address, port, spare
//                                         times Float64: when the kernel had it, ms since 1970
//
// An address is that of IPv4 as one word in network order; a row to be sent with address 0 goes where
// the socket was told to send.
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
  static constexpr size_t kControlBytes = 64;

  int fd = -1;
  size_t slot_bytes = 0;
  size_t slots = 0;
  Memory data;
  Memory rows;
  Memory times;
  napi_ref refs[3] = {};
  sockaddr_in destination = {};
  // Datagrams that the kernel had no room for.
  uint32_t dropped = 0;

  std::vector<mmsghdr> headers;
  std::vector<iovec> vectors;
  std::vector<sockaddr_in> addresses;
  std::vector<uint8_t> controls;

  void prepare();
  int receive(int timeout_ms, int* error);
  int send(size_t from, size_t count, int* error);
  void release(napi_env env);
};

void define_udp(napi_env env, napi_value exports);

}  // namespace daybook

#endif
