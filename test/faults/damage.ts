/** What may happen to files while no process runs: other programs, other people, a bad disk. */
import type { DiskFile } from './disk-file.js';
import type { FaultyDisk } from './faulty-disk.js';
import type { Random } from './random.js';

export interface Damage {
  /** What was done, in words. */
  readonly what: string;
  readonly file: string;
  /** The other name, where it was renamed, or two were exchanged. */
  readonly other?: string;
  /** First byte that is wrong now; -1 where it is the name. */
  readonly at: number;
}

type Kind = (place: Place, random: Random) => Damage | undefined;

interface Place {
  readonly disk: FaultyDisk;
  readonly directory: string;
  /** The same directory of another shard. */
  readonly foreign: string;
  readonly name: string;
  readonly file: DiskFile;
}

const path = ({ directory, name }: Place) => `${directory}/${name}`;

const flip: Kind = (place, random) => {
  const { size } = place.file;
  if (size === 0) return undefined;
  const at = random.below(size);
  const bit = random.below(8);
  place.file.damage((bytes) => {
    bytes[at] = (bytes[at] as number) ^ (1 << bit);
    return bytes;
  });
  return { what: `bit ${bit} of byte ${at} of ${size} flipped`, file: path(place), at };
};

const truncate: Kind = (place, random) => {
  const { size } = place.file;
  const at = random.below(size + 1);
  // Zeros that were written ahead may go.
  if (place.file.bytes.subarray(at).every((byte) => byte === 0)) return undefined;
  place.file.damage((bytes) => bytes.slice(0, at));
  return { what: `cut from ${size} to ${at} bytes`, file: path(place), at };
};

const zero: Kind = (place, random) => {
  const start = Math.floor(random.below(place.file.size + 1) / 512) * 512;
  const end = start + 512 * (1 + random.below(3));
  const first = place.file.bytes.subarray(start, end).findIndex((byte) => byte !== 0);
  if (first < 0) return undefined;
  place.file.damage((bytes) => bytes.fill(0, start, end));
  return { what: `bytes ${start} to ${end} lost`, file: path(place), at: start + first };
};

const remove: Kind = (place) => {
  place.disk.directory(place.directory).damage((names) => names.delete(place.name));
  return { what: 'removed', file: path(place), at: -1 };
};

/** To a name that such a file could have. */
const rename: Kind = (place, random) => {
  const digits = /\d{16}/.exec(place.name)?.[0];
  if (digits === undefined) return undefined;
  const number = String(Math.max(0, Number(digits) + random.below(9) - 4)).padStart(16, '0');
  const to = place.name.replace(digits, number);
  const directory = place.disk.directory(place.directory);
  if (to === place.name || directory.names.has(to)) return undefined;
  directory.damage((names) => {
    names.delete(place.name);
    names.set(to, place.file);
  });
  const names = { file: path(place), other: `${place.directory}/${to}` };
  return { what: `renamed to ${to}`, ...names, at: -1 };
};

/** With the file that has its name in the other shard. */
const swap: Kind = (place) => {
  const own = place.disk.directory(place.directory);
  if (!place.disk.has(place.foreign)) return undefined;
  const other = place.disk.directory(place.foreign);
  const foreign = other.names.get(place.name);
  if (foreign === undefined) return undefined;
  own.damage((names) => names.set(place.name, foreign));
  other.damage((names) => names.set(place.name, place.file));
  return { what: 'swapped with that of another shard', file: path(place), at: 0 };
};

/** With another file of the same directory. */
const exchange: Kind = (place, random) => {
  const directory = place.disk.directory(place.directory);
  const other = random.pick([...directory.names.keys()]);
  const file = directory.names.get(other) as DiskFile;
  if (file === place.file) return undefined;
  directory.damage((names) => {
    names.set(place.name, file);
    names.set(other, place.file);
  });
  const names = { file: path(place), other: `${place.directory}/${other}` };
  return { what: `exchanged with ${other}`, ...names, at: 0 };
};

const append: Kind = (place, random) => {
  const at = place.file.size;
  const more = Uint8Array.from({ length: 1 + random.below(600) }, () => 1 + random.below(255));
  place.file.damage((bytes) => new Uint8Array(Buffer.concat([bytes, more])));
  return { what: `${more.length} bytes behind its end`, file: path(place), at };
};

/** With the file that stands in its place in the other shard, whatever its name. */
const foreignInPlace: Kind = (place) => {
  if (!place.disk.has(place.foreign)) return undefined;
  const at = [...place.disk.directory(place.directory).names.keys()].sort().indexOf(place.name);
  const other = place.disk.directory(place.foreign).names;
  const file = other.get(place.name) ?? other.get([...other.keys()].sort()[at] ?? '');
  if (file === undefined || Buffer.compare(file.bytes, place.file.bytes) === 0) return undefined;
  const bytes = file.bytes.slice();
  place.file.damage(() => bytes);
  return { what: 'has the bytes of that of another shard', file: path(place), at: 0 };
};

/** What may have happened to a file that is about to be opened. */
export const FILE_DAMAGE = { flip, truncate, remove, rename, foreign: foreignInPlace } as const;

export type FileDamage = keyof typeof FILE_DAMAGE;

/**
 * Damages this file; undefined where there is none, or nothing would change.
 * @param foreign the same directory of another shard
 */
export function damageFile(
  disk: FaultyDisk,
  file: string,
  foreign: string,
  kind: FileDamage,
  random: Random,
): Damage | undefined {
  const slash = file.lastIndexOf('/');
  const [directory, name] = [file.slice(0, slash), file.slice(slash + 1)];
  const found = disk.has(directory) ? disk.directory(directory).names.get(name) : undefined;
  if (found === undefined) return undefined;
  return FILE_DAMAGE[kind]({ disk, directory, foreign, name, file: found }, random);
}

const KINDS: readonly Kind[] = [flip, flip, truncate, zero, remove, rename, swap, exchange, append];

/** Damages one file of the directory; undefined where the draw would change nothing. */
export function damage(
  disk: FaultyDisk,
  directory: string,
  foreign: string,
  random: Random,
): Damage | undefined {
  const { names } = disk.directory(directory);
  // Files with random names are left over from a crash: nobody reads them.
  const all = [...names.keys()].filter((each) => !/\.[0-9a-f-]{36}/.test(each)).sort();
  if (all.length === 0) return undefined;
  const name = random.pick(all);
  const file = names.get(name) as DiskFile;
  return random.pick(KINDS)({ disk, directory, foreign, name, file }, random);
}
