/**
 * REST: requests as prepared text over HTTP/1.1 connections, answers only counted, so that as little
 * as can be of the machine goes to the client.
 */
import { connect, type Socket } from 'node:net';
import type { Answered, Driver } from './api-load.js';

/** Connections; requests go round them, each answered in its order. */
const CONNECTIONS = 64;

interface Connection {
  readonly socket: Socket;
  /** When each request in flight was due, oldest first. */
  readonly dueMs: number[];
  rest: string;
}

export class RestDriver implements Driver {
  readonly #port: number;
  readonly #accounts: number;
  readonly #connections: Connection[] = [];
  #sent = 0;

  constructor(port: number, accounts: number) {
    this.#port = port;
    this.#accounts = accounts;
  }

  async open(answered: Answered): Promise<void> {
    for (let i = 0; i < CONNECTIONS; i += 1) {
      const socket = connect(this.#port, '127.0.0.1');
      socket.setNoDelay(true);
      socket.setEncoding('latin1');
      const connection = { socket, dueMs: [], rest: '' };
      socket.on('data', (chunk) => this.#take(connection, String(chunk), answered));
      await new Promise((resolve, reject) => socket.once('connect', resolve).once('error', reject));
      this.#connections.push(connection);
    }
  }

  send(dueMs: number): void {
    const { socket, dueMs: due } = this.#connections[this.#sent % CONNECTIONS] as Connection;
    this.#sent += 1;
    due.push(dueMs);
    socket.write(requestText(this.#sent, this.#accounts), 'latin1');
  }

  close(): void {
    for (const { socket } of this.#connections) socket.destroy();
  }

  #take(connection: Connection, chunk: string, answered: Answered): void {
    let rest = connection.rest + chunk;
    for (;;) {
      const head = rest.indexOf('\r\n\r\n');
      if (head < 0) break;
      const length = Number(/content-length: (\d+)/.exec(rest.slice(0, head))?.[1]);
      const end = head + 4 + length;
      if (rest.length < end) break;
      const refused = rest.startsWith('HTTP/1.1 201') ? 0 : 1;
      rest = rest.slice(end);
      answered(1, refused, connection.dueMs.shift() as number);
    }
    connection.rest = rest;
  }
}

function requestText(number: number, accounts: number): string {
  const body =
    `{"clientOrderId":"${process.pid}-${number}","account":"account-${number % accounts}",` +
    `"instrument":"ESH4","side":"${number % 2 === 0 ? 'Buy' : 'Sell'}","type":"Limit",` +
    '"quantity":"2","price":"4799.25"}';
  return (
    'POST /v1/orders HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n' +
    `content-length: ${body.length}\r\n\r\n${body}`
  );
}
