/**
 * What became of a command, read from the log.
 *
 * A request that waits is registered under its command id; the follower of the journal's durable
 * end offers every record, and the request gets the events of its command once the commit that
 * holds them has been read. So an answer is made of what is on disk, and of nothing else.
 *
 * Records that nobody waits for cost two comparisons and no object: the ids of one producer grow,
 * so those of the waiting requests lie between the oldest and the newest.
 */
import { decodeEvent } from '../domain/event-codec.js';
import { HEADER, type RecordBuffer } from '../domain/event-record.js';
import { type DaybookEvent, EVENT, type EventName, eventLayouts } from '../domain/events.js';
import { assert } from '../lib/assert.js';
import { type ApplicationError, problem } from './application/errors.js';

/** Requests that wait at a time. When full, new ones are refused (`CAPACITY_OVERLOAD`). */
export const OUTCOMES_PENDING_MAX = 8192;
/** Of these, what only requests that open no new risk (cancels) may use. */
export const OUTCOMES_RESERVED = 1024;
/** How long a request waits before it is answered with `OUTCOME_PENDING`, in milliseconds. */
export const OUTCOME_WAIT_MS_MAX = 5000;
/** Events of one command that are kept as objects; only a mass cancel comes near. */
export const OUTCOME_EVENTS_MAX = 20_000;
/** How often waits that are over are looked for, in milliseconds. */
const SWEEP_MS = 100;

const PASSED_AT = eventLayouts.RiskDecided.offsets.passed;
const ORDER_ID_AT = eventLayouts.OrderAccepted.offsets.orderId;

/** Events that tell a client nothing its answer lacks: most of an accepted order's. */
function tellsNothing(view: RecordBuffer, at: number): boolean {
  const number = view.bytes[at + HEADER.number];
  if (number === EVENT.OrderRouted) return true;
  return number === EVENT.RiskDecided && view.bytes[at + PASSED_AT] === 1;
}

/** What became of a command. */
export interface Outcome {
  /**
   * In their order, without routings and risk decisions that passed; of more than OUTCOME_EVENTS_MAX the
   * first ones and the last.
   */
  readonly events: readonly DaybookEvent[];
  /** Events that are not among them. */
  readonly omitted: number;
  /** For a brief wait: what its OrderAccepted says, which is then not among the events. */
  readonly accepted?: AcceptedOrder | undefined;
}

export interface AcceptedOrder {
  readonly orderId: number;
  readonly sequence: number;
}

interface Pending {
  readonly deadlineMs: number;
  readonly until: EventName | undefined;
  readonly brief: boolean;
  accepted: AcceptedOrder | undefined;
  /** What was read so far; the one empty list while a brief wait has none, as nearly all do. */
  events: DaybookEvent[];
  omitted: number;
  readonly resolve: (outcome: Outcome) => void;
  readonly reject: (error: ApplicationError) => void;
}

/** Never written to. */
const NO_EVENTS: DaybookEvent[] = [];

export interface OutcomesOptions {
  readonly pendingMax?: number;
  readonly reserved?: number;
  readonly waitMs?: number;
}

export class Outcomes {
  /** In the order of registration, which with one waiting time is the order of deadlines. */
  readonly #pending = new Map<number, Pending>();
  readonly #pendingMax: number;
  readonly #reserved: number;
  readonly #waitMs: number;
  readonly #timer: NodeJS.Timeout;
  #oldest = Number.POSITIVE_INFINITY;
  #newest = Number.NEGATIVE_INFINITY;
  /** The command whose events are being read, and who waits for it; -1 none. */
  #command = -1;
  #reading: Pending | undefined;
  /** Its last event, when it was not kept. */
  #lastOmitted: DaybookEvent | undefined;
  #failure: ApplicationError | undefined;
  /** Who waits until nothing up to that command is pending. */
  #watchers: { readonly command: number; readonly resolve: () => void }[] = [];

