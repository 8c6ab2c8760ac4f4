/**
 * Cancels always pass: every limit at the value that refuses most, set for every scope, in every
 * combination of trading states and with every breaker tripped; by the client, and by a mass cancel.
 */
import { describe, expect, it } from 'vitest';
import { type LimitName, limits } from '../../domain/risk-catalogue.js';
import { desk, idOf, type Spec, types } from './spec.js';

const STATES = ['Active', 'Reducing', 'Halted'] as const;
const SCOPES = ['Account', 'Group', 'Firm', 'Instrument'] as const;

/** An order at a venue and one that is held, each to be canceled. */
function open(spec: Spec): readonly [venue: number, held: number] {
  return [
    idOf(spec.order({ venue: 1, quantity: 10, price: 9_000 })),
    idOf(spec.order({ venue: 1, ordType: 'Stop', stopPrice: 12_000 })),
  ];
}

function expectCancels(
  spec: Spec,
  [venue, held]: readonly [number, number],
  one: boolean,
  name = '',
): void {
  const ends = (type: string) => type === 'CancelRequested' || type === 'OrderCanceled';
  const all = ['CancelRequested', 'CancelRequested', 'OrderCanceled'];
  if (!one) {
    const events = types(spec.when('MassCancel', { account: 1 })).filter(ends);
    expect([...events].sort(), name).toEqual(all);
    return;
  }
  // A cut is a cancel as well.
  const cut = { account: 1, orderId: venue, clOrdId: 'cut', quantity: 3 };
  expect(types(spec.when('CancelOrder', cut)).filter(ends)).toEqual(['CancelRequested']);
  const events = [...types(spec.cancel(venue)), ...types(spec.cancel(held))].filter(ends);
  expect([...events].sort()).toEqual(all);
}

describe.each([true, false])('one by one: %s', (one) => {
  it.each(SCOPES.flatMap((scope) => STATES.map((state) => [scope, state] as const)))(
    '%s %s, with every limit at its tightest in every scope',
    (scope, state) => {
      for (const [name, { perInstrument }] of Object.entries(limits)) {
        const spec = desk();
        const orders = open(spec);
        for (const of of ['Account', 'Group', 'Firm'] as const) {
          spec.limit(name as LimitName, name === 'Restricted' ? 1 : 0, of, perInstrument ? 1 : 0);
          spec.limit(name as LimitName, name === 'Restricted' ? 1 : 0, of);
        }
        const scopeId = scope === 'Firm' ? 0 : 1;
        spec.when('SetTradingState', { scope, scopeId, state });
        // What is refused trips breakers.
        spec.order({ quantity: 0 });
        spec.mark(10_500);
        spec.order({ quantity: 0 });
        expectCancels(spec, orders, one, name);
      }
    },
  );

  it('every combination of states, and every limit together', () => {
    for (const firm of STATES) {
      for (const group of STATES) {
        for (const account of STATES) {
          for (const instrument of STATES) {
            const spec = desk();
            const orders = open(spec);
            for (const name of Object.keys(limits)) spec.limit(name as LimitName, 0, 'Firm');
            const set = { Firm: firm, Group: group, Account: account, Instrument: instrument };
            for (const scope of SCOPES) {
              const scopeId = scope === 'Firm' ? 0 : 1;
              spec.when('SetTradingState', { scope, scopeId, state: set[scope] });
            }
            spec.restart();
            expectCancels(spec, orders, one);
          }
        }
      }
    }
  });
});
