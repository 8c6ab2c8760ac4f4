import streams from '@eventstore/db-client/generated/streams_pb.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { HEADER, type RecordBuffer } from '../../domain/event-record.js';
import { AppendFrame } from './append-frame.js';
import { EventIds } from './event-id.js';
import { eventJson } from './event-json.js';
import { ForwardBatches } from './forward-batches.js';
import { sampleRecords } from './sample-events.js';
import { sizeInLog } from './stored-event.js';

const SHARD = 5;
const STREAM = 'daybook-5';
const CORRELATION = '01234567-89ab-4cde-8f01-23456789abcd';
const WIDE = { events: 10_000, bytes: 100_000_000 };

function placesOf(records: RecordBuffer): number[] {
  const places: number[] = [];
  for (let at = 0; at < records.length; at += records.u16[(at + HEADER.length) / 2]!) {
    places.push(at);
  }
  return places;
}

/** What the store is to get of each record. */
function expectedOf(records: RecordBuffer) {
  const ids = new EventIds(SHARD);
  return placesOf(records).map((at) => {
    const { type, data, metadata } = eventJson(records, at);
    return { id: ids.of(records, at), type, data, metadata };
  });
}

/** The bytes as the generated classes of the client read them. */
function decoded(bytes: Uint8Array) {
  const request = streams.BatchAppendReq.deserializeBinary(bytes);
  const options = request.getOptions();
  const text = (part: Uint8Array) => Buffer.from(part).toString('utf8');
  return {
    correlation: request.getCorrelationId()?.getString(),
    stream: text(options?.getStreamIdentifier()?.getStreamName_asU8() ?? new Uint8Array()),
    expected: options?.hasNoStream() ? 'no_stream' : options?.getStreamPosition(),
    isFinal: request.getIsFinal(),
    events: request.getProposedMessagesList().map((event) => {
      expect(event.getMetadataMap().get('content-type')).toBe('application/json');
      return {
        id: event.getId()?.getString(),
        type: event.getMetadataMap().get('type'),
        data: text(event.getData_asU8()),
        metadata: text(event.getCustomMetadata_asU8()),
      };
    }),
  };
}

function sizeOf(records: RecordBuffer, at: number): number {
  const { type, data, metadata } = eventJson(records, at);
  return sizeInLog({ type, data: Buffer.from(data), customMetadata: Buffer.from(metadata) });
}

describe('an append in bytes', () => {
  it('is what the generated classes read, for every event, whatever revision is expected', () => {
    const revision = fc.oneof(
      fc.maxSafeNat(),
      fc.constantFrom(-1, 0, 127, 128, 2 ** 31, 2 ** 32, Number.MAX_SAFE_INTEGER),
    );
    fc.assert(
      fc.property(fc.nat(1_000), fc.integer({ min: 1, max: 60 }), revision, (first, count, at) => {
        const records = sampleRecords(first, count);
        const frame = new AppendFrame(WIDE);
        const ids = new EventIds(SHARD);
        for (const place of placesOf(records)) expect(frame.add(records, place, ids)).toBe(true);
        expect(decoded(frame.request(CORRELATION, STREAM, at))).toEqual({
          correlation: CORRELATION,
          stream: STREAM,
          expected: at < 0 ? 'no_stream' : String(at),
          isFinal: true,
          events: expectedOf(records),
        });
      }),
    );
  });

  it('takes bytes up to its bound, and is as it was when the next event has no room', () => {
    const records = sampleRecords(0, 41);
    const places = placesOf(records);
    const sizes = places.map((at) => sizeOf(records, at));
    for (const count of [1, 2, 17, 39]) {
      const exact = sizes.slice(0, count).reduce((sum, size) => sum + size, 0);
      // One more is refused at the bound, and the last of them one below it.
      for (const [bytes, fits] of [
        [exact, count],
        [exact + sizes[count]! - 1, count],
        [exact + sizes[count]!, count + 1],
        [exact - 1, Math.max(1, count - 1)],
      ] as const) {
        const frame = new AppendFrame({ events: 10_000, bytes });
        const ids = new EventIds(SHARD);
        let taken = 0;
        while (taken < places.length && frame.add(records, places[taken]!, ids)) taken += 1;
        expect(taken).toBe(fits);
        expect(frame.count).toBe(fits);
        const before = Buffer.from(frame.request(CORRELATION, STREAM, 7));
        expect(frame.add(records, places[taken]!, ids)).toBe(false);
        expect(Buffer.from(frame.request(CORRELATION, STREAM, 7)).equals(before)).toBe(true);
        expect(decoded(before).events).toEqual(expectedOf(records).slice(0, fits));
      }
    }
  });

  it('takes one event whatever it weighs, and as many as it may', () => {
    const records = sampleRecords(0, 12);
    const places = placesOf(records);
    const ids = new EventIds(SHARD);
    const narrow = new AppendFrame({ events: 512, bytes: 1 });
    expect(narrow.add(records, 0, ids)).toBe(true);
    expect(narrow.add(records, places[1]!, ids)).toBe(false);
    for (const events of [1, 11, 12]) {
      const frame = new AppendFrame({ ...WIDE, events });
      const taken = places.filter((at) => frame.add(records, at, ids));
      expect(taken.length).toBe(events);
      expect(frame.isFull).toBe(true);
    }
  });

  it('is filled again as if it were new, also after it has grown', () => {
    const large = sampleRecords(0, 400);
    const small = sampleRecords(400, 3);
    const ids = new EventIds(SHARD);
    const frame = new AppendFrame(WIDE);
    for (const records of [small, large, small, large]) {
      frame.clear();
      for (const at of placesOf(records)) frame.add(records, at, ids);
      expect(frame.bytes).toBe(placesOf(records).reduce((sum, at) => sum + sizeOf(records, at), 0));
      expect(decoded(frame.request(CORRELATION, STREAM, -1)).events).toEqual(expectedOf(records));
    }
    expect(frame.request(CORRELATION, STREAM, -1).length).toBeGreaterThan(64 * 1024);
  });
});

describe('batches of a journal', () => {
  /** Hands out the records in runs of so many. */
  function readerOf(runs: readonly RecordBuffer[]) {
    const left = [...runs];
    return { read: () => left.shift(), close: () => undefined };
  }

  it('hold every event once, in order, within both bounds, however they are read', () => {
    const run = fc.integer({ min: 1, max: 30 });
    const bounds = fc.record({
      events: fc.integer({ min: 1, max: 40 }),
      bytes: fc.integer({ min: 1, max: 20_000 }),
    });
    fc.assert(
      fc.property(fc.array(run, { minLength: 1, maxLength: 8 }), bounds, (runs, limits) => {
        let next = 100;
        const buffers = runs.map((count) => {
          const records = sampleRecords(next, count);
          next += count;
          return records;
        });
        const batches = new ForwardBatches(readerOf(buffers), SHARD, 100, limits);
        const events: unknown[] = [];
        let expected = 100;
        for (let batch = batches.next(); batch !== undefined; batch = batches.next()) {
          const { frame, first } = batch;
          expect(first).toBe(expected);
          expect(frame.count).toBeLessThanOrEqual(limits.events);
          if (frame.count > 1) expect(frame.bytes).toBeLessThanOrEqual(limits.bytes);
          events.push(...decoded(frame.request(CORRELATION, STREAM, first - 1)).events);
          expected += frame.count;
          batches.recycle(frame);
        }
        expect(events).toEqual(buffers.flatMap(expectedOf));
        expect(batches.nextSequence).toBe(next);
      }),
    );
  });
});
