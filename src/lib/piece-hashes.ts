/**
 * One hash over named pieces of memory:
 *
 * ```
 *   SHA-256( [[name, bytes], ...] as JSON | piece | piece | ... )
 *
 *   piece   up to one leaf: its bytes
 *           more:           the SHA-256 of each of its leaves (leaf-hashes.ts)
 * ```
 *
 * The names say how long each piece is, so every input has one meaning. Millions of rows are hashed on
 * two processors and while they are read; a small table costs one call.
 */
import { createHash } from 'node:crypto';
import { LEAF_BYTES, type LeafThreads, leafHashes } from './leaf-hashes.js';

export interface Piece {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** A piece with what stands for it in the hash of all. */
export interface HashedPiece extends Piece {
  readonly digest: Uint8Array;
}

/** What stands for a piece within the hash. */
export function pieceDigest(bytes: Uint8Array, threads: LeafThreads): Uint8Array {
  return bytes.length <= LEAF_BYTES ? bytes : leafHashes(bytes, threads);
}

/**
 * @param pieces of those that are not in memory their length alone
 * @returns hexadecimal text
 */
export function hashOfPieces(
  pieces: readonly {
    readonly name: string;
    readonly bytes: { readonly length: number };
    readonly digest: Uint8Array;
  }[],
): string {
  const shape = pieces.map(({ name, bytes }) => [name, bytes.length]);
  const hash = createHash('sha256').update(JSON.stringify(shape));
  for (const { digest } of pieces) hash.update(digest);
  return hash.digest('hex');
}
