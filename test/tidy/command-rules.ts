/** Rules for what documents tell a reader to type: commands, options, scripts, variables, metrics. */
import { lineOf } from './imports.js';
import type { SourceFile } from './repository.js';

/** What there is to be named. */
export interface Vocabulary {
  /** By the name of a subcommand the text of its source, in which its `--help` stands. */
  readonly commands: ReadonlyMap<string, string>;
  readonly benches: ReadonlySet<string>;
  readonly scripts: ReadonlySet<string>;
  /** All code, where a variable of the environment or a metric has to be found. */
  readonly code: string;
}

/** In code type, indented or by backticks; in a sentence "daybook" is a word. */
const COMMAND = /(?:^ {4}[^\n]*?|`)\bdaybook(?: --)? ([a-z][a-z-]*)([^`#\n]*)/gm;
const OPTION = /(?<![\w-])--([a-z][a-z-]+)/g;
const SCRIPT = /\bnpm run (?:-s |--silent )?([a-z][a-z:]*)/g;
const BENCH = /\bnpm run bench -- ([a-z][a-z-]*)/g;
const VARIABLE = /\bDAYBOOK_[A-Z_]*[A-Z]\b/g;
const METRIC = /\bdaybook_[a-z_]*[a-z]\b/g;

export function wrongCommands({ path, text }: SourceFile, known: Vocabulary): string[] {
  const errors: string[] = [];
  const judge = (index: number, is: boolean, what: string): void => {
    if (!is) errors.push(`${path}:${lineOf(text, index)}: error: there is no ${what}`);
  };
  for (const { 1: name = '', 2: rest = '', index } of text.matchAll(COMMAND)) {
    const source = known.commands.get(name);
    judge(index, source !== undefined, `daybook ${name}`);
    for (const [option] of rest.matchAll(OPTION)) {
      const is = source === undefined || option === '--help' || source.includes(option);
      judge(index, is, `daybook ${name} ${option}`);
    }
  }
  for (const { 1: name = '', index } of text.matchAll(SCRIPT)) {
    judge(index, known.scripts.has(name), `npm run ${name}`);
  }
  for (const { 1: name = '', index } of text.matchAll(BENCH)) {
    judge(index, known.benches.has(name), `bench ${name}`);
  }
  for (const { 0: name, index } of text.matchAll(VARIABLE)) {
    judge(index, known.code.includes(name), name);
  }
  for (const { 0: name, index } of text.matchAll(METRIC)) {
    judge(index, isMetric(name, known.code), name);
  }
  return errors;
}

/** Written out, or put together as in `daybook_eventstoredb_${name}`. */
function isMetric(name: string, code: string): boolean {
  if (code.includes(name)) return true;
  return [...name.matchAll(/_/g)].some(
    ({ index }) =>
      code.includes(`${name.slice(0, index + 1)}\${`) &&
      code.includes(`'${name.slice(index + 1)}'`),
  );
}

const LOADED = /import\('\.\/([a-z-]+)\.js'\)/g;
/** Modules of `daybook` itself, in which parts of a `--help` may stand. */
const SIDE = /from '\.\/([a-z/-]+)\.js'/g;

/** From the files of this repository. */
export function vocabularyOf(files: readonly SourceFile[]): Vocabulary {
  const textOf = (path: string): string => files.find((file) => file.path === path)?.text ?? '';
  const loadedBy = (path: string) =>
    [...textOf(path).matchAll(LOADED)].map(([, name]) => name as string);
  const helpOf = (name: string): string => {
    const text = textOf(`src/cli/${name}.ts`);
    const sides = [...text.matchAll(SIDE)].map(([, side]) => textOf(`src/cli/${side}.ts`));
    return [text, ...sides].join('\n');
  };
  const { scripts } = JSON.parse(textOf('package.json')) as { scripts: Record<string, string> };
  const code = files.filter(({ path }) => /\.(ts|mjs)$/.test(path) || path === 'package.json');
  return {
    commands: new Map(loadedBy('src/cli/main.ts').map((name) => [name, helpOf(name)])),
    // `report` runs the others.
    benches: new Set([...loadedBy('bench/main.ts'), 'report']),
    scripts: new Set(Object.keys(scripts)),
    code: code.map(({ text }) => text).join('\n'),
  };
}
