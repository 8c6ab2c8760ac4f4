/** The file system with the two calls of the journal's hot path on the addon. */
import type { NativeAddon } from '../lib/native-addon.js';
import { type FileSystem, nodeFileSystem } from './file-system.js';

/** What to do around a sync, for whoever has something to do. */
export interface SyncWatch {
  /** Between a write and its sync. */
  readonly onWritten?: () => void;
  /**
   * Asked before each sync: work to be done while the disk is at it, on a thread of its own, or
   * undefined when there is too little of it. It must not write to the log.
   */
  readonly meanwhile?: () => (() => void) | undefined;
}

export function nativeFileSystem(addon: NativeAddon, watch: SyncWatch = {}): FileSystem {
  const thread = watch.meanwhile === undefined ? undefined : addon.syncOpen();
  return {
    ...nodeFileSystem,
    pwrite: (file, from, start, length, position) =>
      addon.fileWrite(file, from, start, length, position),
    fdatasync(file) {
      watch.onWritten?.();
      const work = watch.meanwhile?.();
      if (thread === undefined || work === undefined) return addon.fileSync(file);
      addon.syncBegin(thread, file);
      try {
        work();
      } finally {
        // Whatever the work came to, nobody goes on before the disk has answered.
        addon.syncEnd(thread);
      }
    },
  };
}
