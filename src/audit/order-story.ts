/**
 * The full story of one order: every event that names it, and what else the same commands left
 * (decisions of refused requests, breakers), each with who, from where, the limit and the mark.
 */
import { type EventGroup, lengthAt, sequenceAt } from '../commands/replay/event-groups.js';
import { decodeEvent } from '../domain/event-codec.js';
import type { DaybookEvent } from '../domain/events.js';
import { formatIsoNs } from '../lib/time.js';
import { type ActorInForce, actorAt, type Names } from './actors.js';
import { type DecisionContext, DecisionContexts } from './decision-context.js';
import { AuditError } from './errors.js';
import { type EventValues, valuesOf } from './event-values.js';
import { type OrderAsOf, orderAsOf } from './order-as-of.js';
import { clientIdKey, eachKey, executionKey, orderKey } from './order-index/keys.js';
import type { OrderIndex, Place } from './order-index/order-index.js';
import { groupsIn, type JournalOf } from './place-reader.js';

/** Events of one answer; an order with more says so, and goes on with `after`. */
export const STORY_EVENTS_MAX = 1000;
/** Events of an order that its state is folded from; one with more is refused no answer, but cut. */
const ORDER_EVENTS_MAX = 100_000;

export interface StoryEvent {
  readonly sequence: number;
  readonly time: string;
  /** When the gateway had the command; the same as `time` for what Daybook did by itself. */
  readonly received: string;
  readonly type: string;
  readonly actor: ActorInForce;
  /** Gateway session; 0 none: REST, a venue, Daybook itself. */
  readonly session: number;
  /** The command that caused it: which start of the writer, which way in, its number there. */
  readonly command: { readonly epoch: number; readonly producer: number; readonly number: number };
  readonly values: EventValues;
  /** Of RiskDecided: limit and mark compared with. */
  readonly comparedWith?: DecisionContext;
}

export interface OrderStory {
  /** The last event of the log that could be in it. */
  readonly asOf: number;
  readonly order: OrderAsOf | null;
  readonly events: readonly StoryEvent[];
  /** Sequence to go on after; null: this is all. */
  readonly next: number | null;
}

export interface StoryRequest {
  /** Our id, a client order id that it ever had, or an execution id of one of its fills. */
  readonly order: string;
  /** Name; needed where several accounts used the same client order id. */
  readonly account?: string | undefined;
  /** The last sequence that counts. */
  readonly asOf: number;
  readonly after?: number | undefined;
  readonly limit?: number | undefined;
}

const ABOUT_COMMAND: ReadonlySet<string> = new Set([
  ...['RiskDecided', 'CircuitBreakerTripped', 'CircuitBreakerReset', 'CommandRefused'],
]);
/** Commands of a producer are numbered within this, see commands/command-port.ts. */
const COMMANDS_PER_PRODUCER = 2 ** 32;

type Values = Readonly<Record<string, unknown>>;
const readValue = (event: DaybookEvent, name: string): unknown => (event.data as Values)[name];

/** @throws AuditError ORDER_UNKNOWN, ORDER_AMBIGUOUS */
export function orderStory(
  log: JournalOf,
  index: OrderIndex,
  names: Names,
  request: StoryRequest,
): OrderStory {
  names.reference.update(log, index);
  const events = new OrderEvents(log, index, request.asOf);
  const wanted = find(events, names, request);
  const all = events.of(wanted);
  const { after = -1, limit = STORY_EVENTS_MAX } = request;
  const page = all
    .filter(({ sequence }) => sequence > after)
    .slice(0, Math.min(limit, STORY_EVENTS_MAX));
  const contexts = new DecisionContexts(log, index, names);
  const last = page.at(-1);
  return {
    asOf: request.asOf,
    order: orderAsOf(all, names.reference) ?? null,
    events: page.map((event) => storyEvent(event, names, contexts)),
    next: last === undefined || last === all.at(-1) ? null : last.sequence,
  };
}

function storyEvent(event: DaybookEvent, names: Names, contexts: DecisionContexts): StoryEvent {
  const { sequence, time, received, type, actor, session, command } = event;
  const producer = Math.floor(command / COMMANDS_PER_PRODUCER);
  return {
    sequence,
    time: formatIsoNs(time),
    received: formatIsoNs(received === 0n ? time : received),
    type,
    actor: actorAt(names, actor, sequence),
    session,
    command: {
      epoch: Math.floor(producer / 256),
      producer: producer % 256,
      number: command % COMMANDS_PER_PRODUCER,
    },
    values: valuesOf(event, names.reference),
    ...(event.type === 'RiskDecided' ? { comparedWith: contexts.of(event) } : {}),
  };
}

/** What makes an event one of the order. */
interface Wanted {
  readonly orderId: number;
  /** Requests that never got an id are told by what the client called them. */
  readonly clOrdId: string;
  readonly account: number;
}

