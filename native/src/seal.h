#ifndef DAYBOOK_SEAL_H
#define DAYBOOK_SEAL_H

#include <cstddef>
#include <cstdint>
#include <node_api.h>

namespace daybook {

// Completes the commit of `length` bytes whose records stand behind its head, and moves the chain value
// on to it. False, and no head, when these are not `count` records numbered from `first` on.
bool seal_commit(uint8_t* commit, size_t length, size_t count, double first, uint8_t* chain);

napi_value seal_commit_call(napi_env env, napi_callback_info info);
napi_value check_records(napi_env env, napi_callback_info info);

}  // namespace daybook

#endif
