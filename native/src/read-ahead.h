// Reads a window of a journal segment on a thread of its own, checks it and closes up its records, so
// that whoever evolves the window before has a processor to itself.
#ifndef DAYBOOK_READ_AHEAD_H
#define DAYBOOK_READ_AHEAD_H

#include <node_api.h>

#include "args.h"
#include "one-job.h"

namespace daybook {

// What to read: bytes of a file from a commit on, whose first record has that sequence.
struct Window {
  int file = -1;
  Memory memory;
  int64_t position = 0;
  double sequence = 0;
};

// What was found: whole commits in which everything is right, from the beginning of the window.
struct WindowResult {
  // Bytes in the file, heads included.
  size_t consumed = 0;
  // Bytes of records, which stand at the beginning of the memory without the heads.
  size_t bytes = 0;
  size_t count = 0;
  // Chain value of the last of the commits.
  uint8_t chain[32] = {};
};

class ReadAhead : public OneJob<Window, WindowResult> {
 public:
  static const napi_type_tag kTag;

  ReadAhead();
  // The memory is held until the window is there.
  napi_ref held = nullptr;
  void release(napi_env env);
};

napi_value ahead_open(napi_env env, napi_callback_info info);
napi_value ahead_begin(napi_env env, napi_callback_info info);
napi_value ahead_end(napi_env env, napi_callback_info info);

}  // namespace daybook

#endif
