/**
 * What profit and loss is computed from, in memory: positions by account, strategy and instrument,
 * the terms and marks of instruments, groups and base currencies of accounts.
 *
 * Strategy 0 is the whole position of an account; an order tagged with a strategy moves that and the
 * position of its strategy. Each is at its own average cost, so realised P&L of strategies does not
 * add up to that of the account; realised and unrealised together do.
 */
import { type Rate, rateOfMark } from '../../domain/currency.js';
import { POSITION, POSITION_WIDTH } from '../../domain/position.js';

/** No currency, in ISO 4217. Of an instrument that a venue named and nobody listed. */
export const NO_CURRENCY = 'X'.repeat(3);
/** No minute: nothing has happened yet. */
export const NEVER = -1;

export interface InstrumentTerms {
  readonly symbol: string;
  readonly currency: string;
  readonly tickMantissa: number;
  readonly tickScale: number;
  readonly lotMantissa: number;
  readonly lotScale: number;
  readonly multiplierMantissa: number;
  readonly multiplierScale: number;
}

export interface BookInstrument {
  readonly instrument: number;
  terms: InstrumentTerms;
  /** One tick x lot is unit / 10^scale of its currency. */
  unit: bigint;
  scale: number;
  /** Ticks; undefined before the first. */
  mark: number | undefined;
  /** Of the last mark: its sequence, and its minute since 1970. */
  markSequence: number;
  markMinute: number;
  /** Of the last event about it. */
  sequence: number;
}

export interface BookAccount {
  readonly account: number;
  /** 0 none. */
  group: number;
  currency: string;
  sequence: number;
}

export interface BookPosition {
  readonly account: number;
  readonly strategy: number;
  readonly instrument: BookInstrument;
  /** As `domain/position.ts` lays it out. */
  readonly row: Float64Array;
  /** Of the last execution: its sequence, and its minute since 1970. */
  sequence: number;
  minute: number;
}

const UNLISTED: InstrumentTerms = {
  ...{ symbol: '', currency: NO_CURRENCY, tickMantissa: 1, tickScale: 0, lotMantissa: 1 },
  ...{ lotScale: 0, multiplierMantissa: 1, multiplierScale: 0 },
};

/** Positions of one account in one instrument, by strategy; 0 first. */
type ByStrategy = Map<number, BookPosition>;

export class PnlBook {
  readonly instruments = new Map<number, BookInstrument>();
  readonly accounts = new Map<number, BookAccount>();
  readonly positions: BookPosition[] = [];
  /** Of the last execution or mark. Minutes never go back, whatever the clock did. */
  minute = NEVER;
  sequence = NEVER;
  readonly #byAccount = new Map<number, Map<number, ByStrategy>>();

  clear(): void {
    this.instruments.clear();
    this.accounts.clear();
    this.positions.length = 0;
    this.#byAccount.clear();
    this.minute = NEVER;
    this.sequence = NEVER;
  }

  instrument(index: number): BookInstrument {
    let found = this.instruments.get(index);
    if (found === undefined) {
      found = {
        ...{ instrument: index, terms: UNLISTED, unit: 1n, scale: 0, mark: undefined },
        ...{ markSequence: NEVER, markMinute: NEVER, sequence: NEVER },
      };
      this.instruments.set(index, found);
    }
    return found;
  }

  setTerms(index: number, terms: InstrumentTerms): BookInstrument {
    const instrument = this.instrument(index);
    instrument.terms = terms;
    instrument.unit =
      BigInt(terms.tickMantissa) * BigInt(terms.lotMantissa) * BigInt(terms.multiplierMantissa);
    instrument.scale = terms.tickScale + terms.lotScale + terms.multiplierScale;
    return instrument;
  }

  setAccount(index: number, group: number, currency: string): BookAccount {
    let found = this.accounts.get(index);
    if (found === undefined) {
      found = { account: index, group, currency, sequence: NEVER };
      this.accounts.set(index, found);
    }
    found.group = group;
    found.currency = currency;
    return found;
  }

  position(account: number, strategy: number, instrument: number): BookPosition {
    let ofAccount = this.#byAccount.get(account);
    if (ofAccount === undefined) {
      ofAccount = new Map();
      this.#byAccount.set(account, ofAccount);
    }
    let byStrategy = ofAccount.get(instrument);
    if (byStrategy === undefined) {
      byStrategy = new Map();
      ofAccount.set(instrument, byStrategy);
    }
    let position = byStrategy.get(strategy);
    if (position === undefined) {
      const row = new Float64Array(POSITION_WIDTH);
      const of = this.instrument(instrument);
      position = { account, strategy, instrument: of, row, sequence: NEVER, minute: NEVER };
      byStrategy.set(strategy, position);
      this.positions.push(position);
    }
    return position;
  }

  /** Whether the position's P&L changed in `minute`: by an execution, or by a mark while it is open. */
  changedIn(position: BookPosition, minute: number): boolean {
    if (position.minute === minute) return true;
    return position.instrument.markMinute === minute && position.row[POSITION.quantity] !== 0;
  }

  /** The rates in force: the mark of each currency pair. */
  *rates(): Generator<Rate> {
    for (const { terms, mark, markSequence } of this.instruments.values()) {
      if (mark === undefined || !terms.symbol.includes('/')) continue;
      const { symbol, tickMantissa, tickScale } = terms;
      const rate = rateOfMark(symbol, tickMantissa, tickScale, mark, markSequence);
      if (rate !== undefined) yield rate;
    }
  }

  /** Whether a rate changed in `minute`: it moves what is converted. */
  ratesChangedIn(minute: number): boolean {
    for (const { terms, markMinute } of this.instruments.values()) {
      if (markMinute === minute && terms.symbol.includes('/')) return true;
    }
    return false;
  }
}
