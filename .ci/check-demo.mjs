// Compares the demo's JSON with what the recorded day is known to give. Its time is told and fails nothing:
// other work on the machine makes it longer, and wrong figures are what this step is there to find.
import { readFileSync } from 'node:fs';

const SECONDS_ASKED = 15;
const EXPECTED = {
  ...{ submitted: 29_216, fills: 6_364, fillQty: 10_187, buy: 4_703, sell: 5_484 },
  ...{ replaced: 11_349, canceled: 12_670, restated: 28, unknown: 7, trades: 2_973, open: 11_217 },
};

const result = JSON.parse(readFileSync(process.argv[2], 'utf8'));
const wrong = Object.entries(EXPECTED).filter(([name, value]) => result[name] !== value);
for (const [name, value] of wrong) {
  process.stderr.write(`${name} is ${result[name]}, known to be ${value}\n`);
}
process.stdout.write(`${result.seconds} s, asked are ${SECONDS_ASKED}\n`);
process.exitCode = wrong.length > 0 ? 1 : 0;
