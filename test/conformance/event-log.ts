/**
 * What every implementation of the port `EventLog` must do. Call `describeEventLog` from a test
 * file of each, with a factory for an empty log of shard 0.
 */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { decodeEvent, encodeEvent } from '../../src/domain/event-codec.js';
import { HEADER, RECORD_BYTES_MAX, RecordBuffer } from '../../src/domain/event-record.js';
import type { DaybookEvent } from '../../src/domain/events.js';
import type { EventLog } from '../../src/log/event-log.js';

export interface EventLogUnderTest {
  /** Opens the log; after `close` of the last one, the same log again with all that it held. */
  open(): Promise<EventLog>;
  /** Removes everything. All opened logs are closed by then. */
  remove(): Promise<void>;
}

/** An event of every sequence, of several lengths, with extreme values. */
export function sampleEvent(sequence: number, variant = 0): DaybookEvent {
  const header = {
    sequence,
    time: 1_700_000_000_000_000_000n + BigInt(sequence),
    received: sequence === 0 ? 0n : 1_700_000_000_000_000_000n - 1n,
    command: sequence % 3 === 0 ? Number.MAX_SAFE_INTEGER : sequence,
    actor: sequence % 2 === 0 ? 0xffff_ffff : 1,
    session: variant,
  };
  if (sequence % 4 === 1) {
    const data = { epoch: sequence, shard: 0, shards: 1, software: 'v1.0 "~' };
    return { ...header, type: 'WriterStarted', data } as DaybookEvent;
  }
  const price = sequence % 4 === 2 ? -sequence : Number.MAX_SAFE_INTEGER;
  const data = { price, instrument: 0xffff_ffff, source: sequence % 100 };
  return { ...header, type: 'PriceMarked', data } as DaybookEvent;
}

export function batchOf(first: number, count: number, variant = 0): RecordBuffer {
  const batch = new RecordBuffer(count * RECORD_BYTES_MAX);
  for (let sequence = first; sequence < first + count; sequence++) {
    batch.length += encodeEvent(sampleEvent(sequence, variant), batch.bytes, batch.length);
    batch.count += 1;
  }
  return batch;
}

/** The events of a batch; also checks that count and length fit them. */
export function eventsOf(batch: RecordBuffer): DaybookEvent[] {
  const events: DaybookEvent[] = [];
  let at = 0;
  while (at < batch.length) {
    events.push(decodeEvent(batch.bytes, at));
    at += batch.u16[(at + HEADER.length) / 2]!;
  }
  expect(at).toBe(batch.length);
  expect(events.length).toBe(batch.count);
  return events;
}

const samples = (from: number, to: number): DaybookEvent[] =>
  Array.from({ length: to - from }, (_, index) => sampleEvent(from + index));

async function collect(
  batches: AsyncIterable<RecordBuffer>,
  until = Number.POSITIVE_INFINITY,
): Promise<DaybookEvent[]> {
  const events: DaybookEvent[] = [];
  for await (const batch of batches) {
    events.push(...eventsOf(batch));
    if (events.length >= until) break;
  }
  return events;
}

