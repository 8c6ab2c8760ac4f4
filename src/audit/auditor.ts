/** Answers questions about the past of one shard's log; for one thread. */
import { stateHash } from '../commands/state-hash.js';
import { formatIsoNs } from '../lib/time.js';
import type { DurableEnd } from '../log/journal/durable-end.js';
import type { SubjectKeys } from '../privacy/subject-keys.js';
import type { Names } from './actors.js';
import { parseMoment, sequenceOf } from './moment.js';
import { OrderIndex } from './order-index/order-index.js';
import { type OrderStory, orderStory, STORY_EVENTS_MAX } from './order-story.js';
import { type PastState, PastStates, type StateBefore } from './past-states.js';
import { totals } from './position-lines.js';
import { ReferenceHistory } from './reference-history.js';
import {
  limitsOf,
  openOrdersOf,
  type Parties,
  positionsOf,
  tradingStatesOf,
} from './state-report.js';

/** Orders of one answer; `next` is where to go on. */
export const AUDIT_ORDERS_MAX = 1000;

/** A sequence or a time as text; absent: now. */
interface At {
  readonly at?: string | undefined;
}
interface Page {
  readonly after?: number | undefined;
  readonly limit?: number | undefined;
}

export type AuditQuestion =
  | ({
      readonly about: 'story';
      readonly order: string;
      readonly account?: string | undefined;
    } & At &
      Page)
  | ({ readonly about: 'orders' } & At & Page & Parties)
  | ({ readonly about: 'positions' | 'pnl' } & At & Parties)
  | ({ readonly about: 'limits' | 'trading-states' | 'summary' } & At);

/** Every answer says the last event that is in it. */
export interface AuditAnswer {
  readonly asOf: number;
}

export interface AuditorOptions {
  readonly journal: string;
  readonly end: DurableEnd;
  readonly indexDirectory?: string | undefined;
  readonly keys: SubjectKeys | undefined;
  readonly stateBefore: StateBefore;
}

export class Auditor {
  readonly #options: AuditorOptions;
  readonly #index: OrderIndex;
  readonly #names: Names;
  readonly #states: PastStates;

  /** @throws JournalError, IndexError */
  constructor(options: AuditorOptions) {
    this.#options = options;
    const { journal, end, indexDirectory: directory } = options;
    this.#index = new OrderIndex({ journal, end, directory });
    this.#names = { reference: new ReferenceHistory(), keys: options.keys };
    this.#states = new PastStates(options, options.stateBefore);
  }

  /** Indexes one chunk of what is new. @returns whether there is more */
  catchUp(): boolean {
    return this.#index.advance();
  }

  /** Gives back the memory of the last state. */
  forget(): void {
    this.#states.forget();
  }

  /** @throws AuditError, JournalError, IndexError, PrivacyError */
  answer(question: AuditQuestion): AuditAnswer {
    const moment = question.at === undefined ? undefined : parseMoment(question.at);
    const known =
      moment !== undefined && 'sequence' in moment && moment.sequence < this.#index.next;
    if (!known) this.#index.advanceToEnd();
    const asOf = sequenceOf(this.#options, this.#index, moment);
    if (question.about === 'story') return this.#story(question, asOf);
    const past = this.#states.at(asOf);
    const head = { asOf, time: formatIsoNs(past.time) };
    const { state } = past;
    switch (question.about) {
      case 'orders': {
        const limit = Math.min(question.limit ?? AUDIT_ORDERS_MAX, AUDIT_ORDERS_MAX);
        const orders = openOrdersOf(state, limit, question, question.after);
        const next = orders.length < limit ? null : (orders.at(-1)?.orderId ?? null);
        return { ...head, ...{ openOrders: state.orders.open, orders, next } };
      }
      case 'positions':
        return { ...head, ...{ positions: positionsOf(state, question) } };
      case 'pnl':
        return { ...head, ...pnlOf(past, question) };
      case 'limits':
        return { ...head, ...{ limits: limitsOf(state) } };
      case 'trading-states':
        return { ...head, ...{ tradingStates: tradingStatesOf(state) } };
      case 'summary':
        return { ...head, ...summaryOf(past) };
    }
  }

  #story(question: Extract<AuditQuestion, { about: 'story' }>, asOf: number): OrderStory {
    const { order, account, after } = question;
    const limit = question.limit ?? STORY_EVENTS_MAX;
    return orderStory(this.#options, this.#index, this.#names, {
      ...{ order, account, asOf, after, limit },
    });
  }
}

function pnlOf({ state }: PastState, parties: Parties) {
  const lines = positionsOf(state, parties);
  const pnl = lines.map((line) => {
    const { account, instrument, currency, realizedPnl, unrealizedPnl, fees, exposure } = line;
    return { account, instrument, currency, realizedPnl, unrealizedPnl, fees, exposure };
  });
  return { pnl, totals: Object.fromEntries(totals(lines)) };
}

/** All of it: what `daybook replay --at` prints. */
function summaryOf({ state }: PastState) {
  const positions = positionsOf(state);
  return {
    epoch: state.epoch,
    tradingDay: state.tradingDay,
    stateHash: stateHash(state),
    totals: Object.fromEntries(totals(positions)),
    positions,
    openOrders: state.orders.open,
    limits: limitsOf(state),
    tradingStates: tradingStatesOf(state),
  };
}
