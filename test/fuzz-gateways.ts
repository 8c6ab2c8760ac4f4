/**
 * Fuzzes every decoder of the gateways.
 *
 *     npx tsc -p test/tsconfig.fuzz.json
 *     node dist/fuzz/test/fuzz-gateways.js --inputs 10000000 [--seed S] [--from INDEX]
 *
 * Exit code 0 when nothing was found, 1 with seed, index and bytes when something was. The same
 * `--seed` with `--from INDEX --inputs 1` repeats a finding.
 */
import { parseArgs } from 'node:util';
import { buildCorpus } from './gateway-fuzz-corpus.js';
import { FuzzFailure, GatewayFuzzer } from './gateway-fuzzer.js';

function wholeNumber(text: string | undefined, otherwise: number): number {
  const value = text === undefined ? otherwise : Number(text);
  if (Number.isSafeInteger(value) && value >= 0) return value;
  process.stderr.write(`not a whole number: ${text}\n`);
  process.exit(2);
}

function main(): number {
  const { values } = parseArgs({
    options: {
      inputs: { type: 'string' },
      seed: { type: 'string' },
      from: { type: 'string' },
    },
  });
  const inputs = wholeNumber(values.inputs, 1_000_000);
  const seed = wholeNumber(values.seed, Date.now() % 2 ** 31);
  const from = wholeNumber(values.from, 0);
  const fuzzer = new GatewayFuzzer(buildCorpus(), seed);
  const begun = performance.now();
  // Refusals are the common case here; their stack traces would be most of the work.
  if (inputs > 1) Error.stackTraceLimit = 0;
  try {
    for (let i = 0; i < inputs; i++) fuzzer.input(from + i);
  } catch (error) {
    if (!(error instanceof FuzzFailure)) throw error;
    process.stderr.write(`${error.message}\n`);
    return 1;
  }
  const seconds = (performance.now() - begun) / 1000;
  process.stdout.write(`${JSON.stringify({ seed, from, ...fuzzer.counts, seconds })}\n`);
  return 0;
}

process.exitCode = main();
