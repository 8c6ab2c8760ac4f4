/** Which file names which: imports, exports from, dynamic imports, and modules named by URL. */
import { posix } from 'node:path';
import type { SourceFile } from './repository.js';

export interface Import {
  /** The file that imports. */
  readonly from: string;
  readonly line: number;
  /** As written. */
  readonly specifier: string;
  /** The file of ours that is meant, from the root; undefined for a package. */
  readonly to: string | undefined;
  /** Of types alone, or the start of a thread: nothing is there when the importing module runs. */
  readonly loose: boolean;
}

/** `from '…'`, `import '…'`, `import('…')`, `new URL('…', import.meta.url)`, `workerUrl(…, '…')`. */
const NAMED =
  /(\bfrom\s*|\bimport\s*\(?\s*|\bURL\(\s*|\bworkerUrl\(\s*import\.meta\.url,\s*)'([^'\n]+)'/g;
/** What stands before `from` when only types are meant. */
const TYPES = /(^|\n)(import|export) type [^;']*$/;

export function importsOf(file: SourceFile): Import[] {
  const found: Import[] = [];
  for (const match of file.text.matchAll(NAMED)) {
    const [, how = '', specifier = ''] = match;
    const before = file.text.slice(Math.max(0, match.index - 1000), match.index);
    const loose = /URL|workerUrl|\(/.test(how) || TYPES.test(before);
    const line = lineOf(file.text, match.index);
    found.push({ from: file.path, line, specifier, to: target(file.path, specifier), loose });
  }
  return found;
}

/** Tests run modules from dist, where the compiler has put them under the path of their source. */
function target(from: string, specifier: string): string | undefined {
  if (!specifier.startsWith('.')) return undefined;
  const path = posix.join(posix.dirname(from), specifier).replace(/^dist\//, '');
  return path.replace(/\.js$/, '.ts');
}

export function lineOf(text: string, index: number): number {
  let line = 1;
  for (let at = text.indexOf('\n'); at >= 0 && at < index; at = text.indexOf('\n', at + 1)) {
    line += 1;
  }
  return line;
}
