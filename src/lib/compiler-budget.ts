/**
 * Lets V8 inline more of the writer's path than it would by itself: a command runs through some sixty
 * small functions, and the standard budget ends in the middle of them. For the whole process, and
 * only for what is compiled afterwards: the first thing that a program does
 * (`npm run bench -- core`: a fifth fewer instructions a command).
 */
import { setFlagsFromString } from 'node:v8';

/** Bytes of bytecode that may be inlined into one function, and that one such function may have. */
const INLINED_BYTES_MAX = 4000;
const INLINED_FUNCTION_BYTES_MAX = 1000;

setFlagsFromString(`--max-inlined-bytecode-size-cumulative=${INLINED_BYTES_MAX}`);
setFlagsFromString(`--max-inlined-bytecode-size=${INLINED_FUNCTION_BYTES_MAX}`);
