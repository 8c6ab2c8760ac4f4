import { expect, it } from 'vitest';
import { COMMAND } from '../../domain/commands.js';
import type { DaybookEvent, EventOf } from '../../domain/events.js';
import { Requesters } from './requesters.js';

const head = { time: '2026-11-23T00:00:00.000000000Z', received: '', command: 0, session: 0 };
const terms = { scope: 'Account', scopeId: 3, instrument: 0, limit: 1, value: 500 };
const limit = { ...terms, commandNumber: COMMAND.ChangeLimit };

const asked = (sequence: number, actor: number, more = {}) =>
  ({ ...head, type: 'ApprovalRequested', sequence, actor, data: { ...limit, ...more } }) as unknown;
const decided = (sequence: number, actor: number, approval: number, decision = 'Approved') =>
  ({ ...head, type: 'ApprovalDecided', sequence, actor, data: { approval, decision } }) as unknown;
const changed = (sequence: number, actor: number, more = {}) =>
  ({
    ...{ ...head, type: 'LimitChanged', sequence, actor },
    data: { ...terms, previous: -1, ...more },
  }) as unknown as EventOf<'LimitChanged'>;

function after(...events: readonly unknown[]): Requesters {
  const requesters = new Requesters();
  for (const event of events) requesters.take(event as DaybookEvent);
  return requesters;
}

it('names who asked for a change that another let through, once', () => {
  const requesters = after(asked(10, 2), decided(11, 1, 10));
  expect(requesters.of(changed(12, 1))).toBe(2);
  expect(requesters.of(changed(13, 1))).toBe(null);
});

it('names nobody for a change of other terms, by another, refused or not asked for', () => {
  expect(after(asked(10, 2), decided(11, 1, 10)).of(changed(12, 1, { value: 501 }))).toBe(null);
  expect(after(asked(10, 2), decided(11, 1, 10)).of(changed(12, 1, { scopeId: 4 }))).toBe(null);
  expect(after(asked(10, 2), decided(11, 1, 10)).of(changed(12, 3))).toBe(null);
  expect(after(asked(10, 2), decided(11, 1, 10, 'Refused')).of(changed(12, 1))).toBe(null);
  expect(after().of(changed(12, 1))).toBe(null);
});

it('tells changes of one scope apart', () => {
  const halted = { ...head, type: 'TradingHalted', sequence: 12, actor: 1 };
  const halt = { ...halted, data: { scope: 'Account', scopeId: 3 } } as unknown;
  expect(after(asked(10, 2), decided(11, 1, 10)).of(halt as EventOf<'TradingHalted'>)).toBe(null);
  const base = { commandNumber: COMMAND.SetBaseCurrency, text: 'EUR' };
  const rebased = (currency: string) =>
    ({
      ...{ ...head, type: 'BaseCurrencyChanged', sequence: 12, actor: 1 },
      data: { ...terms, currency, previous: '' },
    }) as unknown as EventOf<'BaseCurrencyChanged'>;
  expect(after(asked(10, 2, base), decided(11, 1, 10)).of(rebased('GBP'))).toBe(null);
  expect(after(asked(10, 2, base), decided(11, 1, 10)).of(halt as EventOf<'TradingHalted'>)).toBe(
    null,
  );
  expect(after(asked(10, 2, base), decided(11, 1, 10)).of(rebased('EUR'))).toBe(2);
});
