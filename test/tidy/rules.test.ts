/** The rules themselves, on small samples: each finds what it is there for, and only that. */
import { describe, expect, it } from 'vitest';
import { cycles, unreached, wrongArrows } from './arrows.js';
import {
  BANNED_IN_PURE_CODE,
  BANNED_IN_SOURCE,
  BANNED_IN_TESTS,
  banned,
  FILE_LINES_MAX,
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
import { importsOf } from './imports.js';
import { limitsOf } from './limits.js';
import { missingFromLock, undecidedScripts, wrongPackages } from './package-rules.js';
import type { SourceFile } from './repository.js';

const file = (path: string, text: string): SourceFile => ({ path, text });
const importsIn = (...files: SourceFile[]) => files.flatMap(importsOf);

describe('imports', () => {
  it('are read in every form, with their lines', () => {
    const text = [
      "import { a } from './a.js';",
      "import type { B } from '../lib/b.js';",
      'import {',
      '  c,',
      "} from './c.js';",
      "export * from './d.js';",
      "const e = () => import('./e.js');",
      "new Worker(workerUrl(import.meta.url, './f.js'));",
      "import 'zod';",
    ].join('\n');
    const seen = importsIn(file('src/api/x.ts', text));
    expect(seen.map(({ line, to, loose }) => [line, to, loose])).toEqual([
      [1, 'src/api/a.ts', false],
      [2, 'src/lib/b.ts', true],
      [5, 'src/api/c.ts', false],
      [6, 'src/api/d.ts', false],
      [7, 'src/api/e.ts', true],
      [8, 'src/api/f.ts', true],
      [9, undefined, false],
    ]);
  });

  it('must follow the arrows', () => {
    const wrong = (path: string, target: string) =>
      wrongArrows(importsIn(file(path, `import { x } from '${target}';`))).length;
    expect(wrong('src/lib/a.ts', '../domain/b.js')).toBe(1);
    expect(wrong('src/domain/a.ts', '../lib/b.js')).toBe(0);
    expect(wrong('src/domain/a.ts', '../log/b.js')).toBe(1);
    expect(wrong('src/commands/a.ts', '../log/journal/journal-writer.js')).toBe(1);
    expect(wrong('src/log/a.ts', '../commands/b.js')).toBe(1);
    expect(wrong('src/venues/a.ts', '../commands/command-port.js')).toBe(0);
    expect(wrong('src/venues/a.ts', '../commands/writer.js')).toBe(1);
    expect(wrong('src/api/a.ts', '../log/journal/journal-reader.js')).toBe(0);
    expect(wrong('src/api/a.ts', '../log/journal/journal-writer.js')).toBe(1);
    expect(wrong('src/projections/a.ts', '../../migrations/index.js')).toBe(0);
    expect(wrong('src/operations/a.ts', '../cli/b.js')).toBe(1);
    expect(wrong('src/cellar/a.ts', '../lib/b.js')).toBe(1);
  });

  it('must not go round in a circle, unless of types', () => {
    const a = file('src/lib/a.ts', "import { b } from './b.js';");
    const b = file('src/lib/b.ts', "import { c } from './c.js';");
    const c = file('src/lib/c.ts', "import { a } from './a.js';");
    const typed = file('src/lib/c.ts', "import type { A } from './a.js';");
    expect(cycles(importsIn(a, b, c))).toEqual([
      'src/lib/a.ts:1: error: cycle src/lib/a.ts > src/lib/b.ts > src/lib/c.ts > src/lib/a.ts',
    ]);
    expect(cycles(importsIn(a, b, typed))).toEqual([]);
  });

  it('show what nothing reaches', () => {
    const a = file('src/cli/main.ts', "import { b } from './b.js';");
    const paths = ['src/cli/main.ts', 'src/cli/b.ts', 'src/cli/c.ts'];
    expect(unreached(paths, importsIn(a), ['src/cli/main.ts'])).toEqual(['src/cli/c.ts']);
  });
});

describe('code', () => {
  it('may have 500 lines and no more', () => {
    const lines = (count: number) => tooLong(file('a.ts', 'x;\n'.repeat(count))).length;
    expect([FILE_LINES_MAX - 1, FILE_LINES_MAX, FILE_LINES_MAX + 1].map(lines)).toEqual([0, 0, 1]);
  });

  it('is in files with names that say something', () => {
    const wrong = (path: string) => wrongName(file(path, '')).length;
    expect(wrong('src/lib/crc32c-wasm.ts')).toBe(0);
    expect(wrong('src/lib/order-book.property.test.ts')).toBe(0);
    expect(wrong('migrations/1790000000000-frame.ts')).toBe(0);
    expect(wrong('src/lib/orderBook.ts')).toBe(1);
    expect(wrong('src/lib/order_book.ts')).toBe(1);
    expect(wrong('src/lib/utils.ts')).toBe(1);
    expect(wrong('src/helpers/ring.ts')).toBe(1);
  });

  it('is judged without its comments', () => {
    const findings = (text: string, bans = BANNED_IN_PURE_CODE) => banned(file('a.ts', text), bans);
    expect(findings('x;\nconst t = Date.now();')).toHaveLength(1);
    expect(findings('x;\nconst t = Date.now();')[0]).toMatch(/^a\.ts:2: error: Date\.now/);
    expect(findings('// Date.now()\n/* Math.random() */\n')).toEqual([]);
    for (const call of ['Math.random()', 'performance.now()', 'process.env.HOME', 'new Date()']) {
      expect(findings(`x = ${call};`), call).toHaveLength(1);
    }
    expect(findings("import { readFileSync } from 'node:fs';")).toHaveLength(1);
    expect(findings("import { createHash } from 'node:crypto';")).toEqual([]);
    expect(findings('console.log(1);', BANNED_IN_SOURCE)).toHaveLength(1);
    const sleep = (ms: string) => `await new Promise((r) => setTimeout(r, ${ms}));`;
    expect(findings(sleep('10'), BANNED_IN_TESTS)).toHaveLength(1);
    expect(findings(sleep('PAUSE_MS'), BANNED_IN_TESTS)).toHaveLength(1);
    expect(findings(sleep('9'), BANNED_IN_TESTS)).toEqual([]);
    expect(findings('timer = setTimeout(fail, 1000);', BANNED_IN_TESTS)).toEqual([]);
    expect(findings('it.only(1)', BANNED_IN_TESTS)).toHaveLength(1);
  });

  it('exports what is named again, here or elsewhere', () => {
    const a = file('src/lib/a.ts', 'export const used = 1;\nexport function dead() {}\n');
    const own = file('src/lib/b.ts', 'export type Own = 1;\nexport const other: Own = 1;\n');
    const test = file('src/lib/a.test.ts', 'used(other); // dead');
    expect(unusedExports([a, own], [a, own, test])).toEqual([
      'src/lib/a.ts:2: error: nobody uses dead',
    ]);
  });

  it('has no leftover markers', () => {
    expect(markers(file('a.ts', `x; // ${'TO'}${'DO'} later`))).toHaveLength(1);
    expect(markers(file('a.ts', 'x; // all is done'))).toEqual([]);
  });

  it('names its limits, with value and comment', () => {
    const text = [
      '/** Rows. More are refused. */',
      'export const ROWS_MAX = 2 ** 10 * 1_000;',
      'const HALF_MAX = ROWS_MAX / 2;',
      'const NAME_MAX = nameOf(ROWS_MAX);',
      'const TWICE_MAX = ROWS_MAX + ROWS_MAX;',
      'const OTHER = 5;',
    ].join('\n');
    expect(limitsOf([file('src/lib/a.ts', text)]).map((l) => [l.name, l.value, l.comment])).toEqual(
      [
        ['ROWS_MAX', 1_024_000, 'Rows. More are refused.'],
        ['HALF_MAX', 512_000, ''],
        ['NAME_MAX', 'nameOf(ROWS_MAX)', ''],
        ['TWICE_MAX', 2_048_000, ''],
      ],
    );
  });
});

describe('documents', () => {
  it('have one title, code blocks not counted', () => {
    expect(titles(file('a.md', '# A\n\n```sh\n# comment\n```\n'))).toEqual([]);
    expect(titles(file('a.md', '# A\n\n# B\n'))).toHaveLength(1);
    expect(titles(file('a.md', 'text\n'))).toHaveLength(1);
  });

  it('link and point to files that exist', () => {
    const exists = (path: string) => path === 'docs/b.md';
    const broken = (text: string) => brokenLinks(file('docs/a.md', text), exists).length;
    expect(broken('[b](b.md) [b](b.md#part) [w](https://example.org/x) [h](#here)')).toBe(0);
    expect(broken('[c](c.md) and [up](../b.md)')).toBe(2);
    const missing = (text: string) => missingPaths(file('a.md', text), exists).length;
    expect(missing('`docs/b.md` and `src/*/x.ts`')).toBe(0);
    expect(missing('`src/lib/gone.ts`')).toBe(1);
  });

  it('name commands, options, scripts, variables and metrics that there are', () => {
    const known = vocabularyOf([
      file('src/cli/main.ts', "load: () => import('./start.js'),"),
      file('src/cli/start.ts', "import { more } from './gateway-side.js';\n`  --port N`"),
      file('src/cli/gateway-side.ts', '`  --spin CPU`; process.env.DAYBOOK_NATIVE'),
      file('bench/main.ts', "core: () => import('./core.js'),"),
      file(
        'src/a.ts',
        'const of = (name: string) => `daybook_$' + "{name}`; of('lag'); 'daybook_up';",
      ),
      file('package.json', '{"scripts":{"lint":"x","bench":"y","daybook":"z"}}'),
    ]);
    const wrong = (text: string) =>
      wrongCommands(file('a.md', text), known).map((error) => error.replace(/.* no /, ''));
    expect(wrong('    npm run -s daybook -- start --port 1 --spin 2 --help   # --gone')).toEqual(
      [],
    );
    expect(wrong('`daybook start --port`, `daybook start` takes `--gone`; daybook gone')).toEqual(
      [],
    );
    expect(wrong('    daybook gone')).toEqual(['daybook gone']);
    expect(wrong('see `daybook gone --port 1`')).toEqual(['daybook gone']);
    expect(wrong('    daybook start --gone 1')).toEqual(['daybook start --gone']);
    expect(wrong('npm run lint; npm run -s gone')).toEqual(['npm run gone']);
    expect(wrong('npm run bench -- core; npm run bench -- gone')).toEqual(['bench gone']);
    expect(wrong('DAYBOOK_NATIVE, DAYBOOK_GONE')).toEqual(['DAYBOOK_GONE']);
    expect(wrong('daybook_up, daybook_lag, daybook_gone')).toEqual(['daybook_gone']);
  });

  it('record decisions by number, with status and code', () => {
    const wrong = (text: string) => wrongDecision(file('docs/decisions/0007-a.md', text)).length;
    expect(wrong('# 7. A\n\nStatus: accepted. Code: `src/a.ts`.\n')).toBe(0);
    expect(wrong('# 7. A\n\nStatus: accepted, 2026-11-22. Files: `a`.\n')).toBe(0);
    expect(wrong('# 0007: A\n\nAccepted.\n')).toBe(2);
    expect(wrongDecision(file('docs/a.md', ''))).toEqual([]);
  });

  it('are there for each room, and short', () => {
    const readme = (lines: number) => file('src/lib/README.md', 'x\n'.repeat(lines));
    expect(folderReadmes(['src/lib'], [])).toHaveLength(1);
    expect(folderReadmes(['src/lib'], [readme(40)])).toEqual([]);
    expect(folderReadmes(['src/lib'], [readme(41)])).toHaveLength(1);
  });
});

describe('package.json', () => {
  const packages = (text: object) => file('package.json', JSON.stringify(text));
  const base = { dependencies: { zod: '1' }, devDependencies: { vitest: '1' }, allowScripts: {} };

  it('decides about every script', () => {
    const lock = { packages: { 'node_modules/a/node_modules/@x/b': { hasInstallScript: true } } };
    const files = [packages(base), file('package-lock.json', JSON.stringify(lock))];
    expect(undecidedScripts(files)).toEqual(['@x/b']);
    const decided = packages({ ...base, allowScripts: { '@x/b': false } });
    expect(undecidedScripts([decided, files[1] as SourceFile])).toEqual([]);
  });

  it('is locked with every optional dependency', () => {
    const lock = (...names: string[]) => {
      const root = { optionalDependencies: { a: '1', '@x/b': '1' } };
      const others = Object.fromEntries(names.map((name) => [`node_modules/${name}`, {}]));
      return file('package-lock.json', JSON.stringify({ packages: { '': root, ...others } }));
    };
    expect(missingFromLock([lock('a', 'c/node_modules/@x/b')])).toEqual([]);
    expect(missingFromLock([lock('a')])).toEqual(['@x/b']);
  });

  it('names what is imported, and nothing else', () => {
    const wrong = (path: string, ...names: string[]) => {
      const text = names.map((name) => `import { x } from '${name}';`).join('\n');
      return wrongPackages([packages(base)], importsIn(file(path, text)));
    };
    expect(wrong('src/a.ts', 'zod', 'node:fs', './b.js')).toEqual([
      'package.json:1: error: nothing imports vitest',
    ]);
    expect(wrong('src/a.ts', 'zod', 'vitest')).toHaveLength(1);
    expect(wrong('src/a.test.ts', 'zod', 'vitest')).toEqual([]);
    expect(wrong('src/a.ts', 'zod/v4', 'left-pad')).toHaveLength(2);
  });
});
