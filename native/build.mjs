/**
 * Builds the addon: `npm ci` runs it as the install script. Never fails an install: where there is no
 * Linux or no C++ compiler, Daybook runs on its Node implementation, and this says so once.
 *
 * The compiler is called directly. An addon of Node-API needs no more than four headers, which npm
 * has (node-api-headers), so there is nothing to download and no Python to have (docs/fast-path.md).
 *
 *   node native/build.mjs              build, exit code 0 whatever happens
 *   node native/build.mjs --if-changed unless it was built from these sources; `npm run build` does so,
 *                                      and says nothing where there is no compiler
 *   node native/build.mjs --check      exit code 1 when it cannot be built
 *   node native/build.mjs --sanitize   with address and undefined-behaviour sanitizers, to another place
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const sanitize = process.argv.includes('--sanitize');
const check = sanitize || process.argv.includes('--check');
const ifChanged = process.argv.includes('--if-changed');

/** @param quietly where nothing has changed by it since the install said so */
function giveUp(reason, quietly = ifChanged) {
  if (quietly) process.exit(0);
  process.stderr.write(
    `daybook: the native addon was not built: ${reason}\n` +
      'daybook: everything runs on the Node implementation, more slowly (docs/fast-path.md)\n',
  );
  process.exit(check ? 1 : 0);
}

if (process.platform !== 'linux') giveUp(`it is for Linux, this is ${process.platform}`);
const compiler = process.env.CXX || 'c++';
if (spawnSync(compiler, ['--version']).status !== 0)
  giveUp(`there is no C++ compiler (${compiler})`);

function headers() {
  const require = createRequire(import.meta.url);
  return require('node-api-headers').include_dir;
}

let include;
try {
  include = headers();
} catch (error) {
  giveUp(`the headers of Node-API are missing: ${error.message}`);
}

const target = join(here, 'build', sanitize ? 'sanitize' : 'release');
mkdirSync(target, { recursive: true });
const files = readdirSync(join(here, 'src')).sort();
const sources = files.filter((name) => name.endsWith('.cc'));
// Under another name first: a Daybook that runs has the old file mapped.
const made = join(target, `daybook-${process.pid}.node`);
const flags = [
  '-std=c++17',
  '-shared',
  '-fPIC',
  '-pthread',
  '-fvisibility=hidden',
  '-fno-rtti',
  '-fno-exceptions',
  '-DNAPI_VERSION=8',
  '-DNODE_GYP_MODULE_NAME=daybook',
  '-Wall',
  '-Wextra',
  '-Wconversion',
  '-Wshadow',
  '-Werror',
  '-I',
  include,
];
const mode = sanitize
  ? ['-O1', '-g', '-fsanitize=address,undefined', '-fno-sanitize-recover=undefined']
  : ['-O2', '-DNDEBUG'];
const args = [...flags, ...mode, ...sources.map((name) => join(here, 'src', name)), '-o', made];
// What it is made of: JavaScript that is newer than the addon would call what is not there.
const hash = createHash('sha256').update([compiler, ...flags, ...mode].join('\n'));
for (const name of files) hash.update(`\n${name}\n`).update(readFileSync(join(here, 'src', name)));
const madeOf = hash.digest('hex');
const record = join(target, 'sources.sha256');
const isBuilt = existsSync(join(target, 'daybook.node')) && existsSync(record);
if (ifChanged && isBuilt && readFileSync(record, 'utf8') === madeOf) process.exit(0);

const built = spawnSync(compiler, args, { encoding: 'utf8' });
if (built.status !== 0) giveUp(`${compiler} failed\n${built.stderr ?? built.error}`, false);
renameSync(made, join(target, 'daybook.node'));
writeFileSync(record, madeOf);
