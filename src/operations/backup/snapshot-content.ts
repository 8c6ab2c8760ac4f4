import { createHash } from 'node:crypto';
import type { FileSystem } from '../../log/file-system.js';

const MAGIC = 'DBSNAP01';
const HASH_AT = 16;
const HASHED_FROM = 48;

/**
 * Whether the bytes of a snapshot file have the hash that it says (`log/snapshots/snapshot-file.ts`),
 * read in pieces. Whether its state is right only a state can tell.
 */
export function isWholeSnapshot(files: FileSystem, path: string, pieceBytes: number): boolean {
  const file = files.open(path, 'read');
  try {
    const size = files.size(file);
    const head = Buffer.alloc(HASHED_FROM);
    if (files.pread(file, head, 0, HASHED_FROM, 0) < HASHED_FROM) return false;
    if (head.toString('latin1', 0, HASH_AT / 2) !== MAGIC) return false;
    const hash = createHash('sha256');
    const buffer = new Uint8Array(Math.min(pieceBytes, Math.max(1, size)));
    for (let at = HASHED_FROM; at < size; ) {
      const count = files.pread(file, buffer, 0, Math.min(buffer.length, size - at), at);
      if (count === 0) return false;
      hash.update(buffer.subarray(0, count));
      at += count;
    }
    return hash.digest().equals(head.subarray(HASH_AT, HASHED_FROM));
  } finally {
    files.close(file);
  }
}
