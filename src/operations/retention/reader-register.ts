/**
 * Who still reads a journal, and from where: on record beside it, so that a reader that is slow, or
 * not running just now, holds what it needs. A reader moves its own entry on; nobody else's.
 */
import { z } from 'zod';
import { type FileSystem, systemErrorCode } from '../../log/file-system.js';
import { JournalError } from '../../log/journal/errors.js';
import { writeWhole } from '../../log/whole-file.js';

const FORMAT = 'daybook-readers-1';
/** Readers of one journal; one more is refused. */
export const READERS_MAX = 64;
const REGISTER_BYTES_MAX = 64 * 1024;

const entry = z.strictObject({
  name: z.string().regex(/^[a-z0-9-]{1,64}$/),
  /** The first event that it will ask for. */
  from: z.int().nonnegative(),
});
const schema = z.strictObject({
  format: z.literal(FORMAT),
  readers: z.array(entry).max(READERS_MAX),
});

export type RegisteredReader = z.infer<typeof entry>;

export const registerPath = (journal: string): string => `${journal}.readers.json`;

/** None where there is no register. @throws JournalError JOURNAL_DAMAGED: then nobody may be forgotten */
export function registeredReaders(files: FileSystem, journal: string): RegisteredReader[] {
  const path = registerPath(journal);
  let file: number;
  try {
    file = files.open(path, 'read');
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return [];
    throw error;
  }
  try {
    const bytes = new Uint8Array(REGISTER_BYTES_MAX);
    const count = files.pread(file, bytes, 0, bytes.length, 0);
    const parsed = schema.safeParse(jsonOf(Buffer.from(bytes.subarray(0, count)).toString('utf8')));
    if (parsed.success) return parsed.data.readers;
    throw new JournalError('JOURNAL_DAMAGED', `${path} is no register of readers`);
  } finally {
    files.close(file);
  }
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** @param from undefined: the reader is gone for good, and holds nothing any more */
export function registerReader(
  files: FileSystem,
  journal: string,
  name: string,
  from: number | undefined,
): void {
  const others = registeredReaders(files, journal).filter((each) => each.name !== name);
  const readers = from === undefined ? others : [...others, { name, from }];
  const bytes = Buffer.from(`${JSON.stringify(schema.parse({ format: FORMAT, readers }))}\n`);
  writeWhole(files, registerPath(journal), bytes);
}
