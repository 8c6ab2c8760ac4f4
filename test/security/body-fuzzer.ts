/**
 * Bodies of nonsense for the routes that take one: JSON made of right requests, altered at random,
 * and text that is hardly JSON. The same seed gives the same bodies.
 */
export interface FuzzRequest {
  readonly method: string;
  readonly path: string;
  readonly body: string;
}

const order = {
  ...{ clientOrderId: 'fuzz-1', account: 'own', instrument: 'ESH4', side: 'Buy', type: 'Limit' },
  ...{ quantity: '1', price: '4700', timeInForce: 'Day' },
};
const change = { limit: 'MaxOrderQuantity', scope: 'Account', name: 'own', value: '1' };

/** Right requests; what they may do depends on who sends them. */
const TEMPLATES: readonly (readonly [method: string, path: string, body: object])[] = [
  ['POST', '/v1/orders', order],
  ['POST', '/v1/orders', { ...order, account: 'foreign' }],
  ['POST', '/v1/orders/mass-cancel', { account: 'foreign' }],
  ['PUT', '/v1/orders/1', { clientOrderId: 'fuzz-2', quantity: '2', price: '4700' }],
  ['POST', '/v1/orders/1/cancel', { clientOrderId: 'fuzz-3' }],
  ['PUT', '/v1/accounts/foreign/orders/x', { clientOrderId: 'fuzz-4', quantity: '2' }],
  [
    'POST',
    '/v1/instruments',
    { symbol: 'X', tickSize: '1', lotSize: '1', multiplier: '1', currency: 'USD' },
  ],
  ['POST', '/v1/accounts', { name: 'mine', currency: 'USD' }],
  ['PUT', '/v1/marks/ESH4', { price: '1' }],
  ['PUT', '/v1/limits', change],
  ['PUT', '/v1/trading-states', { scope: 'Account', name: 'foreign', state: 'Halted' }],
  ['POST', '/v1/approvals/1/decision', { decision: 'Approved' }],
  ['POST', '/v1/trading-day/open', { day: '2030-01-01' }],
];

export const VALUES: readonly unknown[] = [
  ...[
    null,
    true,
    false,
    0,
    -1,
    1e308,
    -0,
    1.5,
    2 ** 53,
    '',
    ' ',
    '0',
    '-1',
    '1e9',
    'NaN',
    'Infinity',
  ],
  ...[
    'own',
    'foreign',
    'Buy',
    'Sell',
    'None',
    'Halted',
    'Active',
    '__proto__',
    'constructor',
    'toString',
  ],
  ...[
    '9'.repeat(64),
    '0.0000000000000001',
    '١٢٣',
    '\u0000',
    '\ud800',
    '💥',
    '../..',
    '%00',
    '\r\nx: y',
  ],
  ...[[], {}, [[]], { $gt: '' }, [null], ['own'], { toString: 1 }, 'x'.repeat(5000)],
];
const PATHS = [
  '/v1/orders',
  '/v1/orders/%00',
  '/v1/accounts/own/orders/%22',
  '/v1/marks/__proto__',
  '/v1/orders/99999999999999999999',
];

/** xorshift32: quick, the same everywhere. */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed | 0 || 1;
  }

  below(limit: number): number {
    let x = this.#state;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.#state = x;
    return (x >>> 0) % limit;
  }

  of<T>(list: readonly T[]): T {
    return list[this.below(list.length)] as T;
  }
}

export function fuzzRequest(random: Random, n: number): FuzzRequest {
  const [method, path, body] = random.of(TEMPLATES);
  const value: Record<string, unknown> = { ...body };
  if ('clientOrderId' in value) value.clientOrderId = `f${n}`;
  for (let changes = random.below(4); changes > 0; changes -= 1) alter(value, random);
  const text = JSON.stringify(value);
  return {
    method,
    path: random.below(20) === 0 ? random.of(PATHS) : path,
    body: random.below(4) === 0 ? damage(text, random) : text,
  };
}

function alter(value: Record<string, unknown>, random: Random): void {
  const keys = Object.keys(value);
  const key = keys.length === 0 || random.below(5) === 0 ? `k${random.below(9)}` : random.of(keys);
  if (random.below(5) === 0) delete value[key];
  else
    Object.defineProperty(value, key, {
      value: random.of(VALUES),
      enumerable: true,
      configurable: true,
      writable: true,
    });
}

/** Bytes that were right and are not any more. */
function damage(text: string, random: Random): string {
  const at = random.below(text.length);
  switch (random.below(5)) {
    case 0:
      return text.slice(0, at);
    case 1:
      return text.slice(0, at) + String.fromCharCode(random.below(256)) + text.slice(at + 1);
    case 2:
      return text.slice(0, at) + text.slice(at).repeat(2);
    case 3:
      return '['.repeat(1 + random.below(500)) + text;
    default:
      return text.replace('{', '{"__proto__":{"account":"foreign"},');
  }
}