export function describeEventLog(name: string, create: () => Promise<EventLogUnderTest>): void {
  describe(`event log: ${name}`, () => {
    let underTest: EventLogUnderTest;
    let log: EventLog;
    beforeEach(async () => {
      underTest = await create();
      log = await underTest.open();
    });
    afterEach(async () => {
      await log.close();
      await underTest.remove();
    });

    it('is empty at first', async () => {
      expect(await log.head()).toBe(0);
      expect(await collect(log.read(0))).toEqual([]);
    });

    it('gives back what was appended, from any sequence', async () => {
      let next = 0;
      for (const count of [1, 2, 64, 33, 1]) {
        expect(await log.append(batchOf(next, count))).toBe('appended');
        next += count;
        expect(await log.head()).toBe(next);
      }
      for (const from of [0, 1, 2, 3, 4, 66, 67, 68, 99, 100, 101]) {
        expect(await collect(log.read(from))).toEqual(samples(from, next));
      }
    });

    it('keeps everything across a restart', async () => {
      await log.append(batchOf(0, 40));
      await log.close();
      log = await underTest.open();
      expect(await log.head()).toBe(40);
      await log.append(batchOf(40, 3));
      expect(await collect(log.read(0))).toEqual(samples(0, 43));
    });

    it('refuses a batch that does not begin at the head, and changes nothing', async () => {
      await log.append(batchOf(0, 5));
      for (const [first, count] of [
        [6, 1],
        [4, 2],
        [0, 6],
      ] as const) {
        await expect(log.append(batchOf(first, count))).rejects.toMatchObject({
          code: 'LOG_SEQUENCE_CONFLICT',
          sequence: first,
          head: 5,
        });
      }
      expect(await collect(log.read(0))).toEqual(samples(0, 5));
    });

    it('answers a repeated batch and changes nothing', async () => {
      await log.append(batchOf(0, 5));
      await log.append(batchOf(5, 5));
      for (const [first, count] of [
        [5, 5],
        [0, 5],
        [0, 10],
        [3, 4],
        [9, 1],
      ] as const) {
        expect(await log.append(batchOf(first, count))).toBe('repeated');
      }
      expect(await log.head()).toBe(10);
      expect(await collect(log.read(0))).toEqual(samples(0, 10));
    });

    it('refuses other events at sequences that are taken', async () => {
      await log.append(batchOf(0, 5));
      for (const [first, count] of [
        [0, 5],
        [4, 1],
      ] as const) {
        await expect(log.append(batchOf(first, count, 1))).rejects.toMatchObject({
          code: 'LOG_CONTENT_CONFLICT',
          sequence: first,
          head: 5,
        });
      }
      expect(await collect(log.read(0))).toEqual(samples(0, 5));
    });

    it('lets one of two writers of the same sequence win', async () => {
      const answers = await Promise.allSettled([
        log.append(batchOf(0, 3, 0)),
        log.append(batchOf(0, 3, 1)),
      ]);
      expect(answers.filter(({ status }) => status === 'fulfilled').length).toBe(1);
      expect(await log.head()).toBe(3);
    });

    it('refuses to read or follow beyond the head', async () => {
      await log.append(batchOf(0, 2));
      expect(await collect(log.read(2))).toEqual([]);
      const expected = { code: 'LOG_SEQUENCE_AHEAD', sequence: 3, head: 2 };
      await expect(collect(log.read(3))).rejects.toMatchObject(expected);
      await expect(collect(log.follow(3))).rejects.toMatchObject(expected);
    });

    it('follows what is there and what comes, once and in order', async () => {
      await log.append(batchOf(0, 30));
      const followers = [0, 7, 30].map((from) => collect(log.follow(from), 60 - from));
      for (let next = 30; next < 60; next += 6) await log.append(batchOf(next, 6));
      const [all, some, late] = await Promise.all(followers);
      expect(all).toEqual(samples(0, 60));
      expect(some).toEqual(samples(7, 60));
      expect(late).toEqual(samples(30, 60));
    });

    it('stops following when told to', async () => {
      await log.append(batchOf(0, 1));
      const before = new AbortController();
      before.abort();
      expect(await collect(log.follow(0, before.signal))).toEqual([]);

      const waiting = new AbortController();
      const events: DaybookEvent[] = [];
      for await (const batch of log.follow(0, waiting.signal)) {
        events.push(...eventsOf(batch));
        queueMicrotask(() => waiting.abort());
      }
      expect(events).toEqual(samples(0, 1));
    });

    it('ends followers when it is closed', async () => {
      await log.append(batchOf(0, 1));
      const iterator = log.follow(0);
      expect((await iterator.next()).done).toBe(false);
      const waiting = iterator.next();
      await log.close();
      expect((await waiting).done).toBe(true);
      log = await underTest.open();
    });
  });
}
