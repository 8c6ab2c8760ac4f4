#include "udp.h"

#include <algorithm>
#include <arpa/inet.h>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <ctime>
#include <memory>
#include <netinet/udp.h>
#include <poll.h>
#include <unistd.h>
#include <utility>

// Since Linux 5.0; not in older headers.
#ifndef UDP_GRO
#define UDP_GRO 104
#endif

namespace daybook {

const napi_type_tag UdpSocket::kTag = {0x41c5e2b86a0f4937, 0xb38d10f7c92e5a64};

namespace {
constexpr int64_t kSlotsMost = 4096;
constexpr int64_t kSlotBytesMost = 65'536;
// A datagram of 64 KiB, and room to begin areas in different lines of a cache.
constexpr int64_t kAreaBytesMost = 131'072;
constexpr int64_t kTimeoutMost = 60'000;
}  // namespace

bool UdpSocket::fits() const {
  const auto most = static_cast<size_t>(kSlotsMost);
  return slots >= 1 && slots <= most && areas >= 1 && areas <= most && rows_most >= 1 &&
         incoming.bytes <= static_cast<size_t>(INT32_MAX) &&
         outgoing_rows.bytes >= slots * kRowWords * sizeof(int32_t) &&
         times.bytes >= rows_most * sizeof(double);
}

void UdpSocket::prepare() {
  for (const auto& [batch, size] : {std::pair{&sends, slots}, std::pair{&receives, areas}}) {
    batch->headers.resize(size);
    batch->vectors.resize(size);
    batch->addresses.resize(size);
  }
  controls.resize(areas * kControlBytes);
}

msghdr& UdpSocket::Batch::set(size_t index, uint8_t* data, size_t bytes) {
  vectors[index] = {data, bytes};
  msghdr& header = headers[index].msg_hdr;
  header = {};
  header.msg_iov = &vectors[index];
  header.msg_iovlen = 1;
  header.msg_name = &addresses[index];
  header.msg_namelen = sizeof addresses[index];
  return header;
}

// Reads what has come into the areas; false when nothing has.
bool UdpSocket::fill(int timeout_ms, int* error) {
  area = filled = offset = 0;
  for (size_t i = 0; i < areas; i++) {
    msghdr& header = receives.set(i, incoming.data + i * area_bytes, area_bytes);
    header.msg_control = controls.data() + i * kControlBytes;
    header.msg_controllen = kControlBytes;
  }
  // MSG_TRUNC: the length is that of what was sent, also where the area was too small for it.
  const auto read = [this] {
    const auto most = static_cast<unsigned>(areas);
    return recvmmsg(fd, receives.headers.data(), most, MSG_DONTWAIT | MSG_TRUNC, nullptr);
  };
  int got = read();
  if (got < 0 && errno == EAGAIN && timeout_ms > 0) {
    pollfd waiting = {fd, POLLIN, 0};
    got = poll(&waiting, 1, timeout_ms);
    if (got == 0) return false;
    if (got > 0) got = read();
  }
  if (got < 0) {
    *error = errno == EAGAIN || errno == EINTR ? 0 : errno;
    return false;
  }
  filled = static_cast<size_t>(got);
  return filled > 0;
}

UdpSocket::Origin UdpSocket::origin(size_t index, size_t length) {
  Origin from = {length, 0};
  msghdr& header = receives.headers[index].msg_hdr;
  for (cmsghdr* c = CMSG_FIRSTHDR(&header); c != nullptr; c = CMSG_NXTHDR(&header, c)) {
    if (c->cmsg_level == SOL_UDP && c->cmsg_type == UDP_GRO) {
      int segment = 0;
      memcpy(&segment, CMSG_DATA(c), sizeof segment);
      if (segment > 0) from.segment = static_cast<size_t>(segment);
    } else if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_TIMESTAMPNS) {
      timespec at = {};
      memcpy(&at, CMSG_DATA(c), sizeof at);
      from.time = static_cast<double>(at.tv_sec) * 1e3 + static_cast<double>(at.tv_nsec) / 1e6;
    } else if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SO_RXQ_OVFL) {
      memcpy(&dropped, CMSG_DATA(c), sizeof dropped);
    }
  }
  return from;
}

