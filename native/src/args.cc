#include "args.h"

#include <cerrno>
#include <cmath>
#include <cstdio>
#include <cstring>

namespace daybook {

Args::Args(napi_env env, napi_callback_info info, size_t needed) : env_(env) {
  size_t count = kMost;
  if (napi_get_cb_info(env, info, &count, values_, nullptr, nullptr) != napi_ok) {
    fail("the arguments cannot be read");
  } else if (count < needed) {
    fail("an argument is missing");
  }
}

napi_value Args::fail(const char* message) {
  if (ok_) napi_throw_type_error(env_, "ERR_INVALID_ARG_VALUE", message);
  ok_ = false;
  return nullptr;
}

int64_t Args::integer(size_t index, int64_t least, int64_t most) {
  if (!ok_) return least;
  double value = 0;
  if (napi_get_value_double(env_, values_[index], &value) != napi_ok) {
    fail("a number was expected");
    return least;
  }
  // Not a number fails both comparisons.
  if (!(value >= static_cast<double>(least) && value <= static_cast<double>(most)) ||
      std::floor(value) != value) {
    fail("a number is out of its range");
    return least;
  }
  return static_cast<int64_t>(value);
}

Memory Args::memory(size_t index) {
  Memory memory;
  if (!ok_) return memory;
  bool is_typed_array = false;
  napi_is_typedarray(env_, values_[index], &is_typed_array);
  if (!is_typed_array) {
    fail("a typed array was expected");
    return memory;
  }
  napi_typedarray_type type = napi_uint8_array;
  size_t length = 0;
  void* data = nullptr;
  if (napi_get_typedarray_info(env_, values_[index], &type, &length, &data, nullptr, nullptr) !=
      napi_ok) {
    fail("the memory of a typed array cannot be had");
    return memory;
  }
  size_t width = 1;
  switch (type) {
    case napi_int16_array:
    case napi_uint16_array:
      width = 2;
      break;
    case napi_int32_array:
    case napi_uint32_array:
    case napi_float32_array:
      width = 4;
      break;
    case napi_float64_array:
    case napi_bigint64_array:
    case napi_biguint64_array:
      width = 8;
      break;
    default:
      break;
  }
  memory.data = static_cast<uint8_t*>(data);
  memory.bytes = length * width;
  return memory;
}

void Args::text(size_t index, char* into, size_t room) {
  into[0] = '\0';
  if (!ok_) return;
  size_t length = 0;
  if (napi_get_value_string_utf8(env_, values_[index], nullptr, 0, &length) != napi_ok) {
    fail("a text was expected");
    return;
  }
  if (length >= room) {
    fail("a text is too long");
    return;
  }
  napi_get_value_string_utf8(env_, values_[index], into, room, &length);
}

void* Args::pointer(size_t index, const napi_type_tag& tag) {
  if (!ok_) return nullptr;
  bool ours = false;
  void* found = nullptr;
  napi_valuetype type = napi_undefined;
  napi_typeof(env_, values_[index], &type);
  if (type != napi_external ||
      napi_check_object_type_tag(env_, values_[index], &tag, &ours) != napi_ok || !ours ||
      napi_get_value_external(env_, values_[index], &found) != napi_ok || found == nullptr) {
    fail("a handle of another kind was expected");
    return nullptr;
  }
  return found;
}

namespace {

const char* name_of(int error) {
  switch (error) {
    case EACCES: return "EACCES";
    case EADDRINUSE: return "EADDRINUSE";
    case EADDRNOTAVAIL: return "EADDRNOTAVAIL";
    case EAGAIN: return "EAGAIN";
    case EBADF: return "EBADF";
    case ECONNREFUSED: return "ECONNREFUSED";
    case ECONNRESET: return "ECONNRESET";
    case EDQUOT: return "EDQUOT";
    case EFBIG: return "EFBIG";
    case EINVAL: return "EINVAL";
    case EIO: return "EIO";
    case EMFILE: return "EMFILE";
    case EMSGSIZE: return "EMSGSIZE";
    case ENETUNREACH: return "ENETUNREACH";
    case ENOBUFS: return "ENOBUFS";
    case ENODEV: return "ENODEV";
    case ENOMEM: return "ENOMEM";
    case ENOSPC: return "ENOSPC";
    case EPERM: return "EPERM";
    case EPIPE: return "EPIPE";
    case EROFS: return "EROFS";
    case ETIMEDOUT: return "ETIMEDOUT";
    default: return nullptr;
  }
}

}  // namespace

napi_value throw_errno(napi_env env, int error, const char* call) {
  char code[16];
  const char* known = name_of(error);
  if (known != nullptr) {
    snprintf(code, sizeof code, "%s", known);
  } else {
    snprintf(code, sizeof code, "E%d", error);
  }
  char message[160];
  snprintf(message, sizeof message, "%s: %s, %s", code, strerror(error), call);
  napi_throw_error(env, code, message);
  return nullptr;
}

napi_value number(napi_env env, double value) {
  napi_value result = nullptr;
  napi_create_double(env, value, &result);
  return result;
}

}  // namespace daybook
