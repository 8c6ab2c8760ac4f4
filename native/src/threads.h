#ifndef DAYBOOK_THREADS_H
#define DAYBOOK_THREADS_H

#include <node_api.h>

namespace daybook {

napi_value pin_thread(napi_env env, napi_callback_info info);
napi_value avoid_cpu(napi_env env, napi_callback_info info);
napi_value idle_thread(napi_env env, napi_callback_info info);
napi_value name_thread(napi_env env, napi_callback_info info);
napi_value prompt_thread(napi_env env, napi_callback_info info);
napi_value use_huge_pages(napi_env env, napi_callback_info info);
napi_value read_clocks(napi_env env, napi_callback_info info);
napi_value monotonic_ms(napi_env env, napi_callback_info info);
napi_value read_monotonic(napi_env env, napi_callback_info info);
double monotonic_ms_now();

}  // namespace daybook

#endif
