/** The log of a process or thread: JSON lines on standard error, without secrets. */
import pino, { type DestinationStream, type Logger } from 'pino';
import { REDACTED, REDACTED_FIELDS, scrub } from '../lib/secret-scrubber.js';

/** @param destination standard error unless a test wants the lines */
export function processLogger(
  level: string,
  destination: DestinationStream = pino.destination({ dest: 2, sync: true }),
): Logger {
  return pino(
    {
      level,
      redact: { paths: REDACTED_FIELDS, censor: REDACTED },
      hooks: { streamWrite: scrub },
    },
    destination,
  );
}
