/** The topics, as data: what they are called, who may see them, which events are about them. */
import type { RecordBuffer } from '../../domain/event-record.js';
import type { Action } from '../identity/permissions.js';
import type { Entry } from './entry.js';
import { EXECUTION_EVENTS, executionEntries } from './execution-entries.js';
import { MARKET_DATA_EVENTS, marketDataEntries } from './market-data-entries.js';
import type { BookedPosition } from './position-book.js';
import { PNL_EVENTS, POSITION_EVENTS, pnlEntries, positionEntries } from './position-entries.js';
import { RISK_EVENTS, riskEntries } from './risk-entries.js';
import type { StreamState } from './stream-state.js';

export const TOPICS = ['executions', 'positions', 'pnl', 'risk', 'market-data'] as const;
export type TopicName = (typeof TOPICS)[number];

export interface Topic {
  readonly name: TopicName;
  /** What a subscriber must be permitted to do. */
  readonly action: Action;
  /** 1 for the number of each event that may have something to say. */
  readonly events: Uint8Array;
  /** Whether an entry depends on the position book, and so on all fills before. */
  readonly folds: boolean;
  /** What the record at `at` says; all of it has the record's sequence. */
  entries(
    state: StreamState,
    batch: RecordBuffer,
    at: number,
    changed: BookedPosition | undefined,
  ): Entry[];
}

const topic = (
  name: TopicName,
  action: Action,
  numbers: readonly number[],
  entries: Topic['entries'],
  folds = false,
): Topic => {
  const events = new Uint8Array(256);
  for (const number of numbers) events[number] = 1;
  return { name, action, events, folds, entries };
};

export const topics: { readonly [T in TopicName]: Topic } = {
  executions: topic('executions', 'orders.read', EXECUTION_EVENTS, executionEntries),
  positions: topic('positions', 'positions.read', POSITION_EVENTS, positionEntries, true),
  pnl: topic('pnl', 'positions.read', PNL_EVENTS, pnlEntries, true),
  risk: topic('risk', 'risk.read', RISK_EVENTS, riskEntries),
  'market-data': topic('market-data', 'marketData.read', MARKET_DATA_EVENTS, marketDataEntries),
};
