/** Sends bodies of nonsense over real connections, as a trader, and looks at what comes of it. */
import type { Socket } from 'node:net';
import { decodeEvent } from '../../src/domain/event-codec.js';
import { HEADER } from '../../src/domain/event-record.js';
import { JournalReader } from '../../src/log/journal/journal-reader.js';
import { fuzzRequest, Random } from './body-fuzzer.js';
import { AnswerReader, openSocket } from './raw-http.js';
import type { SecureApi } from './secure-api.js';

const CONNECTIONS = 8;
/** Requests under way on one connection. */
const PIPELINED = 8;
/** Words that only the inside of Daybook knows. */
export const INTERNALS =
  /node_modules|\/src\/|\.js:\d|\.ts:\d|\bat \w+ \(|FST_|TypeError|RangeError/;

export interface FuzzResult {
  /** Requests behind one that ends its connection are sent in vain, and not counted. */
  readonly answered: number;
  readonly statuses: Readonly<Record<number, number>>;
  /** Answers that must not be: at most a few, with the request. */
  readonly findings: readonly string[];
  readonly seconds: number;
}

export async function runFuzz(api: SecureApi, bodies: number, seed: number): Promise<FuzzResult> {
  const random = new Random(seed);
  const statuses: Record<number, number> = {};
  const findings: string[] = [];
  const started = performance.now();
  let next = 0;
  let answered = 0;
  const connection = async (): Promise<void> => {
    while (answered < bodies) {
      const socket = await openSocket(api.api.address);
      await talk(socket);
    }
  };
  const talk = (socket: Socket): Promise<void> =>
    new Promise((resolve) => {
      const underWay: string[] = [];
      const more = (): void => {
        let bytes = '';
        while (underWay.length < PIPELINED && answered + underWay.length < bodies) {
          const { method, path, body } = fuzzRequest(random, next);
          next += 1;
          underWay.push(`${method} ${path} ${body}`);
          bytes +=
            `${method} ${path} HTTP/1.1\r\nHost: d\r\nAuthorization: Bearer ${api.keys.trader}\r\n` +
            `Content-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${Buffer.from(body).toString('latin1')}`;
        }
        if (bytes !== '') socket.write(bytes, 'latin1');
        else if (underWay.length === 0) socket.end();
      };
      const reader = new AnswerReader(({ status, body }) => {
        const request = underWay.shift();
        answered += 1;
        statuses[status] = (statuses[status] ?? 0) + 1;
        if ((status >= 500 && status !== 503 && status !== 504) || INTERNALS.test(body)) {
          if (findings.length < 20) findings.push(`${request} -> ${status} ${body}`);
        }
        if (underWay.length < PIPELINED / 2) more();
      });
      socket.on('data', (chunk: string) => reader.take(chunk));
      socket.on('error', () => undefined);
      socket.on('close', () => resolve());
      more();
    });
  await Promise.all(Array.from({ length: CONNECTIONS }, connection));
  return { answered, statuses, findings, seconds: (performance.now() - started) / 1000 };
}

/** Events on record that the trader caused and may not have: none. */
export function forbiddenEvents({ api, shard }: SecureApi): string[] {
  const app = api.application;
  const own = app.reference.accountByName('own')?.index;
  const trader = api.admission?.identities.ofUser('trader', 'key', '')?.actor;
  const found: string[] = [];
  const reader = new JournalReader(shard.directory, { from: 0, end: shard.durableEnd });
  for (let batch = reader.read(); batch !== undefined; batch = reader.read()) {
    for (let at = 0; at < batch.length; at += batch.u16[(at + HEADER.length) >> 1] as number) {
      if (batch.u32[(at + HEADER.actor) >> 2] !== trader) continue;
      const { type, sequence, data } = decodeEvent(batch.bytes, at);
      const account = 'account' in data ? data.account : undefined;
      const halt = type === 'TradingHalted' && data.scope === 'Account' && data.scopeId === own;
      if (account === own || halt || type === 'CommandRefused') continue;
      found.push(`${sequence} ${type} ${JSON.stringify(data)}`);
    }
  }
  reader.close();
  return found;
}
