import { expect, it } from 'vitest';
import { buildCorpus } from './gateway-fuzz-corpus.js';
import { GatewayFuzzer } from './gateway-fuzzer.js';

const INPUTS = 30_000;

it('no decoder of the gateways crashes, reads past the end or throws untyped', () => {
  const seed = Date.now() % 2 ** 31;
  process.stdout.write(`fuzz-gateways: seed ${seed}, ${INPUTS} inputs\n`);
  const fuzzer = new GatewayFuzzer(buildCorpus(), seed);
  for (let i = 0; i < INPUTS; i++) fuzzer.input(i);
  expect(fuzzer.counts.accepted).toBeGreaterThan(INPUTS / 20);
  expect(fuzzer.counts.refused).toBeGreaterThan(INPUTS / 20);
});