int UdpSocket::receive(int timeout_ms, int* error) {
  if (area == filled && !fill(timeout_ms, error)) return 0;
  auto* row = reinterpret_cast<int32_t*>(incoming_rows.data);
  auto* time = reinterpret_cast<double*>(times.data);
  size_t count = 0;
  for (; area < filled && count < rows_most; area++, offset = 0) {
    const size_t length = receives.headers[area].msg_len;
    const Origin from = origin(area, length);
    const auto address = static_cast<int32_t>(receives.addresses[area].sin_addr.s_addr);
    const int32_t port = ntohs(receives.addresses[area].sin_port);
    const size_t start = area * area_bytes;
    // One without a byte is a datagram, too.
    do {
      if (count == rows_most) return static_cast<int>(count);
      const size_t bytes = std::min(from.segment, length - offset);
      const bool whole = bytes <= slot_bytes && offset + bytes <= area_bytes;
      row[0] = whole ? static_cast<int32_t>(bytes) : -1;
      row[1] = address;
      row[2] = port;
      row[3] = whole ? static_cast<int32_t>(start + offset) : 0;
      time[count] = from.time;
      row += kRowWords;
      count++;
      offset += bytes;
    } while (offset < length);
  }
  return static_cast<int>(count);
}

int UdpSocket::send(size_t from, size_t count, int* error) {
  const auto* row = reinterpret_cast<const int32_t*>(outgoing_rows.data) + from * kRowWords;
  for (size_t i = 0; i < count; i++, row += kRowWords) {
    const int32_t length = row[0];
    if (length < 0 || static_cast<size_t>(length) > slot_bytes) {
      *error = EINVAL;
      return 0;
    }
    sockaddr_in& address = sends.addresses[i];
    address = destination;
    if (row[1] != 0) {
      address.sin_family = AF_INET;
      address.sin_addr.s_addr = static_cast<uint32_t>(row[1]);
      address.sin_port = htons(static_cast<uint16_t>(row[2]));
    }
    sends.set(i, outgoing.data + (from + i) * slot_bytes, static_cast<size_t>(length));
  }
  const int sent = sendmmsg(fd, sends.headers.data(), static_cast<unsigned>(count), MSG_DONTWAIT);
  if (sent >= 0) return sent;
  // Nobody listens there any more, or there is no room now: neither ends us.
  const bool passing =
      errno == EAGAIN || errno == ENOBUFS || errno == EINTR || errno == ECONNREFUSED;
  *error = passing ? 0 : errno;
  return 0;
}

void UdpSocket::release(napi_env env) {
  if (fd >= 0) ::close(fd);
  fd = -1;
  for (napi_ref& ref : refs) {
    if (ref != nullptr) napi_delete_reference(env, ref);
    ref = nullptr;
  }
}

