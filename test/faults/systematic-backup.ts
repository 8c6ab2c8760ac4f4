/**
 * Every fault of every file operation of the story of backups: each step is told again from its own
 * beginning, with one operation going wrong, or one file damaged at the moment it is opened.
 */
import { basename, dirname } from 'node:path';
import {
  BACKUP,
  type Chapter,
  dropLocks,
  FOREIGN,
  FOREIGN_BACKUP,
  JOURNAL,
  RESTORED,
  STORY,
  tellStory,
} from './backup-story.js';
import { type Damage, damageFile, FILE_DAMAGE, type FileDamage } from './damage.js';
import { SOAK } from './environment.js';
import { failOne, faultsOf } from './fault-plan.js';
import { type Fault, FaultyDisk, type OperationKind } from './faulty-disk.js';
import { Random } from './random.js';
import type { RecordedFlow } from './recorded-flow.js';
import { Violation } from './shard-lives.js';

/** For each so many operations of a step one more seed is needed to meet all faults of each. */
const LONG = 100;

/** Seeds that it takes at most. */
const TURNS_MAX = 6;

export interface Recorded {
  readonly kind: OperationKind;
  readonly path: string;
  readonly repeats: boolean;
}

/** One thing that goes wrong in a step. */
type Chosen = { readonly at: number } & (
  | { readonly fault: Fault }
  | { readonly damage: FileDamage }
);

export interface BackupSystematicResult {
  /** By the name of the step. */
  readonly operations: Readonly<Record<string, number>>;
  readonly rounds: Readonly<Record<string, number>>;
  /** By what came of it: the code of an error, or `done`. */
  readonly ends: Readonly<Record<string, number>>;
}

/** @throws Violation in the first round that goes wrong, with the step, the operation and the seed */
export async function everyFaultOfBackups(
  seed: number,
  flow: RecordedFlow,
  foreign: RecordedFlow,
  only?: string,
): Promise<BackupSystematicResult> {
  const operations: Record<string, number> = {};
  const rounds: Record<string, number> = {};
  const ends: Record<string, number> = {};
  const chapters = await tellStory(new FaultyDisk(new Random(seed)), flow, foreign);
  for (const chapter of chapters) {
    const { name } = chapter.step;
    if (only !== undefined && name !== only) continue;
    const recorded = await record(chapter, flow);
    operations[name] = recorded.length;
    rounds[name] = 0;
    // Long steps do the same again and again: a seed takes some of the faults of each operation.
    const every = SOAK ? 1 : Math.min(TURNS_MAX, Math.ceil(recorded.length / LONG));
    for (const [index, chosen] of [...choices(recorded)].entries()) {
      if ((index + seed) % every !== 0) continue;
      rounds[name] += 1;
      const end = await new Round(seed, chapter, flow, chosen, recorded).run();
      ends[end] = 1 + (ends[end] ?? 0);
    }
  }
  return { operations, rounds, ends };
}

/** The operations of a step when nothing goes wrong. */
export async function record(
  { disk, step, before }: Chapter,
  flow: RecordedFlow,
): Promise<Recorded[]> {
  const recorded: Recorded[] = [];
  const copy = disk.copy(new Random(1));
  let last = '';
  copy.watch(({ kind, path }) => {
    const repeats = last === `${kind} ${path}`;
    last = `${kind} ${path}`;
    recorded.push({ kind, path, repeats });
    return undefined;
  });
  await step.run(copy, before, flow);
  return recorded;
}

function* choices(recorded: readonly Recorded[]): Generator<Chosen> {
  for (const [at, { kind, repeats }] of recorded.entries()) {
    const faults = faultsOf(kind);
    for (const [index, fault] of faults.entries()) {
      // Operations that repeat the one before take turns.
      if (repeats && at % faults.length !== index) continue;
      yield { at, fault };
    }
    if (kind !== 'open') continue;
    for (const damage of Object.keys(FILE_DAMAGE) as FileDamage[]) yield { at, damage };
  }
}

class Round {
  readonly #chapter: Chapter;
  readonly #flow: RecordedFlow;
  readonly #chosen: Chosen;
  readonly #disk: FaultyDisk;
  readonly #random: Random;
  readonly #story: string[];
  /** A sync lied: what was promised may be gone, if that is named. */
  #lied = false;
  #damaged: Damage | undefined;

