/**
 * What a backup holds: one object that names all others with their hashes. Each is numbered one
 * higher than the one before, and the newest counts. It is stored last, so that everything it names
 * is there, and it is sealed as all objects are, so that with a key nobody else can make one.
 *
 * Objects are `folder/identity-hash`: `journal/` runs of whole commits, `files/` snapshots and dumps
 * cut to pieces, `manifest/`.
 */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { BackupStore } from './backup-store.js';
import { openObject, sealObject } from './envelope.js';
import { BackupError } from './errors.js';
import { LISTINGS_MAX, MANIFEST_BYTES_MAX, MANIFESTS_KEPT } from './limits.js';

const FORMAT = 'daybook-backup-1';
const GENERATION_DIGITS = 16;
const MANIFEST_NAME = /^manifest\/(\d{16})$/;

const whole = z.int().nonnegative();
const hash32 = z.string().regex(/^[0-9a-f]{64}$/);
const timeNs = z.string().regex(/^[0-9]{1,19}$/);

const storedPiece = z.object({
  /** Name of the object, its stored bytes and their SHA-256. */
  object: z.string(),
  stored: whole,
  sha256: hash32,
  /** Which bytes of the file these are. */
  offset: whole,
  bytes: whole,
});

const journalPiece = storedPiece.extend({
  /** First sequence of the segment that it is of. */
  segment: whole,
  /** The sequence after its last record, the time of that record and the chain value there. */
  next: whole,
  time: timeNs,
  chain: hash32,
});

const fileEntry = z.object({
  kind: z.enum(['snapshot', 'dump', 'identity']),
  name: z.string().regex(/^[a-z0-9._-]+$/),
  bytes: whole,
  /** SHA-256 of all of it, as it was read. */
  content: hash32,
  /** When it was shipped, ms since 1970. */
  at: whole,
  /** Of a snapshot: its anchor. */
  sequence: whole,
  pieces: z.array(storedPiece),
});

const schema = z.object({
  format: z.literal(FORMAT),
  shard: whole,
  generation: whole,
  /** When it was made, ms since 1970, and up to where the journal was durable then. */
  at: whole,
  durable: whole,
  journal: z.array(journalPiece),
  files: z.array(fileEntry),
  /** Objects that later ones have replaced, and since when; kept for readers under way. */
  retired: z.array(z.object({ object: z.string(), at: whole })),
});

export type StoredPiece = z.infer<typeof storedPiece>;
export type JournalPiece = z.infer<typeof journalPiece>;
export type BackedUpFile = z.infer<typeof fileEntry>;
export type Manifest = z.infer<typeof schema>;

export const emptyManifest = (shard: number): Manifest => ({
  ...{ format: FORMAT, shard, generation: 0, at: 0, durable: 0 },
  ...{ journal: [], files: [], retired: [] },
});

export const manifestName = (generation: number): string =>
  `manifest/${String(generation).padStart(GENERATION_DIGITS, '0')}`;

/** Generations of the manifests that there are, newest first. */
export async function listManifests(store: BackupStore): Promise<number[]> {
  const names = await store.list('manifest');
  return names
    .map((name) => MANIFEST_NAME.exec(name)?.[1])
    .filter((digits) => digits !== undefined)
    .map(Number)
    .sort((a, b) => b - a);
}

/**
 * The name of a manifest that should be there and is not, or undefined. An older one is removed only
 * after a newer one stands, so the newest always has two before it: with fewer, one was lost, and it
 * may be the newest.
 */
export async function missingManifest(store: BackupStore): Promise<string | undefined> {
  let missing: number | undefined;
  // A listing is no snapshot: it may miss what is stored, and find removed what goes, meanwhile.
  for (let listing = 0; listing < LISTINGS_MAX; listing += 1) {
    const [newest = 0, ...older] = await listManifests(store);
    const oldest = newest - MANIFESTS_KEPT + 1;
    if (oldest < 1 || older.includes(oldest)) return undefined;
    missing = oldest;
  }
  return missing === undefined ? undefined : manifestName(missing);
}

/**
 * @throws BackupError BACKUP_CONFLICT when there is one of this generation: another process backs up
 *   to the same place
 */
