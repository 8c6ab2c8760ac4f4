import {
  appendFileSync,
  closeSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { HEADER, RECORD_HEADER_BYTES, RecordBuffer } from '../../domain/event-record.js';
import { crc32c } from '../../lib/crc32c.js';
import { nodeFileSystem } from '../file-system.js';
import { JournalWriter } from './journal-writer.js';
import { addSampleRecords } from './sample-records.js';
import { SEGMENT_HEADER_BYTES, segmentSequence } from './segment.js';
import { trimJournal, trimRecordPath } from './trim.js';
import {
  type Finding,
  type VerifyOptions,
  type VerifySummary,
  verifyJournal,
} from './verify-journal.js';

describe('verifyJournal', () => {
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'verify-'));
  });
  afterEach(() => {
    rmSync(directory, { recursive: true });
    rmSync(trimRecordPath(directory), { force: true });
  });

  /** Three segments of several commits each. */
  function write(
    counts = [1, 33, 2, 5, 40, 1, 1, 7],
    variant = 0,
    segmentBytes = 5000,
  ): JournalWriter {
    const writer = JournalWriter.open(directory, {
      shard: 2,
      catalogue: 9,
      segmentBytesMax: SEGMENT_HEADER_BYTES + segmentBytes,
    });
    for (const count of counts) {
      const batch = new RecordBuffer(65_536);
      addSampleRecords(batch, writer.nextSequence, count);
      batch.bytes[RECORD_HEADER_BYTES]! += variant;
      writer.append(batch);
    }
    return writer;
  }

  const files = (): string[] => readdirSync(directory).map((name) => `${directory}/${name}`);
  const segments = (): string[] =>
    files()
      .filter((name) => name.endsWith('.segment'))
      .sort();

  async function verify(
    options?: VerifyOptions,
  ): Promise<{ findings: Finding[]; summary: VerifySummary }> {
    const findings: Finding[] = [];
    const verification = verifyJournal(directory, options);
    for (;;) {
      const { done, value } = await verification.next();
      if (done === true) return { findings, summary: value };
      findings.push(value);
    }
  }

  /** Flips bits of one byte, verifies, and flips them back. */
  async function findingsWith(path: string, offset: number, bits: number): Promise<Finding[]> {
    const file = openSync(path, 'r+');
    try {
      const byte = new Uint8Array(1);
      readSync(file, byte, 0, 1, offset);
      writeSync(file, Uint8Array.of(byte[0]! ^ bits), 0, 1, offset);
      const { findings } = await verify();
      writeSync(file, byte, 0, 1, offset);
      return findings;
    } finally {
      closeSync(file);
    }
  }

  it('finds nothing wrong with a journal that is right', async () => {
    write().close();
    expect(segments().length).toBeGreaterThan(2);
    const { findings, summary } = await verify();
    expect(findings).toEqual([]);
    expect(summary).toMatchObject({ commits: 8, records: 90, nextSequence: 90, findings: 0 });
    expect(summary.bytes).toBe(
      segments().reduce((sum, path) => sum + readFileSync(path).length, 0),
    );
  });

  it('finds every byte that is flipped, in its file', async () => {
    write([1, 4, 2, 6, 1, 1, 3], 0, 1200).close();
    expect(segments().length).toBeGreaterThan(2);
    for (const path of files()) {
      const { length } = readFileSync(path);
      const isSegment = path.endsWith('.segment');
      for (let offset = 0; offset < length; offset++) {
        // The zeros of the header block are left to the random search below.
        if (isSegment && offset === 80) offset = SEGMENT_HEADER_BYTES;
        const findings = await findingsWith(path, offset, 1 << (offset % 8));
        expect(findings.length, `${path} ${offset}`).toBeGreaterThan(0);
        expect(findings[0]?.file).toBe(path);
        if (isSegment) expect(findings[0]!.offset).toBeLessThanOrEqual(offset);
      }
    }
    expect((await verify()).findings).toEqual([]);
  }, 120_000);

  it('finds any bits flipped in any byte, also in zeros written ahead', async () => {
    const writer = write();
    const crashed = files()
      .filter((path) => !path.endsWith('lock'))
      .map((path) => ({ path, bytes: readFileSync(path) }));
    writer.close();
    for (const { path, bytes } of crashed) writeFileSync(path, bytes);
    expect((await verify()).findings).toEqual([]);
    const anyByte = fc
      .constantFrom(...crashed)
      .chain(({ path, bytes }) =>
        fc.tuple(fc.constant(path), fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 })),
      );
    await fc.assert(
      fc.asyncProperty(anyByte, async ([path, offset, bits]) => {
        const findings = await findingsWith(path, offset, bits);
        expect(findings[0]?.file).toBe(path);
      }),
      { numRuns: 300 },
    );
  });

  it('names the sequence of a changed record and goes on behind it', async () => {
    write([10, 10, 10]).close();
    const path = segments()[0]!;
    const bytes = readFileSync(path);
    bytes[SEGMENT_HEADER_BYTES + 96 + 88 + 184 + 60]! ^= 1;
    bytes[SEGMENT_HEADER_BYTES + 96 + 5 * (88 + 184) + 96 + 60]! ^= 1;
    writeFileSync(path, bytes);
    const { findings, summary } = await verify();
    expect(findings.map(({ code, sequence }) => [code, sequence])).toEqual([
      ['RECORD_CRC', 2],
      ['COMMIT_ROOT', 0],
      ['RECORD_CRC', 10],
      ['COMMIT_ROOT', 10],
    ]);
    expect(summary).toMatchObject({ records: 30, findings: 4 });
  });

  it('finds segments that are missing, renamed, foreign, cut, or longer than they were', async () => {
    write().close();
    const [first, second, third] = segments() as [string, string, string];
    const saved = files().map((path) => ({ path, bytes: readFileSync(path) }));
    const codes = async (change: () => void): Promise<string[]> => {
      change();
      const { findings } = await verify();
      for (const path of files()) unlinkSync(path);
      for (const { path, bytes } of saved) writeFileSync(path, bytes);
      return findings.map(({ code }) => code);
    };
    const last = segments().at(-1)!;
    expect(await codes(() => unlinkSync(second))).toEqual(['SEGMENT_MISSING']);
    expect(await codes(() => unlinkSync(last))).toContain('DURABLE_LOST');
    expect(
      await codes(() => renameSync(second, `${directory}/${'0'.repeat(15)}2.segment`)),
    ).toContain('SEGMENT_NAME');
    expect(await codes(() => truncateSync(first, 5000))).toContain('COMMIT_INCOMPLETE');
    expect(await codes(() => truncateSync(last, readFileSync(last).length - 1))).toContain(
      'TORN_TAIL',
    );
    expect(await codes(() => appendFileSync(first, new Uint8Array(8)))).toEqual(['TRAILING_BYTES']);
    expect(await codes(() => appendFileSync(third, 'more'))).toEqual(['COMMIT_HEADER']);
    expect(await codes(() => writeFileSync(`${directory}/note`, 'x'))).toEqual(['UNEXPECTED_FILE']);
    expect(await codes(() => unlinkSync(`${directory}/durable`))).toEqual([]);
  });

  it('finds that the oldest segments are gone, unless a trim is on record', async () => {
    write().close();
    const second = segmentSequence(basename(segments()[1]!))!;
    unlinkSync(segments()[0]!);
    const { findings } = await verify();
    expect(findings).toMatchObject([{ code: 'SEGMENT_MISSING', sequence: 0 }]);
    expect(findings[0]?.reason).toContain(`events 0 to ${second - 1} are missing`);
  });

  it('goes on from where a trim let the journal begin, whose chain is on record', async () => {
    write().close();
    const third = segmentSequence(basename(segments()[2]!))!;
    const { removed } = trimJournal(nodeFileSystem, directory, 2, third);
    expect(removed.length).toBe(2);
    expect((await verify()).findings).toEqual([]);
    const record = trimRecordPath(directory);
    const good = readFileSync(record, 'utf8');
    writeFileSync(record, good.replace(/"chain":"../, '"chain":"00'));
    expect((await verify()).findings).toMatchObject([{ code: 'SEGMENT_CHAIN', sequence: third }]);
    writeFileSync(record, 'no record');
    expect((await verify()).findings).toMatchObject([{ code: 'SEGMENT_MISSING', file: record }]);
    writeFileSync(record, good);
    unlinkSync(segments()[0]!);
    expect((await verify()).findings).toMatchObject([{ code: 'SEGMENT_MISSING', sequence: third }]);
  });

  it('finds parts of another history, though each is right by itself', async () => {
    const counts = [5, 5, 40, 5];
    write(counts).close();
    const own = segments().map((path) => readFileSync(path));
    for (const path of files()) unlinkSync(path);
    write(counts, 1).close();
    expect((await verify()).findings).toEqual([]);
    const foreign = segments().map((path) => readFileSync(path));
    expect(foreign.length).toBeGreaterThan(1);

    const [first] = segments() as [string];
    const second = SEGMENT_HEADER_BYTES + 96 + 3 * 88 + 2 * 184;
    const spliced = [foreign[0]!.subarray(0, second), own[0]!.subarray(second)];
    writeFileSync(first, Buffer.concat(spliced));
    const codes = (await verify()).findings.map(({ code }) => code);
    expect(codes).toEqual(['COMMIT_CHAIN', 'SEGMENT_CHAIN']);
    writeFileSync(first, own[0]!);
    expect((await verify()).findings.map(({ code }) => code)).toEqual(['SEGMENT_CHAIN']);
  });

  it('finds a record with another sequence and the checksum for it', async () => {
    write([3]).close();
    const [path] = segments() as [string];
    const view = new RecordBuffer(8192);
    view.bytes.set(readFileSync(path));
    const at = SEGMENT_HEADER_BYTES + 96 + 88;
    view.f64[(at + HEADER.sequence) / 8] = 2;
    view.u32[at / 4] = crc32c(view.bytes, at + 4, at + 184, 0);
    writeFileSync(path, view.bytes.subarray(0, readFileSync(path).length));
    expect((await verify()).findings).toMatchObject([
      { code: 'RECORD_SEQUENCE', sequence: 1, offset: at },
      { code: 'COMMIT_ROOT' },
    ]);
  });

  it('leaves out what a running writer has not declared durable', async () => {
    const writer = write();
    const last = openSync(segments().at(-1)!, 'r+');
    const position = { nextSequence: 0, segment: 0, offset: 0 };
    writer.durableEnd.read(position);
    writeSync(last, 'half a commit', position.offset);
    expect((await verify()).findings).toEqual([]);
    writeSync(last, new Uint8Array(13), 0, 13, position.offset);
    closeSync(last);
    writer.close();
  });

  it('asks the caller about each record', async () => {
    write([3, 4]).close();
    const asked: number[] = [];
    const { findings } = await verify({
      checkRecord(view, at) {
        const sequence = view.f64[(at + HEADER.sequence) / 8]!;
        asked.push(sequence);
        return sequence === 4 ? 'unheard of' : undefined;
      },
    });
    expect(asked).toEqual([0, 1, 2, 3, 4, 5, 6]);
    expect(findings).toMatchObject([{ code: 'RECORD_CONTENT', sequence: 4, reason: 'unheard of' }]);
  });
});
