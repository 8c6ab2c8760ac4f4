/**
 * `version-0.base64` is a segment as software before the first version could have written it: days
 * opened, whose day was a text of eight digits. It must be readable for ever, and stays as it is.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { decodeEvent } from '../../../src/domain/event-codec.js';
import { HEADER, RECORD_HEADER_BYTES, RecordBuffer } from '../../../src/domain/event-record.js';
import { EVENT, eventLayouts } from '../../../src/domain/events.js';
import { type Upcaster, Upcasting } from '../../../src/domain/upcasters.js';
import { nodeFileSystem } from '../../../src/log/file-system.js';
import { FixedDurableEnd } from '../../../src/log/journal/fixed-durable-end.js';
import { JournalReader } from '../../../src/log/journal/journal-reader.js';
import { verifyJournal } from '../../../src/log/journal/verify-journal.js';

const number = EVENT.TradingDayOpened;
const layout = eventLayouts.TradingDayOpened;

const dayWasText: Upcaster = {
  ...{ number, from: 0 },
  upcast(old, into) {
    const text = Buffer.from(old.buffer, RECORD_HEADER_BYTES, 8).toString('latin1');
    into.setUint32(layout.offsets.tradingDay, Number(text), true);
    return layout.bytes;
  },
};

let directory: string;
beforeEach(() => {
  directory = join(mkdtempSync(join(tmpdir(), 'daybook-older-')), 'journal');
  mkdirSync(directory);
  const text = readFileSync(new URL('./version-0.base64', import.meta.url), 'latin1');
  const segment = gunzipSync(Buffer.from(text, 'base64'));
  writeFileSync(join(directory, '0000000000000000.segment'), segment);
});
afterEach(() => rmSync(join(directory, '..'), { recursive: true, force: true }));

function readAll(upcasting?: Upcasting) {
  const end = FixedDurableEnd.find(nodeFileSystem, directory, 0);
  const reader = new JournalReader(directory, {
    ...{ from: 0, end, ...(upcasting === undefined ? {} : { upcasting }) },
  });
  try {
    const events = [];
    for (let batch = reader.read(); batch !== undefined; batch = reader.read()) {
      for (let at = 0; at < batch.length; at += batch.u16[(at + HEADER.length) / 2] as number) {
        events.push(decodeEvent(batch.bytes.slice(0, batch.length), at));
      }
      expect(events.length).toBe(batch.count);
    }
    return events;
  } finally {
    reader.close();
  }
}

describe('a journal of an older version', () => {
  it('is read as events of now, with all that their headers say', async () => {
    const events = readAll(new Upcasting([dayWasText]));
    expect(events.map(({ sequence, data }) => [sequence, data])).toEqual([
      [0, expect.objectContaining({ tradingDay: 20261120 })],
      [1, expect.objectContaining({ tradingDay: 20261121 })],
      [2, expect.objectContaining({ tradingDay: 20261122 })],
    ]);
    expect(events[2]).toMatchObject({ type: 'TradingDayOpened', time: 1_790_000_000_000_000_002n });
    // What is stored is untouched: hashes and chain are those of then.
    for await (const finding of verifyJournal(directory)) expect(finding).toBeUndefined();
  });

  it('is refused with a code, and the event, by software that has no way to it', () => {
    const refused = { code: 'EVENT_VERSION_UNKNOWN', sequence: 0 };
    expect(() => readAll()).toThrow(expect.objectContaining(refused));
  });
});

describe('upcasting', () => {
  const versions = (count: number) => new Uint8Array(256).fill(count);
  const step = (from: number): Upcaster => ({
    ...{ number, from },
    upcast(old, into) {
      into.setFloat64(
        RECORD_HEADER_BYTES,
        old.getFloat64(RECORD_HEADER_BYTES, true) * 10 + from,
        true,
      );
      return RECORD_HEADER_BYTES + 8;
    },
  });

  it('goes through every version between', () => {
    const batch = new RecordBuffer(2 * (RECORD_HEADER_BYTES + 8));
    for (const version of [1, 3]) {
      const at = batch.length;
      batch.u16[(at + HEADER.length) / 2] = RECORD_HEADER_BYTES + 8;
      batch.bytes[at + HEADER.number] = number;
      batch.bytes[at + HEADER.version] = version;
      batch.f64[(at + HEADER.sequence) / 8] = 40 + version;
      batch.f64[(at + RECORD_HEADER_BYTES) / 8] = 7;
      batch.length += RECORD_HEADER_BYTES + 8;
      batch.count += 1;
    }
    const now = new Upcasting([step(1), step(2)], versions(3)).batch(batch);
    expect(now.count).toBe(2);
    expect(now.bytes[HEADER.version]).toBe(3);
    expect(now.f64[HEADER.sequence / 8]).toBe(41);
    expect(now.f64[RECORD_HEADER_BYTES / 8]).toBe(712);
    expect(now.f64[(2 * RECORD_HEADER_BYTES + 8) / 8]).toBe(7);
    // Of now already: the same buffer, not a copy.
    expect(new Upcasting([], versions(3)).batch(now)).toBe(now);
    expect(() => new Upcasting([], versions(2)).batch(now)).toThrow('version 3 is not known');
  });

  it('is refused with a gap, twice the same, or beyond the version of now', () => {
    expect(() => new Upcasting([step(1)], versions(3))).toThrow('no upcaster of version 2');
    expect(() => new Upcasting([step(1), step(1)], versions(2))).toThrow('two upcasters');
    expect(() => new Upcasting([step(2)], versions(2))).toThrow('no version after 2');
  });
});