  constructor(
    seed: number,
    chapter: Chapter,
    flow: RecordedFlow,
    chosen: Chosen,
    recorded: readonly Recorded[],
  ) {
    this.#chapter = chapter;
    this.#flow = flow;
    this.#chosen = chosen;
    this.#random = new Random(seed + chosen.at);
    this.#disk = chapter.disk.copy(this.#random);
    const { kind, path } = recorded[chosen.at] as Recorded;
    this.#story = [`seed ${seed}, ${chapter.step.name}: ${JSON.stringify(chosen)} ${kind} ${path}`];
  }

  /** @returns how the step ended that something went wrong in */
  async run(): Promise<string> {
    try {
      const end = await this.#attempt(true);
      this.#restart();
      // Once more, and nothing goes wrong: what is left to do is done, or what is wrong is named.
      const again = await this.#attempt(false);
      this.#restart();
      await this.#checkBackup(again === 'done');
      const open = this.#disk.openFiles;
      if (open.length > 0) throw new Violation(`left open: ${open.join(', ')}`);
      return end;
    } catch (error) {
      throw new Violation(`${String(error)}\n  after ${this.#story.join('\n  then  ')}`, {
        cause: error,
      });
    }
  }

  async #attempt(first: boolean): Promise<string> {
    const { step, before } = this.#chapter;
    if (first) this.#plan();
    else this.#disk.watch(() => undefined);
    let end: string;
    try {
      await step.run(this.#disk, before, this.#flow);
      end = 'done';
    } catch (error) {
      if (error instanceof Violation) throw error;
      end = this.#judge(error, first);
    }
    this.#story.push(end);
    return end;
  }

  /** Lets the chosen operation go wrong, once. */
  #plan(): void {
    const chosen = this.#chosen;
    if ('fault' in chosen) {
      failOne(this.#disk, chosen.at, () => {
        if (chosen.fault.kind === 'lost-sync') this.#lied = true;
        return chosen.fault;
      });
      return;
    }
    this.#disk.watch(({ index, path }) => {
      if (index !== chosen.at) return undefined;
      const { damage } = chosen;
      const done = damageFile(this.#disk, path, foreignOf(dirname(path)), damage, this.#random);
      if (done === undefined) return undefined;
      this.#damaged = done;
      this.#story.push(`${done.file}: ${done.what}`);
      return undefined;
    });
  }

  /** An error must say what and where, and there must be a reason for it. */
  #judge(error: unknown, first: boolean): string {
    if (this.#disk.down !== undefined) return this.#disk.down;
    const { code } = error as { code?: string };
    const text = String(error);
    const places = [JOURNAL, BACKUP, RESTORED, '/scratch', 'journal/', 'files/', 'manifest/'];
    if (
      code === undefined ||
      code === 'ASSERTION_FAILED' ||
      !places.some((p) => text.includes(p))
    ) {
      throw new Violation(`an error that names no place: ${text}`, { cause: error });
    }
    const explained =
      this.#lied || this.#damaged !== undefined || (first && 'fault' in this.#chosen);
    if (!explained)
      throw new Violation(`failed although nothing was wrong: ${text}`, { cause: error });
    if (this.#damaged !== undefined) this.#checkNamed(this.#damaged, text);
    return code;
  }

  /** The file that is damaged, by its name; without its hash it is the same object of the store. */
  #checkNamed({ file, other }: Damage, text: string): void {
    if (text.includes(basename(file))) return;
    if (other !== undefined && text.includes(basename(other))) return;
    throw new Violation(`${file} is damaged, and named is ${text}`);
  }

  /** After a shipment: all of it comes back, or the damaged object is named. */
  async #checkBackup(shipped: boolean): Promise<void> {
    const { step, before } = this.#chapter;
    if (!step.ships || !shipped) return;
    this.#disk.removeTree(RESTORED);
    const restore = STORY.find(({ name }) => name === 'restore');
    const there = this.#flow.sequences[before.acknowledged] as number;
    try {
      await restore?.run(this.#disk, { ...before, shipped: there }, this.#flow);
      this.#story.push('restored');
    } catch (error) {
      if (error instanceof Violation) throw error;
      this.#story.push(this.#judge(error, false));
    }
  }

  #restart(): void {
    this.#disk.restart('sector');
    dropLocks(this.#disk);
  }
}

const foreignOf = (directory: string): string =>
  directory.startsWith(BACKUP)
    ? directory.replace(BACKUP, FOREIGN_BACKUP)
    : directory.replace(JOURNAL, FOREIGN).replace(`${RESTORED}/journal/shard-0`, FOREIGN);
