// One job at a time on a thread of its own: whoever hands it over goes on, and waits for it later.
#ifndef DAYBOOK_ONE_JOB_H
#define DAYBOOK_ONE_JOB_H

#include <condition_variable>
#include <functional>
#include <mutex>
#include <pthread.h>
#include <thread>
#include <utility>

namespace daybook {

template <typename Job, typename Result>
class OneJob {
 public:
  using Work = std::function<Result(const Job&)>;

  // `name` of the thread, as `top -H` shows it; 15 bytes at most.
  OneJob(const char* name, Work work) : work_(std::move(work)), thread_([this] { run(); }) {
    pthread_setname_np(thread_.native_handle(), name);
  }
  ~OneJob() { stop(); }

  // False when one is under way.
  bool begin(const Job& job) {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (begun_) return false;
    job_ = job;
    begun_ = true;
    done_ = false;
    changed_.notify_all();
    return true;
  }

  // Waits for the one that was begun. False when none was.
  bool end(Result* result) {
    std::unique_lock<std::mutex> lock(mutex_);
    if (!begun_) return false;
    changed_.wait(lock, [this] { return done_; });
    begun_ = false;
    *result = result_;
    return true;
  }

  // One that was begun is brought to its end: its memory is held until then.
  void stop() {
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      stopping_ = true;
      changed_.notify_all();
    }
    if (thread_.joinable()) thread_.join();
  }

 private:
  void run() {
    std::unique_lock<std::mutex> lock(mutex_);
    for (;;) {
      changed_.wait(lock, [this] { return stopping_ || (begun_ && !done_); });
      if (!begun_ || done_) return;
      const Job job = job_;
      lock.unlock();
      const Result result = work_(job);
      lock.lock();
      result_ = result;
      done_ = true;
      changed_.notify_all();
    }
  }

  const Work work_;
  std::mutex mutex_;
  std::condition_variable changed_;
  Job job_;
  Result result_;
  bool begun_ = false;
  bool done_ = false;
  bool stopping_ = false;
  // Last: it uses the others.
  std::thread thread_;
};

}  // namespace daybook

#endif
