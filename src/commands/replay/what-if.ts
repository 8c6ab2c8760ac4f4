/**
 * What other limits would have done: the recorded commands are decided against limits of one's own,
 * beside the state as it was. Order ids shift when orders are refused, so they are translated; what
 * a venue reported on an order that is refused now is left out. An order that is let through now
 * stays without reports: what a venue would have done with it, nobody knows.
 */
import { encodeCommand } from '../../domain/command-codec.js';
import { COMMAND_SLOT_BYTES, type CommandData, commandLayouts } from '../../domain/commands.js';
import { decodeEvent } from '../../domain/event-codec.js';
import { HEADER, RecordBuffer } from '../../domain/event-record.js';
import { EVENT, type EventOf, eventLayouts } from '../../domain/events.js';
import { SCOPE } from '../../domain/order-terms.js';
import { LIMIT, type LimitName } from '../../domain/risk-catalogue.js';
import { decide } from '../decide/decide.js';
import { Emitter } from '../emitter.js';
import { evolve } from '../evolve/evolve.js';
import type { Capacity } from '../state/capacity.js';
import { ShardState } from '../state/shard-state.js';
import {
  type EventGroup,
  groupsOf,
  lengthAt,
  numberAt,
  sequenceAt,
  timeAt,
} from './event-groups.js';
import { NO_SUCH_ORDER, recoverCommand } from './recover-command.js';

const limitChange = commandLayouts.ChangeLimit.offsets;
const order = commandLayouts.VenueReport.offsets;
const accepted = eventLayouts.OrderAccepted.offsets;
const OUT_BYTES = 4 * 1024 * 1024;
/** Rows of an order id, see `order-table.ts`. */
const ROWS = 2 ** 27;

/** A limit that holds in place of whatever the log says; names are those of the log. */
export interface LimitOverride {
  readonly limit: LimitName;
  readonly scope: 'Firm' | 'Group' | 'Account';
  /** Index, or name of the group or account; not for the firm. */
  readonly of?: number | string;
  /** Index or symbol; left out: all instruments. */
  readonly instrument?: number | string;
  /** In the limit's unit; -1 none. */
  readonly value: number;
}

/** An order or replace that goes the other way under the other limits. */
export interface ChangedDecision {
  /** Of the recorded decision. */
  readonly sequence: number;
  readonly change: 'refused' | 'let through';
  readonly request: 'order' | 'replace';
  readonly account: number;
  readonly instrument: number;
  readonly clOrdId: string;
  readonly quantity: number;
  readonly price: number;
  /** Of the decision that refused, then or now. */
  readonly reason: number;
  readonly limit: number;
  readonly value: number;
}

type Judged = EventOf<'OrderAccepted' | 'OrderDenied' | 'ReplaceRequested' | 'ReplaceRejected'>;
const JUDGED = new Set<number>([
  ...[EVENT.OrderAccepted, EVENT.OrderDenied, EVENT.ReplaceRequested, EVENT.ReplaceRejected],
]);

export class WhatIf {
  /** As it was, and as it would have been. */
  readonly recorded: ShardState;
  readonly state: ShardState;
  orders = 0;
  acceptedThen = 0;
  acceptedNow = 0;
  /** Venue reports and requests left out, since their order is refused now; and their fills. */
  skipped = 0;
  skippedFills = 0;
  readonly #emitter: Emitter;
  readonly #out = new RecordBuffer(OUT_BYTES);
  readonly #command = new RecordBuffer(COMMAND_SLOT_BYTES);
  readonly #limits: readonly LimitOverride[];
  readonly #waiting: Set<LimitOverride>;
  readonly #keys = new Set<string>();
  readonly #onChange: (change: ChangedDecision) => void;
  /** By row of the recorded order: its id, and the one that it has now; 0 refused. */
  readonly #then: Float64Array;
  readonly #now: Float64Array;

  constructor(
    capacity: Capacity,
    limits: readonly LimitOverride[],
    onChange: (change: ChangedDecision) => void,
  ) {
    this.recorded = new ShardState(capacity, 1);
    this.state = new ShardState(capacity, 1);
    this.#emitter = new Emitter(this.state, this.#out);
    this.#limits = limits;
    this.#waiting = new Set(limits);
    this.#onChange = onChange;
    this.#then = new Float64Array(capacity.orders + 1);
    this.#now = new Float64Array(capacity.orders + 1);
  }

  /** Limits whose account, group or instrument the log does not have (yet), or that are refused. */
  get notApplied(): readonly LimitOverride[] {
    return this.#limits.filter((each) => this.#waiting.has(each));
  }

  take(batch: RecordBuffer): void {
    for (const group of groupsOf(batch)) {
      for (let at = group.from; at < group.to; at += lengthAt(batch, at)) {
        evolve(this.recorded, batch, at);
      }
      this.#decide(group);
    }
  }

