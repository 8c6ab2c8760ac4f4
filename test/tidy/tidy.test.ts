/** The repository checks itself: every rule on every file. The rules' own tests: `rules.test.ts`. */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type BenchRun, performancePage } from '../../bench/performance-page.js';
import { cycles, unreached, wrongArrows } from './arrows.js';
import {
  BANNED_IN_PURE_CODE,
  BANNED_IN_SOURCE,
  BANNED_IN_TESTS,
  banned,
  markers,
  tooLong,
  unusedExports,
  wrongName,
} from './code-rules.js';
import { vocabularyOf, wrongCommands } from './command-rules.js';
import {
  brokenLinks,
  folderReadmes,
  missingPaths,
  titles,
  wrongDecision,
} from './document-rules.js';
import { EXCEPTIONS, NOT_ENTERED_YET } from './exceptions.js';
import { importsOf } from './imports.js';
import { limitsOf, limitsPage } from './limits.js';
import { memoryOfAnOrder } from './memory.js';
import { missingFromLock, undecidedScripts, wrongPackages } from './package-rules.js';
import {
  isMarkdown,
  isSource,
  isTest,
  ROOT,
  readRepository,
  type SourceFile,
} from './repository.js';

const files = readRepository();
const code = files.filter(({ path }) => /\.(ts|mjs)$/.test(path));
const sources = files.filter(isSource);
const tests = files.filter(isTest);
const documents = files.filter(isMarkdown);
const imports = code.flatMap(importsOf);
const sourcePaths = new Set(sources.map(({ path }) => path));
const sourceImports = imports.filter(({ from }) => sourcePaths.has(from));
/** What runs: the sources, and the migrations that they run. */
const running = imports.filter(({ from }) => /^(src|migrations)\//.test(from));
const exists = (path: string): boolean => existsSync(join(ROOT, path));

/** Without what is excepted for a rule; an exception that nothing needs is an error itself. */
function judge(rule: string, errors: readonly string[]): string[] {
  const excepted = EXCEPTIONS.filter((exception) => exception.rule === rule);
  const of = (path: string) => errors.filter((error) => error.startsWith(`${path}:`));
  const needless = excepted
    .filter(({ path }) => of(path).length === 0)
    .map(({ path }) => `${path}:1: error: is excepted from "${rule}", and need not be`);
  const remaining = errors.filter(
    (error) => !excepted.some(({ path }) => error.startsWith(`${path}:`)),
  );
  return [...remaining, ...needless];
}

describe('code', () => {
  it('imports along the arrows of the design', () => {
    expect(judge('arrows', wrongArrows(sourceImports))).toEqual([]);
  });

  it('has no cycles of files', () => {
    expect(judge('cycles', cycles(sourceImports))).toEqual([]);
  });

  it('is in files of 500 lines at most', () => {
    expect(judge('file length', code.flatMap(tooLong))).toEqual([]);
  });

  it('is in files named in kebab-case after what is in them', () => {
    expect(judge('names', code.flatMap(wrongName))).toEqual([]);
  });

  it('decides without clock, chance, environment or files in domain/ and commands/', () => {
    const pure = sources.filter(({ path }) => /^src\/(domain|commands)\//.test(path));
    expect(
      judge(
        'pure',
        pure.flatMap((file) => banned(file, BANNED_IN_PURE_CODE)),
      ),
    ).toEqual([]);
  });

  it('calls nothing that is banned everywhere', () => {
    expect(
      judge(
        'banned',
        sources.flatMap((file) => banned(file, BANNED_IN_SOURCE)),
      ),
    ).toEqual([]);
  });

  it('does not sleep or mock in tests', () => {
    const others = tests.filter(({ path }) => !path.startsWith('test/tidy/'));
    expect(
      judge(
        'tests',
        others.flatMap((file) => banned(file, BANNED_IN_TESTS)),
      ),
    ).toEqual([]);
  });

  it('has no leftover markers', () => {
    expect(judge('markers', code.flatMap(markers))).toEqual([]);
  });

  it('is reached from the command line, or named as a room that nobody enters yet', () => {
    const entries = ['src/cli/main.ts', 'src/cli/conformance.ts'];
    const places = NOT_ENTERED_YET.map(({ place }) => place);
    const dead = unreached([...sourcePaths], running, entries);
    const unnamed = dead
      .filter((path) => !places.some((place) => path.startsWith(place)))
      .map((path) => `${path}:1: error: nothing reaches it from src/cli`);
    expect(judge('reached', unnamed)).toEqual([]);
    const entered = places.filter((place) => !dead.some((path) => path.startsWith(place)));
    expect(entered).toEqual([]);
  });

  it('is used by somebody: a file that nothing imports is dead', () => {
    const used = new Set(imports.map(({ to }) => to));
    const entries = ['src/cli/main.ts', 'src/cli/conformance.ts'];
    const dead = sources
      .filter(({ path }) => !used.has(path) && !entries.includes(path))
      .map(({ path }) => `${path}:1: error: nothing imports it`);
    expect(judge('used', dead)).toEqual([]);
  });

  it('exports nothing that is named nowhere again', () => {
    expect(judge('exports', unusedExports(sources, code))).toEqual([]);
  });

  it('imports only packages that package.json names, and each of them somewhere', () => {
    expect(judge('packages', wrongPackages(files, imports))).toEqual([]);
  });
});

describe('memory', () => {
  it('of an open order with its client order id is within the budget of 256 bytes', () => {
    const { order, clientId } = memoryOfAnOrder();
    expect(order + clientId).toBeLessThanOrEqual(256);
  });
});

describe('package.json', () => {
  it('decides about every package that wants to run a script when it is installed', () => {
    expect(undecidedScripts(files)).toEqual([]);
  });

  it('is locked for every machine, so that npm ci takes it', () => {
    expect(missingFromLock(files)).toEqual([]);
  });
});

describe('documents', () => {
  it('have one title each', () => {
    expect(judge('titles', documents.flatMap(titles))).toEqual([]);
  });

  it('link and point only to what is there', () => {
    const errors = documents.flatMap((file) => [
      ...brokenLinks(file, exists),
      ...missingPaths(file, exists),
    ]);
    expect(judge('links', errors)).toEqual([]);
  });

  it('name only commands, options, scripts, variables and metrics that there are', () => {
    const known = vocabularyOf(files);
    expect(known.commands.size).toBeGreaterThan(20);
    expect(
      judge(
        'commands',
        documents.flatMap((file) => wrongCommands(file, known)),
      ),
    ).toEqual([]);
  });

  it('list every decision in docs/architecture.md', () => {
    const { text } = documents.find(({ path }) => path === 'docs/architecture.md') as SourceFile;
    const decisions = documents.filter(({ path }) => path.startsWith('docs/decisions/'));
    const unlisted = decisions.filter(
      ({ path }) => !text.includes(`(${path.slice('docs/'.length)})`),
    );
    expect(unlisted.map(({ path }) => path)).toEqual([]);
    expect(judge('decisions', decisions.flatMap(wrongDecision))).toEqual([]);
  });

  it('open each room under src/ with a README of at most 40 lines', () => {
    const folders = readdirSync(join(ROOT, 'src'), { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => `src/${name}`);
    expect(judge('readmes', folderReadmes(folders, files))).toEqual([]);
  });

  it('list every limit in docs/limits.md, as the code has it', async () => {
    const page = limitsPage(limitsOf(files), memoryOfAnOrder());
    await expect(page).toMatchFileSnapshot('../../docs/limits.md');
  });

  it('give in docs/performance.md what was measured, and nothing else', () => {
    const { text } = files.find(({ path }) => path === 'docs/performance.json') as SourceFile;
    const page = documents.find(({ path }) => path === 'docs/performance.md') as SourceFile;
    expect(page.text).toBe(performancePage(JSON.parse(text) as BenchRun[]));
  });

  it('give the limits of docs/architecture.md as the code has them', () => {
    const { text } = documents.find(({ path }) => path === 'docs/architecture.md') as SourceFile;
    const rows = [...text.matchAll(/^\| `([A-Z0-9_]+)`[^|]*\| ([\d,]+) /gm)];
    const limits = limitsOf(files);
    const wrong = rows.filter(([, name, value]) => {
      const found = limits.filter((limit) => limit.name === name);
      return !found.some((limit) => limit.value === Number((value as string).replaceAll(',', '')));
    });
    expect(rows.length).toBeGreaterThan(10);
    expect(wrong.map(([row]) => row)).toEqual([]);
  });
});
