/** The file system with the two calls of the journal's hot path on the addon. */
import type { NativeAddon } from '../lib/native-addon.js';
import { type FileSystem, nodeFileSystem } from './file-system.js';

/** @param onWritten called between a write and its sync */
export function nativeFileSystem(addon: NativeAddon, onWritten?: () => void): FileSystem {
  return {
    ...nodeFileSystem,
    pwrite: (file, from, start, length, position) =>
      addon.fileWrite(file, from, start, length, position),
    fdatasync(file) {
      onWritten?.();
      addon.fileSync(file);
    },
  };
}
