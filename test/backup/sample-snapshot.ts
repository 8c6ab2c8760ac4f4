import { pieceDigest } from '../../src/lib/piece-hashes.js';
import { nodeFileSystem } from '../../src/log/file-system.js';
import { writeSnapshot } from '../../src/log/snapshots/snapshot-file.js';

/** A snapshot file of a state without meaning. @returns its path */
export function snapshotFile(directory: string, anchor: number): string {
  const header = {
    ...{ shard: 0, anchor, epoch: 1, time: String(anchor), catalogue: 1, schema: 'sample' },
    ...{ stateHash: '00'.repeat(32), values: {} },
  };
  const bytes = new Uint8Array(5000).map((_, index) => (index * anchor) % 251);
  const piece = { name: 'piece', bytes, digest: pieceDigest(bytes, 1) };
  const { file } = writeSnapshot(nodeFileSystem, directory, header, [piece]);
  return `${directory}/${file}`;
}
