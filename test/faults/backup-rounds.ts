/**
 * Rounds of backup and restore: a shard that goes on trading is shipped to a directory and restored
 * from it, with a fault at any operation of either, a clock that steps back, and now and then a
 * damaged object. What was shipped comes back, or what is wrong is named; never another state.
 */
import { stateHash } from '../../src/commands/state-hash.js';
import { namingFiles } from '../../src/log/file-system.js';
import { LOCK_NAME } from '../../src/log/journal/directory-lock.js';
import { FixedDurableEnd } from '../../src/log/journal/fixed-durable-end.js';
import { findJournalEnd } from '../../src/log/journal/recovery.js';
import { verifyJournal } from '../../src/log/journal/verify-journal.js';
import { Backup } from '../../src/operations/backup/backup.js';
import { DirectoryStore } from '../../src/operations/backup/directory-store.js';
import { durablePosition } from '../../src/operations/backup/durable-position.js';
import { type RestoredBackup, restoreBackup } from '../../src/operations/backup/restore.js';
import { recoverState } from '../../src/operations/snapshots.js';
import { damage } from './damage.js';
import { drawFault, failOne } from './fault-plan.js';
import { FaultyDisk } from './faulty-disk.js';
import { Random } from './random.js';
import { newState, type RecordedFlow } from './recorded-flow.js';
import { type LifeOptions, ShardLives, Violation } from './shard-lives.js';

const JOURNAL = '/data/journal/shard-0';
const BACKUP = '/backup';
const RESTORED = '/restored';

/** Operations of a shipment and of a restore, about. */
const SHIP_OPERATIONS = 150;
const RESTORE_OPERATIONS = 60;
const DAY_MS = 86_400_000;

/** @returns what happened, step by step. @throws Violation with the seed and the story */
export async function backupRound(seed: number, flow: RecordedFlow): Promise<readonly string[]> {
  const round = new BackupRound(seed, flow);
  try {
    await round.run();
    return round.story;
  } catch (error) {
    const text = `backup round ${seed}: ${String(error)}\n  after ${round.story.join('\n  then  ')}`;
    throw new Violation(text, { cause: error });
  }
}

class BackupRound {
  readonly story: string[] = [];
  readonly #random: Random;
  readonly #disk: FaultyDisk;
  readonly #lives: ShardLives;
  readonly #flow: RecordedFlow;
  readonly #options: LifeOptions;
  /** Everything before it was shipped, and said to be. */
  #shipped = 0;
  #lied = false;
  #nowMs = 1_790_000_000_000;

