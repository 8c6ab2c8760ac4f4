/** What happened in a round, life by life, and whether every end was one that may be. */
import type { Place } from '../../src/log/journal/errors.js';
import type { Tear } from './disk-file.js';
import type { Happened } from './fault-plan.js';
import type { FaultyDisk } from './faulty-disk.js';
import { type LifeOptions, type ShardLives, Violation } from './shard-lives.js';

export class RoundLog {
  /** The lives: their fault, and how they ended (`ran`, or the code of the error). */
  readonly entries: string[] = [];
  readonly #disk: FaultyDisk;
  readonly #lives: ShardLives;
  readonly #directory: string;
  /** A sync lied; from then on damage, if it is named, is no violation. */
  #lied = false;
  /** Bytes of a torn write are no sectors: the tail that was never acknowledged may be refused. */
  #tornBytes = false;
  #last: Happened | undefined;

  constructor(disk: FaultyDisk, lives: ShardLives, directory: string) {
    this.#disk = disk;
    this.#lives = lives;
    this.#directory = directory;
  }

  /** Runs a round; a violation in it says what had happened. */
  async tell(name: string, round: () => Promise<void>): Promise<void> {
    try {
      await round();
    } catch (error) {
      const text = `${name}: ${String(error)}\n  after ${this.entries.join('\n  then  ')}`;
      throw new Violation(text, { cause: error });
    }
  }

  /** A life in which something may go wrong. */
  attempt(options: LifeOptions, plan: { readonly happened: Happened | undefined }): void {
    let end = 'ran';
    try {
      this.#lives.live(options);
    } catch (error) {
      this.#last = plan.happened;
      end = this.#judge(error);
    } finally {
      this.#last = plan.happened;
      this.entries.push(`${describe(plan.happened, this.#disk.full)} (${end})`);
    }
  }

  /** The next life finds the disk as this one left it. */
  restart(tear: Tear): void {
    if (this.#last?.fault.kind === 'lost-sync') this.#lied = true;
    if (tear === 'byte' && this.#disk.down === 'power') this.#tornBytes = true;
    this.#lives.lied = this.#lied;
    this.#last = undefined;
    this.#disk.full = false;
    this.#disk.restart(tear);
  }

  /** The last life, in which nothing goes wrong: all is there, and works. */
  async finish(options: LifeOptions): Promise<void> {
    this.#disk.watch(() => undefined);
    // First one commit and a kill: what a torn one left behind it would still stand there.
    this.attempt({ ...options, commits: 1, abandoned: true }, { happened: undefined });
    this.restart('sector');
    this.attempt({ ...options, abandoned: false }, { happened: undefined });
    const open = this.#disk.openFiles;
    if (open.length > 0) throw new Violation(`left open: ${open.join(', ')}`);
    const started = this.entries.at(-1)?.endsWith('(ran)') === true;
    // After a sync that lied a journal may rightly have findings; what it gave was checked.
    if (started && !this.#lied) await this.#lives.checkJournal();
  }

  /** An early end must be one that the fault explains, and say what it was and where. */
  #judge(error: unknown): string {
    if (error instanceof Violation) throw error;
    if (this.#disk.down !== undefined) return this.#disk.down;
    const { code, place } = error as { code?: string; place?: Place };
    const named = place === undefined || String(error).includes(place.file);
    if (
      code === undefined ||
      code === 'ASSERTION_FAILED' ||
      !named ||
      !String(error).includes(this.#directory)
    ) {
      throw new Violation(`an error that names no place: ${String(error)}`, { cause: error });
    }
    const explained =
      this.#last !== undefined || this.#disk.full || this.#lied || this.#isTail(code, place);
    if (explained) return code;
    throw new Violation(`failed although nothing was wrong: ${String(error)}`, { cause: error });
  }

  /** Damage in what was never acknowledged, where writes are torn at any byte. */
  #isTail(code: string, place: Place | undefined): boolean {
    const { sequences } = this.#lives.flow;
    const acknowledged = sequences[this.#lives.acknowledged] as number;
    const inTail = place !== undefined && place.sequence >= acknowledged;
    const inMark = place?.file.endsWith('/durable') === true;
    return this.#tornBytes && code === 'JOURNAL_DAMAGED' && (inTail || inMark);
  }
}

function describe(happened: Happened | undefined, full: boolean): string {
  if (happened === undefined) return full ? 'full disk' : 'nothing';
  const { operation, fault } = happened;
  return `${JSON.stringify(fault)} at ${operation.index}: ${operation.kind} ${operation.path}`;
}
