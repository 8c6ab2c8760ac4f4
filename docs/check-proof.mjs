// Checks a proof of `daybook verify --prove` with SHA-256 alone, without Daybook:
//
//   node check-proof.mjs proof
//
// It prints the records (of which the event is one) and what the proof leads to. That you compare with
// what you trust: the line "chain" or "tree" of a signed checkpoint, or a chain value you once noted.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';

const bytes = (hex) => Buffer.from(hex, 'hex');
const sha = (prefix, ...parts) =>
  createHash('sha256')
    .update(Buffer.concat([Buffer.of(prefix), ...parts]))
    .digest();

/** From leaf number `index` of `count` up to the root (RFC 6962). */
function rootOf(leaf, index, count, path) {
  const siblings = path.map(bytes);
  let node = leaf;
  for (; count > 1; index = Math.floor(index / 2), count = Math.ceil(count / 2)) {
    if (index % 2 === 1) node = sha(1, siblings.shift(), node);
    else if (index + 1 < count) node = sha(1, node, siblings.shift());
  }
  if (siblings.length > 0) throw new Error('the path is too long');
  return node;
}

const same = (found, told, what) => {
  if (!found.equals(told)) throw new Error(`${what} is not what the proof says`);
};

const proof = JSON.parse(readFileSync(process.argv[2], 'utf8'));
const [first, ...later] = (proof.links ?? [proof.link]).map(bytes);
const root = rootOf(sha(0, bytes(proof.records)), proof.leafIndex, proof.leafCount, proof.path);
same(root, first.subarray(24, 56), 'the root of the commit');
let chain = sha(2, bytes(proof.chainBefore), first);

if (proof.format === 'daybook-proof-2') {
  const tree = rootOf(sha(4, chain), proof.commit, proof.commits, proof.treePath);
  same(tree, bytes(proof.tree), 'the root of the tree');
} else {
  for (const link of later) {
    if (link.length === 72) {
      // A new segment begins: its header of 4096 bytes holds the chain value so far.
      same(link.subarray(40), chain, 'the chain at a segment');
      chain = sha(3, link, Buffer.alloc(4096 - 72));
    } else chain = sha(2, chain, link);
  }
  same(chain, bytes(proof.chain), 'the chain');
}

// A record begins with its length at byte 4 (u16) and has its sequence at byte 8 (binary64).
const records = bytes(proof.records);
let found;
for (let at = 0; at < records.length; at += records.readUInt16LE(at + 4)) {
  if (records.readDoubleLE(at + 8) === proof.sequence) found = at;
}
if (found === undefined) throw new Error('no record has the sequence');
const end = found + records.readUInt16LE(found + 4);
process.stdout.write(`event ${proof.sequence}: ${records.subarray(found, end).toString('hex')}\n`);
const to = proof.tree ? `tree ${proof.commits} ${proof.tree}` : `chain ${proof.chain}`;
process.stdout.write(`${to}\n`);
