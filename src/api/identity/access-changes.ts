/** Changing identities: what is asked for is tried on the book first, then appended to the log. */
import { randomBytes } from 'node:crypto';
import { AccessBook } from './access-book.js';
import type { AccessChange } from './access-change.js';
import { type AccessRecord, appendToAccessLog, readAccessLog } from './access-log.js';

/** Bytes of a subject, as `ActorRegistered` has it. */
const SUBJECT_BYTES = 16;

/**
 * @param by who changes it, for the record
 * @param make what to change, of the book as it is
 * @throws AccessError; nothing is changed then
 */
export function changeAccess(
  directory: string,
  by: string,
  make: (book: AccessBook) => readonly AccessChange[],
): readonly AccessRecord[] {
  return appendToAccessLog(directory, by, (records) => {
    const book = AccessBook.of(records);
    const changes = make(book);
    for (const change of changes) book.take(change);
    return changes;
  });
}

export function readAccessBook(directory: string): AccessBook {
  return AccessBook.of(readAccessLog(directory));
}

/** A new user's name on the log: random, so that the log says nothing about a person. */
export function newSubject(): string {
  return randomBytes(SUBJECT_BYTES).toString('hex');
}
