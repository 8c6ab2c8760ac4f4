/**
 * The record of refused access: `<data>/identity/refused.jsonl`, one JSON line each.
 *
 * A file of its own and not the event log: whoever is not let in must not be able to write to the
 * log, and a flood of strangers must not cost an order its place on the disk. It is bounded in both
 * ways: so many lines a second (what is beyond is counted in the next line), and so many bytes, kept
 * in two files that take turns. A line is with the operating system before the answer goes out; it
 * outlives the process, and a loss of power may take the last ones.
 */
import { createHmac, randomBytes } from 'node:crypto';
import { closeSync, fstatSync, fsyncSync, openSync, renameSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { makeDirectories } from '../../lib/make-directories.js';

/** Bytes of one of the two files; the older one is then dropped. */
export const REFUSED_FILE_BYTES_MAX = 32 * 1024 * 1024;
/** Lines a second; what comes beyond is counted. */
export const REFUSED_LINES_PER_SECOND_MAX = 200;
/** Characters of what a stranger sent that are kept. */
const TEXT_CHARS_MAX = 200;
/** Of the hash of a name that nobody has. */
const UNKNOWN_CHARS = 16;

export interface Refusal {
  /** The code that the client was given. */
  readonly code: string;
  /** What the client was not told: unknown key, wrong secret, revoked … */
  readonly why?: string | undefined;
  /** Address of the other side. */
  readonly peer: string;
  /** Method and path, or the name of the call. */
  readonly what: string;
  /** Who it was, when that is known. */
  readonly identity?: string | undefined;
  /** Id of the credential, never the credential; as `nameOf` has it. */
  readonly credential?: string | undefined;
}

export class RefusedAccess {
  readonly #path: string;
  #file: number;
  #bytes: number;
  #second = 0;
  #lines = 0;
  #omitted = 0;

  constructor(directory: string) {
    makeDirectories(directory, 0o700);
    this.#path = join(directory, 'refused.jsonl');
    this.#file = openSync(this.#path, 'a', 0o600);
    this.#bytes = fstatSync(this.#file).size;
  }

  record({ code, why, peer, what, identity, credential }: Refusal, nowMs = Date.now()): void {
    const second = Math.floor(nowMs / 1000);
    if (second !== this.#second) {
      this.#second = second;
      this.#lines = 0;
    }
    this.#lines += 1;
    if (this.#lines > REFUSED_LINES_PER_SECOND_MAX) {
      this.#omitted += 1;
      return;
    }
    const time = new Date(nowMs).toISOString();
    const omitted = this.#omitted === 0 ? undefined : this.#omitted;
    const shown = { time, code, why: why && shorten(why), peer, what: shorten(what) };
    this.#write(`${JSON.stringify({ ...shown, identity, credential, omitted })}\n`);
    this.#omitted = 0;
  }

  close(): void {
    fsyncSync(this.#file);
    closeSync(this.#file);
  }

  #write(line: string): void {
    const bytes = Buffer.from(line);
    if (this.#bytes + bytes.length > REFUSED_FILE_BYTES_MAX) {
      this.close();
      renameSync(this.#path, `${this.#path}.1`);
      this.#file = openSync(this.#path, 'a', 0o600);
      this.#bytes = 0;
    }
    for (let done = 0; done < bytes.length; ) done += writeSync(this.#file, bytes, done);
    this.#bytes += bytes.length;
  }
}

/** Of this process alone: what is hashed with it can be told apart, and not be guessed from. */
const strangers = randomBytes(32);

/**
 * A name as the record has it. One that nobody has may be a password in the wrong field: it is hashed,
 * the same name to the same text as long as the process runs.
 */
export function nameOf(name: string, known: boolean): string {
  if (known) return name;
  const hash = createHmac('sha256', strangers).update(name).digest('hex');
  return `unknown:${hash.slice(0, UNKNOWN_CHARS)}`;
}

/** Keys and tokens, wherever a client may have put them by mistake. */
const SECRETS = /dbk_[a-z0-9]{1,10}_[\w-]+|eyJ[\w-]+\.[\w-]+\.[\w-]*/g;

function shorten(text: string): string {
  return text.replace(SECRETS, '[secret]').slice(0, TEXT_CHARS_MAX);
}
