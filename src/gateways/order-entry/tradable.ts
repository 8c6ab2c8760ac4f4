/**
 * Instruments and accounts as the log has them, in the units of OUCH: prices in 0.0001, quantities in
 * shares. Folded from the log by the gateway's reader.
 *
 * An instrument can be traded here when OUCH can state every price and quantity of it exactly: its
 * symbol fits 8 characters, its tick is a multiple of 0.0001, its lot a whole number of shares, and
 * its prices are positive. Others are unknown to OUCH clients.
 */
import { decodeEvent } from '../../domain/event-codec.js';
import { HEADER, type RecordBuffer } from '../../domain/event-record.js';
import { EVENT, type EventOf } from '../../domain/events.js';
import { SymbolTable } from './symbol-table.js';

export interface Tradable {
  readonly index: number;
  /** The 8 characters of its symbol as two big-endian words. */
  readonly symbolHigh: number;
  readonly symbolLow: number;
  /** Units of 0.0001 in a tick. */
  readonly tickUnits: number;
  /** Shares in a lot. */
  readonly lotShares: number;
}

/** What stands for an instrument that is not one here: blank, its prices and quantities as they are. */
export const UNTRADABLE: Tradable = {
  index: 0,
  symbolHigh: 0x2020_2020,
  symbolLow: 0x2020_2020,
  tickUnits: 1,
  lotShares: 1,
};

const SYMBOL_BYTES = 8;
const NO_SYMBOL = { symbolHigh: 0, symbolLow: 0 };
const PRICE_DECIMALS = 4;
const SHARES_MAX = 2 ** 32 - 1;

/** `mantissa x 10^-scale` in units of 10^-decimals; 0 when it is no whole number of them. */
function unitsOf(mantissa: number, scale: number, decimals: number): number {
  const digits = BigInt(mantissa) * 10n ** BigInt(decimals);
  const divisor = 10n ** BigInt(scale);
  const units = digits / divisor;
  const exact = units * divisor === digits && units <= BigInt(SHARES_MAX);
  return exact ? Number(units) : 0;
}

function tradableOf(data: EventOf<'InstrumentListed'>['data']): Tradable | undefined {
  const tickUnits = unitsOf(data.tickMantissa, data.tickScale, PRICE_DECIMALS);
  const lotShares = unitsOf(data.lotMantissa, data.lotScale, 0);
  if (tickUnits === 0 || lotShares === 0 || data.negativePrices !== 0) return undefined;
  if (data.symbol.length > SYMBOL_BYTES) return undefined;
  const symbol = Buffer.from(data.symbol.padEnd(SYMBOL_BYTES), 'latin1');
  return {
    index: data.instrument,
    symbolHigh: symbol.readUInt32BE(0),
    symbolLow: symbol.readUInt32BE(4),
    tickUnits,
    lotShares,
  };
}

export class Tradables {
  readonly #instruments: (Tradable | undefined)[] = [];
  readonly #symbols = new SymbolTable<Tradable>();
  readonly #accounts = new Map<string, number>();
  readonly #accountNames: string[] = [];
  /** Another number with each change of an account, so that what `account` said can be kept. */
  accountsVersion = 0;

  /** Whether the event is one that `take` folds. */
  static concerns(number: number): boolean {
    return number >= EVENT.InstrumentListed && number <= EVENT.AccountChanged;
  }

  take(batch: RecordBuffer, at: number): void {
    if (!Tradables.concerns(batch.bytes[at + HEADER.number]!)) return;
    const event = decodeEvent(batch.bytes, at);
    if (event.type === 'InstrumentListed' || event.type === 'InstrumentChanged') {
      this.#setInstrument(event.data.instrument, tradableOf(event.data));
    } else if (event.type === 'AccountOpened' || event.type === 'AccountChanged') {
      this.accountsVersion += 1;
      const before = this.#accountNames[event.data.account];
      if (before !== undefined) this.#accounts.delete(before);
      this.#accounts.set(event.data.name, event.data.account);
      this.#accountNames[event.data.account] = event.data.name;
    }
  }

  instrument(index: number): Tradable | undefined {
    return this.#instruments[index];
  }

  bySymbol(high: number, low: number): Tradable | undefined {
    return this.#symbols.get(high | 0, low | 0);
  }

  /** Index of an account, 0 when there is none of that name. */
  account(name: string): number {
    return this.#accounts.get(name) ?? 0;
  }

  accountName(index: number): string {
    return this.#accountNames[index] ?? '';
  }

  #setInstrument(index: number, tradable: Tradable | undefined): void {
    const before = this.#instruments[index];
    this.#instruments[index] = tradable;
    // An instrument keeps its symbol for good, and no other has it.
    const { symbolHigh, symbolLow } = tradable ?? before ?? NO_SYMBOL;
    this.#symbols.set(symbolHigh | 0, symbolLow | 0, tradable);
  }
}
