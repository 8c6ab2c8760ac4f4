import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { ITCH } from '../src/gateways/itch/catalogue.js';
import { encodeMoldHeader } from '../src/gateways/moldudp64/catalogue.js';
import { OUCH } from '../src/gateways/ouch/catalogue.js';
import { memorySource } from '../src/gateways/pcap/byte-window.js';
import { decodeCapture } from '../src/gateways/pcap/decode-capture.js';
import type { DecodedMessage } from '../src/gateways/pcap/decoded.js';
import { SOUP } from '../src/gateways/soupbintcp/catalogue.js';
import { encodeMessage } from '../src/gateways/wire/message-codec.js';

/** Captures of the real exchange; they are not part of the repository. */
const FOLDER = process.env.DAYBOOK_CAPTURES ?? '/work/shared/data/nasdaq-pcap';

/** The name a message has in the file names of the captures, where it is not ours. */
const FILE_NAMES: Readonly<Record<string, string>> = {
  AddOrderNoMPID: 'AddOrder',
  EnterOrderMessage: 'EnterOrder',
  OrderAcceptedMessage: 'OrderAccepted',
  ServerHeartbeatPacket: 'ServerHeartbeat',
};

function encodeAgain({ protocol, direction, message }: DecodedMessage): Uint8Array {
  if (protocol === 'moldudp64') return encodeMoldHeader(message);
  const of = { itch: ITCH, ouch: OUCH, soupbintcp: SOUP }[protocol];
  return encodeMessage(of, direction ?? 'out', message);
}

describe.skipIf(!existsSync(FOLDER))('captures of the exchange', () => {
  const files = existsSync(FOLDER) ? readdirSync(FOLDER).filter((f) => f.endsWith('.pcap')) : [];

  it('are all there', () => expect(files.length).toBeGreaterThanOrEqual(18));

  it.each(files)('%s decodes completely, and encoding gives the same bytes', (file) => {
    const bytes = readFileSync(path.join(FOLDER, file));
    const given = /^(itch|ouch)-(.*)\.pcap$/.exec(file)![2]!;
    const decoded = [...decodeCapture(memorySource(bytes, file))];
    expect(decoded.length).toBeGreaterThan(0);
    for (const item of decoded) {
      if (item.kind === 'finding') throw new Error(`${file}: ${item.reason}`);
      expect(item.message.name).toBe(FILE_NAMES[given] ?? given);
      expect(Buffer.from(encodeAgain(item)).toString('hex')).toBe(
        Buffer.from(item.raw).toString('hex'),
      );
      // Fields that a second decoding would not find again would not be in the bytes.
      expect(bytes.includes(Buffer.from(item.raw))).toBe(true);
    }
  });
});
