import { describe, expect, it } from 'vitest';
import { FAULT } from '../wire/fault.js';
import { type Direction, offsetOf } from '../wire/layout.js';
import { decodeMessage, encodeMessage, type WireMessage } from '../wire/message-codec.js';
import { closeAppendage, putTagByte, putTagU32, putTagU64 } from './appendage-writer.js';
import { OUCH, OUCH_TAG } from './catalogue.js';
import { checkInbound, checkOutbound, findAppendage } from './check.js';
import * as inbound from './inbound.js';
import * as outbound from './outbound.js';
import * as writer from './outbound-writer.js';
import { OUCH_TYPE_IN, OUCH_TYPE_OUT } from './types.js';

const view = new DataView(new ArrayBuffer(256));
const ID = new DataView(Uint8Array.from('7682701       ', (c) => c.charCodeAt(0)).buffer);
const SYMBOL_HIGH = 0x41444245; // ADBE
const SYMBOL_LOW = 0x20202020;

function layoutOf(direction: Direction, name: string) {
  const layout = OUCH.layouts.find((l) => l.name === name && l.directions.includes(direction));
  expect(layout, name).toBeDefined();
  return layout!;
}

/** Fills a message with distinct bytes and compares every accessor with the catalogue's field. */
function expectAccessors(
  direction: Direction,
  name: string,
  accessors: Record<string, unknown>,
  fieldOf: (accessor: string) => string = (accessor) => accessor,
): void {
  const layout = layoutOf(direction, name);
  const at = 3;
  for (let i = 0; i < 100; i++) view.setUint8(at + i, i + 1);
  for (const field of layout.fields) if (field.length === 8) view.setUint32(at + field.offset, 0);
  for (const [key, accessor] of Object.entries(accessors)) {
    if (key === 'appendageAt') {
      expect((accessor as (at: number) => number)(at)).toBe(at + layout.length);
    } else if (key.endsWith('At')) {
      const expected = at + offsetOf(layout, fieldOf(key.slice(0, -2)));
      expect((accessor as (at: number) => number)(at), key).toBe(expected);
    } else {
      const value = (accessor as (view: DataView, at: number) => number)(view, at);
      const part = key.endsWith('Low') ? 4 : 0;
      const field = layout.fields.find((f) => f.name === fieldOf(key.replace(/High$|Low$/, '')))!;
      const start = at + field.offset + part;
      const bytes = /High$|Low$/.test(key) ? 4 : field.length;
      let expected = 0;
      for (let i = 0; i < bytes; i++) expected = expected * 256 + view.getUint8(start + i);
      expect(value, `${name}.${key}`).toBe(expected);
    }
  }
}

function decoded(direction: Direction, at: number, end: number): WireMessage {
  const check = direction === 'in' ? checkInbound : checkOutbound;
  expect(check(view, at, end - at)).toBe(FAULT.none);
  return decodeMessage(OUCH, direction, view, at, end - at);
}

describe('the OUCH catalogue', () => {
  it('has the lengths of the specification', () => {
    const list = (direction: Direction): string =>
      OUCH.layouts
        .filter((layout) => layout.directions.includes(direction))
        .map((l) => `${l.type}${l.length}${l.appendage === 'required' ? '+' : ''}`)
        .join(' ');
    expect(list('in')).toBe('O45+ U38+ X9 M10 C17 D9 E9 Q1');
    expect(list('out')).toBe(
      'S10 A62+ U66+ C18 D31 E34+ B36 F49 J29 P13 I13 T30 M18 R14+ X25 G17 K17 Q13',
    );
  });

  it('agrees with the offsets of the hot path', () => {
    expectAccessors('in', 'EnterOrder', inbound.enterOrder);
    expectAccessors('in', 'ReplaceOrder', inbound.replaceOrder);
    expectAccessors('in', 'CancelOrder', inbound.cancelOrder);
    expectAccessors('in', 'ModifyOrder', inbound.modifyOrder);
    expectAccessors('out', 'OrderAccepted', outbound.orderAccepted);
    expectAccessors('out', 'OrderAccepted', outbound.outbound);
    expectAccessors('out', 'OrderReplaced', outbound.orderReplaced);
    expectAccessors('out', 'OrderExecuted', outbound.orderExecuted);
    expectAccessors('out', 'Rejected', outbound.rejected);
    expectAccessors('out', 'OrderCanceled', outbound.orderCanceled, (name) =>
      name === 'decrement' ? 'quantity' : name,
    );
    expect(inbound.ENTER_ORDER_BYTES).toBe(layoutOf('in', 'EnterOrder').length);
    expect(inbound.REPLACE_ORDER_BYTES).toBe(layoutOf('in', 'ReplaceOrder').length);
    expect(inbound.CANCEL_ORDER_BYTES).toBe(layoutOf('in', 'CancelOrder').length);
    expect(inbound.MODIFY_ORDER_BYTES).toBe(layoutOf('in', 'ModifyOrder').length);
  });

  it('agrees with the type bytes of the hot path', () => {
    const names = (types: object): string[] => Object.keys(types).map((n) => n.toLowerCase());
    for (const [direction, types] of [
      ['in', OUCH_TYPE_IN],
      ['out', OUCH_TYPE_OUT],
    ] as const) {
      const own = OUCH.layouts.filter((layout) => layout.directions.includes(direction));
      expect(names(types)).toEqual(own.map((layout) => layout.name.toLowerCase()));
      expect(Object.values(types)).toEqual(own.map((layout) => layout.typeByte));
    }
  });
});

