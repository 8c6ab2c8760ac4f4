/**
 * Second step of the build, after tsc has compiled into `build/`: makes `dist/`, in which the modules
 * of the hot path share one scope.
 *
 * V8 reads what another module exports through a cell, each time, and checks what it finds there: a
 * constant such as `ROW` or `SCOPED.gross` costs a dozen instructions. Within one module it knows
 * the value when it compiles (`npm run bench -- core`: a fifth more commands a second). So that
 * nothing else changes, each module stays where it was, as a list of what it exports:
 *
 *   dist/src/lib/core.js           all of them, in one scope
 *   dist/src/commands/writer.js    import { modules } from '../lib/core.js'; export const Writer = ...
 *
 * Functions and classes of that scope are made constants (`constant-functions.mjs`).
 *
 * `core.js` lies in lib/, where the one module that asks for its own place has it too.
 */
import { cpSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { rolldown } from 'rolldown';
import { withConstantFunctions } from './constant-functions.mjs';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const compiled = join(root, 'build');
const dist = join(root, 'dist');
const FOLDERS = ['lib', 'domain', 'commands', 'log', 'gateways', 'venues', 'market-data'];
const BUNDLE = 'src/lib/core.js';
const ENTRY = 'all-modules';

/** Packages that the hot path needs itself: each process and thread loads what is named here. */
const PACKAGES = ['hdr-histogram-js'];
/** What must share the scope. */
const HOT = /^src\/(commands|gateways)\//;

/** What a compiled module imports, as it is written there: tsc writes each import in one line. */
function importsOf(path) {
  const text = readFileSync(join(compiled, path), 'utf8');
  const statements = text.matchAll(/^(?:import|export) (?:.* from )?['"]([^'"]+)['"];$/gm);
  return [...statements].map(([, specifier]) => specifier);
}

const apart = new Map();

/**
 * What stays a module of its own: programs, what asks for its place elsewhere than in lib/, what needs a
 * package that the hot path has no use for (every process would load it), and what needs such a module.
 */
function isApart(path) {
  if (!apart.has(path)) {
    apart.set(path, false); // While a circle is looked at.
    apart.set(
      path,
      asksForItsPlace(path) || importsOf(path).some((name) => leadsApart(path, name)),
    );
  }
  return apart.get(path);
}

function asksForItsPlace(path) {
  if (path.startsWith('src/lib/')) return false;
  return readFileSync(join(compiled, path), 'utf8').includes('import.meta');
}

function leadsApart(path, specifier) {
  if (specifier.startsWith('node:')) return false;
  if (!specifier.startsWith('.')) return !PACKAGES.includes(specifier);
  return isApart(join(dirname(path), specifier));
}

/** When a file was written last, ms; 0 without one. */
const writtenAt = (path) => statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;

// Nothing compiled since: whoever runs from dist/ at this moment keeps his files.
const newest = readdirSync(compiled, { recursive: true })
  .map((path) => writtenAt(join(compiled, path)))
  .concat(writtenAt(fileURLToPath(import.meta.url)))
  .concat(writtenAt(join(root, 'scripts', 'constant-functions.mjs')))
  .reduce((a, b) => Math.max(a, b), 0);
if (writtenAt(join(dist, 'complete')) > newest) process.exit(0);

const modules = FOLDERS.flatMap((folder) =>
  readdirSync(join(compiled, 'src', folder), { recursive: true })
    .filter((path) => path.endsWith('.js'))
    .map((path) => `src/${folder}/${path}`)
    .filter((path) => !isApart(path)),
).sort();
const strays = [...apart].filter(([path, is]) => is && HOT.test(path)).map(([path]) => path);
if (strays.length > 0) throw new Error(`on the hot path, and in need of packages: ${strays}`);

const entry = [
  ...modules.map((path, i) => `import * as m${i} from ${JSON.stringify(join(compiled, path))};`),
  `export const modules = {${modules.map((path, i) => `${JSON.stringify(path)}: m${i}`).join(', ')}};`,
].join('\n');

const bundle = await rolldown({
  input: ENTRY,
  platform: 'node',
  treeshake: false,
  external: (id) => /^[^./\0]/.test(id) && id !== ENTRY,
  plugins: [
    {
      name: ENTRY,
      resolveId: (id) => (id === ENTRY ? id : null),
      load: (id) => (id === ENTRY ? entry : null),
      renderChunk: (code) => ({ code: withConstantFunctions(code), map: null }),
    },
  ],
});
rmSync(join(dist, 'complete'), { force: true });
rmSync(join(dist, 'src'), { recursive: true, force: true });
cpSync(compiled, dist, { recursive: true });
const { output } = await bundle.write({ file: join(dist, BUNDLE), format: 'esm', sourcemap: true });
// What begins with a zero is rolldown's own.
const within = output[0].moduleIds.filter((id) => id !== ENTRY && !id.startsWith('\0'));
const doubled = within
  .map((id) => relative(compiled, id))
  .filter((path) => !modules.includes(path));
if (doubled.length > 0) throw new Error(`these would be there twice: ${doubled}`);
await bundle.close();

const { modules: namespaces } = await import(pathToFileURL(join(dist, BUNDLE)).href);
for (const path of modules) {
  const from = relative(dirname(path), BUNDLE);
  const names = Object.keys(namespaces[path]);
  const text = [
    `import { modules } from '${from.startsWith('.') ? from : `./${from}`}';`,
    `const module = modules['${path}'];`,
    ...names.map((name) => `export const ${name} = module.${name};`),
    'export {};',
    '',
  ].join('\n');
  writeFileSync(join(dist, path), text);
  rmSync(join(dist, `${path}.map`), { force: true });
}
writeFileSync(join(dist, 'complete'), '');
