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
  /** The record MassCancelDone of the command `command`, after `sequence`; undefined: none there. */
  readonly findMassCancel: (command: number, sequence: number) => RecordBuffer | undefined;
  readonly onDifference: (difference: Difference) => void;
}

/** An emitter that says the batch is full where the recorded one was. */
class ReplayEmitter extends Emitter {
  eventsMax = 0;
  override get room(): boolean {
    return this.out.count < this.eventsMax;
  }
}

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
    const recovered = recoverCommand(group, this.#command);
    if (recovered.kind === 'unknown') {
      this.#differ(group, group.from, -1, 'unknown', 'no command leaves such events');
      return;
    }
    const name = recovered.kind === 'command' ? (recovered.name ?? 'unknown') : 'MassCancel';
    if (recovered.kind === 'massCancelPart' && !this.#recoverMassCancel(group)) {
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
    decide(this.#emitter, this.#command, 0);
    this.#compare(group, name);
  }

  /** The fields of a mass cancel that was committed in parts stand at its end. */
  #recoverMassCancel(group: EventGroup): boolean {
    const command = commandAt(group.batch, group.from);
    const found = this.#options.findMassCancel(command, sequenceAt(group.batch, group.from));
    if (found === undefined || numberAt(found, 0) !== EVENT.MassCancelDone) return false;
    const whole = { batch: found, from: 0, to: found.length, count: 1 };
    return recoverCommand(whole, this.#command).kind === 'command';
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

/** Whether two records are the same but for their checksums. */
function sameRecord(a: RecordBuffer, at: number, b: RecordBuffer, other: number): boolean {
  const words = lengthAt(a, at) >> 2;
  for (let word = 1; word < words; word += 1) {
    if (a.i32[(at >> 2) + word] !== b.i32[(other >> 2) + word]) return false;
  }
  return true;
}
