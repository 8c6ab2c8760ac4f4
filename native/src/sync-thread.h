// An fdatasync on a thread of its own, so that the caller can do something else meanwhile.
#ifndef DAYBOOK_SYNC_THREAD_H
#define DAYBOOK_SYNC_THREAD_H

#include <condition_variable>
#include <mutex>
#include <node_api.h>
#include <thread>

#include "args.h"

namespace daybook {

class SyncThread {
 public:
  static const napi_type_tag kTag;

  SyncThread();
  void begin(int file);
  // Waits for the sync that was begun. Returns its errno, 0 when it is done; -1 when none was begun.
  int end();
  void release(napi_env env);

 private:
  void run();

  std::mutex mutex_;
  std::condition_variable changed_;
  int file_ = -1;
  bool begun_ = false;
  bool done_ = false;
  bool stopping_ = false;
  int error_ = 0;
  std::thread thread_;
};

napi_value sync_open(napi_env env, napi_callback_info info);
napi_value sync_begin(napi_env env, napi_callback_info info);
napi_value sync_end(napi_env env, napi_callback_info info);

}  // namespace daybook

#endif
