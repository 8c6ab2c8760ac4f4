// What JavaScript calls of a TcpPoller.
#include <arpa/inet.h>
#include <cstdio>
#include <memory>
#include <netinet/in.h>
#include <sys/socket.h>

#include "tcp.h"

namespace daybook {

namespace {

constexpr int64_t kSlotsMost = 4096;
constexpr int64_t kTimeoutMost = 60'000;
constexpr int64_t kBufferMost = int64_t{1} << 30;

TcpPoller* poller_of(Args& args) {
  auto* poller = args.object<TcpPoller>(0);
  if (poller != nullptr && poller->closed) {
    args.fail("the poller is closed");
    return nullptr;
  }
  return poller;
}

size_t slot_of(Args& args, const TcpPoller* poller) {
  const int64_t most = poller == nullptr ? 0 : static_cast<int64_t>(poller->slots.size()) - 1;
  return static_cast<size_t>(args.integer(1, 0, most));
}

// tcpOpen(slots, busyPollUs, control, events, sends, clock)
napi_value tcp_open(napi_env env, napi_callback_info info) {
  Args args(env, info, 6);
  const auto count = static_cast<size_t>(args.integer(0, 1, kSlotsMost));
  const auto busy_poll_us = static_cast<int>(args.integer(1, 0, 1'000'000));
  auto poller = std::make_unique<TcpPoller>();
  poller->control = args.memory(2);
  poller->events = args.memory(3);
  poller->sends = args.memory(4);
  poller->clock = args.memory(5);
  if (!args.ok()) return nullptr;
  const size_t word = sizeof(int32_t);
  if (poller->control.bytes < count * TcpPoller::kControlWords * word ||
      poller->events.bytes < (count + 8) * TcpPoller::kEventWords * word ||
      poller->sends.bytes < (count + 1) * word || poller->clock.bytes < sizeof(double)) {
    return args.fail("the shared memory is too small for the slots");
  }
  const int error = poller->open(count, busy_poll_us);
  if (error != 0) {
    poller->close_all(env);
    return throw_errno(env, error, "epoll_create1");
  }
  for (size_t i = 0; i < 4; i++) napi_create_reference(env, args.raw(i + 2), 1, &poller->refs[i]);
  return external(env, poller.release());
}

// tcpListen(poller, host, port, backlog): the port that it listens on
napi_value tcp_listen(napi_env env, napi_callback_info info) {
  Args args(env, info, 4);
  TcpPoller* poller = poller_of(args);
  char host[64];
  args.text(1, host, sizeof host);
  const auto port = static_cast<uint16_t>(args.integer(2, 0, 65'535));
  const auto backlog = static_cast<int>(args.integer(3, 1, 65'535));
  if (!args.ok()) return nullptr;
  uint16_t bound = 0;
  const int error = poller->listen(host, port, backlog, &bound);
  if (error != 0) return throw_errno(env, error, "listen");
  return number(env, bound);
}

// tcpStopListening(poller)
napi_value tcp_stop_listening(napi_env env, napi_callback_info info) {
  Args args(env, info, 1);
  TcpPoller* poller = poller_of(args);
  if (args.ok()) poller->stop_listening();
  return nullptr;
}

// tcpAttach(poller, slot, input, output): the memory of an accepted connection
napi_value tcp_attach(napi_env env, napi_callback_info info) {
  Args args(env, info, 4);
  TcpPoller* poller = poller_of(args);
  const size_t slot = slot_of(args, poller);
  const Memory input = args.memory(2);
  const Memory output = args.memory(3);
  if (!args.ok()) return nullptr;
  TcpSlot& s = poller->slots[slot];
  if (s.fd < 0 || s.input.data != nullptr || input.bytes == 0 || output.bytes == 0 ||
      input.bytes > kBufferMost || output.bytes > kBufferMost) {
    return args.fail("the slot is not waiting for its memory");
  }
  s.input = input;
  s.output = output;
  napi_create_reference(env, args.raw(2), 1, &s.input_ref);
  napi_create_reference(env, args.raw(3), 1, &s.output_ref);
  return nullptr;
}

// tcpTurn(poller, timeoutMs): sends, waits, reads; how many events there are
napi_value tcp_turn(napi_env env, napi_callback_info info) {
  Args args(env, info, 2);
  TcpPoller* poller = poller_of(args);
  const auto timeout = static_cast<int>(args.integer(1, 0, kTimeoutMost));
  if (!args.ok()) return nullptr;
  int error = 0;
  const int count = poller->turn(timeout, &error);
  if (error != 0) return throw_errno(env, error, "epoll_wait");
  napi_value result = nullptr;
  napi_create_int32(env, count, &result);
  return result;
}

// tcpSend(poller, slot): now, before the next turn
napi_value tcp_send(napi_env env, napi_callback_info info) {
  Args args(env, info, 2);
  TcpPoller* poller = poller_of(args);
  const size_t slot = slot_of(args, poller);
  if (args.ok()) poller->send_slot(slot);
  return nullptr;
}

// tcpShut(poller, slot): the end of the stream follows what waits
napi_value tcp_shut(napi_env env, napi_callback_info info) {
  Args args(env, info, 2);
  TcpPoller* poller = poller_of(args);
  const size_t slot = slot_of(args, poller);
  if (args.ok()) poller->shut_slot(slot);
  return nullptr;
}

// tcpClose(poller, slot): at once; the slot may be another connection's from the next turn on
napi_value tcp_close(napi_env env, napi_callback_info info) {
  Args args(env, info, 2);
  TcpPoller* poller = poller_of(args);
  const size_t slot = slot_of(args, poller);
  if (args.ok()) poller->close_slot(env, slot);
  return nullptr;
}

// tcpPeer(poller, slot): "127.0.0.1:4711", empty when it is not known
napi_value tcp_peer(napi_env env, napi_callback_info info) {
  Args args(env, info, 2);
  TcpPoller* poller = poller_of(args);
  const size_t slot = slot_of(args, poller);
  if (!args.ok()) return nullptr;
  sockaddr_in address = {};
  socklen_t length = sizeof address;
  char text[64] = "";
  if (getpeername(poller->slots[slot].fd, reinterpret_cast<sockaddr*>(&address), &length) == 0) {
    char host[INET_ADDRSTRLEN] = "";
    inet_ntop(AF_INET, &address.sin_addr, host, sizeof host);
    snprintf(text, sizeof text, "%s:%u", host, ntohs(address.sin_port));
  }
  napi_value result = nullptr;
  napi_create_string_latin1(env, text, NAPI_AUTO_LENGTH, &result);
  return result;
}

// tcpWakeFd(poller): an eventfd; 8 bytes written there, by any thread, end the wait
napi_value tcp_wake_fd(napi_env env, napi_callback_info info) {
  Args args(env, info, 1);
  TcpPoller* poller = poller_of(args);
  if (!args.ok()) return nullptr;
  return number(env, poller->wake_fd);
}

// tcpShutDown(poller): closes everything
napi_value tcp_shut_down(napi_env env, napi_callback_info info) {
  Args args(env, info, 1);
  auto* poller = args.object<TcpPoller>(0);
  if (args.ok()) poller->close_all(env);
  return nullptr;
}

}  // namespace

void define_tcp(napi_env env, napi_value exports) {
  const napi_property_descriptor calls[] = {
      {"tcpOpen", nullptr, tcp_open, nullptr, nullptr, nullptr, napi_enumerable, nullptr},
      {"tcpListen", nullptr, tcp_listen, nullptr, nullptr, nullptr, napi_enumerable, nullptr},
      {"tcpStopListening", nullptr, tcp_stop_listening, nullptr, nullptr, nullptr, napi_enumerable, nullptr},
      {"tcpAttach", nullptr, tcp_attach, nullptr, nullptr, nullptr, napi_enumerable, nullptr},
      {"tcpTurn", nullptr, tcp_turn, nullptr, nullptr, nullptr, napi_enumerable, nullptr},
      {"tcpSend", nullptr, tcp_send, nullptr, nullptr, nullptr, napi_enumerable, nullptr},
      {"tcpShut", nullptr, tcp_shut, nullptr, nullptr, nullptr, napi_enumerable, nullptr},
      {"tcpClose", nullptr, tcp_close, nullptr, nullptr, nullptr, napi_enumerable, nullptr},
      {"tcpPeer", nullptr, tcp_peer, nullptr, nullptr, nullptr, napi_enumerable, nullptr},
      {"tcpWakeFd", nullptr, tcp_wake_fd, nullptr, nullptr, nullptr, napi_enumerable, nullptr},
      {"tcpShutDown", nullptr, tcp_shut_down, nullptr, nullptr, nullptr, napi_enumerable, nullptr},
  };
  napi_define_properties(env, exports, sizeof calls / sizeof calls[0], calls);
}

}  // namespace daybook
