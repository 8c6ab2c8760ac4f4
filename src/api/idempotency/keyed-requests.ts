/**
 * Requests that their sender may send again under the same key, with the answer of the first; over a
 * restart as well, also one in the middle of the first.
 *
 * ```
 *   key comes  -> line "begins", synced -> commands, each received at a time that is no other's
 *              -> events durable        -> line with the answer, synced -> answer
 *   comes again, after a crash at any of these arrows:
 *     no line .................. a new request: nothing was done
 *     line, nothing on the log . its commands are given to the writer, under the same times
 *     line, events on the log .. the answer is made of them, by the same use case
 *     line with the answer ..... that answer
 * ```
 */
import { createHash } from 'node:crypto';
import { assert } from '../../lib/assert.js';
import type { Clock } from '../../lib/time.js';
import type { JournalReader } from '../../log/journal/journal-reader.js';
import { RECEIVED_STEP_NS, type Repeatable } from '../application/application.js';
import { problem } from '../application/errors.js';
import { recordedOutcome } from './recorded-outcome.js';
import { type RequestAnswer, RequestFile, type RequestRecord } from './request-file.js';

/** Requests that are remembered, of all identities; beyond, the oldest is forgotten. */
export const IDEMPOTENCY_KEYS_MAX = 32_768;
/** How long one is remembered, in ms. */
export const IDEMPOTENCY_MS_MAX = 24 * 3_600_000;
/** Commands of one request: so many times lie between two of RECEIVED_STEP_NS. */
const COMMANDS_MAX = RECEIVED_STEP_NS - 1;
export interface KeyedRequestsOptions {
  /** Absent: remembered in memory alone. */
  readonly path: string | undefined;
  readonly clock: Clock;
  /** Last sequence that was read. */
  readonly sequence: () => number;
  readonly readFrom: (sequence: number) => JournalReader;
  readonly keysMax?: number;
  readonly now?: () => number;
}

/** What comes of a key: do it, or give this answer. */
export type Begun =
  | { readonly kind: 'answered'; readonly answer: RequestAnswer }
  | { readonly kind: 'begun'; readonly request: KeyedRequest };

interface Entry extends RequestRecord {
  answer: RequestAnswer | undefined;
  generation: number;
  /** A request with it is being done. */
  underWay: boolean;
  /** The writer of this process has, or had, a command of it. */
  taken: boolean;
  /** It began in this process. */
  readonly ours: boolean;
}

export class KeyedRequests {
  readonly #options: KeyedRequestsOptions;
  /** Oldest first. */
  readonly #entries = new Map<string, Entry>();
  readonly #file: RequestFile | undefined;
  readonly #keysMax: number;
  readonly #now: () => number;
  #lastReceived = 0n;

  private constructor(options: KeyedRequestsOptions, file: RequestFile | undefined) {
    this.#options = options;
    this.#file = file;
    this.#keysMax = options.keysMax ?? IDEMPOTENCY_KEYS_MAX;
    this.#now = options.now ?? Date.now;
  }

  /** @throws RequestFileError */
  static async open(options: KeyedRequestsOptions): Promise<KeyedRequests> {
    if (options.path === undefined) return new KeyedRequests(options, undefined);
    const { file, records } = await RequestFile.open(options.path);
    const requests = new KeyedRequests(options, file);
    for (const [generation, list] of records.entries()) {
      for (const record of list) requests.#load(record, generation);
    }
    return requests;
  }

  get size(): number {
    return this.#entries.size;
  }

