import { pino } from 'pino';
import { Registry } from 'prom-client';
import { expect, it } from 'vitest';
import { SpareParts } from './spare-parts.js';

it('says which part has failed, in the log once and in the metrics from then on', async () => {
  const lines: string[] = [];
  const logger = pino({ level: 'error' }, { write: (line) => lines.push(line) });
  const parts = new SpareParts(logger);
  const metrics = new Registry();
  parts.register(metrics);
  let fail: (error: Error) => void = () => undefined;
  const snapshots = new Promise<never>((_, reject) => {
    fail = reject;
  });
  parts.watch('snapshots', snapshots, 'snapshots are no longer taken');
  parts.watch('audit', new Promise<never>(() => undefined), 'the past cannot be asked');
  const failed = async () =>
    (await metrics.metrics()).split('\n').filter((line) => line.startsWith('daybook_part_failed'));
  expect(await failed()).toEqual([
    'daybook_part_failed{part="snapshots"} 0',
    'daybook_part_failed{part="audit"} 0',
  ]);
  fail(new Error('no space left'));
  await Promise.allSettled([snapshots]);
  expect(await failed()).toEqual([
    'daybook_part_failed{part="snapshots"} 1',
    'daybook_part_failed{part="audit"} 0',
  ]);
  expect(lines.map((line) => JSON.parse(line))).toMatchObject([
    { part: 'snapshots', msg: 'snapshots are no longer taken', err: { message: 'no space left' } },
  ]);
});