/** Finds the one order that is meant. */
function find(events: OrderEvents, names: Names, { order, account }: StoryRequest): Wanted {
  const named = [...events.naming(order)];
  const accounts = new Map<number, number>();
  for (const event of named) {
    const of = readValue(event, 'account');
    const orderId = readValue(event, 'orderId');
    if (typeof of !== 'number') continue;
    const known = accounts.get(of) ?? 0;
    accounts.set(of, known || (typeof orderId === 'number' ? orderId : 0));
  }
  const byId = /^[0-9]{1,16}$/.test(order) ? Number(order) : 0;
  if (account === undefined && byId > 0 && events.has(byId)) {
    return { orderId: byId, clOrdId: '', account: 0 };
  }
  const nameOf = (of: number) => names.reference.account(of, events.asOf)?.name ?? `#${of}`;
  const found = [...accounts].filter(([of]) => account === undefined || nameOf(of) === account);
  const [only, another] = found;
  if (only === undefined) {
    throw new AuditError('ORDER_UNKNOWN', `the log has no order ${order} up to ${events.asOf}`);
  }
  if (another !== undefined) {
    const list = found.map(([of]) => nameOf(of)).join(', ');
    throw new AuditError(
      'ORDER_AMBIGUOUS',
      `${order} is an order of each of ${list}: name the account`,
    );
  }
  return { orderId: only[1], clOrdId: order, account: only[0] };
}

/** The events that the index leads to. */
class OrderEvents {
  readonly asOf: number;
  readonly #log: JournalOf;
  readonly #index: OrderIndex;

  constructor(log: JournalOf, index: OrderIndex, asOf: number) {
    this.#log = log;
    this.#index = index;
    this.asOf = asOf;
  }

  /** Events that name the text as client order id or execution id. */
  *naming(text: string): Generator<DaybookEvent> {
    if (text.length > 40) return;
    const keys = [clientIdKey(text), executionKey(text)];
    for (const group of this.#groups(keys)) {
      for (const event of eventsOf(group, this.asOf)) {
        const fields = ['clOrdId', 'origClOrdId', 'execId', 'execRefId'];
        if (fields.some((name) => readValue(event, name) === text)) yield event;
      }
    }
  }

  has(orderId: number): boolean {
    for (const group of this.#groups([orderKey(orderId)])) {
      if (eventsOf(group, this.asOf).some((event) => readValue(event, 'orderId') === orderId))
        return true;
    }
    return false;
  }

  /** Ascending, each once. */
  of(wanted: Wanted): DaybookEvent[] {
    const keys = [
      ...(wanted.orderId === 0 ? [] : [orderKey(wanted.orderId)]),
      ...(wanted.clOrdId === '' ? [] : [clientIdKey(wanted.clOrdId)]),
    ];
    const found: DaybookEvent[] = [];
    for (const group of this.#groups(keys)) {
      const events = eventsOf(group, this.asOf);
      const own = events.filter((event) => isOf(event, wanted));
      if (own.length === 0) continue;
      for (const event of events) {
        // The same command may have touched other orders; what it decided about this one counts.
        const beside = ABOUT_COMMAND.has(event.type) && !(readValue(event, 'orderId') as number);
        if (beside || own.includes(event)) found.push(event);
      }
      if (found.length >= ORDER_EVENTS_MAX) break;
    }
    return found;
  }

  *#groups(keys: readonly number[]): Generator<EventGroup> {
    const places = new Map<number, Place>();
    for (const key of keys) {
      for (const place of this.#index.find(key, this.asOf + 1)) places.set(place.sequence, place);
    }
    for (const place of [...places.values()].sort((a, b) => a.sequence - b.sequence)) {
      for (const group of groupsIn(this.#log, place)) if (tells(group, keys)) yield group;
    }
  }
}

/** Whether a record of the group has one of the keys: most have not, and are not decoded. */
function tells({ batch, from, to }: EventGroup, keys: readonly number[]): boolean {
  let found = false;
  const check = (hash: number) => {
    if (keys.includes(hash)) found = true;
  };
  for (let at = from; at < to && !found; at += lengthAt(batch, at)) eachKey(batch, at, check);
  return found;
}

function isOf(event: DaybookEvent, { orderId, clOrdId, account }: Wanted): boolean {
  if (orderId !== 0) {
    const ids = [readValue(event, 'orderId'), readValue(event, 'firstOrderId')];
    if (ids.includes(orderId)) return true;
  }
  if (clOrdId === '' || readValue(event, 'account') !== account) return false;
  return readValue(event, 'clOrdId') === clOrdId || readValue(event, 'origClOrdId') === clOrdId;
}

function eventsOf({ batch, from, to }: EventGroup, asOf: number): DaybookEvent[] {
  const events: DaybookEvent[] = [];
  for (let at = from; at < to; at += lengthAt(batch, at)) {
    if (sequenceAt(batch, at) <= asOf) events.push(decodeEvent(batch.bytes, at));
  }
  return events;
}
