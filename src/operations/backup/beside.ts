/**
 * Files of a data directory that no log gives again and a box is no use without: who may do what. Not
 * the keys of persons (`keys/`): to erase one must erase the person, also from every backup.
 */
import { createHash } from 'node:crypto';
import { type FileSystem, systemErrorCode } from '../../log/file-system.js';
import { PIECE_BYTES_MAX } from './limits.js';

/** Folders under the data directory, by kind. */
export const BESIDE = { identity: 'identity' } as const;

const IDENTITY_FILES = ['access.jsonl'];

export interface FileBeside {
  readonly kind: keyof typeof BESIDE;
  readonly name: string;
  readonly path: string;
}

/** Those that are there. */
export function filesBeside(files: FileSystem, dataDirectory: string): FileBeside[] {
  const directory = `${dataDirectory}/${BESIDE.identity}`;
  let names: string[];
  try {
    names = files.readdir(directory);
  } catch (error) {
    if (systemErrorCode(error) !== 'ENOENT') throw error;
    return [];
  }
  return IDENTITY_FILES.filter((name) => names.includes(name)).map((name) => {
    return { kind: 'identity', name, path: `${directory}/${name}` };
  });
}

/** SHA-256 of a whole file, hexadecimal. */
export function hashOfFile(files: FileSystem, path: string): string {
  const file = files.open(path, 'read');
  try {
    const size = files.size(file);
    const hash = createHash('sha256');
    const buffer = new Uint8Array(Math.min(PIECE_BYTES_MAX, Math.max(1, size)));
    for (let at = 0; at < size; ) {
      const count = files.pread(file, buffer, 0, Math.min(buffer.length, size - at), at);
      if (count === 0) break;
      hash.update(buffer.subarray(0, count));
      at += count;
    }
    return hash.digest('hex');
  } finally {
    files.close(file);
  }
}
