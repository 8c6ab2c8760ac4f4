/**
 * A process that trades until it is killed: `node trading-process.mjs DIRECTORY SEED ROUND`. Prints
 * `ready` once the venue works. Runs from `dist/`, like Daybook itself.
 */
import { startShard } from '../../dist/src/operations/shard.js';
import { startSimulatedVenue } from '../../dist/src/operations/simulated-venue.js';

const [directory, seed, round] = process.argv.slice(2);
const CAPACITY = {
  ...{ orders: 262_144, clientIds: 524_288, executions: 524_288 },
  ...{ positions: 64, accounts: 16, instruments: 16 },
};
const HEADER = { received: 0n, actor: 0, session: 0 };
/** Commands handed over before others have their turn. */
const BURST = 64;

let state = (Number(seed) ^ (Number(round) * 0x9e3779b9)) >>> 0;
const random = (below) => {
  state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
  return Math.floor((state / 2 ** 32) * below);
};

const shard = await startShard({ directory, producers: ['client', 'venue'], capacity: CAPACITY });
const port = shard.port('client');
const submit = (name, data) => port.submit(name, HEADER, data) >= 0;
if (Number(round) === 0) {
  for (const symbol of ['AAA', 'BBB']) {
    submit('ListInstrument', {
      ...{ symbol, currency: 'USD', tickMantissa: 1, tickScale: 2, lotMantissa: 1, lotScale: 0 },
      ...{ multiplierMantissa: 1, multiplierScale: 0, open: 1, venue: 1 },
    });
  }
  for (const name of ['one', 'two']) submit('OpenAccount', { name, currency: 'USD', open: 1 });
}
const venue = await startSimulatedVenue(shard, 1, 'venue');
venue.failed.catch((error) => {
  process.stderr.write(`${error.stack}\n`);
  process.exit(1);
});
process.stdout.write('ready\n');

const TIMES = ['Day', 'Day', 'GoodTillCancel', 'ImmediateOrCancel', 'FillOrKill'];
/** The last client order id of recent orders, by account. */
const recent = [[], [], []];
let next = 0;

function trade() {
  const account = 1 + random(2);
  const clOrdId = `r${round}-${next++}`;
  const chain = recent[account];
  const kind = random(10);
  const place = random(chain.length);
  if (kind < 7 || chain.length === 0) {
    const market = random(20) === 0;
    const data = {
      ...{ account, clOrdId, instrument: 1 + random(2), side: random(2) ? 'Buy' : 'Sell' },
      ...{ quantity: 1 + random(9), price: market ? 0 : 95 + random(11) },
      ...{ ordType: market ? 'Market' : 'Limit', timeInForce: TIMES[random(5)] },
    };
    if (!submit('NewOrder', data)) return false;
    if (chain.push(clOrdId) > 64) chain.shift();
    return true;
  }
  const request = { account, clOrdId, origClOrdId: chain[place] };
  if (kind < 8) {
    chain.splice(place, 1);
    return submit('CancelOrder', { ...request, quantity: random(4) });
  }
  const taken = submit('ReplaceOrder', {
    ...{ ...request, quantity: 1 + random(12), price: 95 + random(11) },
  });
  if (taken) chain[place] = clOrdId;
  return taken;
}

for (;;) {
  for (let i = 0; i < BURST && trade(); i += 1);
  await new Promise((resolve) => setTimeout(resolve, random(3)));
}
