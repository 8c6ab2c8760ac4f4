import {
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { RecordBuffer } from '../../domain/event-record.js';
import type { JournalError } from './errors.js';
import { JournalWriter } from './journal-writer.js';
import { SECTOR_BYTES } from './limits.js';
import { addSampleRecords } from './sample-records.js';
import { SEGMENT_HEADER_BYTES } from './segment.js';

const options = { shard: 0, catalogue: 1 };
const SEGMENT = '0000000000000000.segment';

describe('recovery', () => {
  let directory: string;
  let path: string;
  /** Ends of the commits in the first segment, the header being the first. */
  let ends: number[];

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'recovery-'));
    path = `${directory}/${SEGMENT}`;
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  /** Leaves commits of these counts as a crash would: prefilled, without a clean end. */
  function write(counts: number[]): Uint8Array {
    const writer = JournalWriter.open(directory, options);
    ends = [SEGMENT_HEADER_BYTES];
    const position = { nextSequence: 0, segment: 0, offset: 0 };
    for (const count of counts) {
      const batch = new RecordBuffer(65_536);
      addSampleRecords(batch, writer.nextSequence, count);
      writer.append(batch);
      writer.durableEnd.read(position);
      ends.push(position.offset);
    }
    const bytes = readFileSync(path);
    writer.close();
    // Power lost: the mark, never synced, is gone.
    unlinkSync(`${directory}/durable`);
    writeFileSync(path, bytes);
    return bytes;
  }

  function recover(bytes?: Uint8Array): JournalWriter {
    if (bytes !== undefined) writeFileSync(path, bytes);
    const writer = JournalWriter.open(directory, options);
    writer.close();
    return writer;
  }

  function refusal(bytes?: Uint8Array): JournalError {
    try {
      recover(bytes);
    } catch (error) {
      return error as JournalError;
    }
    throw new Error('it was accepted');
  }

  it('finds the end before prefilled zeros', () => {
    const bytes = write([3, 1]);
    expect(bytes.length).toBeGreaterThan(ends[2]!);
    const writer = recover();
    expect(writer.torn).toBeUndefined();
    expect(writer.nextSequence).toBe(4);
    expect(readFileSync(path).length).toBe(ends[2]!);
  });

  it('repairs a last commit cut at every byte, and says so', () => {
    const bytes = write([2, 3]);
    const [, start, end] = ends as [number, number, number];
    for (let cut = start; cut <= end; cut++) {
      const writer = recover(bytes.subarray(0, cut));
      const whole = cut === end;
      expect(writer.nextSequence).toBe(whole ? 5 : 2);
      if (cut === start || whole) expect(writer.torn).toBeUndefined();
      else expect(writer.torn).toMatchObject({ file: path, offset: start });
      expect(readFileSync(path).length).toBe(whole ? end : start);
      unlinkSync(`${directory}/durable`);
    }
  });

  it('repairs a last commit of which a kernel wrote only the first pages', () => {
    const bytes = write([2, 60]);
    const [, start, end] = ends as [number, number, number];
    for (let cut = Math.ceil(start / SECTOR_BYTES) * SECTOR_BYTES; cut < end; cut += SECTOR_BYTES) {
      const writer = recover(Uint8Array.from(bytes).fill(0, cut));
      expect(writer.torn).toMatchObject({ file: path, offset: start });
      expect(writer.torn?.bytes).toBeLessThanOrEqual(cut - start);
      expect(writer.nextSequence).toBe(2);
      unlinkSync(`${directory}/durable`);
    }
  });

  it('repairs a last commit of which only the whole pages were written, past the cache', () => {
    const bytes = write([2, 90]);
    const [, start, end] = ends as [number, number, number];
    const pages = { from: Math.ceil(start / 4096) * 4096, to: Math.floor(end / 4096) * 4096 };
    expect(pages.to - pages.from).toBeGreaterThanOrEqual(8192);
    for (let written = pages.from; written <= pages.to; written += SECTOR_BYTES) {
      const torn = Uint8Array.from(bytes).fill(0, start, pages.from).fill(0, written);
      const writer = recover(torn);
      expect(writer.nextSequence).toBe(2);
      expect(readFileSync(path).length).toBe(start);
      unlinkSync(`${directory}/durable`);
    }
  });

  it('repairs a last commit that misses any one or two sectors', () => {
    const bytes = write([2, 30]);
    const [, start, end] = ends as [number, number, number];
    const first = Math.floor(start / SECTOR_BYTES);
    const last = Math.floor((end - 1) / SECTOR_BYTES);
    for (let one = first; one <= last; one++) {
      for (let two = one; two <= last; two++) {
        const torn = Uint8Array.from(bytes);
        for (const sector of [one, two]) {
          const from = Math.max(start, sector * SECTOR_BYTES);
          torn.fill(0, from, Math.min(end, (sector + 1) * SECTOR_BYTES));
        }
        const writer = recover(torn);
        expect(writer.torn?.offset).toBe(start);
        expect(writer.nextSequence).toBe(2);
        unlinkSync(`${directory}/durable`);
      }
    }
  });

  it('cuts a torn commit from the disk before it writes behind it', () => {
    const bytes = write([2, 40]);
    const sector = Math.ceil(ends[1]! / SECTOR_BYTES) * SECTOR_BYTES;
    writeFileSync(path, Uint8Array.from(bytes).fill(0, sector, sector + 3 * SECTOR_BYTES));
    const writer = JournalWriter.open(directory, options);
    expect(writer.torn?.offset).toBe(ends[1]);
    expect(readFileSync(path).length).toBe(ends[1]);
    const batch = new RecordBuffer(1024);
    addSampleRecords(batch, 2, 1);
    writer.append(batch);
    const crashed = readFileSync(path);
    writer.close();
    expect(recover(crashed).nextSequence).toBe(3);
  });

  it('refuses a last commit with a byte changed', () => {
    const bytes = write([2, 2]);
    const [, start, end] = ends as [number, number, number];
    for (let at = start; at < end; at++) {
      const changed = Uint8Array.from(bytes);
      changed[at]! ^= 0x10;
      const error = refusal(changed);
      expect(error.code).toBe('JOURNAL_DAMAGED');
      expect(error.place?.file).toBe(path);
      expect(error.place?.offset).toBeGreaterThanOrEqual(start);
      expect(error.place?.offset).toBeLessThan(end);
      expect(readFileSync(path).equals(changed)).toBe(true);
    }
  });

  it('refuses a commit before the last that is cut, zeroed or changed', () => {
    const bytes = write([20, 20, 5]);
    const [, start, end, after] = ends as [number, number, number, number];
    for (let sector = Math.ceil(start / 512) * 512; sector + 512 <= end; sector += 512) {
      expect(refusal(Uint8Array.from(bytes).fill(0, sector, sector + 512))).toMatchObject({
        code: 'JOURNAL_DAMAGED',
        place: { file: path },
      });
    }
    expect(refusal(Uint8Array.from(bytes).fill(0, start, end)).damage).toBe('COMMIT_INCOMPLETE');
    const moved = Uint8Array.from(bytes);
    moved.copyWithin(start, end, after);
    expect(refusal(moved).damage).toBe('COMMIT_SEQUENCE');
  });

  it('refuses a commit of another history, though it is right by itself', () => {
    const foreign = write([2, 5]);
    const [, start, end] = ends as [number, number, number];
    rmSync(path);
    write([1]);
    const writer = JournalWriter.open(directory, options);
    const batch = new RecordBuffer(1024);
    addSampleRecords(batch, 1, 1, [96, 176]);
    writer.append(batch);
    writer.close();
    unlinkSync(`${directory}/durable`);
    const own = readFileSync(path);
    const spliced = Buffer.concat([own, foreign.subarray(start, end)]);
    expect(refusal(spliced)).toMatchObject({ damage: 'COMMIT_CHAIN', place: { sequence: 2 } });
  });

  it('cuts nothing that the durable mark says was acknowledged', () => {
    const bytes = write([2, 5]);
    recover();
    const mark = readFileSync(`${directory}/durable`);
    for (const cut of [ends[1]!, ends[1]! + 1, ends[2]! - 1]) {
      writeFileSync(`${directory}/durable`, mark);
      const error = refusal(bytes.subarray(0, cut));
      expect(error).toMatchObject({ code: 'JOURNAL_DAMAGED', damage: 'DURABLE_LOST' });
    }
    unlinkSync(path);
    expect(refusal().damage).toBe('SEGMENT_MISSING');
  });

  it('takes an empty or zeroed mark for none, and refuses a damaged one', () => {
    const bytes = write([2]);
    recover();
    const mark = readFileSync(`${directory}/durable`);
    for (const lost of [new Uint8Array(0), new Uint8Array(mark.length)]) {
      writeFileSync(`${directory}/durable`, lost);
      expect(recover(bytes).nextSequence).toBe(2);
    }
    mark[20]! ^= 1;
    writeFileSync(`${directory}/durable`, mark);
    expect(refusal(bytes).damage).toBe('DURABLE_MARK');
  });

  it('refuses a changed header, a wrong name, a header cut short', () => {
    const bytes = write([2]);
    for (const at of [0, 5, 9, 17, 21, 25, 33, 41, 100, 4095]) {
      const changed = Uint8Array.from(bytes);
      changed[at]! ^= 1;
      expect(refusal(changed).damage).toBe('SEGMENT_HEADER');
    }
    expect(refusal(bytes.subarray(0, 4095)).damage).toBe('SEGMENT_HEADER');
    expect(refusal(new Uint8Array(0)).damage).toBe('SEGMENT_HEADER');
    writeFileSync(path, bytes);
    renameSync(path, `${directory}/0000000000000001.segment`);
    expect(refusal().damage).toBe('SEGMENT_NAME');
  });

  it('removes a segment that was being made', () => {
    write([2]);
    const unfinished = `${directory}/0000000000000002.segment.new`;
    writeFileSync(unfinished, 'x');
    expect(recover().nextSequence).toBe(2);
    expect(() => truncateSync(unfinished)).toThrow('ENOENT');
  });
});
