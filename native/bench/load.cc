// The other side of `npm run bench -- fastpath`: clients that speak OUCH, and what the bare machine does.
// Compiled when the bench runs; one process, one thread, no part of Daybook.
//
//   load echo PORT SPIN [FILE ACK]      a TCP echo server: epoll, recv, send; SPIN 1 never sleeps. With FILE, the
//       journal's bytes of what came are written and synced: before it is sent (ACK disk), or by a second thread,
//       on another processor, all the time (ACK memory)
//   load sync FILE BYTES SECONDS        pwrite and fdatasync of BYTES, over and over, in a file written ahead
//   load client PORT KIND MODE RATE WINDOW SECONDS WARMUP FROM ANSWERS SPIN USER...
//       KIND     ouch, or echo: the same bytes come back
//       MODE     open: RATE orders a second, each timed from when it was due, whatever is answered
//                closed: WINDOW orders in flight on each connection
//       FROM     first UserRefNum less one
//       ANSWERS  1 an order is done when it is accepted, 2 when it is executed
//       standard input: bytes of the orders to send in turn, 50 each
//
// Prints one line of JSON. Latencies are in a histogram of 1/128 steps of each power of two; an open loop also
// gives the p99 of each 0.1 s.
#include <algorithm>
#include <arpa/inet.h>
#include <cerrno>
#include <condition_variable>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <fcntl.h>
#include <mutex>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <string>
#include <sched.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <thread>
#include <unistd.h>
#include <utility>
#include <vector>

#include "bench.h"

namespace {

constexpr size_t kOrderBytes = 50;
constexpr size_t kBufferBytes = 1 << 18;
constexpr size_t kDueSlots = 1 << 20;
constexpr uint64_t kWindowNs = 100'000'000;
constexpr int kSteps = 128;

class Latencies {
 public:
  void add(uint64_t ns) {
    counts_[index(ns)]++;
    total_++;
    most_ = std::max(most_, ns);
  }
  double at_us(double percentile) const {
    if (total_ == 0) return 0;
    const auto wanted = static_cast<uint64_t>(static_cast<double>(total_) * percentile / 100);
    uint64_t seen = 0;
    for (size_t i = 0; i < counts_.size(); i++) {
      seen += counts_[i];
      if (seen > wanted) return static_cast<double>(std::min(value(i), most_)) / 1000;
    }
    return static_cast<double>(most_) / 1000;
  }
  void print() const {
    printf("\"count\":%llu,\"p50\":%.2f,\"p90\":%.2f,\"p99\":%.2f,\"p999\":%.2f,\"p9999\":%.2f,\"max\":%.2f",
           static_cast<unsigned long long>(total_), at_us(50), at_us(90), at_us(99), at_us(99.9),
           at_us(99.99), static_cast<double>(most_) / 1000);
  }
  // How many took so long, for those that add up several runs.
  void print_histogram() const {
    printf("\"histogram\":[");
    const char* comma = "";
    for (size_t i = 0; i < counts_.size(); i++) {
      if (counts_[i] == 0) continue;
      printf("%s[%.2f,%llu]", comma, static_cast<double>(std::min(value(i), most_)) / 1000,
             static_cast<unsigned long long>(counts_[i]));
      comma = ",";
    }
    printf("],");
  }

