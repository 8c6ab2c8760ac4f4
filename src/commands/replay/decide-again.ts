/**
 * Decides the commands behind recorded events once more, in a state that starts empty, and compares
 * what comes out with what is on record, byte for byte but for the checksum. Nothing different means:
 * deciding is deterministic, and the log was written by these rules.
 *
 * The state evolves by its own events. Where they differ from the record, it is built anew from the
 * record, so that one difference is one finding and not all that follow from it.
 */
import { COMMAND_SLOT_BYTES } from '../../domain/commands.js';
import { RecordBuffer } from '../../domain/event-record.js';
import { EVENT } from '../../domain/events.js';
import { AssertionError } from '../../lib/assert.js';
import { decide } from '../decide/decide.js';
import { Emitter } from '../emitter.js';
import { evolve } from '../evolve/evolve.js';
import type { ShardState } from '../state/shard-state.js';
import {
  commandAt,
  type EventGroup,
  groupsOf,
  lengthAt,
  numberAt,
  sequenceAt,
  timeAt,
} from './event-groups.js';
import { nameAt, recoverCommand } from './recover-command.js';

/** Room for the events of one command, a mass cancel of a whole book included. */
const OUT_BYTES = 8 * 1024 * 1024;

/** Where deciding and the record part. */
export interface Difference {
  /** Sequence of the first event that differs. */
  readonly sequence: number;
  readonly command: number;
  readonly commandName: string;
  /** A copy of the record; undefined where deciding gave more events than are on record. */
  readonly recorded: Uint8Array | undefined;
  /** What deciding gave instead; undefined where it gave fewer events. */
  readonly decided: Uint8Array | undefined;
  readonly reason: string;
}

export interface DecideAgainOptions {
  /** The state as the log alone gives it, up to before `sequence`. */
  readonly stateBefore: (sequence: number) => ShardState;
  /**
   * The record that ends a command which may span commits (`isEnd`), at or after `sequence`;
   * undefined: none there.
   */
  readonly findEnd: (command: number, sequence: number) => RecordBuffer | undefined;
  readonly onDifference: (difference: Difference) => void;
}

/** An emitter that says the batch is full where the recorded one was. */
class ReplayEmitter extends Emitter {
  eventsMax = 0;
  override get room(): boolean {
    return this.out.count < this.eventsMax;
  }
}

const ENDS: ReadonlySet<number> = new Set([
  ...[EVENT.MassCancelDone, EVENT.TradingDayOpened, EVENT.TradingDayClosed],
]);

/** Whether an event tells all of a command that may span commits: mass cancels, days. */
export const isEnd = (number: number): boolean => ENDS.has(number);

export class DecideAgain {
  /** Commands decided, and events compared. */
  commands = 0;
  events = 0;
  differences = 0;
  /**
   * Events whose command the log does not hold: a mass cancel that a crash cut short before its end.
   * They are evolved as recorded.
   */
  withoutCommand = 0;
  state: ShardState;
  readonly #options: DecideAgainOptions;
  readonly #out = new RecordBuffer(OUT_BYTES);
  readonly #command = new RecordBuffer(COMMAND_SLOT_BYTES);
  #emitter: ReplayEmitter;
  /** The end of the command that spans commits and was met last: its parts may go on behind it. */
  #spanning: { readonly command: number; readonly end: RecordBuffer } | undefined;

  constructor(options: DecideAgainOptions) {
    this.#options = options;
    this.state = options.stateBefore(0);
    this.#emitter = new ReplayEmitter(this.state, this.#out);
  }

  /** Takes the next batch of whole commits. */
  take(batch: RecordBuffer): void {
    for (const group of groupsOf(batch)) this.#takeGroup(group);
  }

