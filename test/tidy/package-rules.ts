/** Rules for package.json and the lock file. */
import type { Import } from './imports.js';
import type { SourceFile } from './repository.js';

interface PackageJson {
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
  readonly allowScripts: Readonly<Record<string, boolean>>;
}

interface LockFile {
  readonly packages: Readonly<
    Record<
      string,
      {
        readonly hasInstallScript?: boolean;
        readonly optionalDependencies?: Readonly<Record<string, string>>;
      }
    >
  >;
}

function read<T>(files: readonly SourceFile[], path: string): T {
  const file = files.find((candidate) => candidate.path === path);
  if (file === undefined) throw new Error(`there is no ${path}`);
  return JSON.parse(file.text) as T;
}

/** Packages with a script at installation about which `allowScripts` says nothing. */
export function undecidedScripts(files: readonly SourceFile[]): string[] {
  const { allowScripts } = read<PackageJson>(files, 'package.json');
  const { packages } = read<LockFile>(files, 'package-lock.json');
  return (
    Object.entries(packages)
      // The first is this package itself, whose script builds the addon.
      .filter(([path, { hasInstallScript }]) => path !== '' && hasInstallScript === true)
      .map(([path]) => path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length))
      .filter((name) => allowScripts[name] === undefined)
  );
}

/**
 * Optional dependencies, mostly programs for other machines, that the lock file has no entry for: `npm
 * ci` refuses such a lock file. `npm install` writes one when the registry it asks lacks them.
 */
export function missingFromLock(files: readonly SourceFile[]): string[] {
  const { packages } = read<LockFile>(files, 'package-lock.json');
  const present = new Set(
    Object.keys(packages).map((path) => path.replace(/^.*node_modules\//, '')),
  );
  return Object.values(packages)
    .flatMap(({ optionalDependencies = {} }) => Object.keys(optionalDependencies))
    .filter((name) => !present.has(name));
}

/** Named as programs or types, never imported. */
const TOOLS = new Set([
  ...['@biomejs/biome', '@bufbuild/buf', '@types/node', '@types/pg', '@types/pg-copy-streams'],
  ...['@types/ws', 'ts-proto', 'typescript'],
]);
const PACKAGE = /^(@[a-z0-9-]+\/[a-z0-9-]+|[a-z0-9-]+)(\/.*)?$/;

const nameOf = (specifier: string): string | undefined => PACKAGE.exec(specifier)?.[1];

export function wrongPackages(files: readonly SourceFile[], imports: readonly Import[]): string[] {
  const { dependencies, devDependencies } = read<PackageJson>(files, 'package.json');
  const errors: string[] = [];
  const used = new Set<string>();
  for (const { from, line, specifier, to } of imports) {
    if (to !== undefined || specifier.includes(':') || from.startsWith('test/tidy/')) continue;
    const name = nameOf(specifier);
    if (name === undefined) continue;
    used.add(name);
    const forTests = /^(test|bench|scripts)\/|\.test\.ts$|^vitest/.test(from);
    const known = Object.hasOwn(dependencies, name) || Object.hasOwn(devDependencies, name);
    if (!Object.hasOwn(dependencies, name) && !(forTests && known)) {
      errors.push(`${from}:${line}: error: ${name} is not among the dependencies`);
    }
  }
  for (const name of [...Object.keys(dependencies), ...Object.keys(devDependencies)]) {
    if (!used.has(name) && !TOOLS.has(name)) {
      errors.push(`package.json:1: error: nothing imports ${name}`);
    }
  }
  return errors;
}
