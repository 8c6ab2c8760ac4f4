/**
 * `npm run bench -- report [NAME ...] [--seconds N]`: runs benches, each in a process of its own, keeps
 * what they print in docs/performance.json and writes docs/performance.md anew. A bench that is not
 * named keeps its last run.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { loadavg } from 'node:os';
import type { Figure } from './figure.js';
import { type BenchRun, performancePage } from './performance-page.js';

const RUNS = 'docs/performance.json';
const PAGE = 'docs/performance.md';

/** @param benches their names, in the order of the page */
export function report(
  benches: readonly string[],
  chosen: readonly string[],
  seconds: number,
): void {
  const before = existsSync(RUNS) ? (JSON.parse(readFileSync(RUNS, 'utf8')) as BenchRun[]) : [];
  const runs = new Map(before.map((run) => [run.bench, run]));
  for (const bench of chosen) {
    process.stderr.write(`${bench} ...\n`);
    runs.set(bench, runBench(bench, seconds));
    // After each, so that a bench that fails takes nothing of the others with it.
    const inOrder = benches.flatMap((name) => runs.get(name) ?? []);
    writeFileSync(RUNS, `${JSON.stringify(inOrder, null, 2)}\n`);
    writeFileSync(PAGE, performancePage(inOrder));
  }
}

function runBench(bench: string, seconds: number): BenchRun {
  const at = `${new Date().toISOString().slice(0, 19)}Z`;
  const load = Math.round((loadavg()[0] as number) * 10) / 10;
  const args = [bench, '--json', '--seconds', String(seconds)];
  const script = process.argv[1] as string;
  const printed = execFileSync(process.execPath, [...process.execArgv, script, ...args], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const { machine, figures } = JSON.parse(printed) as { machine: string; figures: Figure[] };
  const command = `npm run bench -- ${bench} --seconds ${seconds}`;
  return {
    bench,
    machine,
    command,
    at,
    commit: commit(),
    load,
    purpose: purposeOf(bench),
    figures,
  };
}

function commit(): string {
  const git = (...args: string[]) => execFileSync('git', args, { encoding: 'utf8' }).trim();
  const changed = git('status', '--porcelain', '--', 'src', 'bench', 'package-lock.json') !== '';
  return `${git('rev-parse', '--short', 'HEAD')}${changed ? ' with changes' : ''}`;
}

/** The comment that a bench's source opens with. */
function purposeOf(bench: string): string {
  const [, comment = ''] =
    /^\/\*\*([\s\S]*?)\*\//.exec(readFileSync(`bench/${bench}.ts`, 'utf8')) ?? [];
  return comment.replace(/^ *\* ?/gm, '').trim();
}
