/** Small files that are replaced as a whole: records of a trim, registers, snapshots of positions. */
import { type FileSystem, pwriteAll, systemErrorCode } from './file-system.js';

/** What is being written, until it takes the place of the old one. */
const NEW_SUFFIX = '.new';

/**
 * After a crash at any moment the file is the old one or the new one, never a part; once this returns
 * it is the new one, also without power. What a crash has left half written is replaced.
 *
 * ```
 *   PATH.new  created, written, synced  ──► renamed to PATH  ──► directory synced
 * ```
 */
export function writeWhole(files: FileSystem, path: string, bytes: Uint8Array): void {
  const temporary = path + NEW_SUFFIX;
  try {
    files.unlink(temporary);
  } catch (error) {
    if (systemErrorCode(error) !== 'ENOENT') throw error;
  }
  const file = files.open(temporary, 'create');
  try {
    pwriteAll(files, file, bytes, bytes.length, 0);
    files.fsync(file);
  } finally {
    files.close(file);
  }
  files.rename(temporary, path);
  files.syncDirectory(path.slice(0, path.lastIndexOf('/')));
}
