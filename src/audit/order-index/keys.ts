/**
 * What can be looked up in the index: 32-bit hashes of what a record is about. Two things may share a
 * hash, so a hit only says where to look.
 */
import { HEADER, type RecordBuffer } from '../../domain/event-record.js';
import { type EventName, eventLayouts, events } from '../../domain/events.js';
import type { Fields, Layout } from '../../domain/field.js';
import { CL_ORD_ID_BYTES, EXEC_ID_BYTES } from '../../domain/order-terms.js';

const TAG = { order: 1, clientId: 2, execution: 3, mark: 4, limit: 5, reference: 6, state: 7 };

const mix = (hash: number, word: number): number => {
  const product = Math.imul(hash ^ word, 0x9e37_79b1);
  return product ^ (product >>> 15);
};
/** The last step of MurmurHash3 (public domain): every bit of the input reaches every bit. */
const finish = (hash: number): number => {
  let h = Math.imul(hash ^ (hash >>> 16), 0x85eb_ca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2_ae35);
  return (h ^ (h >>> 16)) >>> 0;
};

const number = new Float64Array(1);
const words = new Uint32Array(number.buffer);

export function orderKey(orderId: number): number {
  number[0] = orderId;
  return finish(mix(mix(TAG.order, words[0] as number), words[1] as number));
}

const textKey = (tag: number, text: string, width: number): number => {
  const bytes = Buffer.alloc(width);
  bytes.write(text, 'latin1');
  let hash = tag;
  for (let at = 0; at < width; at += 4) hash = mix(hash, bytes.readUInt32LE(at));
  return finish(hash);
};
export const clientIdKey = (text: string): number => textKey(TAG.clientId, text, CL_ORD_ID_BYTES);
export const executionKey = (text: string): number => textKey(TAG.execution, text, EXEC_ID_BYTES);
export const markKey = (instrument: number): number => finish(mix(TAG.mark, instrument));
export const limitKey = (limit: number, scope: number, scopeId: number, of: number): number =>
  finish(mix(mix(mix(mix(TAG.limit, limit), scope), scopeId), of));
/** Names: instruments, accounts, actors. */
export const REFERENCE_KEY = finish(TAG.reference);
/** Halts, resumptions, circuit breakers. */
export const TRADING_STATE_KEY = finish(TAG.state);

type Emit = (hash: number) => void;
type KeysOf = (b: RecordBuffer, at: number, emit: Emit) => void;

const REFERENCE: readonly string[] = [
  ...['InstrumentListed', 'InstrumentChanged', 'AccountOpened', 'AccountChanged'],
  'ActorRegistered',
];
const STATES: readonly string[] = [
  ...['TradingHalted', 'TradingResumed', 'CircuitBreakerTripped', 'CircuitBreakerReset'],
];

function ofOrderId(offset: number): KeysOf {
  return (b, at, emit) => {
    const low = b.u32[(at + offset) >> 2] as number;
    const high = b.u32[(at + offset + 4) >> 2] as number;
    if (low !== 0 || high !== 0) emit(finish(mix(mix(TAG.order, low), high)));
  };
}

function ofText(tag: number, offset: number, width: number): KeysOf {
  return (b, at, emit) => {
    const first = (at + offset) >> 2;
    if (b.u32[first] === 0) return;
    let hash = tag;
    for (let word = first; word < first + width / 4; word += 1) {
      hash = mix(hash, b.u32[word] as number);
    }
    emit(finish(hash));
  };
}

function keysOf(name: EventName): KeysOf[] {
  const fields: Fields = events[name].fields;
  const { offsets } = eventLayouts[name] as unknown as Layout;
  const at = (field: string) => offsets[field] as number;
  const keys: KeysOf[] = [];
  for (const field of ['orderId', 'firstOrderId']) {
    if (field in fields) keys.push(ofOrderId(at(field)));
  }
  for (const field of ['clOrdId', 'origClOrdId']) {
    if (field in fields) keys.push(ofText(TAG.clientId, at(field), CL_ORD_ID_BYTES));
  }
  for (const field of ['execId', 'execRefId']) {
    if (field in fields) keys.push(ofText(TAG.execution, at(field), EXEC_ID_BYTES));
  }
  if (REFERENCE.includes(name)) keys.push((_b, _at, emit) => emit(REFERENCE_KEY));
  if (STATES.includes(name)) keys.push((_b, _at, emit) => emit(TRADING_STATE_KEY));
  if (name === 'PriceMarked') {
    const instrument = at('instrument');
    keys.push((b, from, emit) => emit(markKey(b.u32[(from + instrument) >> 2] as number)));
  }
  if (name === 'LimitChanged') {
    const [limit, scope, id, of] = ['limit', 'scope', 'scopeId', 'instrument'].map(at) as [
      ...[number, number, number, number],
    ];
    keys.push((b, from, emit) =>
      emit(
        limitKey(
          b.u16[(from + limit) >> 1] as number,
          b.bytes[from + scope] as number,
          b.u32[(from + id) >> 2] as number,
          b.u32[(from + of) >> 2] as number,
        ),
      ),
    );
  }
  return keys;
}

const keysByNumber: (readonly KeysOf[] | undefined)[] = [];
for (const name of Object.keys(events) as EventName[]) {
  keysByNumber[events[name].number] = keysOf(name);
}

/** Tells all keys of the record at `at`. */
export function eachKey(b: RecordBuffer, at: number, emit: Emit): void {
  const keys = keysByNumber[b.bytes[at + HEADER.number] as number];
  if (keys !== undefined) for (const key of keys) key(b, at, emit);
}
