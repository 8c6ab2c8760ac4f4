import { describe, expect, it } from 'vitest';
import { FAULT } from '../wire/fault.js';
import {
  checkMoldPacket,
  checkMoldRequest,
  MOLD_END_OF_SESSION,
  MOLD_HEADER_BYTES,
  MoldPacketWriter,
  moldMessage,
  moldPacket,
  moldSessionIs,
  putMoldHeader,
} from './packets.js';

const ascii = (text: string): DataView =>
  new DataView(Uint8Array.from(text, (c) => c.charCodeAt(0)).buffer);

describe('MoldUDP64', () => {
  it('packs until the packet is full and is walked again', () => {
    const writer = new MoldPacketWriter('000010059B', 40);
    writer.begin(19_009_117);
    expect(writer.append(ascii('eight by'), 0, 8)).toBe(true);
    expect(writer.append(ascii('xfour'), 1, 4)).toBe(true);
    expect(writer.append(ascii('one3'), 0, 3)).toBe(false);
    expect(writer.append(ascii('2.'), 0, 2)).toBe(true);
    const { view, length } = writer;
    expect(length).toBe(40);
    expect(checkMoldPacket(view, 0, length)).toBe(FAULT.none);
    expect(checkMoldPacket(view, 0, length - 1)).toBe(FAULT.packetMalformed);
    expect(moldPacket.sequenceNumber(view, 0)).toBe(19_009_117);
    expect(moldPacket.messageCount(view, 0)).toBe(3);
    expect(moldSessionIs(view, 0, ascii('000010059B'), 0)).toBe(true);
    expect(moldSessionIs(view, 0, ascii('000010059C'), 0)).toBe(false);
    const lengths: number[] = [];
    let at = moldPacket.firstMessageAt(0);
    while (at < length) {
      lengths.push(moldMessage.length(view, at));
      at = moldMessage.next(view, at);
    }
    expect(lengths).toEqual([8, 4, 2]);
    expect(() => writer.begin(-1)).toThrow('safe integer');
    writer.begin(1);
    expect(() => writer.append(view, 0, 19)).toThrow('longer than a packet');
  });

  it('tells heartbeat, end of session and request', () => {
    const writer = new MoldPacketWriter('DAYBOOK   ');
    writer.begin(5);
    expect(checkMoldPacket(writer.view, 0, writer.length)).toBe(FAULT.none);
    writer.endOfSession(5);
    expect(moldPacket.messageCount(writer.view, 0)).toBe(MOLD_END_OF_SESSION);
    expect(checkMoldPacket(writer.view, 0, writer.length)).toBe(FAULT.none);
    const end = putMoldHeader(writer.view, 0, ascii('DAYBOOK   '), 0, 7, 100);
    expect(checkMoldRequest(writer.view, 0, end)).toBe(FAULT.none);
    expect(checkMoldPacket(writer.view, 0, end)).toBe(FAULT.packetMalformed);
  });

  it('refuses short headers, blocks that overrun and unsafe sequences', () => {
    const view = new DataView(new ArrayBuffer(64));
    expect(checkMoldPacket(view, 0, MOLD_HEADER_BYTES)).toBe(FAULT.none);
    expect(checkMoldPacket(view, 0, MOLD_HEADER_BYTES - 1)).toBe(FAULT.lengthWrong);
    expect(checkMoldRequest(view, 0, MOLD_HEADER_BYTES + 1)).toBe(FAULT.lengthWrong);
    expect(checkMoldPacket(view, 0, MOLD_HEADER_BYTES + 1)).toBe(FAULT.packetMalformed);
    view.setUint16(18, 1);
    view.setUint16(20, 3);
    expect(checkMoldPacket(view, 0, 25)).toBe(FAULT.none);
    expect(checkMoldPacket(view, 0, 24)).toBe(FAULT.packetMalformed);
    expect(checkMoldPacket(view, 0, 26)).toBe(FAULT.packetMalformed);
    view.setUint32(10, 0x20_0000);
    expect(checkMoldPacket(view, 0, 25)).toBe(FAULT.valueUnsafe);
    expect(checkMoldRequest(view, 0, 20)).toBe(FAULT.valueUnsafe);
  });
});
