/**
 * Lets V8 inline more of the writer's path than it would by itself: a command runs through some sixty
 * small functions, and the standard budget ends in the middle of them (`npm run bench -- core`: a
 * fifth fewer instructions a command). It holds for the whole process, and code that is wide rather
 * than deep, such as HTTP and gRPC, is compiled longer for it (`bench -- api`: a stream's p99 of 100 ms
 * instead of 11 in a short run): so only a process on the fast path asks for it, before anything else.
 */
import { setFlagsFromString } from 'node:v8';

/** Bytes of bytecode that may be inlined into one function, and that one such function may have. */
const INLINED_BYTES_MAX = 6000;
const INLINED_FUNCTION_BYTES_MAX = 1000;

export function inlineMore(): void {
  setFlagsFromString(`--max-inlined-bytecode-size-cumulative=${INLINED_BYTES_MAX}`);
  setFlagsFromString(`--max-inlined-bytecode-size=${INLINED_FUNCTION_BYTES_MAX}`);
}
