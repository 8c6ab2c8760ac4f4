// An unmodified EventStoreDB client in a process of its own: reads, subscribes, goes away, resumes.
// Knows nothing of Daybook but a connection string and the name of a stream. Prints what it saw.
import { BACKWARDS, END, EventStoreDBClient, eventTypeFilter } from '@eventstore/db-client';

const [connectionString, stream, total] = process.argv.slice(2);
const wanted = Number(total);
const connect = () => EventStoreDBClient.connectionString(connectionString);
const client = connect();

const read = [];
for await (const { event } of client.readStream(stream)) read.push(event);
const newest = [];
for await (const { event } of client.readStream(stream, {
  direction: BACKWARDS,
  fromRevision: END,
  maxCount: 3,
})) {
  newest.push(Number(event.revision));
}

// By stream: the first half over one connection, the rest over another, from our own checkpoint.
const followed = [];
const first = client.subscribeToStream(stream);
first.on('error', () => {});
for await (const { event } of first) {
  followed.push(Number(event.revision));
  if (followed.length === Math.floor(wanted / 2)) break;
}
process.stdout.write('subscribed\n');
const other = connect();
const second = other.subscribeToStream(stream, { fromRevision: BigInt(followed.at(-1)) });
second.on('error', () => {});
for await (const { event } of second) {
  followed.push(Number(event.revision));
  if (followed.length === wanted) break;
}

// By type over $all, resumed from a checkpoint of the server.
let checkpoint;
const filled = [];
const filter = (checkpointReached) =>
  eventTypeFilter({ prefixes: ['OrderFilled'], maxSearchWindow: 5, checkpointReached });
const third = client.subscribeToAll({
  filter: filter((_subscription, position) => {
    if (filled.length >= 3) checkpoint ??= position;
  }),
});
third.on('error', () => {});
for await (const { event } of third) {
  if (checkpoint !== undefined) break;
  filled.push(Number(event.revision));
}
const fourth = other.subscribeToAll({ fromPosition: checkpoint, filter: filter() });
fourth.on('error', () => {});
for await (const { event } of fourth) {
  filled.push(Number(event.revision));
  if (Number(event.revision) >= wanted - 5) break;
}
const refused = await client
  .appendToStream(stream, { ...read[0], contentType: 'application/json' })
  .then(
    () => 'accepted',
    (error) => error.type,
  );
const [{ id, type, data, metadata }] = read;
process.stdout.write(
  `${JSON.stringify({
    revisions: read.map(({ revision }) => Number(revision)),
    ids: read.map((event) => event.id),
    first: { id, type, data, metadata },
    newest,
    followed,
    filled,
    refused,
  })}\n`,
  // Not before all of it has left: the pipe holds less than this.
  () => process.exit(0),
);