namespace {

int option(int fd, int level, int name, int value) {
  return setsockopt(fd, level, name, &value, sizeof value) == 0 ? 0 : errno;
}

UdpSocket* socket_of(Args& args) {
  auto* socket = args.object<UdpSocket>(0);
  if (socket != nullptr && socket->fd < 0) {
    args.fail("the socket is closed");
    return nullptr;
  }
  return socket;
}

// udpOpen(host, port, bufferBytes, busyPollUs, slotBytes, outgoing, outgoingRows,
//         areaBytes, incoming, incomingRows, times)
napi_value udp_open(napi_env env, napi_callback_info info) {
  Args args(env, info, 11);
  char host[64];
  args.text(0, host, sizeof host);
  const auto port = static_cast<uint16_t>(args.integer(1, 0, 65'535));
  const auto buffer_bytes = static_cast<int>(args.integer(2, 0, int64_t{1} << 30));
  const auto busy_poll_us = static_cast<int>(args.integer(3, 0, 1'000'000));
  auto socket = std::make_unique<UdpSocket>();
  socket->slot_bytes = static_cast<size_t>(args.integer(4, 1, kSlotBytesMost));
  socket->outgoing = args.memory(5);
  socket->outgoing_rows = args.memory(6);
  socket->area_bytes = static_cast<size_t>(args.integer(7, 1, kAreaBytesMost));
  socket->incoming = args.memory(8);
  socket->incoming_rows = args.memory(9);
  socket->times = args.memory(10);
  if (!args.ok()) return nullptr;
  socket->slots = socket->outgoing.bytes / socket->slot_bytes;
  socket->areas = socket->incoming.bytes / socket->area_bytes;
  socket->rows_most = socket->incoming_rows.bytes / (UdpSocket::kRowWords * sizeof(int32_t));
  if (!socket->fits()) return args.fail("the memory does not fit the slots");
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  if (inet_pton(AF_INET, host, &address.sin_addr) != 1) return args.fail("not an IPv4 address");
  const int fd = ::socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return throw_errno(env, errno, "socket");
  socket->fd = fd;
  option(fd, SOL_SOCKET, SO_REUSEADDR, 1);
  if (buffer_bytes > 0) {
    // The forced ones pass the machine's limit where we may; the others are cut to it.
    if (option(fd, SOL_SOCKET, SO_RCVBUFFORCE, buffer_bytes) != 0) {
      option(fd, SOL_SOCKET, SO_RCVBUF, buffer_bytes);
    }
    if (option(fd, SOL_SOCKET, SO_SNDBUFFORCE, buffer_bytes) != 0) {
      option(fd, SOL_SOCKET, SO_SNDBUF, buffer_bytes);
    }
  }
  option(fd, SOL_SOCKET, SO_TIMESTAMPNS, 1);
  option(fd, SOL_SOCKET, SO_RXQ_OVFL, 1);
  // Many datagrams at once, where the kernel has them; without it (before 5.0) each comes by itself.
  option(fd, SOL_UDP, UDP_GRO, 1);
  if (busy_poll_us > 0) option(fd, SOL_SOCKET, SO_BUSY_POLL, busy_poll_us);
  if (bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
    const int error = errno;
    socket->release(env);
    return throw_errno(env, error, "bind");
  }
  socket->prepare();
  size_t ref = 0;
  for (const size_t at : {5, 6, 8, 9, 10}) {
    napi_create_reference(env, args.raw(at), 1, &socket->refs[ref++]);
  }
  return external(env, socket.release());
}

// udpJoin(socket, group, interface): receives what is sent to the group
napi_value udp_join(napi_env env, napi_callback_info info) {
  Args args(env, info, 3);
  UdpSocket* socket = socket_of(args);
  char group[64];
  char local[64];
  args.text(1, group, sizeof group);
  args.text(2, local, sizeof local);
  if (!args.ok()) return nullptr;
  ip_mreq request = {};
  if (inet_pton(AF_INET, group, &request.imr_multiaddr) != 1 ||
      inet_pton(AF_INET, local, &request.imr_interface) != 1) {
    return args.fail("not an IPv4 address");
  }
  if (setsockopt(socket->fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &request, sizeof request) != 0) {
    return throw_errno(env, errno, "IP_ADD_MEMBERSHIP");
  }
  return nullptr;
}

// udpSendTo(socket, host, port, interface, ttl): where rows without an address go
napi_value udp_send_to(napi_env env, napi_callback_info info) {
  Args args(env, info, 5);
  UdpSocket* socket = socket_of(args);
  char host[64];
  char local[64];
  args.text(1, host, sizeof host);
  const auto port = static_cast<uint16_t>(args.integer(2, 1, 65'535));
  args.text(3, local, sizeof local);
  const auto ttl = static_cast<int>(args.integer(4, 0, 255));
  if (!args.ok()) return nullptr;
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  in_addr from = {};
  if (inet_pton(AF_INET, host, &address.sin_addr) != 1 || inet_pton(AF_INET, local, &from) != 1) {
    return args.fail("not an IPv4 address");
  }
  if (IN_MULTICAST(ntohl(address.sin_addr.s_addr))) {
    if (setsockopt(socket->fd, IPPROTO_IP, IP_MULTICAST_IF, &from, sizeof from) != 0) {
      return throw_errno(env, errno, "IP_MULTICAST_IF");
    }
    option(socket->fd, IPPROTO_IP, IP_MULTICAST_TTL, ttl);
    option(socket->fd, IPPROTO_IP, IP_MULTICAST_LOOP, 1);
  }
  socket->destination = address;
  return nullptr;
}

// udpReceive(socket, timeoutMs): how many datagrams stand in data, rows and times; 0 does not wait
napi_value udp_receive(napi_env env, napi_callback_info info) {
  Args args(env, info, 2);
  UdpSocket* socket = socket_of(args);
  const auto timeout = static_cast<int>(args.integer(1, 0, kTimeoutMost));
  if (!args.ok()) return nullptr;
  int error = 0;
  const int count = socket->receive(timeout, &error);
  if (error != 0) return throw_errno(env, error, "recvmmsg");
  return number(env, count);
}

// udpSend(socket, from, count): how many of those rows were sent; the others did not fit now
napi_value udp_send(napi_env env, napi_callback_info info) {
  Args args(env, info, 3);
  UdpSocket* socket = socket_of(args);
  const int64_t most = socket == nullptr ? 0 : static_cast<int64_t>(socket->slots);
  const int64_t from = args.integer(1, 0, most);
  const int64_t count = args.integer(2, 0, most - from);
  if (!args.ok()) return nullptr;
  int error = 0;
  const int sent = socket->send(static_cast<size_t>(from), static_cast<size_t>(count), &error);
  if (error != 0) return throw_errno(env, error, "sendmmsg");
  return number(env, sent);
}

// udpPort(socket)
napi_value udp_port(napi_env env, napi_callback_info info) {
  Args args(env, info, 1);
  UdpSocket* socket = socket_of(args);
  if (!args.ok()) return nullptr;
  sockaddr_in address = {};
  socklen_t length = sizeof address;
  if (getsockname(socket->fd, reinterpret_cast<sockaddr*>(&address), &length) != 0) {
    return throw_errno(env, errno, "getsockname");
  }
  return number(env, ntohs(address.sin_port));
}

// udpDropped(socket): datagrams that the kernel had no room for, as of the last receive
napi_value udp_dropped(napi_env env, napi_callback_info info) {
  Args args(env, info, 1);
  UdpSocket* socket = socket_of(args);
  if (!args.ok()) return nullptr;
  return number(env, socket->dropped);
}

// udpClose(socket)
napi_value udp_close(napi_env env, napi_callback_info info) {
  Args args(env, info, 1);
  auto* socket = args.object<UdpSocket>(0);
  if (args.ok()) socket->release(env);
  return nullptr;
}

}  // namespace

void define_udp(napi_env env, napi_value exports) {
  const napi_property_descriptor calls[] = {
      {"udpOpen", nullptr, udp_open, nullptr, nullptr, nullptr, napi_enumerable, nullptr},
      {"udpJoin", nullptr, udp_join, nullptr, nullptr, nullptr, napi_enumerable, nullptr},
      {"udpSendTo", nullptr, udp_send_to, nullptr, nullptr, nullptr, napi_enumerable, nullptr},
      {"udpReceive", nullptr, udp_receive, nullptr, nullptr, nullptr, napi_enumerable, nullptr},
      {"udpSend", nullptr, udp_send, nullptr, nullptr, nullptr, napi_enumerable, nullptr},
      {"udpPort", nullptr, udp_port, nullptr, nullptr, nullptr, napi_enumerable, nullptr},
      {"udpDropped", nullptr, udp_dropped, nullptr, nullptr, nullptr, napi_enumerable, nullptr},
      {"udpClose", nullptr, udp_close, nullptr, nullptr, nullptr, napi_enumerable, nullptr},
  };
  napi_define_properties(env, exports, sizeof calls / sizeof calls[0], calls);
}

}  // namespace daybook
