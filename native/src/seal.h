#ifndef DAYBOOK_SEAL_H
#define DAYBOOK_SEAL_H

#include <node_api.h>

namespace daybook {

napi_value seal_records(napi_env env, napi_callback_info info);
napi_value check_records(napi_env env, napi_callback_info info);

}  // namespace daybook

#endif
