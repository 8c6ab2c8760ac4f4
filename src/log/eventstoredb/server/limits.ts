/** Limits of the served protocol. What happens at each is said where it is enforced. */

/** Bytes of all events of one append together (`sizeInLog`); more is refused with the limit named. */
export const MAX_APPEND_BYTES = 1024 * 1024;

/** Largest single gRPC message taken in; more ends the call with RESOURCE_EXHAUSTED. */
export const MAX_REQUEST_MESSAGE_BYTES = 17 * 1024 * 1024;

/** Appends a batch-append call may have begun and not finished; one more ends the call. */
export const MAX_OPEN_APPENDS_PER_CALL = 1024;

/** Bytes of unfinished appends a call may leave with us; more ends the call. */
export const MAX_OPEN_APPEND_BYTES_PER_CALL = 64 * 1024 * 1024;

/** Longest an append may stay unfinished, whatever deadline its client asks for. */
export const WRITE_TIMEOUT_MS = 2_000;

/** Events a read takes from the log at a time while it has far to go. */
export const READ_PAGE_EVENTS = 256;

/** Events waiting at which a live subscription counts as fallen behind and catches up again. */
export const LIVE_BUFFER_EVENTS = 32;

/** Events considered per checkpoint step when the filter names no window of its own. */
export const DEFAULT_FILTER_WINDOW = 32;

/** Names whose filter verdict is remembered; then the memory starts afresh. */
export const FILTER_MEMORY_NAMES = 4096;

/** Longest regular expression a filter may hold; a longer one is an invalid argument. */
export const MAX_FILTER_REGEX_LENGTH = 1024;

/** Counts of a filter's expression together, `{9}` and `{0,9}` are nine; more are an invalid argument. */
export const MAX_FILTER_REGEX_COPIES = 256;

/** Reads and subscriptions open at once; one more is refused with RESOURCE_EXHAUSTED. */
export const MAX_OPEN_READS = 1024;
