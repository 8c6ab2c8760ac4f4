/** The tables of docs/faults.md: which faults each operation meets, and which operations each story has. */
import { table } from '../../src/cli/reference-pages.js';
import { trimToPlan } from '../../src/operations/retention/retention.js';
import { tellStory } from './backup-story.js';
import { FILE_DAMAGE } from './damage.js';
import { faultsOf, OPERATIONS } from './fault-plan.js';
import { type Fault, FaultyDisk, type OperationKind } from './faulty-disk.js';
import { Random } from './random.js';
import { recordFlow } from './recorded-flow.js';
import { operationsOf } from './systematic.js';
import { record } from './systematic-backup.js';
import { optionsOf, prepared } from './trim-story.js';

/** A column: which faults are of the class, and what a cell says of one. */
const CLASSES: Readonly<Record<string, (fault: Fault) => string | undefined>> = {
  'fails, nothing done': (f) => (f.kind === 'error' && f.when === 'before' ? f.code : undefined),
  'fails, done all the same': (f) =>
    f.kind === 'error' && f.when === 'after' ? f.code : undefined,
  'fails in the middle': (f) => (f.kind === 'partial' ? f.code : undefined),
  short: (f) => (f.kind === 'short' ? 'yes' : undefined),
  'ends too early': (f) => (f.kind === 'end' ? 'yes' : undefined),
  'bit flipped': (f) => (f.kind === 'flip' ? 'yes' : undefined),
  'says done, is not': (f) =>
    f.kind === 'lost-sync' ? (f.forever ? 'for good' : 'once') : undefined,
  'power fails': (f) => (f.kind === 'power' ? f.when : undefined),
  'process killed': (f) => (f.kind === 'kill' ? f.when : undefined),
};

export function faultTable(): string {
  const rows = OPERATIONS.map((kind) => {
    const faults = faultsOf(kind);
    const cells = Object.values(CLASSES).map((of) =>
      faults
        .map(of)
        .filter((each) => each !== undefined)
        .join(', '),
    );
    return [`\`${kind}\``, ...cells];
  });
  return table(['operation', ...Object.keys(CLASSES)], rows);
}

/** Told once without faults; a cell says whether the story has such an operation. */
export async function storyTable(): Promise<string> {
  const stories = new Map<string, ReadonlySet<OperationKind>>();
  const note = (name: string, of: readonly { readonly kind: OperationKind }[]) =>
    stories.set(name, new Set([...(stories.get(name) ?? []), ...of.map(({ kind }) => kind)]));
  const flow = recordFlow(7, 60);
  const [first, second] = operationsOf(1, flow);
  note('journal, snapshots', first);
  note('recovery', second);
  const disk = new FaultyDisk(new Random(1));
  for (const chapter of await tellStory(disk, flow, recordFlow(7, 60, 1))) {
    const [name = ''] = chapter.step.name.split(/,| to a| ship/);
    note(name === 'first' ? 'shipment' : name, await record(chapter, flow));
  }
  note('trim', await ofTrim());
  const rows = OPERATIONS.map((kind) => [
    `\`${kind}\``,
    ...[...stories.values()].map((kinds) => (kinds.has(kind) ? 'yes' : '')),
  ]);
  return table(['operation', ...stories.keys()], rows);
}

async function ofTrim(): Promise<{ readonly kind: OperationKind }[]> {
  const { disk } = await prepared();
  const kinds: { readonly kind: OperationKind }[] = [];
  disk.watch((operation) => {
    kinds.push(operation);
    return undefined;
  });
  await trimToPlan(optionsOf(disk));
  return kinds;
}

/** What may happen to a file of a backup, a restore or a drill at the moment it is opened. */
export const damageNames = (): readonly string[] => Object.keys(FILE_DAMAGE);
