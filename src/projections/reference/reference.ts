import { decodeEvent } from '../../domain/event-codec.js';
import { HEADER, type RecordBuffer } from '../../domain/event-record.js';
import { type DaybookEvent, EVENT, type EventName, eventLayouts } from '../../domain/events.js';
import { SCOPE, SELF_TRADE_PREVENTION, TRADING_STATE } from '../../domain/order-terms.js';
import type { CopyRows } from '../copy/copy-rows.js';
import type { Projection, ReadModel } from '../projector/read-model.js';
import { STATE_COLUMNS, writeStateColumns } from '../projector/record-columns.js';
import { numbersOf } from '../projector/record-fields.js';
import { StateRows } from '../projector/table-rows.js';

const EVENTS: readonly EventName[] = [
  ...(['InstrumentListed', 'InstrumentChanged', 'AccountOpened', 'AccountChanged'] as const),
  ...(['PriceMarked', 'LimitChanged', 'TradingHalted', 'TradingResumed'] as const),
  ...(['CircuitBreakerTripped', 'CircuitBreakerReset'] as const),
];

const TABLES = {
  instruments: {
    key: ['shard', 'instrument'],
    values: [
      ...['venue', 'fee_per_lot', 'margin_percent', 'open', 'negative_prices', 'tick', 'lot'],
      ...['multiplier', 'symbol', 'currency'],
    ],
  },
  accounts: {
    key: ['shard', 'account'],
    values: [
      ...['account_group', 'commission_per_lot', 'self_trade_prevention', 'open', 'name'],
      ...['group_name', 'currency'],
    ],
  },
  limits: { key: ['shard', 'limit_kind', 'scope', 'scope_id', 'instrument'], values: ['value'] },
  marks: { key: ['shard', 'instrument'], values: ['price', 'source'] },
  trading_states: { key: ['shard', 'scope', 'scope_id'], values: ['breaker', 'state', 'text'] },
} as const;

const marked = eventLayouts.PriceMarked.offsets;

type TableName = keyof typeof TABLES;

/** Instruments, accounts, limits, marks and trading states as they stand. */
export const reference: ReadModel = {
  name: 'reference',
  version: 1,
  tables: Object.keys(TABLES),
  events: numbersOf(EVENTS),
  open: (shard, schema) => new ReferenceProjection(shard, schema),
};

/** The last event of the batch about one thing. */
interface Latest {
  readonly table: TableName;
  readonly event: DaybookEvent;
  readonly at: number;
}

class ReferenceProjection implements Projection {
  readonly rows: readonly StateRows[];
  readonly #tables: Readonly<Record<TableName, StateRows>>;
  readonly #shard: number;
  readonly #latest = new Map<string, Latest>();
  /** Record of the last mark, by instrument. */
  readonly #marks = new Map<number, number>();
  #records: RecordBuffer | undefined;

  constructor(shard: number, schema: string) {
    this.#shard = shard;
    const table = (name: TableName) => {
      const { key, values } = TABLES[name];
      return new StateRows(schema, name, key, [...key, ...STATE_COLUMNS, ...values], 'replace');
    };
    this.#tables = {
      instruments: table('instruments'),
      accounts: table('accounts'),
      limits: table('limits'),
      marks: table('marks'),
      trading_states: table('trading_states'),
    };
    this.rows = Object.values(this.#tables);
  }

  async load(): Promise<void> {
    this.#latest.clear();
    this.#marks.clear();
  }

  handle(records: RecordBuffer, at: number): void {
    this.#records = records;
    // Marks come by the thousand a second, the others by the day: only the last is decoded.
    if (records.bytes[at + HEADER.number] === EVENT.PriceMarked) {
      this.#marks.set(records.u32[(at + marked.instrument) >> 2] as number, at);
      return;
    }
    const event = decodeEvent(records.bytes, at);
    const [table, key] = subjectOf(event);
    this.#latest.set(`${table}/${key}`, { table, event, at });
  }

