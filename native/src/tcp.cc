#include "tcp.h"

#include <arpa/inet.h>
#include <cerrno>
#include <cstring>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "threads.h"

namespace daybook {

const napi_type_tag TcpPoller::kTag = {0x9d1f0a5c3b7e4d21, 0x8c6b2e9f47a1d035};

namespace {
constexpr uint64_t kListener = UINT64_MAX;
constexpr uint64_t kWaker = UINT64_MAX - 1;
constexpr int kBatch = 256;
// A turn accepts so many and no more, so that those who are connected are served meanwhile.
constexpr int kAcceptsMost = 32;
}  // namespace

int TcpPoller::open(size_t count, int busy_poll_us) {
  busy_poll_us_ = busy_poll_us;
  slots.resize(count);
  free_.reserve(count);
  held_.reserve(count);
  for (size_t i = count; i > 0; i--) free_.push_back(static_cast<int32_t>(i - 1));
  epoll_fd_ = epoll_create1(EPOLL_CLOEXEC);
  if (epoll_fd_ < 0) return errno;
  wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  if (wake_fd < 0) return errno;
  epoll_event event = {};
  event.events = EPOLLIN;
  event.data.u64 = kWaker;
  return epoll_ctl(epoll_fd_, EPOLL_CTL_ADD, wake_fd, &event) == 0 ? 0 : errno;
}

int TcpPoller::listen(const char* host, uint16_t port, int backlog, uint16_t* bound) {
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  if (inet_pton(AF_INET, host, &address.sin_addr) != 1) return EINVAL;
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return errno;
  const int yes = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  socklen_t length = sizeof address;
  epoll_event event = {};
  event.events = EPOLLIN;
  event.data.u64 = kListener;
  if (bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 ||
      ::listen(fd, backlog) != 0 ||
      getsockname(fd, reinterpret_cast<sockaddr*>(&address), &length) != 0 ||
      epoll_ctl(epoll_fd_, EPOLL_CTL_ADD, fd, &event) != 0) {
    const int error = errno;
    ::close(fd);
    return error;
  }
  listen_fd_ = fd;
  *bound = ntohs(address.sin_port);
  return 0;
}

void TcpPoller::stop_listening() {
  if (listen_fd_ >= 0) ::close(listen_fd_);
  listen_fd_ = -1;
}

void TcpPoller::add_event(int32_t slot, int32_t flags, int error) {
  if (!in_turn_) {
    // JavaScript may be reading the rows of the last turn: these are told at the next.
    later_.push_back({slot, flags, error});
    return;
  }
  auto* rows = reinterpret_cast<int32_t*>(events.data);
  if (slot >= 0 && slots[static_cast<size_t>(slot)].event >= 0) {
    int32_t* row = rows + static_cast<size_t>(slots[static_cast<size_t>(slot)].event) * kEventWords;
    row[1] |= flags;
    if (error != 0) row[2] = error;
    return;
  }
  // One row a slot and a few of nobody: there is room, or the row is of nobody and can go.
  if ((event_count_ + 1) * kEventWords * sizeof(int32_t) > events.bytes) return;
  int32_t* row = rows + event_count_ * kEventWords;
  row[0] = slot;
  row[1] = flags;
  row[2] = error;
  row[3] = 0;
  if (slot >= 0) slots[static_cast<size_t>(slot)].event = static_cast<int>(event_count_);
  event_count_++;
}

void TcpPoller::want(size_t slot, uint32_t interest) {
  TcpSlot& s = slots[slot];
  if (s.fd < 0 || s.interest == interest) return;
  epoll_event event = {};
  event.events = interest;
  event.data.u64 = slot;
  if (epoll_ctl(epoll_fd_, EPOLL_CTL_MOD, s.fd, &event) == 0) s.interest = interest;
}

void TcpPoller::accept_some() {
  for (int i = 0; i < kAcceptsMost; i++) {
    const int fd = accept4(listen_fd_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) return;
    if (free_.empty()) {
      ::close(fd);
      add_event(-1, kRefused, 0);
      continue;
    }
    const int yes = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    if (busy_poll_us_ > 0) {
      setsockopt(fd, SOL_SOCKET, SO_BUSY_POLL, &busy_poll_us_, sizeof busy_poll_us_);
    }
    const int32_t slot = free_.back();
    TcpSlot& s = slots[static_cast<size_t>(slot)];
    epoll_event event = {};
    // Read from when JavaScript has given it memory.
    event.events = 0;
    event.data.u64 = static_cast<uint64_t>(slot);
    if (epoll_ctl(epoll_fd_, EPOLL_CTL_ADD, fd, &event) != 0) {
      ::close(fd);
      continue;
    }
    free_.pop_back();
    s.fd = fd;
    s.interest = 0;
    s.shut_when_sent = false;
    s.shut = false;
    for (size_t w = 0; w < kControlWords; w++) {
      *word(static_cast<size_t>(slot), static_cast<Word>(w)) = 0;
    }
    held_.push_back(slot);
    add_event(slot, kAccepted, 0);
  }
}

void TcpPoller::read_slot(size_t slot) {
  TcpSlot& s = slots[slot];
  const int32_t end = *word(slot, kInputEnd);
  const bool full = s.input.data == nullptr || end < 0 ||
                    static_cast<size_t>(end) >= s.input.bytes || *word(slot, kHold) != 0;
  if (full) {
    want(slot, s.interest & ~static_cast<uint32_t>(EPOLLIN | EPOLLRDHUP));
    held_.push_back(static_cast<int32_t>(slot));
    return;
  }
  const auto at = static_cast<size_t>(end);
  const ssize_t got = recv(s.fd, s.input.data + at, s.input.bytes - at, 0);
  if (got > 0) {
    *word(slot, kInputEnd) = static_cast<int32_t>(at + static_cast<size_t>(got));
    add_event(static_cast<int32_t>(slot), kInput, 0);
  } else if (got == 0) {
    want(slot, s.interest & ~static_cast<uint32_t>(EPOLLIN | EPOLLRDHUP));
    add_event(static_cast<int32_t>(slot), kEnd, 0);
  } else if (errno != EAGAIN && errno != EINTR) {
    const int error = errno;
    epoll_ctl(epoll_fd_, EPOLL_CTL_DEL, s.fd, nullptr);
    add_event(static_cast<int32_t>(slot), kError, error);
  }
}

void TcpPoller::rearm_held() {
  if (held_.empty()) return;
  size_t kept = 0;
  for (size_t i = 0; i < held_.size(); i++) {
    const auto slot = static_cast<size_t>(held_[i]);
    TcpSlot& s = slots[slot];
    if (s.fd < 0) continue;
    const int32_t end = *word(slot, kInputEnd);
    const bool room = s.input.data != nullptr && end >= 0 &&
                      static_cast<size_t>(end) < s.input.bytes && *word(slot, kHold) == 0;
    if (room) {
      want(slot, s.interest | EPOLLIN);
    } else {
      held_[kept++] = held_[i];
    }
  }
  held_.resize(kept);
}

void TcpPoller::send_slot(size_t slot) {
  TcpSlot& s = slots[slot];
  if (s.fd < 0 || s.output.data == nullptr) return;
  const int32_t start = *word(slot, kOutputStart);
  const int32_t end = *word(slot, kOutputEnd);
  if (start < 0 || end < start || static_cast<size_t>(end) > s.output.bytes) return;
  if (start < end) {
    const ssize_t done = ::send(s.fd, s.output.data + start, static_cast<size_t>(end - start),
                                MSG_NOSIGNAL | MSG_DONTWAIT);
    if (done < 0 && errno != EAGAIN && errno != EINTR) {
      const int error = errno;
      epoll_ctl(epoll_fd_, EPOLL_CTL_DEL, s.fd, nullptr);
      *word(slot, kOutputStart) = end;
      add_event(static_cast<int32_t>(slot), kError, error);
      return;
    }
    const int32_t sent = done < 0 ? 0 : static_cast<int32_t>(done);
    *word(slot, kOutputStart) = start + sent;
    if (start + sent < end) {
      if (sent > 0) add_event(static_cast<int32_t>(slot), kSent, 0);
      want(slot, s.interest | EPOLLOUT);
      return;
    }
    add_event(static_cast<int32_t>(slot), kSent, 0);
  }
  want(slot, s.interest & ~static_cast<uint32_t>(EPOLLOUT));
  if (s.shut_when_sent && !s.shut) {
    s.shut = true;
    shutdown(s.fd, SHUT_WR);
  }
}

void TcpPoller::begin_turn() {
  const auto* rows = reinterpret_cast<const int32_t*>(events.data);
  for (size_t i = 0; i < event_count_; i++) {
    const int32_t slot = rows[i * kEventWords];
    if (slot >= 0 && static_cast<size_t>(slot) < slots.size()) {
      slots[static_cast<size_t>(slot)].event = -1;
    }
  }
  event_count_ = 0;
  in_turn_ = true;
  for (const Later& each : later_) {
    add_event(each.slot, each.flags, each.error);
  }
  later_.clear();
}

int TcpPoller::turn(int timeout_ms, int* error) {
  const int count = turn_once(timeout_ms, error);
  in_turn_ = false;
  return count;
}

int TcpPoller::turn_once(int timeout_ms, int* error) {
  begin_turn();
  auto* waiting = reinterpret_cast<volatile int32_t*>(sends.data);
  const size_t most = sends.bytes / sizeof(int32_t) - 1;
  const int32_t count = waiting[0];
  for (size_t i = 0; count > 0 && i < static_cast<size_t>(count) && i < most; i++) {
    const int32_t slot = waiting[i + 1];
    if (slot >= 0 && static_cast<size_t>(slot) < slots.size()) send_slot(static_cast<size_t>(slot));
  }
  waiting[0] = 0;
  rearm_held();
  epoll_event ready[kBatch];
  // What sending brought up must not wait.
  const int found = epoll_wait(epoll_fd_, ready, kBatch, event_count_ > 0 ? 0 : timeout_ms);
  *reinterpret_cast<double*>(clock.data) = monotonic_ms_now();
  if (found < 0) {
    *error = errno == EINTR ? 0 : errno;
    return static_cast<int>(event_count_);
  }
  for (int i = 0; i < found; i++) {
    const uint64_t who = ready[i].data.u64;
    if (who == kListener) {
      accept_some();
    } else if (who == kWaker) {
      uint64_t times = 0;
      const ssize_t got = read(wake_fd, &times, sizeof times);
      if (got > 0) add_event(-1, kWoken, 0);
    } else if (who < slots.size()) {
      const auto slot = static_cast<size_t>(who);
      if (slots[slot].fd < 0) continue;
      const uint32_t what = ready[i].events;
      if ((what & EPOLLOUT) != 0) send_slot(slot);
      if ((what & (EPOLLIN | EPOLLRDHUP)) != 0) {
        read_slot(slot);
      } else if ((what & (EPOLLERR | EPOLLHUP)) != 0) {
        // Whoever is not read from would be told of this again and again.
        int problem = 0;
        socklen_t length = sizeof problem;
        getsockopt(slots[slot].fd, SOL_SOCKET, SO_ERROR, &problem, &length);
        epoll_ctl(epoll_fd_, EPOLL_CTL_DEL, slots[slot].fd, nullptr);
        add_event(static_cast<int32_t>(slot), problem == 0 ? kEnd : kError, problem);
      }
    }
  }
  return static_cast<int>(event_count_);
}

void TcpPoller::shut_slot(size_t slot) {
  TcpSlot& s = slots[slot];
  if (s.fd < 0) return;
  s.shut_when_sent = true;
  send_slot(slot);
}

void TcpPoller::close_slot(napi_env env, size_t slot) {
  TcpSlot& s = slots[slot];
  if (s.fd < 0) return;
  ::close(s.fd);
  if (s.input_ref != nullptr) napi_delete_reference(env, s.input_ref);
  if (s.output_ref != nullptr) napi_delete_reference(env, s.output_ref);
  s = TcpSlot();
  for (size_t i = 0; i < later_.size();) {
    if (later_[i].slot == static_cast<int32_t>(slot)) {
      later_[i] = later_.back();
      later_.pop_back();
    } else {
      i++;
    }
  }
  for (size_t i = 0; i < held_.size(); i++) {
    if (held_[i] != static_cast<int32_t>(slot)) continue;
    held_[i] = held_.back();
    held_.pop_back();
    break;
  }
  free_.push_back(static_cast<int32_t>(slot));
}

void TcpPoller::close_all(napi_env env) {
  if (closed) return;
  closed = true;
  for (size_t i = 0; i < slots.size(); i++) close_slot(env, i);
  stop_listening();
  if (wake_fd >= 0) ::close(wake_fd);
  if (epoll_fd_ >= 0) ::close(epoll_fd_);
  wake_fd = -1;
  epoll_fd_ = -1;
  for (napi_ref& ref : refs) {
    if (ref != nullptr) napi_delete_reference(env, ref);
    ref = nullptr;
  }
}

void TcpPoller::release(napi_env env) { close_all(env); }

}  // namespace daybook
