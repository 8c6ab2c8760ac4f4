import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { nodeFileSystem } from '../file-system.js';
import { DirectoryLock, isLocked } from './directory-lock.js';

describe('DirectoryLock', () => {
  let directory: string;
  let path: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'lock-'));
    path = `${directory}/lock`;
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  const take = (takeOver = false): DirectoryLock =>
    DirectoryLock.take(nodeFileSystem, directory, takeOver);
  const locked = expect.objectContaining({ code: 'JOURNAL_LOCKED' });

  /** Leaves the lock of another holder, as this process's with some fields changed. */
  function leave(changes: object): void {
    take();
    writeFileSync(path, JSON.stringify({ ...JSON.parse(readFileSync(path, 'utf8')), ...changes }));
  }

  /** The pid of a process that has ended. */
  const deadPid = (): number => spawnSync('true').pid;

  it('is held by one until released', () => {
    const lock = take();
    expect(isLocked(nodeFileSystem, directory)).toBe(true);
    expect(() => take()).toThrow(locked);
    lock.release();
    expect(isLocked(nodeFileSystem, directory)).toBe(false);
    expect(take().isHeld()).toBe(true);
  });

  it('is taken from a process that is dead, or was before a reboot', () => {
    const dead = [{ pid: deadPid() }, { started: '1' }, { boot: 'earlier' }];
    for (const changes of dead) {
      leave(changes);
      expect(isLocked(nodeFileSystem, directory)).toBe(false);
      take().release();
      expect(existsSync(path)).toBe(false);
    }
  });

  it('is left to a holder that may live: another host or container, or not readable', () => {
    const pid = deadPid();
    for (const changes of [{ host: 'other', pid }, { namespace: 'pid:[1]', pid }, { pid: 'x' }]) {
      leave(changes);
      expect(() => take()).toThrow(locked);
      expect(take(true).isHeld()).toBe(true);
      rmSync(path);
    }
    writeFileSync(path, '');
    expect(() => take()).toThrow(locked);
  });

  it('releases only what it holds', () => {
    const old = take();
    const taken = take(true);
    expect(old.isHeld()).toBe(false);
    old.release();
    expect(taken.isHeld()).toBe(true);
  });
});
