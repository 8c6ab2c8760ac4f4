/** The arrows of docs/architecture.md: which folder under src/ may import from which. */
import type { Import } from './imports.js';

/**
 * Folder by folder, what it may import beside itself and packages. A path to a file allows that file
 * only: of the write side the port, of the log what its readers need.
 */
const LOG_READERS = [
  'src/log/journal/journal-reader.ts',
  'src/log/journal/durable-end.ts',
  'src/log/journal/shared-durable-end.ts',
  'src/log/journal/durable-mark.ts',
  'src/log/journal/fixed-durable-end.ts',
  'src/log/journal/sparse-index.ts',
  'src/log/file-system.ts',
];
const COMMAND_PORT = 'src/commands/command-port.ts';

export const ARROWS: Readonly<Record<string, readonly string[]>> = {
  lib: [],
  domain: ['lib'],
  commands: ['domain', 'lib'],
  privacy: ['domain', 'lib'],
  audit: ['domain', 'lib', 'commands', 'log', 'privacy'],
  log: ['domain', 'lib'],
  'market-data': ['domain', 'lib'],
  gateways: ['domain', 'lib', COMMAND_PORT, ...LOG_READERS],
  venues: ['domain', 'lib', COMMAND_PORT, ...LOG_READERS],
  api: ['domain', 'lib', 'privacy', COMMAND_PORT, ...LOG_READERS],
  projections: ['domain', 'lib', 'log', 'market-data', 'migrations'],
  operations: [
    ...['domain', 'lib', 'commands', 'log', 'venues', 'gateways', 'projections', 'market-data'],
    ...['privacy', 'audit'],
  ],
  cli: [
    ...['domain', 'lib', 'commands', 'log', 'venues', 'gateways', 'projections', 'market-data'],
    ...['operations', 'api', 'privacy', 'audit'],
  ],
};

const folderOf = (path: string): string =>
  path.startsWith('src/') ? (path.split('/')[1] as string) : (path.split('/')[0] as string);

/** @param imports of files under src/ that are no tests */
export function wrongArrows(imports: readonly Import[]): string[] {
  const errors: string[] = [];
  for (const { from, line, to } of imports) {
    if (to === undefined) continue;
    const source = folderOf(from);
    const target = folderOf(to);
    const allowed = ARROWS[source];
    if (allowed === undefined) errors.push(`${from}:1: error: ${source}/ is no room of the house`);
    else if (source !== target && !allowed.includes(target) && !allowed.includes(to)) {
      errors.push(`${from}:${line}: error: ${source} must not import ${to}`);
    }
  }
  return errors;
}

/** Files that need each other to load, directly or on a way round; each cycle once. */
export function cycles(imports: readonly Import[]): string[] {
  const graph = new Map<string, string[]>();
  for (const { from, to, loose } of imports) {
    if (to === undefined || loose) continue;
    const targets = graph.get(from);
    if (targets === undefined) graph.set(from, [to]);
    else targets.push(to);
  }
  const errors: string[] = [];
  const done = new Set<string>();
  const path: string[] = [];
  const visit = (file: string): void => {
    const at = path.indexOf(file);
    if (at >= 0) errors.push(`${file}:1: error: cycle ${[...path.slice(at), file].join(' > ')}`);
    if (at >= 0 || done.has(file)) return;
    path.push(file);
    for (const target of graph.get(file) ?? []) visit(target);
    path.pop();
    done.add(file);
  };
  for (const file of graph.keys()) visit(file);
  return errors;
}

/** Files of `sources` that nothing reaches from the entries. */
export function unreached(
  sources: readonly string[],
  imports: readonly Import[],
  entries: readonly string[],
): string[] {
  const targets = new Map<string, string[]>();
  for (const { from, to } of imports) {
    if (to !== undefined) targets.set(from, [...(targets.get(from) ?? []), to]);
  }
  const reached = new Set<string>();
  const open = [...entries];
  for (let file = open.pop(); file !== undefined; file = open.pop()) {
    if (reached.has(file)) continue;
    reached.add(file);
    open.push(...(targets.get(file) ?? []));
  }
  return sources.filter((path) => !reached.has(path));
}
