import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RecentCommits } from './recent-commits.js';

const ENTRY = 48 + 2 * 's'.length + 'a'.length;

describe('the cache of recent commits', () => {
  it('keeps what fits exactly and drops the oldest for one more', () => {
    const recent = new RecentCommits(3 * ENTRY);
    for (const [index, id] of ['a', 'b', 'c'].entries())
      recent.add({ stream: 's', id, revision: index });
    expect(recent.revisionOf('s', 'a')).toBe(0);
    recent.add({ stream: 's', id: 'd', revision: 3 });
    expect(recent.revisionOf('s', 'a')).toBeUndefined();
    expect(recent.revisionOf('s', 'b')).toBe(1);
    expect(recent.bytes).toBe(3 * ENTRY);
  });

  it('keeps the newer place of an id that was written twice', () => {
    const recent = new RecentCommits(2 * ENTRY);
    recent.add({ stream: 's', id: 'a', revision: 0 });
    recent.add({ stream: 's', id: 'a', revision: 1 });
    recent.add({ stream: 's', id: 'b', revision: 2 });
    expect(recent.revisionOf('s', 'a')).toBe(1);
  });

  it('tells streams apart', () => {
    const recent = new RecentCommits();
    recent.add({ stream: 's', id: 'a', revision: 0 });
    expect(recent.revisionOf('t', 'a')).toBeUndefined();
  });

  it('stays within its bound over many evictions', () => {
    const recent = new RecentCommits(10 * ENTRY);
    for (let revision = 0; revision < 5_000; revision += 1) {
      recent.add({ stream: 's', id: String(revision % 10), revision });
    }
    expect(recent.bytes).toBeLessThanOrEqual(10 * ENTRY);
    expect(recent.revisionOf('s', '9')).toBe(4_999);
  });

  it('knows the same whenever it is first asked', () => {
    const commit = fc.record({
      stream: fc.constantFrom('s', 't'),
      id: fc.constantFrom(...'abcdef'),
    });
    fc.assert(
      fc.property(fc.array(commit, { maxLength: 40 }), fc.nat(40), (commits, first) => {
        const [asked, late] = [new RecentCommits(8 * ENTRY), new RecentCommits(8 * ENTRY)];
        asked.revisionOf('s', 'a');
        const all = (recent: RecentCommits) =>
          ['s', 't'].flatMap((stream) => [...'abcdef'].map((id) => recent.revisionOf(stream, id)));
        for (const [revision, { stream, id }] of commits.entries()) {
          if (revision === first) expect(all(late)).toEqual(all(asked));
          asked.add({ stream, id, revision });
          late.add({ stream, id, revision });
        }
        expect(all(late)).toEqual(all(asked));
      }),
    );
  });
});
