import type { EventOf } from '../../domain/events.js';
import { type Decimal, formatDecimal, parseStep, type Step } from '../../lib/decimal.js';

/** The terms of an instrument as the log has them, with what text at the edges needs. */
export interface Instrument {
  readonly index: number;
  readonly symbol: string;
  readonly tick: Step;
  readonly lot: Step;
  readonly multiplier: Decimal;
  readonly currency: string;
  readonly venue: number;
  readonly open: boolean;
  readonly negativePrices: boolean;
  readonly marginPercent: number;
  /** Micros of the currency for each lot traded. */
  readonly feePerLot: number;
  /** The event that these terms are from. */
  readonly sequence: number;
}

export function instrumentOf(
  event: EventOf<'InstrumentListed'> | EventOf<'InstrumentChanged'>,
): Instrument {
  const { data } = event;
  return {
    index: data.instrument,
    symbol: data.symbol,
    tick: stepOf(data.tickMantissa, data.tickScale),
    lot: stepOf(data.lotMantissa, data.lotScale),
    multiplier: { digits: BigInt(data.multiplierMantissa), scale: data.multiplierScale },
    currency: data.currency,
    venue: data.venue,
    open: data.open !== 0,
    negativePrices: data.negativePrices !== 0,
    marginPercent: data.marginPercent,
    feePerLot: data.feePerLot,
    sequence: event.sequence,
  };
}

function stepOf(mantissa: number, scale: number): Step {
  return parseStep(formatDecimal({ digits: BigInt(mantissa), scale }));
}
