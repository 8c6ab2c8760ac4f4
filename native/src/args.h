// Arguments of a call from JavaScript, each checked before it is used, and errors with a code.
//
// A failed check throws in JavaScript and makes the call return null; nothing is touched then.
#ifndef DAYBOOK_ARGS_H
#define DAYBOOK_ARGS_H

#include <node_api.h>

#include <cstddef>
#include <cstdint>

namespace daybook {

// Memory that JavaScript sees as a typed array.
struct Memory {
  uint8_t* data = nullptr;
  size_t bytes = 0;
};

class Args {
 public:
  static constexpr size_t kMost = 11;

  Args(napi_env env, napi_callback_info info, size_t needed);

  // False once anything was wrong; a JavaScript exception is pending then.
  bool ok() const { return ok_; }
  napi_env env() const { return env_; }
  napi_value raw(size_t index) const { return values_[index]; }

  // A whole number within [least, most].
  int64_t integer(size_t index, int64_t least, int64_t most);
  // The memory of a typed array, over an ArrayBuffer or a SharedArrayBuffer.
  Memory memory(size_t index);
  // Text of at most `room` - 1 bytes, with its zero.
  void text(size_t index, char* into, size_t room);

  // What `external` made, if `tag` says so.
  template <typename T>
  T* object(size_t index) {
    return static_cast<T*>(pointer(index, T::kTag));
  }

  napi_value fail(const char* message);

 private:
  void* pointer(size_t index, const napi_type_tag& tag);

  napi_env env_;
  napi_value values_[kMost] = {};
  bool ok_ = true;
};

// Throws an Error whose `code` is the name of `error` (ENOSPC), as Node's own have it.
napi_value throw_errno(napi_env env, int error, const char* call);

napi_value number(napi_env env, double value);

// Hands `object` to JavaScript, which deletes it when it is collected.
template <typename T>
napi_value external(napi_env env, T* object) {
  napi_value value = nullptr;
  const napi_finalize finalize = [](napi_env finalizing, void* data, void*) {
    T* dying = static_cast<T*>(data);
    dying->release(finalizing);
    delete dying;
  };
  if (napi_create_external(env, object, finalize, nullptr, &value) != napi_ok) {
    delete object;
    return nullptr;
  }
  napi_type_tag_object(env, value, &T::kTag);
  return value;
}

}  // namespace daybook

#endif
