// SHA-256 of a state's memory in leaves, and the same while it is read from a snapshot.
#ifndef DAYBOOK_LEAVES_H
#define DAYBOOK_LEAVES_H

#include <node_api.h>

namespace daybook {

napi_value leaf_hashes(napi_env env, napi_callback_info info);
napi_value read_leaves(napi_env env, napi_callback_info info);

}  // namespace daybook

#endif
