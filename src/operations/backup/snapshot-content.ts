import type { FileSystem } from '../../log/file-system.js';
import { SnapshotError } from '../../log/snapshots/errors.js';
import { SnapshotReader } from '../../log/snapshots/snapshot-file.js';

/**
 * Whether every byte of a snapshot file is what was written (`log/snapshots/snapshot-file.ts`). Whether
 * its state is right only a state can tell.
 */
export function isWholeSnapshot(files: FileSystem, path: string): boolean {
  try {
    const reader = new SnapshotReader(files, path);
    try {
      reader.check();
    } finally {
      reader.close();
    }
    return true;
  } catch (error) {
    if (error instanceof SnapshotError) return false;
    throw error;
  }
}
