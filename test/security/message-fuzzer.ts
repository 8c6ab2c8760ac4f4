/**
 * Messages of nonsense for the methods of OrderService: right ones, taken apart into their fields on
 * the wire, altered at any depth and put together again; and bytes that are hardly a message. The same
 * seed gives the same messages.
 */
import type { NewOrder } from '../../src/api/grpc/generated/daybook/v1/order.gen.js';
import * as P from '../../src/api/grpc/generated/daybook/v1/order_service.gen.js';
import { type Random, VALUES } from './body-fuzzer.js';

export interface FuzzMessage {
  readonly method: MethodName;
  readonly bytes: Uint8Array;
  /** How many requests it holds, all of which are answered; undefined when it is no message. */
  readonly requests: number | undefined;
}

export type MethodName = (typeof METHODS)[number];
/** Requests of one method each, and one with several to a message: a stream both ways. */
const METHODS = [
  'SubmitOrder',
  'CancelOrder',
  'ReplaceOrder',
  'MassCancel',
  'GetOrder',
  'EnterOrders',
] as const;

/** A field as it stands on the wire. */
interface Field {
  number: number;
  wire: number;
  /** Of wire type 0. */
  varint: bigint;
  /** Of all others. */
  bytes: Uint8Array;
}

const order = (n: number, account: string): NewOrder => ({
  ...{ clientOrderId: `g${n}`, account, instrument: 'ESH4', side: 1, type: 2, timeInForce: 1 },
  ...{ quantity: '1', price: '4700', postOnly: false, reduceOnly: false, strategy: 0, locate: 0 },
  ...{ capacity: 0, selfTradePrevention: 0 },
});

/** Right messages; what they may do depends on who sends them. */
function rightMessage(method: MethodName, random: Random, n: number): Uint8Array {
  const account = random.below(3) === 0 ? 'foreign' : 'own';
  const byId = { $case: 'orderId', value: 1 + random.below(50) } as const;
  const accountOrder = { account, clientOrderId: `g${random.below(n + 1)}` };
  const by =
    random.below(2) === 0 ? byId : ({ $case: 'accountOrder', value: accountOrder } as const);
  const cancel = { order: { by }, clientOrderId: `c${n}` };
  const replace = { order: { by }, clientOrderId: `r${n}`, quantity: '2', price: '4700.25' };
  switch (method) {
    case 'SubmitOrder':
      return P.SubmitOrderRequest.encode({ order: order(n, account) }).finish();
    case 'CancelOrder':
      return P.CancelOrderRequest.encode({ cancel }).finish();
    case 'ReplaceOrder':
      return P.ReplaceOrderRequest.encode({ replace }).finish();
    case 'MassCancel':
      return P.MassCancelRequest.encode({
        massCancel: { account, side: random.of([0, 1, 2] as const) },
      }).finish();
    case 'GetOrder':
      return P.GetOrderRequest.encode({ order: { by }, minSequence: random.below(9) }).finish();
    case 'EnterOrders': {
      const requests: P.OrderRequest[] = [
        { request: { $case: 'submit', value: order(n, account) } },
        { request: { $case: 'cancel', value: cancel } },
        { request: { $case: 'replace', value: replace } },
        { request: undefined },
      ];
      const some = requests.slice(random.below(3), 1 + random.below(4));
      return P.EnterOrdersRequest.encode({ requests: some }).finish();
    }
  }
}

/** Of each method with one request. */
const REQUESTS = {
  SubmitOrder: P.SubmitOrderRequest,
  CancelOrder: P.CancelOrderRequest,
  ReplaceOrder: P.ReplaceOrderRequest,
  MassCancel: P.MassCancelRequest,
  GetOrder: P.GetOrderRequest,
};

/** @returns how many requests it holds @throws when it is no message */
function requestsIn(method: MethodName, bytes: Uint8Array): number {
  if (method === 'EnterOrders') return P.EnterOrdersRequest.decode(bytes).requests.length;
  REQUESTS[method].decode(bytes);
  return 1;
}

export function fuzzMessage(random: Random, n: number, streams: boolean): FuzzMessage {
  const method = streams
    ? 'EnterOrders'
    : (METHODS[random.below(METHODS.length - 1)] as MethodName);
  const bytes = damagedOrNot(rightMessage(method, random, n), random);
  let requests: number | undefined;
  try {
    requests = requestsIn(method, bytes);
  } catch {
    requests = undefined;
  }
  return { method, bytes, requests };
}

function damagedOrNot(right: Uint8Array, random: Random): Uint8Array {
  const kind = random.below(8);
  if (kind === 0) return right;
  if (kind === 1) return noise(random, random.below(200));
  if (kind === 2) return flipped(right, random);
  const fields = fieldsOf(right) ?? [];
  for (let changes = 1 + random.below(3); changes > 0; changes -= 1) alter(fields, random, 4);
  return bytesOf(fields);
}