  constructor(seed: number, flow: RecordedFlow) {
    this.#random = new Random(seed);
    this.#disk = new FaultyDisk(this.#random);
    this.#flow = flow;
    this.#lives = new ShardLives(this.#disk, this.#random, flow, JOURNAL);
    this.#options = {
      catalogue: 1,
      segmentBytesMax: 2000 + this.#random.below(10_000),
      commits: 4,
      snapshotEvery: 4,
      abandoned: false,
    };
  }

  async run(): Promise<void> {
    this.#trade();
    for (let more = this.#random.below(3); more > 0; more -= 1) {
      await this.#step(SHIP_OPERATIONS, () => this.#ship());
      if (this.#random.once(2)) this.#trade();
    }
    if (!(await this.#withoutFault('ship', () => this.#ship()))) return;
    const broken = this.#random.once(3) ? this.#damage() : undefined;
    for (let more = this.#random.below(3); more > 0; more -= 1) {
      await this.#step(RESTORE_OPERATIONS, () => this.#restore(broken), broken);
      this.#forgetRestored();
    }
    await this.#withoutFault('restore', () => this.#restore(broken), broken);
    const open = this.#disk.openFiles;
    if (open.length > 0) throw new Violation(`left open: ${open.join(', ')}`);
  }

  #trade(): void {
    this.#disk.watch(() => undefined);
    this.#lives.lied = this.#lied;
    this.#lives.live(this.#options);
  }

  async #ship(): Promise<void> {
    const files = namingFiles(this.#disk);
    const backup = await Backup.open({
      journal: JOURNAL,
      shard: 0,
      durable: () => durablePosition(files, JOURNAL, 0),
      store: new DirectoryStore(BACKUP, files),
      fileSystem: files,
      now: () => this.#now(),
    });
    const { next } = await backup.ship();
    const there = this.#flow.sequences[this.#lives.acknowledged] as number;
    if (next !== there && !this.#lied) throw new Violation(`shipped ${next} of ${there} events`);
    this.#shipped = next;
  }

  /** Mostly later, now and then much earlier. */
  #now(): number {
    this.#nowMs += this.#random.once(5) ? -DAY_MS : this.#random.below(DAY_MS);
    return this.#nowMs;
  }

  async #restore(broken: string | undefined): Promise<void> {
    const files = namingFiles(this.#disk);
    const sequence = this.#random.below(Math.max(1, this.#shipped));
    const at = this.#random.once(3) && this.#shipped > 0 ? { sequence } : undefined;
    const store = new DirectoryStore(BACKUP, files);
    let restored: Pick<RestoredBackup, 'journal' | 'next'>;
    let older = broken !== undefined;
    try {
      restored = await restoreBackup({ store, target: RESTORED, at, fileSystem: files });
    } catch (error) {
      const found = this.#installed(error);
      if (found === undefined) throw error;
      restored = found;
      // To the moment that the killed one was asked for.
      older = true;
    }
    this.#disk.watch(() => undefined);
    // What was told is there is there after the power fails.
    if (this.#random.once(2)) {
      this.#disk.down = 'power';
      this.#restart();
    }
    await this.#checkRestored(restored, older ? undefined : at?.sequence, older);
  }

  /** A restore that was killed after its last effect, and refuses to be done again over itself. */
  #installed(error: unknown): Pick<RestoredBackup, 'journal' | 'next'> | undefined {
    if ((error as { code?: string }).code !== 'RESTORE_TARGET_NOT_EMPTY') return undefined;
    if (this.#disk.directory(RESTORED).names.has('restoring')) return undefined;
    const journal = `${RESTORED}/journal/shard-0`;
    const end = findJournalEnd(namingFiles(this.#disk), journal, 0);
    return { journal, next: end?.position.nextSequence ?? 0 };
  }

  async #checkRestored(
    { journal, next }: Pick<RestoredBackup, 'journal' | 'next'>,
    at: number | undefined,
    older: boolean,
  ): Promise<void> {
    const files = namingFiles(this.#disk);
    const { sequences, hashes } = this.#flow;
    const beyond = at !== undefined && next > at + 1;
    // Without the newest manifest the one before is the newest.
    const missing = at === undefined && next < this.#shipped && !(older || this.#lied);
    if (beyond || missing) throw new Violation(`restored ${next} of ${this.#shipped} events`);
    for await (const finding of verifyJournal(journal, { shard: 0, fileSystem: files })) {
      const { file, reason, code } = finding;
      throw Object.assign(new Error(`${file}: ${reason}`), { code });
    }
    const end = FixedDurableEnd.find(files, journal, 0);
    const { state } = recoverState(journal, 0, end, newState, files);
    if (state.nextSequence !== next || stateHash(state) !== hashes[sequences.indexOf(next)]) {
      throw new Violation(`restored to a wrong state at ${state.nextSequence}, said ${next}`);
    }
  }

  /** @returns the object that is damaged now */
  #damage(): string | undefined {
    const folder = this.#random.pick(['journal', 'files', 'manifest']);
    const path = `${BACKUP}/${folder}`;
    if (!this.#disk.has(path)) return undefined;
    const done = damage(this.#disk, path, '/nowhere', this.#random);
    if (done !== undefined) this.story.push(`${done.file}: ${done.what}`);
    return done?.file;
  }

  async #step(
    operations: number,
    work: () => Promise<void>,
    broken?: string | undefined,
  ): Promise<void> {
    const plan = failOne(this.#disk, this.#random.below(operations), drawFault(this.#random));
    const error = await attempt(work);
    const { happened } = plan;
    const what = happened && `${JSON.stringify(happened.fault)} ${happened.operation.kind}`;
    const end =
      error === undefined
        ? 'done'
        : this.#judge(error, happened !== undefined || broken !== undefined);
    this.story.push(`${what ?? 'nothing'} ${happened?.operation.path ?? ''} (${end})`);
    if (happened?.fault.kind === 'lost-sync') this.#lied = true;
    this.#restart();
  }

  /** @returns whether it went well; if not, it may fail only for something older, by name */
  async #withoutFault(
    name: string,
    work: () => Promise<void>,
    broken?: string | undefined,
  ): Promise<boolean> {
    this.#disk.watch(() => undefined);
    const error = await attempt(work);
    const end = error === undefined ? 'done' : this.#judge(error, broken !== undefined);
    this.story.push(`${name} (${end})`);
    return error === undefined;
  }

  #judge(error: unknown, explained: boolean): string {
    if (this.#disk.down !== undefined) return this.#disk.down;
    const { code } = error as { code?: string };
    const text = String(error);
    const places = [JOURNAL, BACKUP, RESTORED, 'journal/', 'files/', 'manifest/'];
    // There is no place to it: the moment asked for is within the first commit.
    const named = places.some((part) => text.includes(part)) || code === 'RESTORE_POINT_OUTSIDE';
    if (code === undefined || code === 'ASSERTION_FAILED' || !named) {
      throw new Violation(`an error that names no place: ${text}`, { cause: error });
    }
    if (explained || this.#lied || code === 'RESTORE_POINT_OUTSIDE') return code;
    throw new Violation(`failed although nothing was wrong: ${text}`, { cause: error });
  }

  #restart(): void {
    this.#disk.restart('sector');
    // The process that held them is dead; here it is this one, which goes on.
    for (const path of [JOURNAL, BACKUP]) {
      if (!this.#disk.has(path)) continue;
      this.#disk.directory(path).damage((names) => names.delete(LOCK_NAME));
    }
  }

  /** A restore that was through is not done again over it: take it away. */
  #forgetRestored(): void {
    const { length } = this.story;
    if (this.story[length - 1]?.endsWith('(done)') === true) this.#disk.removeTree(RESTORED);
  }
}

async function attempt(work: () => Promise<void>): Promise<unknown> {
  try {
    await work();
    return undefined;
  } catch (error) {
    if (error instanceof Violation) throw error;
    return error;
  }
}
