/**
 * A process that trades with a venue behind a socket until it is killed:
 * `node linked-process.mjs DIRECTORY PORT POLICY`. Runs from `dist/`, like Daybook itself. Commands
 * come as JSON lines; `{"hold":"orders"|"reports"|""}` loses what goes out or comes in. Every event of the log
 * from the start on goes out as a JSON line, and `{"ready":...}` once the venue is reconciled.
 */
import { connect } from 'node:net';
import { createInterface } from 'node:readline';
import { decodeEvent } from '../../dist/src/domain/event-codec.js';
import { HEADER } from '../../dist/src/domain/event-record.js';
import { JournalReader } from '../../dist/src/log/journal/journal-reader.js';
import { startShard } from '../../dist/src/operations/shard.js';
import { reconcileAtStart } from '../../dist/src/operations/venue-reconciliation.js';
import { watchVenueRequests } from '../../dist/src/operations/venue-requests.js';

const [directory, venuePort, policy] = process.argv.slice(2);
const VENUE = 1;
const CAPACITY = {
  ...{ orders: 4096, clientIds: 8192, executions: 8192 },
  ...{ positions: 64, accounts: 16, instruments: 16 },
};
const NOBODY = { received: 0n, actor: 0, session: 0 };
const say = (message) =>
  process.stdout.write(
    `${JSON.stringify(message, (_key, value) => (typeof value === 'bigint' ? String(value) : value))}\n`,
  );

const shard = await startShard({ directory, producers: ['client', 'venue'], capacity: CAPACITY });
const client = shard.port('client');
const link = shard.port('venue');
let hold = '';

const socket = connect(Number(venuePort), '127.0.0.1');
await new Promise((resolve) => socket.once('connect', resolve));
const send = (message) => socket.write(`${JSON.stringify(message)}\n`);
const asked = new Map();
let questions = 0;
const ask = (what, orderId) =>
  new Promise((resolve) => {
    questions += 1;
    asked.set(questions, resolve);
    send({ kind: 'ask', id: questions, what, orderId });
  });
createInterface({ input: socket }).on('line', (line) => {
  const message = JSON.parse(line);
  if (message.answer !== undefined) asked.get(message.id)(message.answer);
  else if (hold !== 'reports') link.submit('VenueReport', NOBODY, { ...message, venue: VENUE });
});

createInterface({ input: process.stdin }).on('line', (line) => {
  const message = JSON.parse(line);
  if (message.hold !== undefined) hold = message.hold;
  else client.submit(message.name, NOBODY, message.data);
});

/** What was routed before this process began is not sent again. */
const head = { nextSequence: 0, segment: 0, offset: 0 };
shard.durableEnd.read(head);
const terms = new Map();
void follow();

const status = {
  openOrders: () => ask('open'),
  order: async (orderId) => (await ask('order', orderId)) ?? undefined,
  executions: () => ask('executions'),
};
const { durableEnd } = shard;
say({
  ready: await reconcileAtStart({
    directory,
    durableEnd,
    port: link,
    venue: VENUE,
    status,
    policy,
  }),
});

void watchVenueRequests({
  ...{ directory, durableEnd, port: link, venue: VENUE, status, timeoutNs: 300_000_000n },
  signal: new AbortController().signal,
  onUnresolved: (unresolved) => say({ unresolved }),
});

async function follow() {
  const reader = new JournalReader(directory, { from: 0, end: shard.durableEnd });
  for await (const batch of reader.follow()) {
    for (let at = 0; at < batch.length; at += batch.u16[(at + HEADER.length) >> 1]) {
      const event = decodeEvent(batch.bytes, at);
      if (event.type === 'OrderAccepted') terms.set(event.data.orderId, event.data);
      if (event.sequence < head.nextSequence) continue;
      say({ type: event.type, sequence: event.sequence, data: event.data });
      if (hold !== 'orders') act(event);
    }
  }
}

function act({ type, data }) {
  if (type === 'OrderRouted') {
    const { account, instrument, quantity, price, side, clOrdId } = terms.get(data.orderId);
    const order = { account, instrument, quantity, price, side, clOrdId };
    send({ kind: 'new', orderId: data.orderId, ...order });
  } else if (type === 'CancelRequested' && data.forced === 0) {
    send({ kind: 'cancel', orderId: data.orderId, clOrdId: data.clOrdId });
  } else if (type === 'RequestRepeated' && data.request === 'Cancel') {
    send({ kind: 'cancel', orderId: data.orderId, clOrdId: data.clOrdId });
  } else if (type === 'VenueDifferenceFound' && data.action === 'CancelAtVenue') {
    send({ kind: 'cancel-stray', venueOrderId: data.venueOrderId });
  }
}
