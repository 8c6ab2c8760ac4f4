#!/usr/bin/env bash
# The addon's own tests, and the suites that drive it hardest, with AddressSanitizer and
# UndefinedBehaviorSanitizer under it. Leaks of Node itself are not looked for.
set -euo pipefail
cd "$(dirname "$0")/.."
node native/build.mjs --sanitize
asan=$("${CXX:-c++}" -print-file-name=libasan.so)
ubsan=$("${CXX:-c++}" -print-file-name=libubsan.so)
export LD_PRELOAD="$asan:$ubsan"
export ASAN_OPTIONS=detect_leaks=0:halt_on_error=1:abort_on_error=1
export UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1
export DAYBOOK_NATIVE=required DAYBOOK_NATIVE_FILE="$PWD/native/build/sanitize/daybook.node"
exec node native/test/run.mjs "$@"
