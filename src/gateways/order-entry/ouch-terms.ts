/** The closed lists of OUCH as those of the domain, and back. Bytes in, numbers out; 0xff unknown. */
import { CAPACITY, SIDE, TIME_IN_FORCE } from '../../domain/order-terms.js';

export const UNKNOWN = 0xff;

/** Price of a market order. */
export const MARKET_PRICE = 0x7fff_ffff;

function tableOf(pairs: Readonly<Record<string, number>>): {
  readonly into: Uint8Array;
  readonly out: Uint8Array;
} {
  const into = new Uint8Array(256).fill(UNKNOWN);
  const out = new Uint8Array(256).fill(0x20);
  for (const [char, value] of Object.entries(pairs)) {
    into[char.charCodeAt(0)] = value;
    out[value] = char.charCodeAt(0);
  }
  return { into, out };
}

const side = tableOf({
  B: SIDE.Buy,
  S: SIDE.Sell,
  T: SIDE.SellShort,
  E: SIDE.SellShortExempt,
});
export const SIDE_IN = side.into;
export const SIDE_OUT = side.out;

const capacity = tableOf({
  A: CAPACITY.Agency,
  P: CAPACITY.Principal,
  R: CAPACITY.RisklessPrincipal,
});
export const CAPACITY_IN = capacity.into;
export const CAPACITY_OUT = capacity.out;

/** 5 and 6 are denied by the core until it knows good-till-crossing and good-till-time. */
export const TIME_IN_FORCE_IN = tableOf({
  '0': TIME_IN_FORCE.Day,
  '3': TIME_IN_FORCE.ImmediateOrCancel,
  '5': TIME_IN_FORCE.GoodTillCrossing,
  '6': TIME_IN_FORCE.GoodTillDate,
}).into;