const terms = {
  userRefNum: 7682701,
  side: 0x42,
  quantity: 40,
  symbolHigh: SYMBOL_HIGH,
  symbolLow: SYMBOL_LOW,
  price: Number.MAX_SAFE_INTEGER,
  timeInForce: 0x35,
  display: 0x59,
  capacity: 0x41,
  interMarketSweepEligibility: 0x4e,
  crossType: 0x4e,
  clOrdID: ID,
  clOrdIDAt: 0,
};
const stated = { ...terms, orderReferenceNumber: 257340661, orderState: 0x4c };

describe('writers of inbound messages', () => {
  it('write what the decoder reads', () => {
    const enter = decoded('in', 5, inbound.putEnterOrder(view, 5, terms));
    expect(enter.fields).toEqual({
      userRefNum: 7682701,
      side: 'B',
      quantity: 40,
      symbol: 'ADBE',
      price: '900719925474.0991',
      timeInForce: '5',
      display: 'Y',
      capacity: 'A',
      interMarketSweepEligibility: 'N',
      crossType: 'N',
      clOrdID: '7682701',
    });
    const replace = decoded('in', 5, inbound.putReplaceOrder(view, 5, 7, terms));
    expect(replace.fields).toMatchObject({ origUserRefNum: 7, clOrdID: '7682701' });
    const cancel = decoded('in', 0, inbound.putCancelOrder(view, 0, 7, 0));
    expect(cancel.fields).toEqual({ userRefNum: 7, quantity: 0 });
    const modify = decoded('in', 0, inbound.putModifyOrder(view, 0, 7, 0x53, 9));
    expect(modify.fields).toEqual({ userRefNum: 7, side: 'S', quantity: 9 });
    expect(decoded('in', 9, inbound.putAccountQuery(view, 9)).name).toBe('AccountQuery');
  });
});

describe('writers of outbound messages', () => {
  const T = 86_399_999_999_999;

  it('write what the decoder reads', () => {
    const seen = (end: number): Record<string, unknown> => {
      const { name, fields } = decoded('out', 2, end);
      return { name, ...fields };
    };
    expect(seen(writer.putSystemEvent(view, 2, T, 0x53))).toMatchObject({ eventCode: 'S' });
    expect(seen(writer.putOrderAccepted(view, 2, T, stated))).toMatchObject({
      timestamp: T,
      userRefNum: 7682701,
      orderReferenceNumber: 257340661,
      orderState: 'L',
      clOrdID: '7682701',
    });
    expect(seen(writer.putOrderReplaced(view, 2, T, 5, stated))).toMatchObject({
      origUserRefNum: 5,
      userRefNum: 7682701,
      symbol: 'ADBE',
    });
    expect(seen(writer.putOrderCanceled(view, 2, T, 7, 3, 0x55))).toEqual({
      name: 'OrderCanceled',
      timestamp: T,
      userRefNum: 7,
      quantity: 3,
      reason: 'U',
    });
    expect(seen(writer.putOrderExecuted(view, 2, T, 7, 3, 12345, 0x41, 99))).toEqual({
      name: 'OrderExecuted',
      timestamp: T,
      userRefNum: 7,
      quantity: 3,
      price: '1.2345',
      liquidityFlag: 'A',
      matchNumber: 99,
    });
    expect(seen(writer.putBrokenTrade(view, 2, T, 7, 99, 0x45, ID, 0))).toMatchObject({
      matchNumber: 99,
      reason: 'E',
      clOrdID: '7682701',
    });
    const correction = writer.putTradeCorrection(view, 2, T, 7, 3, 1, 0x41, 99, 0x4e, ID, 0);
    expect(seen(correction)).toMatchObject({ price: '0.0001', reason: 'N', clOrdID: '7682701' });
    expect(seen(writer.putRejected(view, 2, T, 7, 0x1f, ID, 0))).toMatchObject({ reason: 31 });
    expect(seen(writer.putCancelPending(view, 2, T, 7)).name).toBe('CancelPending');
    expect(seen(writer.putCancelReject(view, 2, T, 7)).name).toBe('CancelReject');
    expect(seen(writer.putAccountQueryResponse(view, 2, T, 8)).nextUserRefNum).toBe(8);
    expect(seen(writer.putOrderModified(view, 2, T, 7, 0x53, 1)).side).toBe('S');
    expect(seen(writer.putOrderRestated(view, 2, T, 7, 0x52)).reason).toBe('R');
  });

  it('add appendages, known and unknown', () => {
    const end = writer.putOrderAccepted(view, 0, T, stated);
    let next = putTagU32(view, end, OUCH_TAG.firm, 0x4c494d45);
    next = putTagByte(view, next, OUCH_TAG.bboWeightIndicator, 0x30);
    next = putTagU64(view, next, OUCH_TAG.displayPrice, 5);
    next = putTagByte(view, next, 200, 0xfe);
    closeAppendage(view, end, next);
    const message = decoded('out', 0, next);
    expect(message.appendage).toEqual([
      { tag: 2, name: 'firm', value: 'LIME' },
      { tag: 18, name: 'bboWeightIndicator', value: '0' },
      { tag: 23, name: 'displayPrice', value: '0.0005' },
      { tag: 200, raw: 'fe' },
    ]);
    expect(encodeMessage(OUCH, 'out', message)).toEqual(new Uint8Array(view.buffer, 0, next));
    const appendageAt = end - 2;
    expect(findAppendage(view, appendageAt, next, OUCH_TAG.firm)).toBe(end + 2);
    expect(findAppendage(view, appendageAt, next, 200)).toBe(next - 1);
    expect(findAppendage(view, appendageAt, next, OUCH_TAG.minQty)).toBe(-1);
  });
});

