/** `npm run conformance -- --scenarios FILE`: order state scenarios against the real writer. */
import { readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { type Outcome, runScenario } from './conformance/run-scenario.js';
import { parseScenarios, ScenarioError, unreadIn } from './conformance/scenario.js';
import { LineOutput } from './line-output.js';
import { EXIT, parseOptions, runSubcommand, UsageError } from './usage.js';

const HELP = `npm run conformance -- --scenarios FILE [--json]

Drives a writer through its command port with the rows of order state scenarios (the form of FIX 4.4's
order state change matrices, see src/cli/conformance/scenario.ts) and compares every report.

Options:
  --scenarios FILE  JSON file of scenarios
  --json            one JSON object: {"passed","failed","unread":[],"scenarios":[{"id","title","runs","differences"}]}
  --help            this text

A scenario passes when its main path and each alternative pass. The last line says how many did.
Columns and flags by other names than those of the form are told, and not compared.

Exit codes: 0 all passed; 1 differences; 2 wrong use.
`;

export function run(args: string[]): Promise<number> {
  return runSubcommand('conformance', HELP, args, () => conformance(args));
}

async function conformance(args: string[]): Promise<number> {
  const { values } = parseOptions({
    args,
    options: { scenarios: { type: 'string' }, json: { type: 'boolean', default: false } },
  });
  if (values.scenarios === undefined) throw new UsageError('--scenarios FILE is missing');
  const { scenarios, unread } = readScenarios(values.scenarios);
  const outcomes = scenarios.map((scenario) => runScenario(scenario));
  const failed = outcomes.filter(({ differences }) => differences.length > 0).length;
  const passed = outcomes.length - failed;
  const output = new LineOutput();
  if (values.json) output.line(JSON.stringify({ passed, failed, unread, scenarios: outcomes }));
  else {
    for (const what of unread) output.line(`note ${what}, not compared`);
    for (const outcome of outcomes) for (const line of lines(outcome)) output.line(line);
    output.line(`${passed} passed, ${failed} failed`);
  }
  await output.flush();
  return failed === 0 ? EXIT.success : EXIT.finding;
}

function readScenarios(file: string) {
  try {
    const text = readFileSync(file, 'utf8');
    return { scenarios: parseScenarios(text), unread: unreadIn(text) };
  } catch (error) {
    if (error instanceof ScenarioError) throw new UsageError(`${file}: ${error.message}`);
    throw new UsageError(`${file} cannot be read: ${(error as Error).message}`);
  }
}

function lines({ id, title, runs, differences }: Outcome): string[] {
  const verdict = differences.length === 0 ? 'ok  ' : 'FAIL';
  return [
    `${verdict} ${id} ${title} (${runs} ${runs === 1 ? 'run' : 'runs'})`,
    ...differences.map(
      (each) =>
        `     ${each.run}, t=${each.t}: ${each.field} expected ${each.expected}, got ${each.actual}`,
    ),
  ];
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  process.exitCode = await run(process.argv.slice(2));
}
