/**
 * The terms of instruments and accounts as they were at a sequence, so that an old event is shown as
 * it was shown when it was new. Grows with the changes of terms on record, which operators make.
 */
import { decodeEvent } from '../../domain/event-codec.js';
import { HEADER, type RecordBuffer } from '../../domain/event-record.js';
import { EVENT } from '../../domain/events.js';
import { type Account, accountOf } from '../reference/account.js';
import { type Instrument, instrumentOf } from '../reference/instrument.js';

class Versions<T extends { readonly index?: number; readonly sequence: number }> {
  readonly #of = new Map<number, T[]>();

  add(index: number, version: T): void {
    const versions = this.#of.get(index);
    if (versions === undefined) this.#of.set(index, [version]);
    else versions.push(version);
  }

  at(index: number, sequence: number): T | undefined {
    const versions = this.#of.get(index);
    if (versions === undefined) return undefined;
    let at = versions.length - 1;
    while (at > 0 && (versions[at] as T).sequence > sequence) at -= 1;
    return versions[at];
  }
}

export class TermsHistory {
  readonly #instruments = new Versions<Instrument>();
  readonly #accounts = new Versions<Account>();

  /** Takes the record at `at` if it is about terms. */
  take(batch: RecordBuffer, at: number): void {
    const number = batch.bytes[at + HEADER.number] as number;
    if (number < EVENT.InstrumentListed || number > EVENT.AccountChanged) return;
    const event = decodeEvent(batch.bytes, at);
    if (event.type === 'InstrumentListed' || event.type === 'InstrumentChanged') {
      this.#instruments.add(event.data.instrument, instrumentOf(event));
    } else if (event.type === 'AccountOpened' || event.type === 'AccountChanged') {
      this.#accounts.add(event.data.account, accountOf(event));
    }
  }

  instrument(index: number, sequence: number): Instrument | undefined {
    return this.#instruments.at(index, sequence);
  }

  account(index: number, sequence: number): Account | undefined {
    return this.#accounts.at(index, sequence);
  }
}
