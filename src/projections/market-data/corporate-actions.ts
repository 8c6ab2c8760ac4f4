import type pg from 'pg';
import { formatDecimal, parseDecimal } from '../../lib/decimal.js';
import { type CorporateAction, factorsOf } from '../../market-data/corporate-action.js';
import { demand } from '../../market-data/error.js';
import { formatRational, type Rational, rational } from '../../market-data/rational.js';
import type { ActionLine } from '../../market-data/tick-csv.js';
import { type MarketDataStore, recordBatch } from './market-data-store.js';
import { timestampText } from './time-columns.js';

/** Decimals of a dividend in ticks that are kept; a finer one is refused. */
const AMOUNT_DIGITS = 12;

/**
 * Records corporate actions; one of the same instrument, ex-date and kind takes the place of the
 * earlier one. Stored prices stay as they are: what asks for adjusted prices applies them.
 *
 * A dividend without the close before gets the close of the last bar before the ex-date.
 *
 * @throws MarketDataError CORPORATE_ACTION_INVALID; then none is recorded
 */
export function recordCorporateActions(
  store: MarketDataStore,
  lines: readonly ActionLine[],
): Promise<{ batch: number; actions: readonly CorporateAction[] }> {
  return store.transaction(async (client) => {
    const batch = await recordBatch(client, { trades: 0, quotes: 0, refused: 0, duplicates: 0 });
    const actions: CorporateAction[] = [];
    for (const line of lines) {
      const action = await completed(client, line);
      factorsOf(action);
      await insert(client, action, batch);
      actions.push(action);
    }
    return { batch, actions };
  });
}

async function completed(client: pg.ClientBase, line: ActionLine): Promise<CorporateAction> {
  if (line.kind === 'split') return line;
  if (line.closeBefore !== undefined) return { ...line, closeBefore: line.closeBefore };
  const { rows } = await client.query<{ close: string }>(
    `SELECT close FROM market.bars WHERE instrument = $1 AND seconds = 86400 AND time < $2
      ORDER BY time DESC LIMIT 1`,
    [line.instrument, timestampText(line.exTime)],
  );
  const close = rows[0]?.close;
  demand(close !== undefined, 'CORPORATE_ACTION_INVALID', () => {
    return 'a dividend needs the close before its ex-date: none is given, and no bar is stored';
  });
  return { ...line, closeBefore: Number(close) };
}

async function insert(
  client: pg.ClientBase,
  action: CorporateAction,
  batch: number,
): Promise<void> {
  const split = action.kind === 'split' ? action : undefined;
  const dividend = action.kind === 'cash_dividend' ? action : undefined;
  await client.query(
    `INSERT INTO market.corporate_actions
       (instrument, ex_ns, kind, ratio_to, ratio_from, amount, close_before, batch)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
     ON CONFLICT (instrument, ex_ns, kind) DO UPDATE SET ratio_to = excluded.ratio_to,
       ratio_from = excluded.ratio_from, amount = excluded.amount,
       close_before = excluded.close_before, batch = excluded.batch`,
    [
      ...[action.instrument, action.exTime, action.kind, split?.to ?? null, split?.from ?? null],
      dividend === undefined ? null : amountText(dividend.amount),
      dividend?.closeBefore ?? null,
      batch,
    ],
  );
}

function amountText(amount: Rational): string {
  const text = formatRational(amount, AMOUNT_DIGITS);
  const back = rationalOf(text);
  const exact = back.numerator === amount.numerator && back.denominator === amount.denominator;
  demand(exact, 'CORPORATE_ACTION_INVALID', () => `a dividend of ${text} ticks is not exact`);
  return formatDecimal(parseDecimal(text));
}

function rationalOf(text: string): Rational {
  const { digits, scale } = parseDecimal(text);
  return rational(digits, 10n ** BigInt(scale));
}

export interface ActionRow {
  readonly instrument: number;
  readonly ex_ns: string;
  readonly kind: string;
  readonly ratio_to: string | null;
  readonly ratio_from: string | null;
  readonly amount: string | null;
  readonly close_before: string | null;
}

export const ACTION_COLUMNS =
  'instrument, ex_ns, kind, ratio_to, ratio_from, amount::text, close_before';

export function actionOf(row: ActionRow): CorporateAction {
  const at = { instrument: row.instrument, exTime: BigInt(row.ex_ns) };
  if (row.kind === 'split') {
    return { ...at, kind: 'split', to: Number(row.ratio_to), from: Number(row.ratio_from) };
  }
  const amount = rationalOf(row.amount ?? '0');
  return { ...at, kind: 'cash_dividend', amount, closeBefore: Number(row.close_before) };
}