  endBatch(): void {
    for (const [instrument, at] of this.#marks) {
      const event = decodeEvent((this.#records as RecordBuffer).bytes, at);
      this.#latest.set(`marks/${instrument}`, { table: 'marks', event, at });
    }
    this.#marks.clear();
    for (const { table, event, at } of this.#latest.values()) {
      const { rows } = this.#tables[table];
      rows.row();
      rows.int2(this.#shard);
      writeKey(rows, event);
      writeStateColumns(rows, this.#records as RecordBuffer, at);
      writeValues(rows, event);
    }
    this.#latest.clear();
  }
}

/** The table that the event changes and the key of the row there. */
function subjectOf(event: DaybookEvent): readonly [TableName, string] {
  switch (event.type) {
    case 'InstrumentListed':
    case 'InstrumentChanged':
      return ['instruments', String(event.data.instrument)];
    case 'AccountOpened':
    case 'AccountChanged':
      return ['accounts', String(event.data.account)];
    case 'LimitChanged': {
      const { limit, scope, scopeId, instrument } = event.data;
      return ['limits', `${limit}/${scope}/${scopeId}/${instrument}`];
    }
    case 'TradingHalted':
    case 'TradingResumed':
    case 'CircuitBreakerTripped':
    case 'CircuitBreakerReset':
      return ['trading_states', `${event.data.scope}/${event.data.scopeId}`];
    default:
      throw new RangeError(`${event.type} is not about reference data`);
  }
}

/** The key after `shard`. */
function writeKey(rows: CopyRows, event: DaybookEvent): void {
  switch (event.type) {
    case 'InstrumentListed':
    case 'InstrumentChanged':
    case 'PriceMarked':
      rows.int4(event.data.instrument);
      return;
    case 'AccountOpened':
    case 'AccountChanged':
      rows.int4(event.data.account);
      return;
    case 'LimitChanged':
      rows.int2(event.data.limit);
      rows.int2(SCOPE[event.data.scope]);
      rows.int4(event.data.scopeId);
      rows.int4(event.data.instrument);
      return;
    case 'TradingHalted':
    case 'TradingResumed':
    case 'CircuitBreakerTripped':
    case 'CircuitBreakerReset':
      rows.int2(SCOPE[event.data.scope]);
      rows.int4(event.data.scopeId);
  }
}

function writeValues(rows: CopyRows, event: DaybookEvent): void {
  switch (event.type) {
    case 'InstrumentListed':
    case 'InstrumentChanged': {
      const { data } = event;
      rows.int4(data.venue);
      rows.int8(data.feePerLot);
      rows.int2(data.marginPercent);
      rows.boolean(data.open === 1);
      rows.boolean(data.negativePrices === 1);
      rows.numeric(BigInt(data.tickMantissa), data.tickScale);
      rows.numeric(BigInt(data.lotMantissa), data.lotScale);
      rows.numeric(BigInt(data.multiplierMantissa), data.multiplierScale);
      rows.text(data.symbol);
      rows.text(data.currency);
      return;
    }
    case 'AccountOpened':
    case 'AccountChanged': {
      const { data } = event;
      rows.int4(data.group);
      rows.int8(data.commissionPerLot);
      rows.int2(SELF_TRADE_PREVENTION[data.selfTradePrevention]);
      rows.boolean(data.open === 1);
      rows.text(data.name);
      rows.text(data.groupName);
      rows.text(data.currency);
      return;
    }
    case 'PriceMarked':
      rows.int8(event.data.price);
      rows.int8(event.data.source);
      return;
    case 'LimitChanged':
      rows.int8(event.data.value);
      return;
    case 'TradingHalted':
    case 'TradingResumed':
      rows.int4(0);
      rows.int2(TRADING_STATE[event.data.state]);
      rows.text(event.data.text);
      return;
    case 'CircuitBreakerTripped':
    case 'CircuitBreakerReset':
      rows.int4(event.data.breaker);
      rows.int2(TRADING_STATE[event.data.state]);
      rows.text('');
  }
}
