/** What became of a command of which only its time of receipt is known: looked up in the log. */
import { HEADER } from '../../domain/event-record.js';
import type { EventName } from '../../domain/events.js';
import { highWord, lowWord } from '../../lib/time.js';
import type { JournalReader } from '../../log/journal/journal-reader.js';
import { type Outcome, Outcomes } from '../outcomes.js';

/** Longer than any search takes: nobody waits for what is read here. */
const SEARCH_MS_MAX = 24 * 3_600_000;

export interface Sought {
  readonly received: bigint;
  readonly actor: number;
  /** As `performUntil` has them. */
  readonly until: EventName | undefined;
  readonly brief: boolean;
}

/**
 * Reads up to the durable end, a batch in each turn of the event loop.
 * @param reader from where it may be; closed at the end
 * @returns undefined when it is not on record, or not to its end
 */
export async function recordedOutcome(
  reader: JournalReader,
  { received, actor, until, brief }: Sought,
): Promise<Outcome | undefined> {
  const low = lowWord(received);
  const high = highWord(received);
  const outcomes = new Outcomes({ waitMs: SEARCH_MS_MAX });
  let searching = true;
  let outcome: Outcome | undefined;
  try {
    for (let batch = reader.read(); batch !== undefined; batch = reader.read()) {
      const { u16, u32, f64, length } = batch;
      for (let at = 0; at < length; at += u16[(at + HEADER.length) >> 1] as number) {
        const word = (at + HEADER.received) >> 2;
        if (searching && u32[word] === low && u32[word + 1] === high) {
          const its = u32[(at + HEADER.actor) >> 2] === actor;
          if (its && u32[(at + HEADER.session) >> 2] === 0) {
            searching = false;
            outcomes.of(f64[(at + HEADER.command) >> 3] as number, until, brief).then(
              (found) => {
                outcome = found;
              },
              () => undefined,
            );
          }
        }
        if (!searching) outcomes.offer(batch, at);
      }
      outcomes.commitEnd();
      await new Promise((resolve) => setImmediate(resolve));
      if (outcome !== undefined) return outcome;
    }
    return undefined;
  } finally {
    outcomes.close();
    reader.close();
  }
}
