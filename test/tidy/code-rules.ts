/** Rules for code; each gives its findings as `path:line: error: what is wrong`. */
import { lineOf } from './imports.js';
import type { SourceFile } from './repository.js';

export const FILE_LINES_MAX = 500;

export function tooLong({ path, text }: SourceFile): string[] {
  const lines = text.split('\n').length - 1;
  if (lines <= FILE_LINES_MAX) return [];
  return [`${path}:${FILE_LINES_MAX + 1}: error: ${lines} lines, at most ${FILE_LINES_MAX}`];
}

const NAME =
  /^(\d+-)?[a-z0-9]+(-[a-z0-9]+)*(\.(test|property\.test|test-d|config))?\.(ts|mjs|sql)$/;
const NAMELESS = /(^|-)(utils?|helpers?|misc|common|stuff)(-|\.|$)/;

export function wrongName({ path }: SourceFile): string[] {
  const errors: string[] = [];
  const parts = path.split('/');
  const name = parts.at(-1) as string;
  if (!NAME.test(name)) errors.push(`${path}:1: error: a file's name is in kebab-case`);
  for (const part of parts) {
    if (NAMELESS.test(part)) errors.push(`${path}:1: error: "${part}" names no concept`);
  }
  return errors;
}

export interface Ban {
  readonly call: RegExp;
  readonly instead: string;
}

const PURE = 'time, chance and settings arrive inside commands';

/** In domain/ and commands/. */
export const BANNED_IN_PURE_CODE: readonly Ban[] = [
  { call: /\bDate\.now\b|\bnew Date\(\s*\)|\bhrtime\b|\bperformance\b/g, instead: PURE },
  { call: /\bMath\.random\b|\brandom(UUID|Int|Bytes)\b|\bgetRandomValues\b/g, instead: PURE },
  { call: /\bprocess\s*\.|\bprocess\s*\[/g, instead: PURE },
  { call: /\bset(Timeout|Interval|Immediate)\b|\bAtomics\.wait\b/g, instead: PURE },
  { call: /'node:(fs|os|net|http|child_process|worker_threads|timers)/g, instead: PURE },
];

/** In all code that runs in production. */
export const BANNED_IN_SOURCE: readonly Ban[] = [
  { call: /\bconsole\./g, instead: 'process.stdout in cli/, the logger elsewhere' },
  { call: /\bdebugger\b/g, instead: 'a test' },
  { call: /@ts-(ignore|nocheck)/g, instead: 'a type' },
];

/** In tests: they wait for conditions, not for time. A few milliseconds between two looks are one. */
export const BANNED_IN_TESTS: readonly Ban[] = [
  {
    call: /new Promise(<\w+>)?\(\(?(\w+)\)? =>\s*setTimeout\(\2, (?!\d\))|\bsetTimeout\b.*'node:timers\/promises'/g,
    instead: 'vi.waitFor or an event',
  },
  { call: /\bvi\.(mock|doMock|fn)\b/g, instead: 'the real thing behind its port' },
  { call: /\.only\(/g, instead: 'all of them' },
];

export function banned({ path, text }: SourceFile, bans: readonly Ban[]): string[] {
  const code = withoutComments(text);
  const errors: string[] = [];
  for (const { call, instead } of bans) {
    for (const match of code.matchAll(call)) {
      errors.push(`${path}:${lineOf(code, match.index)}: error: ${match[0]}; use ${instead}`);
    }
  }
  return errors;
}

const COMMENT = /\/\*[\s\S]*?\*\/|(?<=^|[\s;{(,])\/\/[^\n]*/g;

/** Blanks instead of comments, so that lines keep their numbers. */
function withoutComments(text: string): string {
  return text.replace(COMMENT, (comment) => comment.replace(/[^\n]/g, ' '));
}

const MARKER = new RegExp(`\\b(${['TO' + 'DO', 'FIX' + 'ME', 'XX' + 'X'].join('|')})\\b`, 'g');

export function markers({ path, text }: SourceFile): string[] {
  return [...text.matchAll(MARKER)].map(
    (match) => `${path}:${lineOf(text, match.index)}: error: ${match[0]}: do it or write an issue`,
  );
}

const EXPORTED =
  /^export (?:declare )?(?:abstract )?(?:async )?(?:const|let|function\*?|class|interface|type) (\w+)/gm;
const WORD = /\w+/g;

/** What is exported and named nowhere again, in its own file or in another. */
export function unusedExports(
  sources: readonly SourceFile[],
  all: readonly SourceFile[],
): string[] {
  const count = new Map<string, number>();
  for (const { text } of all) {
    for (const [word] of withoutComments(text).matchAll(WORD)) {
      count.set(word, (count.get(word) ?? 0) + 1);
    }
  }
  return sources.flatMap(({ path, text }) =>
    [...text.matchAll(EXPORTED)]
      .filter(({ 1: name = '' }) => (count.get(name) ?? 0) < 2)
      .map(({ 1: name, index }) => `${path}:${lineOf(text, index)}: error: nobody uses ${name}`),
  );
}
