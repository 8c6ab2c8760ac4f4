import { describe, expect, test } from 'vitest';
import {
  amountText,
  averagePriceText,
  microsText,
  priceText,
  quantityText,
  unrealized,
} from './money.js';

const es = { tick: '0.25', lot: '1', multiplier: '50' };
const coin = { tick: '0.01', lot: '0.00001', multiplier: '1' };
const whole = (digits: bigint) => ({ digits, scale: 0 });

describe('amounts as text', () => {
  test('prices and quantities are whole steps', () => {
    expect(priceText(19_197, es)).toBe('4799.25');
    expect(quantityText(-3, es)).toBe('-3');
    expect(quantityText(150_000n, coin)).toBe('1.5');
  });

  test('an amount is ticks x lots times tick, lot and multiplier', () => {
    // One contract, ten points: 40 ticks x 0.25 x 50 USD.
    expect(amountText(whole(40n), es)).toBe('500');
    expect(amountText({ digits: 1n, scale: 9 }, es)).toBe('0.0000000125');
    expect(amountText(whole(9_007_199_254_740_993n), es)).toBe('112589990684262412.5');
  });

  test('an average price is rounded half to even at twelve decimals', () => {
    expect(averagePriceText(whole(10n), 4, es)).toBe('0.625');
    expect(averagePriceText(whole(1n), 3, es)).toBe('0.083333333333');
    expect(averagePriceText(whole(-38_394n), -2, es)).toBe('4799.25');
    expect(averagePriceText(whole(0n), 0, es)).toBe(null);
  });

  test('unrealised P&L is the value at the mark less the cost', () => {
    expect(amountText(unrealized(-2n, 19_201n, whole(-38_394n)), es)).toBe('-100');
  });

  test('micros have six decimals', () => {
    expect(microsText(1_250_000)).toBe('1.25');
    expect(microsText(-1)).toBe('-0.000001');
  });
});
