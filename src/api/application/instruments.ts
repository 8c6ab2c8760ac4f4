/** List and change instruments. */
import type { DaybookEvent, EventOf } from '../../domain/events.js';
import { assert } from '../../lib/assert.js';
import { formatDecimal, formatSteps } from '../../lib/decimal.js';
import { authorize } from '../identity/authorize.js';
import { type Instrument, instrumentOf } from '../reference/instrument.js';
import { type Application, type Caller, perform } from './application.js';
import { throwIfRefused } from './command-refusals.js';
import { ApplicationError } from './errors.js';
import { mantissaOf, microsOf, microsText } from './terms.js';
import type { InstrumentView } from './views.js';

/** Venue that orders of an instrument go to unless it says otherwise: the simulated one. */
export const DEFAULT_VENUE = 1;

export interface InstrumentTerms {
  readonly tickSize: string;
  readonly lotSize: string;
  readonly multiplier: string;
  readonly currency: string;
  readonly venue?: number | undefined;
  readonly open?: boolean | undefined;
  readonly negativePrices?: boolean | undefined;
  readonly marginPercent?: number | undefined;
  /** Money for each lot traded. */
  readonly feePerLot?: string | undefined;
}

/** @throws ApplicationError REQUEST_INVALID, INSTRUMENT_INVALID, CAPACITY_REFERENCE */
export async function listInstrument(
  app: Application,
  caller: Caller,
  symbol: string,
  terms: InstrumentTerms,
): Promise<InstrumentView> {
  authorize(caller.identity, 'instruments.change');
  if (app.reference.instrumentBySymbol(symbol) !== undefined) {
    const detail = 'An instrument of this symbol is listed; PUT changes it.';
    throw new ApplicationError('INSTRUMENT_INVALID', 'conflict', detail, { instrument: symbol });
  }
  return submitTerms(app, caller, 0, symbol, terms);
}

/** @throws ApplicationError INSTRUMENT_UNKNOWN, INSTRUMENT_IN_USE, and those of `listInstrument` */
export async function changeInstrument(
  app: Application,
  caller: Caller,
  symbol: string,
  terms: InstrumentTerms,
): Promise<InstrumentView> {
  authorize(caller.identity, 'instruments.change');
  return submitTerms(app, caller, instrumentIndex(app, symbol), symbol, terms);
}

async function submitTerms(
  app: Application,
  caller: Caller,
  index: number,
  symbol: string,
  terms: InstrumentTerms,
): Promise<InstrumentView> {
  const tick = mantissaOf('tickSize', terms.tickSize);
  const lot = mantissaOf('lotSize', terms.lotSize);
  const multiplier = mantissaOf('multiplier', terms.multiplier);
  const events = await perform(app, caller, 'ListInstrument', {
    instrument: index,
    symbol,
    tickMantissa: tick.mantissa,
    tickScale: tick.scale,
    lotMantissa: lot.mantissa,
    lotScale: lot.scale,
    multiplierMantissa: multiplier.mantissa,
    multiplierScale: multiplier.scale,
    currency: terms.currency,
    venue: terms.venue ?? DEFAULT_VENUE,
    open: terms.open === false ? 0 : 1,
    negativePrices: terms.negativePrices === true ? 1 : 0,
    marginPercent: terms.marginPercent ?? 0,
    feePerLot: microsOf('feePerLot', terms.feePerLot ?? '0'),
  });
  throwIfRefused(events);
  const event = events.find(isInstrument);
  assert(event !== undefined, 'an instrument is listed, changed or refused');
  return instrumentView(instrumentOf(event));
}

const isInstrument = (
  event: DaybookEvent,
): event is EventOf<'InstrumentListed'> | EventOf<'InstrumentChanged'> =>
  event.type === 'InstrumentListed' || event.type === 'InstrumentChanged';

export function instruments(app: Application, caller: Caller): InstrumentView[] {
  authorize(caller.identity, 'instruments.read');
  return app.reference.instruments().map(instrumentView);
}

/** @throws ApplicationError PERMISSION_DENIED, INSTRUMENT_UNKNOWN */
export function instrument(app: Application, caller: Caller, symbol: string): InstrumentView {
  authorize(caller.identity, 'instruments.read');
  return instrumentView(knownInstrument(app, symbol));
}

/** @throws ApplicationError INSTRUMENT_UNKNOWN */
export function knownInstrument(app: Application, symbol: string): Instrument {
  const found = app.reference.instrumentBySymbol(symbol);
  if (found !== undefined) return found;
  const extras = { instrument: symbol };
  throw new ApplicationError('INSTRUMENT_UNKNOWN', 'not-found', 'No such instrument.', extras);
}

export const instrumentIndex = (app: Application, symbol: string): number =>
  knownInstrument(app, symbol).index;

function instrumentView(terms: Instrument): InstrumentView {
  return {
    symbol: terms.symbol,
    tickSize: formatSteps(1, terms.tick),
    lotSize: formatSteps(1, terms.lot),
    multiplier: formatDecimal(terms.multiplier),
    currency: terms.currency,
    venue: terms.venue,
    open: terms.open,
    negativePrices: terms.negativePrices,
    marginPercent: terms.marginPercent,
    feePerLot: microsText(terms.feePerLot),
    sequence: terms.sequence,
  };
}