describe('checkInbound', () => {
  const check = (length: number): number => checkInbound(view, 0, length);

  it('knows types and exact lengths', () => {
    expect(check(0)).toBe(FAULT.empty);
    view.setUint8(0, 0x5a);
    expect(check(40)).toBe(FAULT.typeUnknown);
    const end = inbound.putEnterOrder(view, 0, terms);
    expect(check(end)).toBe(FAULT.none);
    expect(check(end - 1)).toBe(FAULT.appendageMalformed);
    expect(check(end - 2)).toBe(FAULT.lengthWrong);
    expect(check(end + 1)).toBe(FAULT.appendageMalformed);
    expect(check(1)).toBe(FAULT.lengthWrong);
  });

  it('refuses prices that are not safe integers', () => {
    const end = inbound.putEnterOrder(view, 0, terms);
    view.setUint32(18, 0x20_0000);
    expect(check(end)).toBe(FAULT.valueUnsafe);
    expect(() => inbound.enterOrder.price(view, 0)).toThrow('beyond 2^53 - 1');
    view.setUint32(18, 0x1f_ffff);
    expect(check(end)).toBe(FAULT.none);
    const next = putTagU64(view, end, OUCH_TAG.discretionPrice, 1);
    closeAppendage(view, end, next);
    expect(check(next)).toBe(FAULT.none);
    view.setUint32(end + 2, 0x20_0000);
    expect(check(next)).toBe(FAULT.valueUnsafe);
  });

  it('refuses appendages that overrun, are empty, or have a known tag at a wrong length', () => {
    const end = inbound.putEnterOrder(view, 0, terms);
    const next = putTagU32(view, end, OUCH_TAG.firm, 1);
    closeAppendage(view, end, next);
    expect(check(next)).toBe(FAULT.none);
    view.setUint8(end, 6);
    expect(check(next)).toBe(FAULT.appendageMalformed);
    view.setUint8(end, 0);
    expect(check(next)).toBe(FAULT.appendageMalformed);
    view.setUint8(end, 4);
    expect(check(next)).toBe(FAULT.appendageMalformed);
    closeAppendage(view, end, putTagByte(view, end, OUCH_TAG.firm, 1));
    expect(check(end + 3)).toBe(FAULT.appendageMalformed);
  });

  it('lets later editions append to messages of fixed length', () => {
    const end = inbound.putCancelOrder(view, 0, 1, 0);
    expect(check(end)).toBe(FAULT.none);
    view.setUint16(end, 0);
    expect(check(end + 2)).toBe(FAULT.none);
    expect(check(end + 1)).toBe(FAULT.appendageMalformed);
    const message = decodeMessage(OUCH, 'in', view, 0, end + 2);
    expect(encodeMessage(OUCH, 'in', message).length).toBe(end + 2);
  });
});