  #decide(group: EventGroup): void {
    const { batch, from } = group;
    const recovered = recoverCommand(group, this.#command);
    // A command over several commits is decided as a whole when its end comes.
    if (recovered.kind !== 'command') return;
    this.#emitter.setTime(timeAt(batch, from));
    const { name, cause } = recovered;
    if (name === 'ChangeLimit' && this.#keys.has(this.#keyOfCommand())) return;
    if (name === 'CancelOrder' || name === 'ReplaceOrder' || name === 'VenueReport') {
      if (!this.#translateOrder()) {
        this.skipped += 1;
        if (numberAt(batch, cause) === EVENT.OrderFilled) this.skippedFills += 1;
        return;
      }
    }
    this.#run(this.#command);
    if (name === 'NewOrder' || name === 'ReplaceOrder') this.#judge(group);
    else if (name === 'OpenAccount' || name === 'ListInstrument' || name === 'StartWriter') {
      this.#applyLimits();
    }
  }

  /** Decides a command; what it leaves stands in `#out`, unless it filled the buffer. */
  #run(command: RecordBuffer): void {
    this.#out.clear();
    while (!decide(this.#emitter, command, 0)) this.#out.clear();
  }

  /** @returns false when the order that the command names is refused now */
  #translateOrder(): boolean {
    const { f64, i32 } = this.#command;
    const id = f64[order.orderId >> 3] as number;
    if (id === 0) return true;
    if (id === NO_SUCH_ORDER) {
      // It may be there now; requests name it by client order id, too, reports do not.
      const origClOrdId = commandLayouts.CancelOrder.offsets.origClOrdId;
      if (i32[origClOrdId >> 2] !== 0) f64[order.orderId >> 3] = 0;
      return true;
    }
    const row = id % ROWS;
    if (this.#then[row] !== id) return true;
    f64[order.orderId >> 3] = this.#now[row] as number;
    return this.#now[row] !== 0;
  }

  #judge({ batch, from, to }: EventGroup): void {
    const then = findJudged(batch, from, to);
    const now = findJudged(this.#out, 0, this.#out.length);
    if (then < 0 || now < 0) return;
    const passedThen = passed(batch, then);
    const passedNow = passed(this.#out, now);
    const ofOrder =
      numberAt(batch, then) === EVENT.OrderAccepted || numberAt(batch, then) === EVENT.OrderDenied;
    if (ofOrder) {
      this.orders += 1;
      if (passedThen) {
        this.acceptedThen += 1;
        const id = batch.f64[(then + accepted.orderId) >> 3] as number;
        this.#then[id % ROWS] = id;
        this.#now[id % ROWS] = passedNow
          ? (this.#out.f64[(now + accepted.orderId) >> 3] as number)
          : 0;
      }
      if (passedNow) this.acceptedNow += 1;
    }
    if (passedThen === passedNow) return;
    const [b, start, end] = passedThen ? [this.#out, 0, this.#out.length] : [batch, from, to];
    const refusal = passedThen ? now : then;
    const decision = lastRiskDecided(b as RecordBuffer, start as number, end as number);
    const event = decodeEvent((b as RecordBuffer).bytes, refusal) as Judged;
    const { account, instrument, clOrdId, quantity, price } = event.data;
    this.#onChange({
      sequence: sequenceAt(batch, then),
      change: passedThen ? 'refused' : 'let through',
      request: ofOrder ? 'order' : 'replace',
      ...{ account, instrument, clOrdId, quantity, price },
      reason: 'reason' in event.data ? event.data.reason : 0,
      limit: decision?.limit ?? -1,
      value: decision?.value ?? 0,
    });
  }

  #keyOfCommand(): string {
    const c = this.#command;
    const key = [
      c.u16[limitChange.limit >> 1],
      c.bytes[limitChange.scope],
      c.u32[limitChange.scopeId >> 2],
      c.u32[limitChange.instrument >> 2],
    ];
    return key.join('/');
  }

  /** Sets the limits whose account, group and instrument are known by now. */
  #applyLimits(): void {
    for (const limit of this.#waiting) {
      const data = this.#resolve(limit);
      if (data === undefined) continue;
      const command = new RecordBuffer(COMMAND_SLOT_BYTES);
      encodeCommand(
        'ChangeLimit',
        { received: 0n, command: 0, actor: 0, session: 0 },
        data,
        command.bytes,
      );
      this.#run(command);
      if (numberAt(this.#out, 0) !== EVENT.LimitChanged) continue;
      this.#waiting.delete(limit);
      const scope = SCOPE[limit.scope];
      this.#keys.add([data.limit, scope, data.scopeId, data.instrument].join('/'));
    }
  }

  #resolve(limit: LimitOverride): CommandData<'ChangeLimit'> | undefined {
    const { accounts, instruments } = this.state;
    const named = limit.scope === 'Group' ? accounts.groups : accounts.byName;
    const scopeId =
      limit.scope === 'Firm' ? 0 : typeof limit.of === 'string' ? named.get(limit.of) : limit.of;
    const instrument =
      typeof limit.instrument === 'string'
        ? instruments.bySymbol.get(limit.instrument)
        : (limit.instrument ?? 0);
    if (scopeId === undefined || instrument === undefined) return undefined;
    const { scope, value } = limit;
    return { limit: LIMIT[limit.limit], scope, scopeId, instrument, value };
  }
}

function findJudged(b: RecordBuffer, from: number, to: number): number {
  for (let at = from; at < to; at += lengthAt(b, at)) if (JUDGED.has(numberAt(b, at))) return at;
  return -1;
}

const passed = (b: RecordBuffer, at: number): boolean =>
  numberAt(b, at) === EVENT.OrderAccepted || numberAt(b, at) === EVENT.ReplaceRequested;

function lastRiskDecided(
  b: RecordBuffer,
  from: number,
  to: number,
): EventOf<'RiskDecided'>['data'] | undefined {
  let found = -1;
  for (let at = from; at < to; at += b.u16[(at + HEADER.length) >> 1] as number) {
    if (numberAt(b, at) === EVENT.RiskDecided) found = at;
  }
  return found < 0 ? undefined : (decodeEvent(b.bytes, found) as EventOf<'RiskDecided'>).data;
}