export async function writeManifest(
  store: BackupStore,
  manifest: Manifest,
  key: Uint8Array | undefined,
): Promise<void> {
  const name = manifestName(manifest.generation);
  const raw = Buffer.from(JSON.stringify(manifest));
  if (raw.length > MANIFEST_BYTES_MAX) {
    const message = `${store.description} is full: its manifest has reached ${raw.length} bytes`;
    throw new BackupError('BACKUP_STORE_FAILED', message, { object: name });
  }
  if (await store.create(name, await sealObject(name, raw, key))) return;
  const message = `${store.description}: another process has written ${name}`;
  throw new BackupError('BACKUP_CONFLICT', message, { object: name });
}

/**
 * The newest manifest, or undefined when there is none. One that is damaged is never passed over for
 * an older one: what came after that would be lost without a word.
 *
 * @throws BackupError BACKUP_OBJECT_DAMAGED, BACKUP_KEY_WRONG, BACKUP_FORMAT_UNKNOWN
 */
export async function readNewestManifest(
  store: BackupStore,
  key: Uint8Array | undefined,
): Promise<Manifest | undefined> {
  const [newest] = await listManifests(store);
  return newest === undefined ? undefined : readManifest(store, newest, key);
}

export async function readManifest(
  store: BackupStore,
  generation: number,
  key: Uint8Array | undefined,
): Promise<Manifest> {
  const name = manifestName(generation);
  const raw = await openObject(name, name, await store.get(name), key);
  const damaged = (what: string) =>
    new BackupError('BACKUP_OBJECT_DAMAGED', `${name}: ${what}`, { object: name });
  let json: unknown;
  try {
    json = JSON.parse(Buffer.from(raw).toString('utf8'));
  } catch {
    throw damaged('is no JSON');
  }
  const parsed = schema.safeParse(json);
  if (!parsed.success) throw damaged('has other fields than a manifest');
  if (parsed.data.generation !== generation) throw damaged('has the name of another');
  return parsed.data;
}

/** Every object that a reader of the manifest may ask for. */
export function objectsOf(manifest: Manifest): Set<string> {
  const pieces = [...manifest.journal, ...manifest.files.flatMap((file) => file.pieces)];
  return new Set(pieces.map(({ object }) => object));
}

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** What a piece is, apart from its content: bound into its seal. */
const journalIdentity = (segment: number, offset: number): string =>
  `journal/${String(segment).padStart(16, '0')}-${String(offset).padStart(10, '0')}`;
const fileIdentity = ({ kind, name }: Pick<BackedUpFile, 'kind' | 'name'>, offset: number) =>
  `files/${kind}-${name}-${String(offset).padStart(12, '0')}`;

/** Stores a piece of the journal or of a file under a name of its own. */
async function putPiece(
  store: BackupStore,
  identity: string,
  offset: number,
  raw: Uint8Array,
  key: Uint8Array | undefined,
): Promise<StoredPiece> {
  const sealed = await sealObject(identity, raw, key);
  const hash = sha256(sealed);
  const object = `${identity}-${hash.slice(0, 16)}`;
  await store.put(object, sealed);
  return { object, stored: sealed.length, sha256: hash, offset, bytes: raw.length };
}

export const putJournalPiece = (
  store: BackupStore,
  segment: number,
  offset: number,
  raw: Uint8Array,
  key: Uint8Array | undefined,
) => putPiece(store, journalIdentity(segment, offset), offset, raw, key);

export const putFilePiece = (
  store: BackupStore,
  file: Pick<BackedUpFile, 'kind' | 'name'>,
  offset: number,
  raw: Uint8Array,
  key: Uint8Array | undefined,
) => putPiece(store, fileIdentity(file, offset), offset, raw, key);

/**
 * The bytes of a piece, as they were shipped.
 * @throws BackupError naming the object
 */
async function getPiece(
  store: BackupStore,
  identity: string,
  piece: StoredPiece,
  key: Uint8Array | undefined,
): Promise<Uint8Array> {
  const { object } = piece;
  const stored = await store.get(object);
  const raw = await openObject(object, identity, stored, key);
  const same = stored.length === piece.stored && sha256(stored) === piece.sha256;
  if (same && raw.length === piece.bytes) return raw;
  const message = `${object}: is not the object that the manifest names`;
  throw new BackupError('BACKUP_OBJECT_DAMAGED', message, { object });
}

export const getJournalPiece = (
  store: BackupStore,
  piece: JournalPiece,
  key: Uint8Array | undefined,
) => getPiece(store, journalIdentity(piece.segment, piece.offset), piece, key);

export const getFilePiece = (
  store: BackupStore,
  file: BackedUpFile,
  piece: StoredPiece,
  key: Uint8Array | undefined,
) => getPiece(store, fileIdentity(file, piece.offset), piece, key);
