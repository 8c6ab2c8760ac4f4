import { describe, expect, it } from 'vitest';
import { FAULT } from '../wire/fault.js';
import { offsetOf } from '../wire/layout.js';
import { decodeMessage, encodeMessage } from '../wire/message-codec.js';
import { ITCH } from './catalogue.js';
import * as read from './read.js';

const bytes = new Uint8Array(64);
const view = new DataView(bytes.buffer);

const layoutOf = (name: string) => ITCH.layouts.find((layout) => layout.name === name)!;

describe('the ITCH catalogue', () => {
  it('has the lengths of the specification', () => {
    expect(ITCH.layouts.map((layout) => `${layout.type}${layout.length}`).join(' ')).toBe(
      'S12 R39 H25 Y20 L26 V35 W12 K28 J35 h21 A36 F40 E31 C36 X23 D19 U35 P44 Q40 B19 I50 N20 O48',
    );
  });

  it('decodes every type and encodes it to the same bytes', () => {
    for (const layout of ITCH.layouts) {
      for (let i = 0; i < layout.length; i++) bytes[i] = 0xff - i;
      bytes[0] = layout.typeByte;
      expect(read.checkItch(view, 0, layout.length)).toBe(FAULT.none);
      expect(read.checkItch(view, 0, layout.length + 1)).toBe(FAULT.lengthWrong);
      expect(read.checkItch(view, 0, layout.length - 1)).toBe(FAULT.lengthWrong);
      const message = decodeMessage(ITCH, 'out', view, 0, layout.length);
      expect(message.name).toBe(layout.name);
      expect(encodeMessage(ITCH, 'out', message)).toEqual(bytes.slice(0, layout.length));
    }
    expect(read.checkItch(view, 0, 0)).toBe(FAULT.empty);
    bytes[0] = 0x7a;
    expect(read.checkItch(view, 0, 12)).toBe(FAULT.typeUnknown);
  });

  it('agrees with the offsets of the hot path', () => {
    const pinned: [string, Record<string, unknown>, string[]?][] = [
      ['AddOrder', { ...read.addOrder, ...read.itchHeader }],
      ['AddOrderWithMPID', read.addOrder],
      ['NonCrossTrade', { ...read.addOrder, ...read.nonCrossTrade }],
      ['OrderExecutedWithPrice', read.orderExecution],
      ['OrderCancel', read.orderCancel],
      ['OrderReplace', read.orderReplace],
      ['CrossTrade', read.crossTrade],
      ['StockTradingAction', read.stockTradingAction],
      ['SystemEvent', read.systemEvent],
      ['OrderDelete', { orderReferenceNumber: read.orderReferenceNumber }],
    ];
    for (const [name, accessors] of pinned) {
      const layout = layoutOf(name);
      for (let i = 0; i < bytes.length; i++) bytes[i] = i + 1;
      for (const field of layout.fields) if (field.length === 8) view.setUint16(field.offset, 0);
      for (const [key, accessor] of Object.entries(accessors)) {
        const part = /^(.*?)(High|Low)?$/.exec(key)!;
        const field = layout.fields.find((candidate) => candidate.name === part[1])!;
        const start = offsetOf(layout, part[1]!) + (part[2] === 'Low' ? 4 : 0);
        const length = part[2] === undefined ? field.length : 4;
        let expected = 0;
        for (let i = 0; i < length; i++) expected = expected * 256 + bytes[start + i]!;
        const value = (accessor as (view: DataView, at: number) => number)(view, 0);
        expect(value, `${name}.${key}`).toBe(expected);
      }
    }
    const types: Record<string, number> = read.ITCH_TYPE;
    for (const layout of ITCH.layouts) {
      const key = layout.name[0]!.toLowerCase() + layout.name.slice(1);
      if (types[key] !== undefined) expect(types[key]).toBe(layout.typeByte);
    }
    const names = new Set(ITCH.layouts.map((l) => l.name[0]!.toLowerCase() + l.name.slice(1)));
    for (const key of Object.keys(types)) expect(names.has(key), key).toBe(true);
  });

  it('shows prices as decimals and a 64-bit number past 2^53 - 1 as text', () => {
    bytes.fill(0);
    bytes[0] = 0x41;
    bytes.fill(0xff, 11, 19);
    bytes.fill(0x20, 24, 32);
    view.setUint32(32, 630201);
    const { fields } = decodeMessage(ITCH, 'out', view, 0, 36);
    expect(fields.orderReferenceNumber).toBe('18446744073709551615');
    expect(fields.price).toBe('63.0201');
    expect(fields.stock).toBe('');
    expect(() => read.orderReferenceNumber(view, 0)).toThrow('beyond 2^53 - 1');
  });
});
