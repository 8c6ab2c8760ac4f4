import { assert } from '../../lib/assert.js';

/**
 * Rounds shares to whole minor units of the currency so that they add up to the rounded total
 * exactly, as a report must: each share is rounded down, and the units that are then missing go to
 * those with the largest remainders (Hamilton's method); of equal remainders, to the first.
 *
 * @param unitsPerOne minor units of one unit of base currency: 100 for cents.
 */
export function apportion(
  total: number,
  shares: Float64Array,
  unitsPerOne: number,
): { total: number; shares: Float64Array } {
  const whole = Math.round(total * unitsPerOne);
  const floors = shares.map((share) => Math.floor(share * unitsPerOne));
  let missing = whole;
  for (const floor of floors) missing -= floor;
  assert(Number.isSafeInteger(whole), 'a total within the safe range');
  if (shares.length === 0) return { total: whole, shares: floors };
  const remainders = shares.map((share, index) => share * unitsPerOne - floors[index]!);
  const order = Array.from(shares.keys()).sort((a, b) => remainders[b]! - remainders[a]! || a - b);
  // Shares add up to the total but for rounding, so fewer units are missing than there are shares.
  assert(missing >= 0 && missing <= shares.length, 'shares that add up to the total');
  for (let rank = 0; rank < missing; rank++) floors[order[rank]!]!++;
  return { total: whole, shares: floors };
}