  #takeGroup(group: EventGroup): void {
    this.events += group.count;
    const name = this.#recover(group);
    if (name === 'unknown') {
      this.#differ(group, group.from, -1, 'unknown', 'no command leaves such events');
      return;
    }
    if (name === 'cut') {
      this.withoutCommand += group.count;
      for (let at = group.from; at < group.to; at += lengthAt(group.batch, at)) {
        evolve(this.state, group.batch, at);
      }
      return;
    }
    this.commands += 1;
    this.#out.clear();
    this.#emitter.eventsMax = group.count;
    this.#emitter.setTime(timeAt(group.batch, group.from));
    try {
      decide(this.#emitter, this.#command, 0);
    } catch (error) {
      if (!(error instanceof AssertionError)) throw error;
      this.#differ(group, group.from, -1, name, `deciding failed: ${error.message}`);
      return;
    }
    this.#compare(group, name);
  }

  /** @returns its name; `cut`: a crash came before the end that has its fields */
  #recover(group: EventGroup): string {
    const { batch, from, to } = group;
    const command = commandAt(batch, from);
    if (this.#spanning?.command !== command) this.#spanning = undefined;
    for (let at = from; at < to; at += lengthAt(batch, at)) {
      if (isEnd(numberAt(batch, at))) this.#spanning = { command, end: copyOf(batch, at) };
    }
    if (this.#spanning === undefined) {
      const recovered = recoverCommand(group, this.#command);
      if (recovered.kind !== 'part') {
        return recovered.kind === 'unknown' ? 'unknown' : (recovered.name ?? 'of another version');
      }
      const end = this.#options.findEnd(command, sequenceAt(batch, from));
      if (end === undefined) return 'cut';
      this.#spanning = { command, end };
    }
    const { end } = this.#spanning;
    const whole = { batch: end, from: 0, to: end.length, count: 1 };
    const recovered = recoverCommand(whole, this.#command);
    return recovered.kind === 'command' ? (recovered.name as string) : 'unknown';
  }

  #compare(group: EventGroup, name: string): void {
    const { batch } = group;
    const out = this.#out;
    let at = group.from;
    let own = 0;
    while (at < group.to && own < out.length) {
      if (!sameRecord(batch, at, out, own)) {
        const reason = `${nameAt(batch, at)} on record, ${nameAt(out, own)} decided`;
        this.#differ(group, at, own, name, reason);
        return;
      }
      at += lengthAt(batch, at);
      own += lengthAt(out, own);
    }
    if (at < group.to) this.#differ(group, at, -1, name, `${nameAt(batch, at)} was not decided`);
    else if (own < out.length) {
      this.#differ(group, -1, own, name, `${nameAt(out, own)} is not on record`);
    }
  }

  #differ(group: EventGroup, at: number, own: number, commandName: string, reason: string): void {
    this.differences += 1;
    const { batch } = group;
    const first = sequenceAt(batch, group.from);
    this.#options.onDifference({
      sequence: at >= 0 ? sequenceAt(batch, at) : first + group.count,
      command: commandAt(batch, group.from),
      commandName,
      recorded: at < 0 ? undefined : batch.bytes.slice(at, at + lengthAt(batch, at)),
      decided: own < 0 ? undefined : this.#out.bytes.slice(own, own + lengthAt(this.#out, own)),
      reason,
    });
    this.state = this.#options.stateBefore(first + group.count);
    this.#emitter = new ReplayEmitter(this.state, this.#out);
  }
}

/** A copy of the record at `at`, alone in a buffer. */
export function copyOf(batch: RecordBuffer, at: number): RecordBuffer {
  const copy = new RecordBuffer(lengthAt(batch, at));
  copy.bytes.set(batch.bytes.subarray(at, at + copy.bytes.length));
  copy.length = copy.bytes.length;
  copy.count = 1;
  return copy;
}

/** Whether two records are the same but for their checksums. */
function sameRecord(a: RecordBuffer, at: number, b: RecordBuffer, other: number): boolean {
  const words = lengthAt(a, at) >> 2;
  for (let word = 1; word < words; word += 1) {
    if (a.i32[(at >> 2) + word] !== b.i32[(other >> 2) + word]) return false;
  }
  return true;
}
