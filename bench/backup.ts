/**
 * A log of orders, acknowledgements, fills and cancels (50,000 orders for each second asked for, at most
 * 4 M) is shipped to a directory on the same disk, in the clear and sealed, and restored: fetched,
 * decompressed, written, synced and verified byte by byte. `restore_30m_events_seconds` is scaled from
 * the events restored here, each as long as these; the same from EventStoreDB is
 * `restore_30m_events_from_eventstoredb_seconds` of bench forward. The baseline is a copy of the same
 * segments on the same disk, with a sync.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Capacity, DEFAULT_CAPACITY } from '../src/commands/state/capacity.js';
import { assert } from '../src/lib/assert.js';
import { nodeFileSystem, pwriteAll } from '../src/log/file-system.js';
import { listSegments, segmentName } from '../src/log/journal/segment.js';
import { Backup } from '../src/operations/backup/backup.js';
import { DirectoryStore } from '../src/operations/backup/directory-store.js';
import { durablePosition } from '../src/operations/backup/durable-position.js';
import { restoreBackup } from '../src/operations/backup/restore.js';
import type { Figure } from './figure.js';
import { OrderLog } from './order-log.js';

const ORDERS_A_SECOND = 50_000;
const ORDERS_MAX = 4_000_000;
const CAPACITY: Capacity = { ...DEFAULT_CAPACITY, orders: ORDERS_MAX, clientIds: 2 * ORDERS_MAX };
const DAY_EVENTS = 30_000_000;
const KEY = new Uint8Array(32).fill(1);

export async function run(options: { seconds: number }): Promise<Figure[]> {
  const root = mkdtempSync(join(tmpdir(), 'daybook-bench-backup-'));
  try {
    const orders = Math.min(ORDERS_MAX, Math.ceil(options.seconds * ORDERS_A_SECOND));
    const log = new OrderLog(join(root, 'journal'), CAPACITY);
    log.enter(orders);
    const events = log.state.nextSequence;
    log.close();
    return await measure(root, events);
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

const since = (started: number) => (performance.now() - started) / 1000;

async function measure(root: string, events: number): Promise<Figure[]> {
  const journal = join(root, 'journal');
  const copySeconds = copySegments(journal, join(root, 'copy'));
  rmSync(join(root, 'copy'), { recursive: true });
  const plain = await shipAndRestore(root, 'plain', undefined);
  const sealed = await shipAndRestore(root, 'sealed', KEY);
  assert(plain.next === events, 'every event comes back');
  const perSecond = (count: number, seconds: number) => Math.round(count / seconds);
  const copy = perSecond(plain.rawBytes, copySeconds);
  const restoreRate = events / plain.restoreSeconds;
  const figure = (name: string, value: number, unit: string, baseline?: number): Figure => ({
    ...{ name, value, unit, ack: 'disk' as const },
    ...(baseline === undefined ? {} : { baseline }),
  });
  return [
    figure('events', events, 'count'),
    figure('raw_bytes', plain.rawBytes, 'B'),
    figure('stored_bytes', plain.storedBytes, 'B', plain.rawBytes),
    figure('copy_bytes_per_second', copy, 'B/s'),
    figure('backup_bytes_per_second', perSecond(plain.rawBytes, plain.shipSeconds), 'B/s', copy),
    figure(
      'sealed_backup_bytes_per_second',
      perSecond(plain.rawBytes, sealed.shipSeconds),
      'B/s',
      copy,
    ),
    figure(
      'restore_bytes_per_second',
      perSecond(plain.rawBytes, plain.restoreSeconds),
      'B/s',
      copy,
    ),
    figure('restore_events_per_second', Math.round(restoreRate), '1/s'),
    figure('sealed_restore_events_per_second', perSecond(events, sealed.restoreSeconds), '1/s'),
    figure('restore_30m_events_seconds', Math.round((DAY_EVENTS / restoreRate) * 10) / 10, 's'),
  ];
}

async function shipAndRestore(root: string, name: string, key: Uint8Array | undefined) {
  const journal = join(root, 'journal');
  const store = new DirectoryStore(join(root, name));
  const durable = () => durablePosition(nodeFileSystem, journal, 0);
  let started = performance.now();
  const backup = await Backup.open({ journal, shard: 0, durable, store, key });
  const { rawBytes, storedBytes } = await backup.ship();
  const shipSeconds = since(started);
  const target = join(root, `${name}-restored`);
  started = performance.now();
  const { next } = await restoreBackup({ store, key, target });
  const restoreSeconds = since(started);
  rmSync(target, { recursive: true });
  rmSync(join(root, name), { recursive: true });
  return { rawBytes, storedBytes, shipSeconds, restoreSeconds, next };
}

/** What the disk and memory allow for the same bytes. @returns seconds */
function copySegments(from: string, to: string): number {
  const started = performance.now();
  const buffer = new Uint8Array(16 * 1024 * 1024);
  nodeFileSystem.makeDirectory(to);
  for (const first of listSegments(nodeFileSystem, from)) {
    const source = nodeFileSystem.open(join(from, segmentName(first)), 'read');
    const target = nodeFileSystem.open(join(to, segmentName(first)), 'create');
    for (let at = 0; ; ) {
      const count = nodeFileSystem.pread(source, buffer, 0, buffer.length, at);
      if (count === 0) break;
      pwriteAll(nodeFileSystem, target, buffer, count, at);
      at += count;
    }
    nodeFileSystem.fsync(target);
    nodeFileSystem.close(source);
    nodeFileSystem.close(target);
  }
  return since(started);
}
