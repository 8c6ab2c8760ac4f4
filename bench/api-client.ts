/**
 * The clients of `bench/api.ts`, in a process of their own. They write requests as prepared text
 * and only count the answers, so that as little as can be of the machine goes to them.
 */
import { connect, type Socket } from 'node:net';
import { build } from 'hdr-histogram-js';

export interface ClientTask {
  readonly port: number;
  readonly connections: number;
  readonly pipelined: number;
  readonly accounts: number;
  readonly seconds: number;
}

export interface ClientResult {
  readonly perSecond: number;
  /** Answers other than 201. */
  readonly refused: number;
  readonly p50Us: number;
  readonly p99Us: number;
  readonly p999Us: number;
}

/** The first part of the run, while code is compiled and connections are made: not counted. */
const WARM_UP = 0.25;

const histogram = build({ highestTrackableValue: 60_000_000, numberOfSignificantValueDigits: 3 });
let answered = 0;
let refused = 0;
let sent = 0;
let counting = false;
let stopped = false;

process.once('message', (task: ClientTask) => {
  const sockets = Array.from({ length: task.connections }, () => client(task));
  setTimeout(
    () => {
      counting = true;
      const start = performance.now();
      answered = 0;
      setTimeout(
        () => {
          const seconds = (performance.now() - start) / 1000;
          const result: ClientResult = {
            perSecond: answered / seconds,
            refused,
            p50Us: histogram.getValueAtPercentile(50),
            p99Us: histogram.getValueAtPercentile(99),
            p999Us: histogram.getValueAtPercentile(99.9),
          };
          stopped = true;
          for (const socket of sockets) socket.destroy();
          process.send?.(result, () => process.disconnect());
        },
        task.seconds * 1000 * (1 - WARM_UP),
      );
    },
    task.seconds * 1000 * WARM_UP,
  );
});

function client(task: ClientTask): Socket {
  const socket = connect(task.port, '127.0.0.1');
  socket.setNoDelay(true);
  /** When each request in flight was sent, oldest first: HTTP/1.1 answers in order. */
  const sentAt: number[] = [];
  let rest = '';
  const send = (count: number): void => {
    let text = '';
    for (let i = 0; i < count; i += 1) {
      text += request(task.accounts);
      sentAt.push(performance.now());
    }
    if (!stopped) socket.write(text, 'latin1');
  };
  socket.setEncoding('latin1');
  socket.on('connect', () => send(task.pipelined));
  socket.on('data', (chunk: string) => {
    rest += chunk;
    let done = 0;
    for (;;) {
      const head = rest.indexOf('\r\n\r\n');
      if (head < 0) break;
      const length = Number(/content-length: (\d+)/.exec(rest.slice(0, head))?.[1]);
      const end = head + 4 + length;
      if (rest.length < end) break;
      if (!rest.startsWith('HTTP/1.1 201')) refused += 1;
      rest = rest.slice(end);
      const us = (performance.now() - (sentAt.shift() as number)) * 1000;
      if (counting) histogram.recordValue(Math.round(us));
      done += 1;
    }
    answered += done;
    if (done > 0) send(done);
  });
  return socket;
}

function request(accounts: number): string {
  sent += 1;
  const body =
    `{"clientOrderId":"bench-${sent}","account":"account-${sent % accounts}","instrument":"ESH4",` +
    `"side":"${sent % 2 === 0 ? 'Buy' : 'Sell'}","type":"Limit","quantity":"2","price":"4799.25"}`;
  return (
    'POST /v1/orders HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n' +
    `content-length: ${body.length}\r\n\r\n${body}`
  );
}