  /**
   * @param of whose key it is
   * @throws ApplicationError IDEMPOTENCY_KEY_REUSED, IDEMPOTENCY_IN_PROGRESS; SERVICE_UNAVAILABLE when
   *   it cannot be put on disk
   */
  async begin(of: { name: string; actor: number }, key: string, request: string): Promise<Begun> {
    const hash = hashOf(`${of.name}\n${key}`);
    const fingerprint = hashOf(request);
    const known = this.#known(hash);
    if (known !== undefined && known.fingerprint !== fingerprint) {
      throw problem('IDEMPOTENCY_KEY_REUSED');
    }
    if (known?.underWay === true) throw problem('IDEMPOTENCY_IN_PROGRESS');
    if (known?.answer !== undefined) return { kind: 'answered', answer: known.answer };
    const entry = known ?? this.#add(hash, fingerprint);
    entry.underWay = true;
    if (known === undefined) {
      try {
        await this.#put(entry);
      } catch {
        this.#entries.delete(hash);
        throw problem('SERVICE_UNAVAILABLE', 'Idempotency keys cannot be kept now.');
      }
    }
    return { kind: 'begun', request: this.#requestOf(entry, of.actor, known !== undefined) };
  }

  /** Why keys are not kept any more; undefined while they are. */
  get failure(): unknown {
    return this.#file?.failure;
  }

  /**
   * Resolves when the answer may be given.
   * @param answer absent: the request was not taken, or not for good, and may be tried again
   */
  async settle({ entry }: KeyedRequest, answer: RequestAnswer | undefined): Promise<void> {
    entry.answer = answer;
    try {
      if (answer !== undefined) await this.#put(entry);
    } catch (error) {
      // The answer is one of the log, and that it began is on disk: it can be had from these again.
      assert(this.failure === error, 'keys are not kept any more, as readiness says');
    } finally {
      entry.underWay = false;
    }
  }

  async close(): Promise<void> {
    await this.#file?.close();
  }

  #requestOf(entry: Entry, actor: number, repeated: boolean): KeyedRequest {
    const { readFrom } = this.#options;
    const find = (received: bigint, until: Parameters<Repeatable['recorded']>[0], brief: boolean) =>
      recordedOutcome(readFrom(entry.after + 1), { received, actor, until, brief });
    return new KeyedRequest(entry, repeated, find);
  }

  #known(hash: string): Entry | undefined {
    const entry = this.#entries.get(hash);
    if (entry === undefined || entry.underWay) return entry;
    const dropped = this.#file !== undefined && entry.generation < this.#file.generation - 1;
    if (!dropped && this.#now() - entry.atMs < IDEMPOTENCY_MS_MAX) return entry;
    this.#entries.delete(hash);
    return undefined;
  }

  #add(key: string, fingerprint: string): Entry {
    this.#forgetOldest();
    const { clock, sequence } = this.#options;
    clock.tick();
    const step = BigInt(RECEIVED_STEP_NS);
    const now = (clock.ns() / step) * step;
    const after = this.#lastReceived + step;
    this.#lastReceived = now > after ? now : after;
    const entry: Entry = {
      ...{ key, fingerprint, atMs: this.#now(), received: String(this.#lastReceived) },
      ...{ after: sequence(), answer: undefined, underWay: true, taken: false, ours: true },
      generation: this.#file?.generation ?? 0,
    };
    this.#entries.set(key, entry);
    return entry;
  }

  async #put(entry: Entry): Promise<void> {
    if (this.#file === undefined) return;
    const { key, fingerprint, atMs, received, after, answer } = entry;
    await this.#file.append({ key, fingerprint, atMs, received, after, answer });
    entry.generation = this.#file.generation;
  }

  #load(record: RequestRecord, generation: number): void {
    this.#entries.delete(record.key);
    this.#forgetOldest();
    const more = { generation, underWay: false, taken: false, ours: false };
    this.#entries.set(record.key, { ...record, answer: record.answer, ...more });
    const received = BigInt(record.received);
    if (received > this.#lastReceived) this.#lastReceived = received;
  }

  #forgetOldest(): void {
    if (this.#entries.size < this.#keysMax) return;
    for (const oldest of this.#entries.keys()) {
      this.#entries.delete(oldest);
      return;
    }
  }
}

type Find = (
  received: bigint,
  until: Parameters<Repeatable['recorded']>[0],
  brief: boolean,
) => ReturnType<typeof recordedOutcome>;

/** One attempt at a request, for the use cases. */
export class KeyedRequest implements Repeatable {
  readonly entry: Entry;
  readonly repeated: boolean;
  readonly #find: Find;
  #commands = 0;

  constructor(entry: Entry, repeated: boolean, find: Find) {
    this.entry = entry;
    this.repeated = repeated;
    this.#find = find;
  }

  received(): bigint {
    this.#commands += 1;
    assert(this.#commands <= COMMANDS_MAX, 'a request has few commands');
    return BigInt(this.entry.received) + BigInt(this.#commands);
  }

  taken(): void {
    this.entry.taken = true;
  }

  async recorded(...[until, brief]: Parameters<Repeatable['recorded']>) {
    if (this.entry.ours && !this.entry.taken) return undefined;
    const found = await this.#find(this.received(), until, brief);
    if (found !== undefined) return found;
    // The writer of this process has it: it is, or will be, on record, and must not be there twice.
    if (this.entry.taken) throw problem('OUTCOME_PENDING');
    this.#commands -= 1;
    return undefined;
  }
}

const hashOf = (text: string): string => createHash('sha256').update(text).digest('base64url');
