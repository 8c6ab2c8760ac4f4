/** Which operation of a life goes wrong, and how. */
import type { Fault, FaultyDisk, Operation, OperationKind } from './faulty-disk.js';
import type { Random } from './random.js';

const before = (code: string): Fault => ({ kind: 'error', code, when: 'before' });
const after = (code: string): Fault => ({ kind: 'error', code, when: 'after' });

const ENDS: readonly Fault[] = [
  { kind: 'power', when: 'before' },
  { kind: 'power', when: 'after' },
  { kind: 'kill', when: 'before' },
  { kind: 'kill', when: 'after' },
];

/** A sync that lies: the only fault after which something acknowledged may be missing. */
const LOST: readonly Fault[] = [
  { kind: 'lost-sync', forever: false },
  { kind: 'lost-sync', forever: true },
];

/** What each operation may meet, beside the end of the process or of the power. */
const FAULTS: Record<OperationKind, readonly Fault[]> = {
  open: [before('EIO'), before('EMFILE'), before('ENOSPC'), after('EIO')],
  close: [after('EIO')],
  pread: [before('EIO'), { kind: 'short' }, { kind: 'end' }, { kind: 'flip' }],
  pwrite: [
    before('EIO'),
    before('ENOSPC'),
    after('EIO'),
    { kind: 'partial', code: 'EIO' },
    { kind: 'partial', code: 'ENOSPC' },
    { kind: 'short' },
  ],
  fdatasync: [before('EIO'), after('EIO'), before('ENOSPC')],
  fsync: [before('EIO'), after('EIO'), before('ENOSPC')],
  truncate: [before('EIO'), after('EIO')],
  size: [before('EIO')],
  rename: [before('EIO'), after('EIO'), before('ENOSPC')],
  link: [before('EIO'), after('EIO'), before('ENOSPC')],
  unlink: [before('EIO'), after('EIO')],
  readdir: [before('EIO')],
  makeDirectory: [before('EIO'), after('EIO'), before('ENOSPC')],
  syncDirectory: [before('EIO'), after('EIO')],
};

export const OPERATIONS = Object.keys(FAULTS) as readonly OperationKind[];

/** All that may happen to an operation of this kind. */
export function faultsOf(kind: OperationKind): readonly Fault[] {
  return [...FAULTS[kind], ...(isSync(kind) ? LOST : []), ...ENDS];
}

/** What happened to the operation that was chosen. */
export interface Happened {
  readonly operation: Operation;
  readonly fault: Fault;
}

/** Lets the operation number `at` go wrong: in the given way, or one drawn for its kind. */
export function failOne(
  disk: FaultyDisk,
  at: number,
  choose: (kind: OperationKind) => Fault | undefined,
): { happened: Happened | undefined } {
  const result: { happened: Happened | undefined } = { happened: undefined };
  disk.watch((operation) => {
    if (operation.index !== at) return undefined;
    const fault = choose(operation.kind);
    if (fault !== undefined) result.happened = { operation, fault };
    return fault;
  });
  return result;
}

/** Lets the sync number `nth` go wrong: the operations on which everything depends. */
export function failSync(
  disk: FaultyDisk,
  nth: number,
  choose: (kind: OperationKind) => Fault | undefined,
  wanted: (kind: OperationKind) => boolean = isSync,
): { happened: Happened | undefined } {
  const result: { happened: Happened | undefined } = { happened: undefined };
  let syncs = 0;
  disk.watch((operation) => {
    if (!wanted(operation.kind)) return undefined;
    syncs += 1;
    if (syncs !== nth + 1) return undefined;
    const fault = choose(operation.kind);
    if (fault !== undefined) result.happened = { operation, fault };
    return fault;
  });
  return result;
}

const isSync = (kind: OperationKind): boolean =>
  kind === 'fdatasync' || kind === 'fsync' || kind === 'syncDirectory';

/** Power fails while commit number `nth` is on its way to the disk: it may be torn. */
export const tearCommit = (disk: FaultyDisk, nth: number): { happened: Happened | undefined } =>
  failSync(
    disk,
    nth,
    () => ({ kind: 'power', when: 'before' }),
    (kind) => kind === 'fdatasync',
  );

/** The disk is full from the operation number `at` on. */
export function fillFrom(disk: FaultyDisk, at: number): { happened: undefined } {
  disk.watch(({ index }) => {
    if (index === at) disk.full = true;
    return undefined;
  });
  return { happened: undefined };
}

export function drawFault(random: Random): (kind: OperationKind) => Fault {
  return (kind) => {
    // Half of all: an end, where most of the differences lie.
    if (random.once(2)) return random.pick(ENDS);
    return random.pick(faultsOf(kind));
  };
}
