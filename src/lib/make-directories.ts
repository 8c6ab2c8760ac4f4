/**
 * A directory with its parents. `mkdirSync(path, { recursive: true })` never returns where a parent
 * is there but takes no children (`/proc/x`: mkdir says ENOENT again and again); this one throws.
 */
import { mkdirSync, statSync } from 'node:fs';
import { dirname } from 'node:path';

/**
 * @param mode of each directory that is made
 * @returns the topmost directory that was made; undefined when all of them were there
 * @throws Error of node:fs, with its code and the path that could not be made
 */
export function makeDirectories(path: string, mode = 0o777): string | undefined {
  try {
    mkdirSync(path, { mode });
    return path;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST' && statSync(path).isDirectory()) return undefined;
    if (code !== 'ENOENT' || dirname(path) === path) throw error;
  }
  const topmost = makeDirectories(dirname(path), mode);
  try {
    mkdirSync(path, { mode });
  } catch (error) {
    // Somebody else was faster.
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    return topmost;
  }
  return topmost ?? path;
}
