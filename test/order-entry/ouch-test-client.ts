/** A small OUCH client over a real socket: says packets, collects what comes, waits for it. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { OUCH } from '../../src/gateways/ouch/catalogue.js';
import { SOUP_TYPE } from '../../src/gateways/soupbintcp/catalogue.js';
import { encodeSoupPacket } from '../../src/gateways/soupbintcp/packets.js';
import type { AppendageItem } from '../../src/gateways/wire/appendage.js';
import type { FieldValue } from '../../src/gateways/wire/field-codec.js';
import {
  decodeMessage,
  encodeMessage,
  type WireMessage,
} from '../../src/gateways/wire/message-codec.js';

export interface LoginTerms {
  readonly user?: string;
  readonly password?: string;
  readonly session?: string;
  readonly sequence?: number | string;
}

/** A packet of the server: its type, and the OUCH message of a data packet. */
export interface Received {
  readonly type: string;
  readonly message: WireMessage | undefined;
  readonly payload: Buffer;
}

const ENTER = {
  side: 'B',
  quantity: 100,
  symbol: 'ACME',
  price: '10.0000',
  timeInForce: '0',
  display: 'Y',
  capacity: 'A',
  interMarketSweepEligibility: 'N',
  crossType: 'N',
  clOrdID: 'mine',
};

export class OuchTestClient {
  readonly socket: Socket;
  readonly received: Received[] = [];
  closed = false;
  #buffer = Buffer.alloc(0);
  #sequenced = 0;
  #waiting: (() => void)[] = [];

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (chunk: Buffer) => {
      this.#buffer = Buffer.concat([this.#buffer, chunk]);
      this.#cut();
      this.#wake();
    });
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.closed = true;
      this.#wake();
    });
  }

  static async connect(port: number): Promise<OuchTestClient> {
    const socket = connect(port, '127.0.0.1');
    await once(socket, 'connect');
    return new OuchTestClient(socket);
  }

  /** Over a socket that is connected, such as one with TLS. */
  static over(socket: Socket): OuchTestClient {
    return new OuchTestClient(socket);
  }

  static async login(port: number, terms: LoginTerms = {}): Promise<OuchTestClient> {
    const client = await OuchTestClient.connect(port);
    client.sendLogin(terms);
    await client.until((packets) => packets.some((p) => p.type === 'A' || p.type === 'J'));
    return client;
  }

  sendLogin(terms: LoginTerms): void {
    const { user = 'alice', password = 'secret', session = '', sequence = 1 } = terms;
    const fields = {
      username: user,
      password,
      requestedSession: session,
      requestedSequenceNumber: sequence,
    };
    this.socket.write(encodeSoupPacket('in', { type: 'L', fields }));
  }

  /** Sends an OUCH message. */
  send(
    type: string,
    fields: Record<string, FieldValue>,
    appendage?: readonly AppendageItem[],
  ): void {
    const extra = appendage === undefined ? {} : { appendage };
    const message = encodeMessage(OUCH, 'in', { type, fields, ...extra });
    this.sendData(message);
  }

  sendData(message: Uint8Array): void {
    const packet = Buffer.alloc(3 + message.length);
    packet.writeUInt16BE(1 + message.length);
    packet[2] = SOUP_TYPE.unsequencedData;
    packet.set(message, 3);
    this.socket.write(packet);
  }

  enter(
    userRefNum: number,
    fields: Record<string, FieldValue> = {},
    appendage: readonly AppendageItem[] = [],
  ): void {
    this.send('O', { ...ENTER, userRefNum, ...fields }, appendage);
  }

  /** Sequenced messages so far, in order. */
  get messages(): WireMessage[] {
    return this.received.flatMap((p) => (p.type === 'S' && p.message ? [p.message] : []));
  }

  /** Their bytes, one buffer each. */
  get payloads(): string[] {
    return this.received.filter((p) => p.type === 'S').map((p) => p.payload.toString('hex'));
  }

  /** Resolves when `count` sequenced messages have come. */
  async sequenced(count: number): Promise<WireMessage[]> {
    // Counted as they come: a client of tens of thousands would count all of them at each packet.
    await this.until(() => this.#sequenced >= count);
    return this.messages;
  }

  async until(done: (received: readonly Received[]) => boolean): Promise<void> {
    const deadline = Date.now() + 20_000;
    while (!done(this.received)) {
      if (this.closed) throw new Error(`closed after ${JSON.stringify(this.received.slice(-5))}`);
      await this.#change(deadline);
    }
  }

  async untilClosed(): Promise<void> {
    const deadline = Date.now() + 20_000;
    while (!this.closed) await this.#change(deadline);
  }

  close(): void {
    this.socket.destroy();
  }

  async #change(deadline: number): Promise<void> {
    const left = deadline - Date.now();
    if (left <= 0) throw new Error(`nothing came: ${JSON.stringify(this.received.slice(-5))}`);
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve) => {
      this.#waiting.push(resolve);
      timer = setTimeout(resolve, left);
    });
    clearTimeout(timer);
  }

  #wake(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const each of waiting) each();
  }

  #cut(): void {
    while (this.#buffer.length >= 3) {
      const bytes = 2 + this.#buffer.readUInt16BE(0);
      if (this.#buffer.length < bytes) return;
      const type = String.fromCharCode(this.#buffer[2]!);
      const payload = this.#buffer.subarray(3, bytes);
      const data = type === 'S' || type === 'U';
      const view = new DataView(payload.buffer, payload.byteOffset, payload.length);
      const message = data ? decodeMessage(OUCH, 'out', view, 0, payload.length) : undefined;
      this.received.push({ type, message, payload: Buffer.from(payload) });
      if (type === 'S') this.#sequenced += 1;
      this.#buffer = this.#buffer.subarray(bytes);
    }
  }
}
