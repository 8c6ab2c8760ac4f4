import { describe, expect, it } from 'vitest';
import { RecentCommits } from './recent-commits.js';

const ENTRY = 48 + 2 * 's'.length + 'a'.length;

describe('the cache of recent commits', () => {
  it('keeps what fits exactly and drops the oldest for one more', () => {
    const recent = new RecentCommits(3 * ENTRY);
    for (const [index, id] of ['a', 'b', 'c'].entries()) recent.add('s', id, index);
    expect(recent.revisionOf('s', 'a')).toBe(0);
    recent.add('s', 'd', 3);
    expect(recent.revisionOf('s', 'a')).toBeUndefined();
    expect(recent.revisionOf('s', 'b')).toBe(1);
    expect(recent.bytes).toBe(3 * ENTRY);
  });

  it('keeps the newer place of an id that was written twice', () => {
    const recent = new RecentCommits(2 * ENTRY);
    recent.add('s', 'a', 0);
    recent.add('s', 'a', 1);
    recent.add('s', 'b', 2);
    expect(recent.revisionOf('s', 'a')).toBe(1);
  });

  it('tells streams apart', () => {
    const recent = new RecentCommits();
    recent.add('s', 'a', 0);
    expect(recent.revisionOf('t', 'a')).toBeUndefined();
  });

  it('stays within its bound over many evictions', () => {
    const recent = new RecentCommits(10 * ENTRY);
    for (let revision = 0; revision < 5_000; revision += 1) {
      recent.add('s', String(revision % 10), revision);
    }
    expect(recent.bytes).toBeLessThanOrEqual(10 * ENTRY);
    expect(recent.revisionOf('s', '9')).toBe(4_999);
  });
});