 private:
  static size_t index(uint64_t ns) {
    if (ns < kSteps) return static_cast<size_t>(ns);
    const int power = 63 - __builtin_clzll(ns);
    const auto step = static_cast<size_t>(ns >> (power - 7)) & (kSteps - 1);
    return static_cast<size_t>(power - 6) * kSteps + step;
  }
  // The upper end of a bucket.
  static uint64_t value(size_t index) {
    if (index < kSteps) return index;
    const auto power = index / kSteps + 6;
    return ((static_cast<uint64_t>(kSteps) + index % kSteps + 1) << (power - 7)) - 1;
  }
  std::vector<uint64_t> counts_ = std::vector<uint64_t>(kSteps * 60);
  uint64_t total_ = 0;
  uint64_t most_ = 0;
};

constexpr size_t kFileBytes = 8u << 20;
// What Daybook's journal has of an order of kOrderBytes: the order and its risk decision.
constexpr size_t kJournalBytes = 272;

// A file written ahead.
int open_file(const char* path) {
  const int file = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
  if (file < 0) die("open");
  const std::vector<char> zeros(kFileBytes);
  if (pwrite(file, zeros.data(), kFileBytes, 0) != static_cast<ssize_t>(kFileBytes)) die("pwrite");
  if (fsync(file) != 0) die("fsync");
  return file;
}

int listen_on(uint16_t port) {
  const int listener = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  if (bind(listener, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) die("bind");
  if (listen(listener, 16) != 0) die("listen");
  getsockname(listener, reinterpret_cast<sockaddr*>(&address), &length);
  printf("%u\n", ntohs(address.sin_port));
  fflush(stdout);
  return listener;
}

// Writes and syncs as many bytes as it is told, over and over the same file.
class Journal {
 public:
  explicit Journal(const char* path) : file_(open_file(path)) {}

  void make_durable(size_t orders_bytes) {
    const size_t bytes = std::min(orders_bytes * kJournalBytes / kOrderBytes, bytes_.size());
    if (at_ + bytes > kFileBytes) at_ = 0;
    if (pwrite(file_, bytes_.data(), bytes, static_cast<off_t>(at_)) < 0) die("pwrite");
    if (fdatasync(file_) != 0) die("fdatasync");
    at_ += bytes;
  }

  // On a thread of its own: one sync after another of what has come meanwhile.
  void follow() {
    thread_ = std::thread([this] {
      for (;;) {
        size_t came = 0;
        {
          std::unique_lock<std::mutex> lock(mutex_);
          changed_.wait(lock, [this] { return came_ > 0; });
          std::swap(came, came_);
        }
        make_durable(came);
      }
    });
    const char* server = getenv("DAYBOOK_LOAD_CPU");
    if (server == nullptr || server[0] != '=' || server[1] == 0) return;
    cpu_set_t set;
    CPU_ZERO(&set);
    for (long cpu = 0; cpu < sysconf(_SC_NPROCESSORS_ONLN); cpu++) CPU_SET(static_cast<size_t>(cpu), &set);
    CPU_CLR(static_cast<size_t>(atoi(server + 1)), &set);
    if (pthread_setaffinity_np(thread_.native_handle(), sizeof set, &set) != 0) die("pthread_setaffinity_np");
  }

  void came(size_t bytes) {
    const std::lock_guard<std::mutex> lock(mutex_);
    came_ += bytes;
    changed_.notify_one();
  }

 private:
  const int file_;
  const std::vector<char> bytes_ = std::vector<char>(kBufferBytes);
  size_t at_ = 0;
  std::mutex mutex_;
  std::condition_variable changed_;
  size_t came_ = 0;
  std::thread thread_;
};

enum class Ack { kNothingWritten, kDisk, kMemory };

class Echo {
 public:
  Echo(int listener, Journal* journal, Ack ack) : listener_(listener), journal_(journal), ack_(ack) {
    watch(listener);
    if (ack == Ack::kMemory) journal->follow();
  }

  // What is there to read, then one sync for all of it, then the answers.
  void turn(bool spin) {
    const int found = epoll_wait(poll_, ready_, kReady, spin ? 0 : -1);
    size_t came = 0;
    for (int i = 0; i < found; i++) came += read(i, ready_[i].data.fd);
    if (came > 0 && ack_ == Ack::kDisk) journal_->make_durable(came);
    for (int i = 0; i < found; i++) answer(i, ready_[i].data.fd);
    if (came > 0 && ack_ == Ack::kMemory) journal_->came(came);
  }

 private:
  static constexpr int kReady = 16;

  void watch(int fd) {
    epoll_event event = {};
    event.events = EPOLLIN;
    event.data.fd = fd;
    epoll_ctl(poll_, EPOLL_CTL_ADD, fd, &event);
  }

  size_t read(int i, int fd) {
    got_[i] = 0;
    if (fd == listener_) {
      const int client = accept(listener_, nullptr, nullptr);
      const int yes = 1;
      setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
      watch(client);
      return 0;
    }
    const ssize_t got = recv(fd, of(i), kBufferBytes, 0);
    if (got <= 0) close(fd);
    got_[i] = got <= 0 ? 0 : static_cast<size_t>(got);
    return got_[i];
  }

  char* of(int i) { return bytes_.data() + static_cast<size_t>(i) * kBufferBytes; }

  void answer(int i, int fd) {
    for (size_t sent = 0; sent < got_[i];) {
      const ssize_t done = send(fd, of(i) + sent, got_[i] - sent, MSG_NOSIGNAL);
      if (done < 0) break;
      sent += static_cast<size_t>(done);
    }
  }

  const int poll_ = epoll_create1(0);
  const int listener_;
  Journal* const journal_;
  const Ack ack_;
  epoll_event ready_[kReady];
  size_t got_[kReady] = {};
  std::vector<char> bytes_ = std::vector<char>(kReady * kBufferBytes);
};

int echo(uint16_t port, bool spin, const char* path, const char* ack) {
  if (path == nullptr) {
    Echo server(listen_on(port), nullptr, Ack::kNothingWritten);
    for (;;) server.turn(spin);
  }
  Journal journal(path);
  Echo server(listen_on(port), &journal, strcmp(ack, "memory") == 0 ? Ack::kMemory : Ack::kDisk);
  for (;;) server.turn(spin);
}

int sync_loop(const char* path, size_t bytes, double seconds) {
  const int file = open_file(path);
  const std::vector<char> order(bytes, 1);
  Latencies latencies;
  const uint64_t end = now_ns() + static_cast<uint64_t>(seconds * 1e9);
  size_t at = 0;
  for (uint64_t before = now_ns(); before < end;) {
    if (pwrite(file, order.data(), bytes, static_cast<off_t>(at)) < 0) die("pwrite");
    if (fdatasync(file) != 0) die("fdatasync");
    const uint64_t after = now_ns();
    latencies.add(after - before);
    before = after;
    at = at + 2 * bytes > kFileBytes ? 0 : at + bytes;
  }
  printf("{");
  latencies.print();
  printf("}\n");
  return 0;
}

struct Client {
  int fd = -1;
  uint32_t next = 0;
  uint64_t in_flight = 0;
  std::vector<uint8_t> out;
  size_t out_start = 0;
  std::vector<uint8_t> in = std::vector<uint8_t>(kBufferBytes);
  size_t in_end = 0;
  std::vector<uint64_t> due = std::vector<uint64_t>(kDueSlots);
};

struct Load {
  bool ouch = true;
  bool open_loop = true;
  int answers = 1;
  std::vector<uint8_t> orders;
  size_t turn = 0;
  std::vector<Client> clients;
  Latencies latencies;
  bool counting = false;
  uint64_t counted_from = 0;
  std::vector<std::vector<uint64_t>> windows;
  uint64_t done = 0;
  uint64_t messages = 0;
  uint64_t refused = 0;
  uint64_t late = 0;

  void put(Client& client, uint64_t due) {
    const size_t kinds = orders.size() / kOrderBytes;
    const uint8_t* order = orders.data() + (turn % kinds) * kOrderBytes;
    turn++;
    client.next++;
    client.due[client.next % kDueSlots] = due;
    const size_t at = client.out.size();
    client.out.insert(client.out.end(), order, order + kOrderBytes);
    const uint32_t ref = htonl(client.next);
    memcpy(client.out.data() + at + 4, &ref, 4);
    client.in_flight++;
  }

  void flush(Client& client) {
    while (client.out_start < client.out.size()) {
      const ssize_t sent = send(client.fd, client.out.data() + client.out_start,
                                client.out.size() - client.out_start, MSG_NOSIGNAL | MSG_DONTWAIT);
      if (sent < 0) {
        if (errno == EAGAIN) break;
        die("send");
      }
      client.out_start += static_cast<size_t>(sent);
    }
    if (client.out_start == client.out.size()) {
      client.out.clear();
      client.out_start = 0;
    }
  }

  void finished(Client& client, uint32_t ref, uint64_t now) {
    client.in_flight--;
    done++;
    if (counting && open_loop) {
      const uint64_t due = client.due[ref % kDueSlots];
      const uint64_t latency = now > due ? now - due : 0;
      latencies.add(latency);
      const size_t window = due > counted_from ? (due - counted_from) / kWindowNs : 0;
      if (window < windows.size()) windows[window].push_back(latency);
    }
  }

  // The p99 of each window, of orders due within it: one stall of the machine is one window's matter.
  void print_windows() {
    printf("\"windowsP99\":[");
    const char* comma = "";
    for (auto& window : windows) {
      if (window.empty()) continue;
      const auto at = window.begin() + static_cast<long>(window.size() * 99 / 100);
      std::nth_element(window.begin(), at, window.end());
      printf("%s%.2f", comma, static_cast<double>(*at) / 1000);
      comma = ",";
    }
    printf("],");
  }

  // One read; false when there was nothing.
  bool read(Client& client) {
    const ssize_t got = recv(client.fd, client.in.data() + client.in_end,
                             client.in.size() - client.in_end, MSG_DONTWAIT);
    if (got == 0) {
      fprintf(stderr, "the server closed\n");
      exit(1);
    }
    if (got < 0) {
      if (errno == EAGAIN) return false;
      die("recv");
    }
    const uint64_t now = now_ns();
    client.in_end += static_cast<size_t>(got);
    size_t at = 0;
    const uint8_t* in = client.in.data();
    while (at + 3 <= client.in_end) {
      const size_t bytes = 2u + (static_cast<size_t>(in[at]) << 8 | in[at + 1]);
      if (at + bytes > client.in_end) break;
      const uint8_t type = in[at + 2];
      if (!ouch) {
        uint32_t ref = 0;
        memcpy(&ref, in + at + 4, 4);
        finished(client, ntohl(ref), now);
      } else if (type == 'S' && bytes >= 16) {
        const uint8_t message = in[at + 3];
        messages++;
        uint32_t ref = 0;
        memcpy(&ref, in + at + 12, 4);
        if ((message == 'A' && answers == 1) || (message == 'E' && answers == 2)) {
          finished(client, ntohl(ref), now);
        } else if (message != 'A' && message != 'S') {
          refused++;
        }
      } else if (type == 'J' || type == 'Z') {
        fprintf(stderr, "the server refused\n");
        exit(1);
      }
      at += bytes;
    }
    memmove(client.in.data(), in + at, client.in_end - at);
    client.in_end -= at;
    return true;
  }
};

void login(int fd, const char* user) {
  uint8_t packet[49];
  memset(packet, ' ', sizeof packet);
  packet[0] = 0;
  packet[1] = 47;
  packet[2] = 'L';
  memcpy(packet + 3, user, strlen(user));
  memcpy(packet + 9, "bench", 5);
  packet[48] = '0';
  if (send(fd, packet, sizeof packet, MSG_NOSIGNAL) != static_cast<ssize_t>(sizeof packet)) die("login");
  // The accepted packet, 33 bytes; what follows is read by the loop.
  uint8_t answer[33];
  for (size_t have = 0; have < sizeof answer;) {
    const ssize_t got = recv(fd, answer + have, sizeof answer - have, 0);
    if (got <= 0) die("login refused");
    have += static_cast<size_t>(got);
    if (have > 2 && answer[2] != 'A') {
      fprintf(stderr, "login refused\n");
      exit(1);
    }
  }
}

// Clients stand for machines of their own: when they wake they run, whoever is in the middle of a slice
// (Linux 6.12 and later; src/lib/thread-scheduling.ts). Their share of the processors stays the same.
void run_promptly() {
  struct {
    uint32_t size, policy;
    uint64_t flags;
    int32_t nice;
    uint32_t priority;
    uint64_t runtime, deadline, period;
  } attributes = {};
  attributes.size = sizeof attributes;
  if (syscall(SYS_sched_getattr, 0, &attributes, sizeof attributes, 0) != 0) return;
  attributes.runtime = 100'000;
  if (attributes.policy == SCHED_OTHER) syscall(SYS_sched_setattr, 0, &attributes, 0);
}

int run_clients(int argc, char** argv) {
  if (argc < 13) return 2;
  run_promptly();
  const auto port = static_cast<uint16_t>(atoi(argv[2]));
  Load load;
  load.ouch = strcmp(argv[3], "ouch") == 0;
  load.open_loop = strcmp(argv[4], "open") == 0;
  const double rate = atof(argv[5]);
  const auto window = static_cast<uint64_t>(atoll(argv[6]));
  const double seconds = atof(argv[7]);
  const double warm_up = atof(argv[8]);
  const auto from = static_cast<uint32_t>(strtoul(argv[9], nullptr, 10));
  load.answers = atoi(argv[10]);
  const bool spin = atoi(argv[11]) != 0;
  uint8_t order[kOrderBytes];
  while (fread(order, 1, kOrderBytes, stdin) == kOrderBytes) {
    load.orders.insert(load.orders.end(), order, order + kOrderBytes);
  }
  if (load.orders.empty()) return 2;
  for (int i = 12; i < argc; i++) {
    Client client;
    client.fd = socket(AF_INET, SOCK_STREAM, 0);
    client.next = from;
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (connect(client.fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) die("connect");
    const int yes = 1;
    setsockopt(client.fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    if (load.ouch) login(client.fd, argv[i]);
    load.clients.push_back(std::move(client));
  }
  const uint64_t start = now_ns();
  const uint64_t counted_from = start + static_cast<uint64_t>(warm_up * 1e9);
  const uint64_t end = counted_from + static_cast<uint64_t>(seconds * 1e9);
  load.counted_from = counted_from;
  if (load.open_loop) {
    // Whole windows; room for twice the orders, so that none is moved while orders are sent.
    load.windows.resize(static_cast<size_t>(seconds * 1e9) / kWindowNs);
    for (auto& each : load.windows) each.reserve(static_cast<size_t>(rate * kWindowNs / 1e9) * 2);
  }
  const double interval = 1e9 / rate;
  double due = static_cast<double>(start) + interval;
  uint64_t done_before = 0;
  uint64_t messages_before = 0;
  uint64_t heartbeat = start;
  size_t next_client = 0;
  uint64_t now = start;
  while (now < end) {
    now = now_ns();
    if (!load.counting && now >= counted_from) {
      load.counting = true;
      load.late = 0;
      done_before = load.done;
      messages_before = load.messages;
    }
    if (load.open_loop) {
      while (due <= static_cast<double>(now)) {
        load.late = std::max(load.late, now - static_cast<uint64_t>(due));
        load.put(load.clients[next_client], static_cast<uint64_t>(due));
        next_client = (next_client + 1) % load.clients.size();
        due += interval;
      }
    } else {
      for (Client& client : load.clients) {
        if (window - client.in_flight < window / 16 + 1) continue;
        while (client.in_flight < window) load.put(client, now);
      }
    }
    const bool beat = load.ouch && now - heartbeat > 1'000'000'000u;
    if (beat) heartbeat = now;
    bool any = false;
    for (Client& client : load.clients) {
      if (beat) {
        const uint8_t packet[3] = {0, 1, 'R'};
        client.out.insert(client.out.end(), packet, packet + 3);
      }
      if (!client.out.empty()) load.flush(client);
      if (load.read(client)) any = true;
    }
    if (!any && !spin) {
      const timespec nap = {0, 20'000};
      nanosleep(&nap, nullptr);
    }
  }
  const double took = static_cast<double>(now - counted_from) / 1e9;
  printf("{\"perSecond\":%.0f,\"messagesPerSecond\":%.0f,\"sent\":%zu,\"done\":%llu,\"refused\":%llu,\"lateUs\":%.1f,",
         static_cast<double>(load.done - done_before) / took,
         static_cast<double>(load.messages - messages_before) / took, load.turn,
         static_cast<unsigned long long>(load.done), static_cast<unsigned long long>(load.refused),
         static_cast<double>(load.late) / 1000);
  load.print_windows();
  load.latencies.print_histogram();
  load.latencies.print();
  printf("}\n");
  return 0;
}

}  // namespace

// DAYBOOK_LOAD_CPU: "=N" runs on processor N, "!N" on any other.
void place() {
  const char* where = getenv("DAYBOOK_LOAD_CPU");
  if (where == nullptr || where[0] == 0 || where[1] == 0) return;
  const int cpu = atoi(where + 1);
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) != 0) die("sched_getaffinity");
  if (where[0] == '=') {
    CPU_ZERO(&set);
    CPU_SET(cpu, &set);
  } else {
    CPU_CLR(cpu, &set);
  }
  if (CPU_COUNT(&set) > 0 && sched_setaffinity(0, sizeof set, &set) != 0) die("sched_setaffinity");
}

int main(int argc, char** argv) {
  place();
  const std::string what = argc > 1 ? argv[1] : "";
  if (what == "echo" && (argc == 4 || argc == 6)) {
    const auto [path, ack] = argc == 6 ? std::pair(argv[4], argv[5]) : std::pair<char*, char*>();
    return echo(static_cast<uint16_t>(atoi(argv[2])), atoi(argv[3]) != 0, path, ack);
  }
  if (what == "sync" && argc == 5) {
    return sync_loop(argv[2], static_cast<size_t>(atoll(argv[3])), atof(argv[4]));
  }
  if (what == "client") return run_clients(argc, argv);
  fprintf(stderr, "usage: at the head of load.cc\n");
  return 2;
}
