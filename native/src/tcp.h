// TCP connections polled by the thread that decides.
//
// JavaScript hands over memory once; afterwards one call a turn sends what waits, waits, and reads:
//
//   control  Int32, 16 words a slot      events  Int32, 4 words each       clock  Float64
//   0 input end    JS compacts, we add   0 slot, -1 none                   0 ms, when the wait ended
//   1 output start we add                1 flags
//   2 output end   JS sets               2 errno
//   3 input read   1: do not read        3 spare
//
//   sends    Int32: word 0 how many, then the slots with something to send
//
// Every number that is read from shared memory is checked against the memory's size before use.
#ifndef DAYBOOK_TCP_H
#define DAYBOOK_TCP_H

#include <node_api.h>

#include <vector>

#include "args.h"

namespace daybook {

struct TcpSlot {
  int fd = -1;
  Memory input;
  Memory output;
  napi_ref input_ref = nullptr;
  napi_ref output_ref = nullptr;
  uint32_t interest = 0;
  bool shut_when_sent = false;
  bool shut = false;
  // Of the events of this turn, -1 none.
  int event = -1;
};

class TcpPoller {
 public:
  static const napi_type_tag kTag;

  int open(size_t slots, int busy_poll_us);
  int listen(const char* host, uint16_t port, int backlog, uint16_t* bound);
  void stop_listening();
  int turn(int timeout_ms, int* error);
  void send_slot(size_t slot);
  void shut_slot(size_t slot);
  void close_slot(napi_env env, size_t slot);
  void release(napi_env env);
  void close_all(napi_env env);

  std::vector<TcpSlot> slots;
  Memory control;
  Memory events;
  Memory sends;
  Memory clock;
  napi_ref refs[4] = {};
  int wake_fd = -1;
  bool closed = false;

  static constexpr size_t kControlWords = 16;
  static constexpr size_t kEventWords = 4;
  enum Word : size_t { kInputEnd = 0, kOutputStart = 1, kOutputEnd = 2, kHold = 3 };
  enum Flag : int32_t {
    kAccepted = 1,
    kInput = 2,
    kSent = 4,
    kEnd = 8,
    kError = 16,
    kRefused = 32,
    kWoken = 64
  };

  volatile int32_t* word(size_t slot, Word which) {
    return reinterpret_cast<volatile int32_t*>(control.data) + slot * kControlWords + which;
  }

 private:
  struct Later {
    int32_t slot;
    int32_t flags;
    int error;
  };

  void begin_turn();
  int turn_once(int timeout_ms, int* error);
  void accept_some();
  void read_slot(size_t slot);
  void want(size_t slot, uint32_t interest);
  void add_event(int32_t slot, int32_t flags, int error);
  void rearm_held();

  int epoll_fd_ = -1;
  int listen_fd_ = -1;
  int busy_poll_us_ = 0;
  size_t event_count_ = 0;
  bool in_turn_ = false;
  // What came up between turns: sends of JavaScript in the middle of its own.
  std::vector<Later> later_;
  std::vector<int32_t> free_;
  // Slots that are not read because their input is full or held.
  std::vector<int32_t> held_;
};

void define_tcp(napi_env env, napi_value exports);

}  // namespace daybook

#endif