  constructor(options: OutcomesOptions = {}) {
    this.#pendingMax = options.pendingMax ?? OUTCOMES_PENDING_MAX;
    this.#reserved = options.reserved ?? Math.min(OUTCOMES_RESERVED, this.#pendingMax >> 3);
    this.#waitMs = options.waitMs ?? OUTCOME_WAIT_MS_MAX;
    assert(this.#reserved < this.#pendingMax, 'outcomes: all places are reserved');
    this.#timer = setInterval(() => this.#sweep(performance.now()), SWEEP_MS).unref();
  }

  /** Requests that wait. */
  get pending(): number {
    return this.#pending.size;
  }

  /** Whether another request may wait. Ask before submitting its command. */
  hasRoom(opensRisk: boolean): boolean {
    const limit = opensRisk ? this.#pendingMax - this.#reserved : this.#pendingMax;
    return this.#pending.size < limit;
  }

  /**
   * What becomes of a command. Call in the same turn as its submission: the follower runs on this
   * thread, so nothing can pass in between.
   *
   * @param until the event that ends it, for a command that may take several commits; CommandRefused
   *   always does. Absent: all its events are in one commit
   * @param brief of an order that is accepted, only its id and sequence are wanted
   * @throws ApplicationError OUTCOME_PENDING when they are not durable in time, SERVICE_UNAVAILABLE
   *   when the log cannot be followed any more
   */
  of(command: number, until?: EventName, brief = false): Promise<Outcome> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    assert(!this.#pending.has(command), 'outcomes: a command is waited for once');
    if (this.#pending.size === 0) this.#oldest = command;
    else if (command < this.#oldest) this.#oldest = command;
    if (command > this.#newest) this.#newest = command;
    const deadlineMs = performance.now() + this.#waitMs;
    return new Promise((resolve, reject) => {
      const pending: Pending = {
        deadlineMs,
        until,
        brief,
        accepted: undefined,
        events: brief ? NO_EVENTS : [],
        omitted: 0,
        resolve,
        reject,
      };
      this.#pending.set(command, pending);
    });
  }

  /** Resolves when what waits now has its outcome, or waits no more. */
  settled(): Promise<void> {
    if (this.#pending.size === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#watchers.push({ command: this.#newest, resolve });
    });
  }

  /** Offers the record at `at`; the records of one command come one after the other. */
  offer(view: RecordBuffer, at: number): void {
    const command = view.f64[(at + HEADER.command) / 8] as number;
    if (command !== this.#command) {
      if (this.#command >= 0) this.#settle();
      if (command < this.#oldest || command > this.#newest) return;
      this.#reading = this.#pending.get(command);
      if (this.#reading === undefined) return;
      this.#command = command;
    }
    if (tellsNothing(view, at)) return;
    const reading = this.#reading as Pending;
    if (reading.brief && view.bytes[at + HEADER.number] === EVENT.OrderAccepted) {
      const orderId = view.f64[(at + ORDER_ID_AT) / 8] as number;
      reading.accepted = { orderId, sequence: view.f64[(at + HEADER.sequence) / 8] as number };
      return;
    }
    if (reading.events === NO_EVENTS) reading.events = [];
    if (reading.events.length < OUTCOME_EVENTS_MAX) {
      reading.events.push(decodeEvent(view.bytes, at));
      return;
    }
    reading.omitted += 1;
    this.#lastOmitted = decodeEvent(view.bytes, at);
  }

  /** A commit has been read to its end: so are the events that it holds of its last command. */
  commitEnd(): void {
    if (this.#command >= 0) this.#settle();
    if (this.#watchers.length > 0) this.#tellWatchers();
    if (this.#pending.size === 0) {
      this.#oldest = Number.POSITIVE_INFINITY;
      this.#newest = Number.NEGATIVE_INFINITY;
    }
  }

  /** The log cannot be followed any more: whoever waits, or will, is told so. */
  fail(detail: string): void {
    this.#failure = problem('SERVICE_UNAVAILABLE', detail);
    for (const { reject } of this.#pending.values()) reject(this.#failure);
    this.#pending.clear();
    this.#tellWatchers();
  }

  close(): void {
    clearInterval(this.#timer);
    this.fail('Daybook is stopping.');
  }

  #settle(): void {
    const { events, until, omitted, accepted, resolve } = this.#reading as Pending;
    const command = this.#command;
    const last = this.#lastOmitted ?? events.at(-1);
    this.#command = -1;
    this.#reading = undefined;
    this.#lastOmitted = undefined;
    const type = last?.type;
    const ended =
      until === undefined ||
      type === until ||
      type === 'CommandRefused' ||
      // Others may stand behind it in the same commit: a day opens, then orders are renewed.
      events.some((event) => event.type === until);
    if (!ended) return;
    this.#pending.delete(command);
    if (omitted === 0 || last === undefined) resolve({ events, omitted, accepted });
    else resolve({ events: [...events, last], omitted: omitted - 1 });
  }

  #sweep(nowMs: number): void {
    for (const [command, { deadlineMs, reject }] of this.#pending) {
      if (deadlineMs > nowMs) break;
      this.#pending.delete(command);
      reject(problem('OUTCOME_PENDING'));
    }
    if (this.#watchers.length > 0) this.#tellWatchers();
  }

  #tellWatchers(): void {
    // Ids of one producer grow, so the first is the oldest.
    const [oldest = Number.POSITIVE_INFINITY] = this.#pending.keys();
    const told = this.#watchers.filter(({ command }) => command < oldest);
    this.#watchers = this.#watchers.filter(({ command }) => command >= oldest);
    for (const { resolve } of told) resolve();
  }
}
