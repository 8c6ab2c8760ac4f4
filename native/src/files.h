#ifndef DAYBOOK_FILES_H
#define DAYBOOK_FILES_H

#include <node_api.h>

namespace daybook {

napi_value file_write(napi_env env, napi_callback_info info);
napi_value file_sync(napi_env env, napi_callback_info info);

}  // namespace daybook

#endif
