/**
 * Names and terms as they were: instruments, accounts and actors, each with all its versions. They
 * are few, so all of them are in memory; what is new is read when it is asked for.
 */
import { decodeEvent } from '../domain/event-codec.js';
import { HEADER } from '../domain/event-record.js';
import { EVENT, type EventOf } from '../domain/events.js';
import type { Step } from '../lib/decimal.js';
import { REFERENCE_KEY } from './order-index/keys.js';
import type { OrderIndex } from './order-index/order-index.js';
import { type JournalOf, recordsIn } from './place-reader.js';

export type InstrumentTerms = EventOf<'InstrumentListed'>['data'];
export type AccountTerms = EventOf<'AccountOpened'>['data'];
export type ActorTerms = EventOf<'ActorRegistered'>['data'];

interface Version<T> {
  readonly sequence: number;
  readonly terms: T;
}

class Versions<T> {
  readonly #byIndex = new Map<number, Version<T>[]>();

  add(index: number, version: Version<T>): void {
    const versions = this.#byIndex.get(index);
    if (versions === undefined) this.#byIndex.set(index, [version]);
    else versions.push(version);
  }

  /** In force at `sequence`; before the first version there is none. */
  at(index: number, sequence: number): T | undefined {
    return this.#byIndex.get(index)?.findLast((each) => each.sequence <= sequence)?.terms;
  }

  indexes(): number[] {
    return [...this.#byIndex.keys()];
  }
}

const NUMBERS: ReadonlySet<number> = new Set([
  ...[EVENT.InstrumentListed, EVENT.InstrumentChanged, EVENT.AccountOpened, EVENT.AccountChanged],
  EVENT.ActorRegistered,
]);

export class ReferenceHistory {
  readonly #instruments = new Versions<InstrumentTerms>();
  readonly #accounts = new Versions<AccountTerms>();
  readonly #actors = new Versions<ActorTerms>();
  #next = 0;

  /** Takes what the index has in addition. */
  update(log: JournalOf, index: OrderIndex): void {
    const next = index.next;
    for (const place of index.find(REFERENCE_KEY, next, this.#next)) {
      for (const { batch, at } of recordsIn(log, place)) {
        const sequence = batch.f64[(at + HEADER.sequence) >> 3] as number;
        const number = batch.bytes[at + HEADER.number] as number;
        if (sequence < this.#next || sequence >= next || !NUMBERS.has(number)) continue;
        this.#add(decodeEvent(batch.bytes, at) as Reference);
      }
    }
    this.#next = next;
  }

  instrument = (index: number, sequence: number) => this.#instruments.at(index, sequence);
  account = (index: number, sequence: number) => this.#accounts.at(index, sequence);
  actor = (index: number, sequence: number) => this.#actors.at(index, sequence);

  /** Of all actors ever registered, ascending. */
  actorIndexes = (): number[] => this.#actors.indexes().sort((a, b) => a - b);

  /** The index of an account by its name as of a sequence. */
  accountNamed(name: string, sequence: number): number | undefined {
    return this.#accounts.indexes().find((at) => this.account(at, sequence)?.name === name);
  }

  #add(event: Reference): void {
    const { sequence } = event;
    if (event.type === 'ActorRegistered') {
      this.#actors.add(event.data.actor, { sequence, terms: event.data });
    } else if (event.type === 'AccountOpened' || event.type === 'AccountChanged') {
      this.#accounts.add(event.data.account, { sequence, terms: event.data });
    } else {
      this.#instruments.add(event.data.instrument, { sequence, terms: event.data });
    }
  }
}

type Reference =
  | EventOf<'InstrumentListed'>
  | EventOf<'InstrumentChanged'>
  | EventOf<'AccountOpened'>
  | EventOf<'AccountChanged'>
  | EventOf<'ActorRegistered'>;

export const tickOf = (terms: Pick<InstrumentTerms, 'tickMantissa' | 'tickScale'>): Step => ({
  units: terms.tickMantissa,
  scale: terms.tickScale,
});
export const lotOf = (terms: Pick<InstrumentTerms, 'lotMantissa' | 'lotScale'>): Step => ({
  units: terms.lotMantissa,
  scale: terms.lotScale,
});
