// The index of a table of keys (src/lib/key-table.ts), built anew after a snapshot.
#ifndef DAYBOOK_KEY_INDEX_H
#define DAYBOOK_KEY_INDEX_H

#include <node_api.h>

namespace daybook {

napi_value index_keys(napi_env env, napi_callback_info info);

}  // namespace daybook

#endif
