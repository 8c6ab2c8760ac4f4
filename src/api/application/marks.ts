/** Set and show marks: the prices against which risk compares and positions are valued. */
import type { EventOf } from '../../domain/events.js';
import { assert } from '../../lib/assert.js';
import { formatIsoNs } from '../../lib/time.js';
import { authorize } from '../identity/authorize.js';
import type { Mark } from '../reference/reference-data.js';
import { type Application, type Caller, perform } from './application.js';
import { throwIfRefused } from './command-refusals.js';
import { problem } from './errors.js';
import { knownInstrument } from './instruments.js';
import { priceText } from './order-texts.js';
import { exactSteps } from './terms.js';
import type { MarkView } from './views.js';

/** @throws ApplicationError INSTRUMENT_UNKNOWN, REQUEST_INVALID, ORDER_PRICE_INVALID */
export async function markPrice(
  app: Application,
  caller: Caller,
  symbol: string,
  price: string,
): Promise<MarkView> {
  authorize(caller.identity, 'marks.set');
  const instrument = knownInstrument(app, symbol);
  const events = await perform(app, caller, 'MarkPrice', {
    instrument: instrument.index,
    price: exactSteps('price', price, instrument.tick),
    source: 0,
  });
  throwIfRefused(events);
  const marked = events.find(
    (event): event is EventOf<'PriceMarked'> => event.type === 'PriceMarked',
  );
  assert(marked !== undefined, 'a mark is set or refused');
  const { data, time, sequence } = marked;
  return markView(app, { ...data, time, sequence });
}

export function marks(app: Application, caller: Caller): MarkView[] {
  authorize(caller.identity, 'marketData.read');
  return app.reference.marks().map((mark) => markView(app, mark));
}

/** @throws ApplicationError PERMISSION_DENIED, INSTRUMENT_UNKNOWN, MARK_UNKNOWN */
export function mark(app: Application, caller: Caller, symbol: string): MarkView {
  authorize(caller.identity, 'marketData.read');
  const found = app.reference.mark(knownInstrument(app, symbol).index);
  if (found === undefined) throw problem('MARK_UNKNOWN', undefined, { instrument: symbol });
  return markView(app, found);
}

function markView(app: Application, found: Mark): MarkView {
  const instrument = app.reference.instrument(found.instrument);
  return {
    instrument: instrument?.symbol ?? '',
    price: priceText(found.price, instrument),
    source: found.source,
    time: formatIsoNs(found.time),
    sequence: found.sequence,
  };
}
