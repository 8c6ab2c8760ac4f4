/** The files of this repository as the tidy rules see them: paths from the root, and their text. */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';
import { fileURLToPath } from 'node:url';

export interface SourceFile {
  /** From the root, with `/`. */
  readonly path: string;
  readonly text: string;
}

export const ROOT = join(dirname(fileURLToPath(import.meta.url)), '../..');

/** What is made, fetched or kept by tools, never written by us. */
const NOT_OURS = new Set(['node_modules', 'dist', 'build', 'data', 'coverage', '.git']);
const READ = /\.(ts|mjs|md|json|sql|proto)$/;
const GENERATED = /\.gen\.ts$/;

/** Every file that the rules look at, sorted by path. */
export function readRepository(): SourceFile[] {
  return list('').map((path) => ({ path, text: readFileSync(join(ROOT, path), 'utf8') }));
}

function list(folder: string): string[] {
  const entries = readdirSync(join(ROOT, folder), { withFileTypes: true });
  const paths: string[] = [];
  for (const entry of entries) {
    if (NOT_OURS.has(entry.name)) continue;
    const path = posix.join(folder, entry.name);
    if (entry.isDirectory()) paths.push(...list(path));
    else if (entry.isFile() && READ.test(entry.name) && !GENERATED.test(entry.name))
      paths.push(path);
  }
  return paths.sort();
}

/** Code that runs in production. */
export const isSource = ({ path }: SourceFile): boolean =>
  path.startsWith('src/') && path.endsWith('.ts') && !path.endsWith('.test.ts');

export const isTest = ({ path }: SourceFile): boolean =>
  (path.startsWith('test/') && /\.(ts|mjs)$/.test(path)) || path.endsWith('.test.ts');

export const isMarkdown = ({ path }: SourceFile): boolean => path.endsWith('.md');
