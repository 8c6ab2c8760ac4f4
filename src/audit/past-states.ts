/**
 * The state after any sequence: from the newest state before it (the one of the last question, or a
 * snapshot), evolved to it. Memory is that of one state, whatever the length of the log.
 */
import { evolve } from '../commands/evolve/evolve.js';
import { lengthAt, sequenceAt, timeAt } from '../commands/replay/event-groups.js';
import type { ShardState } from '../commands/state/shard-state.js';
import { JournalReader } from '../log/journal/journal-reader.js';
import type { JournalOf } from './place-reader.js';

export interface PastState {
  readonly state: ShardState;
  /** Of the last event in it, ns since 1970; 0: there is none. */
  readonly time: bigint;
}

/** The newest state at hand with no event after `sequence`; an empty one if there is no better. */
export type StateBefore = (sequence: number) => PastState;

export class PastStates {
  readonly #log: JournalOf;
  readonly #before: StateBefore;
  #last: PastState | undefined;

  constructor(log: JournalOf, before: StateBefore) {
    this.#log = log;
    this.#before = before;
  }

  /** The caller has it until the next question. @param sequence is durable */
  at(sequence: number): PastState {
    const known = this.#last;
    const usable = known !== undefined && known.state.nextSequence - 1 <= sequence;
    // Let go before another one is made: two states are twice the memory.
    this.#last = undefined;
    const base = usable ? known : this.#before(sequence);
    const past = this.#evolve(base, sequence);
    this.#last = past;
    return past;
  }

  /** Gives the memory back; the next question begins at a snapshot. */
  forget(): void {
    this.#last = undefined;
  }

  #evolve({ state, time }: PastState, sequence: number): PastState {
    if (state.nextSequence > sequence) return { state, time };
    const reader = new JournalReader(this.#log.journal, {
      ...{ from: state.nextSequence, end: this.#log.end },
    });
    let last = time;
    try {
      for (let batch = reader.read(); batch !== undefined; batch = reader.read()) {
        for (let at = 0; at < batch.length; at += lengthAt(batch, at)) {
          if (sequenceAt(batch, at) > sequence) return { state, time: last };
          evolve(state, batch, at);
          if (state.nextSequence > sequence) last = timeAt(batch, at);
        }
        if (state.nextSequence > sequence) break;
      }
    } finally {
      reader.close();
    }
    return { state, time: last };
  }
}
