/** The demo's result: positions from PostgreSQL, held against the writer's memory and the log. */
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { type Contract, type PositionLine, positionLine } from '../../audit/money.js';
import { evolveBatch } from '../../commands/recovery.js';
import { capacityForReplay } from '../../commands/state/capacity.js';
import { ROW } from '../../commands/state/position-table.js';
import { ShardState } from '../../commands/state/shard-state.js';
import { amountParts, POSITION, SUSPENSE } from '../../domain/position.js';
import { parseDecimal, rescaleDecimal } from '../../lib/decimal.js';
import { JournalReader } from '../../log/journal/journal-reader.js';
import { segmentSequence } from '../../log/journal/segment.js';
import type { SharedDurableEnd } from '../../log/journal/shared-durable-end.js';
import type { ConnectionSettings } from '../../projections/database/connection-settings.js';

/** The state as the log alone gives it. */
export function stateFromLog(directory: string, end: SharedDurableEnd): ShardState {
  const position = { nextSequence: 0, segment: 0, offset: 0 };
  end.read(position);
  const state = new ShardState(capacityForReplay(position.nextSequence), 1);
  const reader = new JournalReader(directory, { from: 0, end });
  for (let batch = reader.read(); batch !== undefined; batch = reader.read()) {
    evolveBatch(state, batch);
  }
  reader.close();
  return state;
}

export function positionsOf(state: ShardState, contract: Contract): PositionLine[] {
  const { positions, accounts, instruments } = state;
  const lines: PositionLine[] = [];
  for (let row = 1; row < positions.count; row += 1) {
    const account = positions.account[row] as number;
    const instrument = positions.instrument[row] as number;
    const base = row * ROW;
    if (
      positions.rows[base + POSITION.bought] === 0 &&
      positions.rows[base + POSITION.sold] === 0
    ) {
      continue;
    }
    lines.push(
      positionLine(
        contract,
        nameOf(account, (index) => accounts.terms[index]?.name),
        BigInt(positions.rows[base + POSITION.quantity] as number),
        amountParts(positions.rows, base + POSITION.cost),
        amountParts(positions.rows, base + POSITION.realized),
        instruments.hasMark[instrument] === 1 ? instruments.mark[instrument] : undefined,
      ),
    );
  }
  return lines.sort((a, b) => (a.account < b.account ? -1 : 1));
}

function nameOf(account: number, name: (index: number) => string | undefined): string {
  if (account < SUSPENSE) return name(account) ?? `#${account}`;
  return `suspense of ${name(account - SUSPENSE) ?? 'the shard'}`;
}

interface Row {
  readonly name: string | null;
  readonly account: string;
  readonly quantity: string;
  readonly cost: string;
  readonly realized: string;
  readonly mark: string | null;
}

/** Decimals in which cost and realised P&L are stored. */
const PARTS_SCALE = 9;
const parts = (text: string) => rescaleDecimal(parseDecimal(text), PARTS_SCALE).digits;

export async function positionsFromPostgres(
  settings: ConnectionSettings,
  contract: Contract,
): Promise<PositionLine[]> {
  const client = new pg.Client({ ...settings, ssl: settings.ssl === true });
  await client.connect();
  try {
    const { rows } = await client.query<Row>(
      `SELECT a.name, p.account, p.quantity, p.cost, p.realized, m.price AS mark
         FROM daybook.positions p
         LEFT JOIN daybook.accounts a ON a.shard = p.shard AND a.account = p.account
         LEFT JOIN daybook.marks m ON m.shard = p.shard AND m.instrument = p.instrument
        WHERE p.bought > 0 OR p.sold > 0`,
    );
    const lines = rows.map((row) =>
      positionLine(
        contract,
        nameOf(Number(row.account), () => row.name ?? undefined),
        BigInt(row.quantity),
        parts(row.cost),
        parts(row.realized),
        row.mark === null ? undefined : Number(row.mark),
      ),
    );
    return lines.sort((a, b) => (a.account < b.account ? -1 : 1));
  } finally {
    await client.end();
  }
}

/** Bytes of the journal's segments. */
export function journalBytes(directory: string): number {
  if (!existsSync(directory)) return 0;
  return readdirSync(directory)
    .filter((name) => segmentSequence(name) !== undefined)
    .reduce((sum, name) => sum + statSync(join(directory, name)).size, 0);
}
