#include "sync-thread.h"

#include <cerrno>
#include <memory>
#include <unistd.h>

namespace daybook {

const napi_type_tag SyncThread::kTag = {0x5e0c7a91d2f64b83, 0x97a3e1c05b8f2d46};

SyncThread::SyncThread() : thread_([this] { run(); }) {}

void SyncThread::run() {
  std::unique_lock<std::mutex> lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return stopping_ || (begun_ && !done_); });
    if (stopping_) return;
    const int file = file_;
    lock.unlock();
    const int error = fdatasync(file) == 0 ? 0 : errno;
    lock.lock();
    error_ = error;
    done_ = true;
    changed_.notify_all();
  }
}

void SyncThread::begin(int file) {
  const std::lock_guard<std::mutex> lock(mutex_);
  file_ = file;
  begun_ = true;
  done_ = false;
  changed_.notify_all();
}

int SyncThread::end() {
  std::unique_lock<std::mutex> lock(mutex_);
  if (!begun_) return -1;
  changed_.wait(lock, [this] { return done_; });
  begun_ = false;
  return error_;
}

void SyncThread::release(napi_env) {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    stopping_ = true;
    changed_.notify_all();
  }
  if (thread_.joinable()) thread_.join();
}

// syncOpen()
napi_value sync_open(napi_env env, napi_callback_info) { return external(env, new SyncThread()); }

// syncBegin(thread, file): to be followed by syncEnd, with nothing written to the file in between
napi_value sync_begin(napi_env env, napi_callback_info info) {
  Args args(env, info, 2);
  auto* thread = args.object<SyncThread>(0);
  const auto file = static_cast<int>(args.integer(1, 0, (int64_t{1} << 31) - 1));
  if (args.ok()) thread->begin(file);
  return nullptr;
}

// syncEnd(thread): when it is durable. Not tried again after a failure.
napi_value sync_end(napi_env env, napi_callback_info info) {
  Args args(env, info, 1);
  auto* thread = args.object<SyncThread>(0);
  if (!args.ok()) return nullptr;
  const int error = thread->end();
  if (error < 0) return args.fail("no sync was begun");
  if (error != 0) return throw_errno(env, error, "fdatasync");
  return nullptr;
}

}  // namespace daybook
