/**
 * Builds the addon: `npm ci` runs it as the install script. Never fails an install: where there is no
 * Linux or no C++ compiler, Daybook runs on its Node implementation, and this says so once.
 *
 * The compiler is called directly. An addon of Node-API needs no more than four headers, which npm
 * has (node-api-headers), so there is nothing to download and no Python to have (docs/fast-path.md).
 *
 *   node native/build.mjs              build, exit code 0 whatever happens
 *   node native/build.mjs --check      exit code 1 when it cannot be built
 *   node native/build.mjs --sanitize   with address and undefined-behaviour sanitizers, to another place
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, renameSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const sanitize = process.argv.includes('--sanitize');
const check = sanitize || process.argv.includes('--check');

function giveUp(reason) {
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
const sources = readdirSync(join(here, 'src')).filter((name) => name.endsWith('.cc'));
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
const built = spawnSync(compiler, args, { encoding: 'utf8' });
if (built.status !== 0) giveUp(`${compiler} failed\n${built.stderr ?? built.error}`);
renameSync(made, join(target, 'daybook.node'));