function alter(fields: Field[], random: Random, depth: number): void {
  const field = fields[random.below(fields.length)];
  if (field === undefined) {
    fields.push(anyField(random));
    return;
  }
  // What is inside is altered more often than what it is in.
  const inner = field.wire === 2 && depth > 0 ? fieldsOf(field.bytes) : undefined;
  if (inner !== undefined && inner.length > 0 && random.below(4) > 0) {
    alter(inner, random, depth - 1);
    field.bytes = bytesOf(inner);
    return;
  }
  const at = fields.indexOf(field);
  switch (random.below(9)) {
    case 0:
      fields.splice(at, 1);
      return;
    case 1:
      fields.splice(at, 0, ...Array.from({ length: 1 + random.below(3) }, () => ({ ...field })));
      return;
    case 2:
      field.number = random.of([0, 1, 2, 3, 7, 15, 16, 2047, 19_000, 536_870_911]);
      return;
    case 3:
      field.wire = random.below(8);
      return;
    case 4:
      fields.push(anyField(random));
      return;
    case 5:
      field.bytes = nested(field, random.below(60));
      field.wire = 2;
      return;
    case 6:
      field.bytes = flipped(field.bytes, random);
      return;
    default:
      field.varint = random.of(VARINTS);
      field.bytes = anyText(random);
      return;
  }
}

const VARINTS = [0n, 1n, 2n, 99n, 2n ** 31n, 2n ** 32n, 2n ** 53n, 2n ** 63n, 2n ** 64n - 1n];
/** Cut in the middle of a character, a lone surrogate, a form that is too long. */
const BAD_TEXTS = [
  [0xc3],
  [0xed, 0xa0, 0x80],
  [0xc0, 0xaf],
  [0xff, 0xfe],
  [0xf4, 0x90, 0x80, 0x80],
];

function anyText(random: Random): Uint8Array {
  if (random.below(4) === 0) return Uint8Array.from(random.of(BAD_TEXTS));
  const value = random.of(VALUES);
  return Buffer.from(typeof value === 'string' ? value : String(JSON.stringify(value)));
}

function anyField(random: Random): Field {
  const number = 1 + random.below(20);
  return { number, wire: random.below(6), varint: random.of(VARINTS), bytes: anyText(random) };
}

/** The field in itself, again and again. */
function nested({ number, bytes }: Field, depth: number): Uint8Array {
  let inner = bytes;
  for (let level = 0; level < depth; level += 1) {
    inner = bytesOf([{ number, wire: 2, varint: 0n, bytes: inner }]);
  }
  return inner;
}

function noise(random: Random, length: number): Uint8Array {
  return Uint8Array.from({ length }, () => random.below(256));
}

function flipped(right: Uint8Array, random: Random): Uint8Array {
  const at = random.below(right.length + 1);
  const bytes = Uint8Array.from(right);
  if (random.below(3) === 0) return bytes.subarray(0, at);
  if (at < bytes.length) bytes[at] = (bytes[at] as number) ^ (1 << random.below(8));
  return bytes;
}

/** Undefined when the bytes are no message: most texts are none. */
function fieldsOf(bytes: Uint8Array): Field[] | undefined {
  const fields: Field[] = [];
  let at = 0;
  const varint = (): bigint => {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = bytes[at];
      if (byte === undefined) throw new RangeError('cut');
      at += 1;
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    throw new RangeError('too long');
  };
  try {
    while (at < bytes.length) {
      const tag = Number(varint());
      const field: Field = {
        number: tag >>> 3,
        wire: tag & 7,
        varint: 0n,
        bytes: new Uint8Array(0),
      };
      if (field.number === 0) return undefined;
      if (field.wire === 0) field.varint = varint();
      else if (field.wire === 2) {
        const length = Number(varint());
        if (at + length > bytes.length) return undefined;
        field.bytes = bytes.subarray(at, at + length);
        at += length;
      } else return undefined;
      fields.push(field);
    }
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
  return fields;
}

function bytesOf(fields: readonly Field[]): Uint8Array {
  const parts: Uint8Array[] = [];
  for (const { number, wire, varint, bytes } of fields) {
    parts.push(varintOf((BigInt(number) << 3n) | BigInt(wire)));
    if (wire === 0) parts.push(varintOf(varint));
    else if (wire === 2) parts.push(varintOf(BigInt(bytes.length)), bytes);
    else if (wire === 1 || wire === 5) parts.push(fixed(bytes, wire === 1 ? 8 : 4));
    // Groups begin and never end, or end and never began; 6 and 7 are none at all.
    else parts.push(bytes);
  }
  return Buffer.concat(parts);
}

function fixed(bytes: Uint8Array, length: number): Uint8Array {
  const word = new Uint8Array(length);
  word.set(bytes.subarray(0, length));
  return word;
}

function varintOf(value: bigint): Uint8Array {
  const bytes: number[] = [];
  let left = value;
  for (; left >= 0x80n; left >>= 7n) bytes.push(Number(left & 0x7fn) | 0x80);
  bytes.push(Number(left));
  return Uint8Array.from(bytes);
}
