import { describe, expect, it } from 'vitest';
import {
  CAPACITY,
  ORD_STATUS,
  ORD_TYPE,
  SELF_TRADE_PREVENTION,
  SIDE,
  TIME_IN_FORCE,
} from '../../domain/order-terms.js';
import * as E from './order-enums.js';

describe('the closed lists of the definitions', () => {
  const { None: _, ...sides } = SIDE;
  it.each([
    ['Side', E.SIDES, sides],
    ['OrdType', E.ORD_TYPES, ORD_TYPE],
    ['TimeInForce', E.TIMES_IN_FORCE, TIME_IN_FORCE],
    ['OrdStatus', E.ORD_STATUSES, ORD_STATUS],
    ['Capacity', E.CAPACITIES, CAPACITY],
    ['SelfTradePrevention', E.SELF_TRADE_PREVENTIONS, SELF_TRADE_PREVENTION],
  ])('%s has the values of the domain, there and back', (_name, list, domain) => {
    expect(new Set(list.names)).toEqual(new Set(Object.keys(domain)));
    for (const name of list.names) {
      const number = list.numberOf(name as never);
      expect(number).toBeGreaterThan(0);
      expect(list.nameOf(number)).toBe(name);
    }
    expect(list.nameOf(0)).toBeUndefined();
    expect(list.nameOf(200)).toBeUndefined();
  });
});
