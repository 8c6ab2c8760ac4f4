/**
 * ExecType and OrdStatus as files write them: our names, those of FIX with spaces and in either spelling,
 * the words of FIX 4.2, and the codes of FIX 4.4. What is none of them stays as it is, and so differs.
 */
import { ORD_STATUS } from '../../domain/order-terms.js';

/** Letters and digits only: `Partially Filled`, `PARTIALLY_FILLED` and `PartiallyFilled` are one. */
const plain = (text: string) => text.toLowerCase().replaceAll(/[^a-z0-9]/g, '');

const SHARED_WORDS = {
  cancelled: 'Canceled',
  replace: 'Replaced',
  partialfill: 'PartiallyFilled',
  fill: 'Filled',
};

const BY_CODE = {
  0: 'New',
  3: 'DoneForDay',
  4: 'Canceled',
  5: 'Replaced',
  6: 'PendingCancel',
  7: 'Stopped',
  8: 'Rejected',
  9: 'Suspended',
  a: 'PendingNew',
  b: 'Calculated',
  c: 'Expired',
  e: 'PendingReplace',
};

const ORD_STATUSES: ReadonlyMap<string, string> = new Map(
  Object.entries({
    ...Object.fromEntries(Object.keys(ORD_STATUS).map((name) => [plain(name), name])),
    ...SHARED_WORDS,
    ...BY_CODE,
    1: 'PartiallyFilled',
    2: 'Filled',
    d: 'AcceptedForBidding',
  }),
);

const EXEC_TYPES: ReadonlyMap<string, string> = new Map(
  Object.entries({
    ...Object.fromEntries(Object.values(BY_CODE).map((name) => [plain(name), name])),
    ...BY_CODE,
    cancelled: 'Canceled',
    replace: 'Replaced',
    // FIX 4.2 told a trade by how far it filled the order.
    ...Object.fromEntries(
      ['trade', 'f', '1', '2', 'fill', 'filled', 'partialfill', 'partiallyfilled'].map((word) => [
        word,
        'Trade',
      ]),
    ),
    d: 'Restated',
    restated: 'Restated',
    g: 'TradeCorrect',
    tradecorrect: 'TradeCorrect',
    correct: 'TradeCorrect',
    h: 'TradeCancel',
    tradecancel: 'TradeCancel',
    bust: 'TradeCancel',
    i: 'OrderStatus',
    orderstatus: 'OrderStatus',
    status: 'OrderStatus',
    l: 'Triggered',
    triggered: 'Triggered',
  }),
);

/** An empty cell is null: not compared. What is no text is left to the schema, which refuses it. */
const nameIn = (names: ReadonlyMap<string, string>) => (cell: unknown) => {
  if (typeof cell !== 'string') return cell;
  return cell.trim() === '' ? null : (names.get(plain(cell)) ?? cell);
};

export const execTypeOf = nameIn(EXEC_TYPES);
export const ordStatusOf = nameIn(ORD_STATUSES);
