/** kill -9 of writer and venue together, at random moments; then everything is answered, once. */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { decodeEvent } from '../../src/domain/event-codec.js';
import { HEADER } from '../../src/domain/event-record.js';
import type { DaybookEvent } from '../../src/domain/events.js';
import { JournalReader } from '../../src/log/journal/journal-reader.js';
import { verifyJournal } from '../../src/log/journal/verify-journal.js';
import { startShard } from '../../src/operations/shard.js';
import { startSimulatedVenue } from '../../src/operations/simulated-venue.js';

const ROUNDS = Number(process.env.DAYBOOK_KILL_ROUNDS ?? 20);
const SEED = Number(process.env.DAYBOOK_SEED ?? Date.now() % 2 ** 31);
/** Longest life of a process after its venue works, ms. */
const LIFE_MS_MAX = 250;
const TRADER = fileURLToPath(new URL('trading-process.mjs', import.meta.url));
const CAPACITY = {
  ...{ orders: 262_144, clientIds: 524_288, executions: 524_288 },
  ...{ positions: 64, accounts: 16, instruments: 16 },
};

function tradeUntilKilled(directory: string, round: number, lifeMs: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const args = [TRADER, directory, String(SEED), String(round)];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    child.stdout.once('data', () => setTimeout(() => child.kill('SIGKILL'), lifeMs));
    child.once('close', (code, signal) => {
      if (signal === 'SIGKILL') resolve();
      else reject(new Error(`the process ended by itself: ${code}`));
    });
  });
}

/** Everything that is right after any number of crashes; counts what it saw. */
class Audit {
  fills = 0;
  orders = 0;
  requests = 0;
  readonly #execIds = new Set<string>();
  readonly #halves = new Map<string, string>();
  readonly #unanswered = new Set<string>();

  take(event: DaybookEvent): void {
    switch (event.type) {
      case 'OrderFilled': {
        const { execId, lastQuantity, lastPrice, instrument, overfill, side } = event.data;
        expect(this.#execIds.has(execId), execId).toBe(false);
        expect(overfill).toBe(0);
        this.#execIds.add(execId);
        this.fills += 1;
        const match = execId.slice(0, -1);
        const what = `${instrument} ${lastQuantity}@${lastPrice}`;
        const other = this.#halves.get(match);
        if (other === undefined) this.#halves.set(match, `${what} ${side}`);
        else {
          expect(other).toBe(`${what} ${side === 'Buy' ? 'Sell' : 'Buy'}`);
          this.#halves.delete(match);
        }
        return;
      }
      case 'OrderRouted':
        this.orders += 1;
        this.#unanswered.add(`order ${event.data.orderId}`);
        return;
      case 'OrderAcknowledged':
      case 'OrderRejected':
        expect(this.#unanswered.delete(`order ${event.data.orderId}`)).toBe(true);
        return;
      case 'CancelRequested':
      case 'ReplaceRequested':
        this.requests += 1;
        this.#unanswered.add(`${event.data.account} ${event.data.clOrdId}`);
        return;
      case 'OrderCanceled':
      case 'CancelRejected':
      case 'ReplaceRejected':
      case 'OrderReplaced':
        this.#unanswered.delete(`${event.data.account} ${event.data.clOrdId}`);
        return;
      case 'FillUnmatched':
      case 'VenueDifferenceFound':
      case 'CommandRefused':
        expect(event).toBeUndefined();
    }
  }

  get open(): readonly string[] {
    return [...this.#halves.keys(), ...this.#unanswered];
  }
}

/** Starts once more, waits until the venue has nothing left to say, and stops. */
async function settle(directory: string): Promise<Audit> {
  const shard = await startShard({ directory, producers: ['client', 'venue'], capacity: CAPACITY });
  const venue = await startSimulatedVenue(shard, 1, 'venue');
  await venue.stop();
  await shard.stop();
  const audit = new Audit();
  const reader = new JournalReader(directory, { from: 0, end: shard.durableEnd });
  for (let batch = reader.read(); batch !== undefined; batch = reader.read()) {
    for (let at = 0; at < batch.length; at += batch.u16[(at + HEADER.length) >> 1] as number) {
      audit.take(decodeEvent(batch.bytes, at));
    }
  }
  reader.close();
  return audit;
}

describe('kill -9 of writer and venue', () => {
  it(`books each match once and on both sides, ${ROUNDS} times over (seed ${SEED})`, async () => {
    const directory = mkdtempSync(join(tmpdir(), 'venue-kill-'));
    let random = SEED;
    let fills = 0;
    for (let round = 0; round < ROUNDS; round += 1) {
      random = (Math.imul(random, 1_664_525) + 1_013_904_223) >>> 0;
      await tradeUntilKilled(directory, round, (random >>> 8) % LIFE_MS_MAX);
      // Mostly the next process recovers by itself, and may be killed while it does.
      if (round % 4 !== 3 && round !== ROUNDS - 1) continue;
      const audit = await settle(directory);
      expect(audit.open).toEqual([]);
      expect(audit.fills).toBeGreaterThanOrEqual(fills);
      fills = audit.fills;
    }
    expect(fills).toBeGreaterThan(0);
    for await (const finding of verifyJournal(directory)) expect(finding).toBeUndefined();
    rmSync(directory, { recursive: true, force: true });
  }, 300_000);
});
