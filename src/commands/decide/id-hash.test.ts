/**
 * The hash of a command's client order id is handed on to the event that brings it: the index must hold each id
 * where the id itself, read again, would put it, or a repeated id is not found.
 */
import { describe, expect, it } from 'vitest';
import { desk, idOf, types } from '../risk/spec.js';

/** Lengths of ids from one word of the hash to all of them. */
const PREFIXES = ['a', 'abcd', 'abcdefgh', 'abcdefghijkl', 'abcdefghijklmnop'];

describe('the index of client order ids', () => {
  it('is the one that is built from the ids alone', () => {
    const spec = desk();
    spec.limit('MaxOrderQuantity', 50);
    for (const prefix of PREFIXES) {
      for (let account = 1; account <= 2; account += 1) {
        const order = (n: string, more = {}) =>
          spec.order({ account, clOrdId: prefix + n, quantity: 10, ...more });
        const kept = idOf(order('1'));
        const gone = idOf(order('2', { venue: 1 }));
        order('3', { quantity: 51 });
        order('4', { side: 'Sell' });
        spec.when('CancelOrder', { account, orderId: gone, clOrdId: `${prefix}5` });
        spec.when('CancelOrder', { account, orderId: kept, clOrdId: `${prefix}6`, quantity: 4 });
        spec.replace(idOf(order('7')), 11, 10_000, account);
        order('8');
        spec.when('MassCancel', { account });
      }
    }
    const { clientIds } = spec.state;
    const live = clientIds.index.slice();
    clientIds.reindex(clientIds.count);
    expect(clientIds.count).toBeGreaterThan(PREFIXES.length * 2 * 7);
    expect(clientIds.index).toEqual(live);
  });

  it('finds each of them again', () => {
    const spec = desk();
    for (const prefix of PREFIXES) {
      const orderId = idOf(spec.order({ clOrdId: `${prefix}1`, venue: 1 }));
      spec.when('CancelOrder', { account: 1, orderId, clOrdId: `${prefix}2` });
    }
    for (const prefix of PREFIXES) {
      for (const clOrdId of [`${prefix}1`, `${prefix}2`]) {
        expect(types(spec.order({ clOrdId }))).toContain('OrderDenied');
      }
    }
  });
});
