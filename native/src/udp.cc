#include "udp.h"

#include <arpa/inet.h>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <memory>
#include <poll.h>
#include <unistd.h>

namespace daybook {

const napi_type_tag UdpSocket::kTag = {0x41c5e2b86a0f4937, 0xb38d10f7c92e5a64};

namespace {
constexpr int64_t kSlotsMost = 4096;
constexpr int64_t kSlotBytesMost = 65'536;
constexpr int64_t kTimeoutMost = 60'000;
}  // namespace

void UdpSocket::prepare() {
  headers.resize(slots);
  vectors.resize(slots);
  addresses.resize(slots);
  controls.resize(slots * kControlBytes);
}

int UdpSocket::receive(int timeout_ms, int* error) {
  if (timeout_ms > 0) {
    pollfd waiting = {fd, POLLIN, 0};
    const int ready = poll(&waiting, 1, timeout_ms);
    if (ready <= 0) {
      *error = ready < 0 && errno != EINTR ? errno : 0;
      return 0;
    }
  }
  for (size_t i = 0; i < slots; i++) {
    vectors[i] = {data.data + i * slot_bytes, slot_bytes};
    msghdr& header = headers[i].msg_hdr;
    header = {};
    header.msg_iov = &vectors[i];
    header.msg_iovlen = 1;
    header.msg_name = &addresses[i];
    header.msg_namelen = sizeof addresses[i];
    header.msg_control = controls.data() + i * kControlBytes;
    header.msg_controllen = kControlBytes;
  }
  const int got = recvmmsg(fd, headers.data(), static_cast<unsigned>(slots), MSG_DONTWAIT, nullptr);
  if (got < 0) {
    *error = errno == EAGAIN || errno == EINTR ? 0 : errno;
    return 0;
  }
  auto* row = reinterpret_cast<int32_t*>(rows.data);
  auto* time = reinterpret_cast<double*>(times.data);
  for (int i = 0; i < got; i++, row += kRowWords) {
    const auto index = static_cast<size_t>(i);
    msghdr& header = headers[index].msg_hdr;
    // Longer than its slot: told as longer, so that nobody takes a part for the whole.
    const bool cut = (header.msg_flags & MSG_TRUNC) != 0;
    row[0] = cut ? -1 : static_cast<int32_t>(headers[index].msg_len);
    row[1] = static_cast<int32_t>(addresses[index].sin_addr.s_addr);
    row[2] = ntohs(addresses[index].sin_port);
    row[3] = 0;
    time[i] = 0;
    for (cmsghdr* c = CMSG_FIRSTHDR(&header); c != nullptr; c = CMSG_NXTHDR(&header, c)) {
      if (c->cmsg_level != SOL_SOCKET) continue;
      if (c->cmsg_type == SCM_TIMESTAMPNS) {
        timespec at = {};
        memcpy(&at, CMSG_DATA(c), sizeof at);
        time[i] = static_cast<double>(at.tv_sec) * 1e3 + static_cast<double>(at.tv_nsec) / 1e6;
      } else if (c->cmsg_type == SO_RXQ_OVFL) {
        memcpy(&dropped, CMSG_DATA(c), sizeof dropped);
      }
    }
  }
  return got;
}

int UdpSocket::send(size_t from, size_t count, int* error) {
  const auto* row = reinterpret_cast<const int32_t*>(rows.data) + from * kRowWords;
  for (size_t i = 0; i < count; i++, row += kRowWords) {
    const int32_t length = row[0];
    if (length < 0 || static_cast<size_t>(length) > slot_bytes) {
      *error = EINVAL;
      return 0;
    }
    vectors[i] = {data.data + (from + i) * slot_bytes, static_cast<size_t>(length)};
    addresses[i] = destination;
    if (row[1] != 0) {
      addresses[i].sin_family = AF_INET;
      addresses[i].sin_addr.s_addr = static_cast<uint32_t>(row[1]);
      addresses[i].sin_port = htons(static_cast<uint16_t>(row[2]));
    }
    msghdr& header = headers[i].msg_hdr;
    header = {};
    header.msg_iov = &vectors[i];
    header.msg_iovlen = 1;
    header.msg_name = &addresses[i];
    header.msg_namelen = sizeof addresses[i];
  }
  const int sent = sendmmsg(fd, headers.data(), static_cast<unsigned>(count), MSG_DONTWAIT);
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

// udpOpen(host, port, bufferBytes, busyPollUs, slotBytes, data, rows, times)
napi_value udp_open(napi_env env, napi_callback_info info) {
  Args args(env, info, 8);
  char host[64];
  args.text(0, host, sizeof host);
  const auto port = static_cast<uint16_t>(args.integer(1, 0, 65'535));
  const auto buffer_bytes = static_cast<int>(args.integer(2, 0, int64_t{1} << 30));
  const auto busy_poll_us = static_cast<int>(args.integer(3, 0, 1'000'000));
  auto socket = std::make_unique<UdpSocket>();
  socket->slot_bytes = static_cast<size_t>(args.integer(4, 1, kSlotBytesMost));
  socket->data = args.memory(5);
  socket->rows = args.memory(6);
  socket->times = args.memory(7);
  if (!args.ok()) return nullptr;
  socket->slots = socket->data.bytes / socket->slot_bytes;
  if (socket->slots < 1 || socket->slots > static_cast<size_t>(kSlotsMost) ||
      socket->rows.bytes < socket->slots * UdpSocket::kRowWords * sizeof(int32_t) ||
      socket->times.bytes < socket->slots * sizeof(double)) {
    return args.fail("the memory does not fit the slots");
  }
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
  if (busy_poll_us > 0) option(fd, SOL_SOCKET, SO_BUSY_POLL, busy_poll_us);
  if (bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
    const int error = errno;
    socket->release(env);
    return throw_errno(env, error, "bind");
  }
  socket->prepare();
  for (size_t i = 0; i < 3; i++) napi_create_reference(env, args.raw(i + 5), 1, &socket->refs[i]);
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
