import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { auditPath, HASH_BYTES, HashTree, hashPrefixed, rootFromPath } from './hash-tree.js';

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

/** The definition of RFC 6962, 2.1, word for word. */
function reference(leaves: readonly Uint8Array[]): Uint8Array {
  const sha256 = (...parts: Uint8Array[]): Uint8Array =>
    parts.reduce((hash, part) => hash.update(part), createHash('sha256')).digest();
  if (leaves.length === 1) return sha256(Uint8Array.of(0), leaves[0]!);
  let split = 1;
  while (split * 2 < leaves.length) split *= 2;
  const left = reference(leaves.slice(0, split));
  return sha256(Uint8Array.of(1), left, reference(leaves.slice(split)));
}

function treeOf(contents: readonly Uint8Array[]): HashTree {
  const tree = new HashTree(1);
  for (const content of contents) {
    const bytes = Uint8Array.of(0xaa, ...content);
    tree.addLeaf(bytes, 1, bytes.length);
    expect(bytes[0]).toBe(0xaa);
  }
  return tree;
}

function rootOf(tree: HashTree): Uint8Array {
  const root = new Uint8Array(HASH_BYTES);
  tree.root(root, 0);
  return root;
}

describe('HashTree', () => {
  it('gives the roots of the Certificate Transparency test vectors', () => {
    const inputs = ['', '00', '10', '2021', '3031', '40414243', '5051525354555657'];
    inputs.push('606162636465666768696a6b6c6d6e6f');
    const contents = inputs.map((text) => Uint8Array.from(Buffer.from(text, 'hex')));
    const roots: [number, string][] = [
      [1, '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d'],
      [2, 'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125'],
      [3, 'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77'],
      [8, '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328'],
    ];
    for (const [count, root] of roots) {
      expect(hex(rootOf(treeOf(contents.slice(0, count))))).toBe(root);
    }
  });

  it('has the shape of RFC 6962 for any number of leaves, and proves each of them', () => {
    const leaves = fc.array(fc.uint8Array({ maxLength: 40 }), { minLength: 1, maxLength: 70 });
    fc.assert(
      fc.property(leaves, fc.nat(), (contents, any) => {
        const tree = treeOf(contents);
        const hashes = contents.map((_, index) => tree.leaf(index));
        const root = hex(rootOf(tree));
        expect(root).toBe(hex(reference(contents)));
        expect(tree.leafCount).toBe(0);
        const index = any % contents.length;
        const path = auditPath(hashes, index);
        expect(hex(rootFromPath(hashes[index]!, index, contents.length, path))).toBe(root);
        if (path.length > 0) {
          const wrong = path.map((hash) => hash.slice());
          wrong[0]![5]! ^= 1;
          expect(hex(rootFromPath(hashes[index]!, index, contents.length, wrong))).not.toBe(root);
        }
      }),
    );
  });

  it('needs a byte to lend to the prefix', () => {
    expect(() => hashPrefixed(0, new Uint8Array(4), 0, 4, new Uint8Array(32), 0)).toThrow('before');
  });
});
