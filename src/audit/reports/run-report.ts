/**
 * Runs a report over a part of the log and writes it: the table, its schema, and a manifest that says
 * what it was made of and lets anybody check it.
 *
 * ```
 *   DIR/rts24.csv            or .parquet
 *   DIR/rts24.schema.json    columns: type, unit, meaning, field of the rule; what is missing
 *   DIR/rts24.manifest.json  rows, sequences, hash of the chain there, SHA-256 of each file
 * ```
 */
import { evolve } from '../../commands/evolve/evolve.js';
import { lengthAt, numberAt, sequenceAt, timeAt } from '../../commands/replay/event-groups.js';
import type { ShardState } from '../../commands/state/shard-state.js';
import { decodeEvent } from '../../domain/event-codec.js';
import { RecordBuffer } from '../../domain/event-record.js';
import { EVENT } from '../../domain/events.js';
import { assert } from '../../lib/assert.js';
import { makeDirectories } from '../../lib/make-directories.js';
import { formatIsoNs } from '../../lib/time.js';
import { nodeFileSystem } from '../../log/file-system.js';
import { COMMIT_HEAD_BYTES, commitChain } from '../../log/journal/commit.js';
import { JournalReader } from '../../log/journal/journal-reader.js';
import { segmentName } from '../../log/journal/segment.js';
import { CommitPlaces } from '../order-index/commit-places.js';
import type { StateBefore } from '../past-states.js';
import type { JournalOf } from '../place-reader.js';
import { openCsv } from './csv-table.js';
import { openParquet } from './parquet-table.js';
import type { Report } from './report.js';
import { HashedFile, type OpenTable, type WrittenFile } from './table-file.js';

export type ReportFormat = 'csv' | 'parquet';
const OPEN: { readonly [F in ReportFormat]: OpenTable } = { csv: openCsv, parquet: openParquet };

export interface ReportRange {
  /** First and last sequence. */
  readonly from: number;
  readonly to: number;
}

export interface ReportManifest {
  readonly report: string;
  readonly title: string;
  readonly format: ReportFormat;
  readonly software: string;
  readonly shard: number;
  readonly fromSequence: number;
  readonly toSequence: number;
  readonly fromTime: string;
  readonly toTime: string;
  readonly rows: number;
  /** Of the commit with the last sequence: its first sequence, and the hash of the chain there. */
  readonly chainAt: number;
  readonly chain: string;
  readonly files: readonly WrittenFile[];
}

export interface ReportOptions {
  readonly log: JournalOf;
  readonly stateBefore: StateBefore;
  readonly range: ReportRange;
  readonly format: ReportFormat;
  readonly out: string;
  readonly software: string;
}

/** @throws Error EEXIST when there is such a report already, JournalError */
export function runReport(report: Report, options: ReportOptions): ReportManifest {
  const { log, range, format, out, software } = options;
  makeDirectories(out);
  const table = new HashedFile(out, `${report.name}.${format}`);
  const writer = OPEN[format](table, report.columns);
  let rows = 0;
  const { state, fromTime, toTime } = replayInto(report, options, (row) => {
    rows += 1;
    writer.row(row);
  });
  writer.end();
  const files = [table.close(), writeJson(out, `${report.name}.schema.json`, schemaOf(report))];
  const manifest: ReportManifest = {
    ...{ report: report.name, title: report.title, format, software, shard: state.shard },
    ...{ fromSequence: range.from, toSequence: range.to },
    ...{ fromTime: formatIsoNs(fromTime), toTime: formatIsoNs(toTime), rows },
    ...chainOf(log, range.to),
    files,
  };
  writeJson(out, `${report.name}.manifest.json`, manifest);
  return manifest;
}

function replayInto(
  report: Report,
  { log, stateBefore, range }: ReportOptions,
  emit: Parameters<Report['open']>[0]['emit'],
): { readonly state: ShardState; readonly fromTime: bigint; readonly toTime: bigint } {
  const { state } = stateBefore(range.from - 1);
  const run = report.open({ state, emit });
  const wanted = new Set<number>(report.events.map((name) => EVENT[name]));
  const reader = new JournalReader(log.journal, { from: state.nextSequence, end: log.end });
  let fromTime: bigint | undefined;
  let toTime = 0n;
  try {
    while (state.nextSequence <= range.to) {
      const batch = reader.read();
      assert(batch !== undefined, 'the range is durable');
      for (
        let at = 0;
        at < batch.length && state.nextSequence <= range.to;
        at += lengthAt(batch, at)
      ) {
        evolve(state, batch, at);
        if (sequenceAt(batch, at) < range.from) continue;
        toTime = timeAt(batch, at);
        fromTime ??= toTime;
        if (wanted.has(numberAt(batch, at))) run.take(decodeEvent(batch.bytes, at));
      }
    }
  } finally {
    reader.close();
  }
  run.end?.();
  return { state, fromTime: fromTime ?? 0n, toTime };
}

const schemaOf = ({ name, title, source, missing, columns }: Report) => ({
  ...{ report: name, title, source, missing },
  csv: 'RFC 4180, UTF-8, a header line, CR LF; empty is null; times ISO 8601 UTC, nine decimals',
  columns,
});

/** The chain as of the commit that holds `sequence`. */
function chainOf(
  { journal, end }: JournalOf,
  sequence: number,
): { chainAt: number; chain: string } {
  const places = new CommitPlaces(0);
  const reader = new JournalReader(journal, { from: sequence, end, index: places });
  reader.read();
  reader.close();
  const commit = places.take().findLast((place) => place.sequence <= sequence);
  assert(commit !== undefined, 'the commit of a durable event is found');
  const head = new RecordBuffer(COMMIT_HEAD_BYTES);
  const file = nodeFileSystem.open(`${journal}/${segmentName(commit.segment)}`, 'read');
  nodeFileSystem.pread(file, head.bytes, 0, COMMIT_HEAD_BYTES, commit.offset);
  nodeFileSystem.close(file);
  return { chainAt: commit.sequence, chain: Buffer.from(commitChain(head, 0)).toString('hex') };
}

function writeJson(directory: string, name: string, value: unknown): WrittenFile {
  const file = new HashedFile(directory, name);
  file.write(Buffer.from(`${JSON.stringify(value, null, 2)}\n`, 'utf8'));
  return file.close();
}
