/**
 * The drop copy: every execution report of the shard over MoldUDP64 to a multicast group, from the
 * durable log, and a retransmission server that answers from the same log.
 *
 * ```
 *   journal, durable --> messages --> packets --> group
 *        ^
 *        +-- requests (unicast) --> packets --> whoever asked
 * ```
 */
import type { Logger } from 'pino';
import { HEADER, type RecordBuffer } from '../../domain/event-record.js';
import type { DatagramSocket } from '../../gateways/datagrams/datagram-socket.js';
import { openDatagramSocket } from '../../gateways/datagrams/open-datagram-socket.js';
import { MoldSender } from '../../gateways/moldudp64/mold-sender.js';
import {
  checkMoldRequest,
  MOLD_HEADER_BYTES,
  MOLD_SESSION_BYTES,
  moldPacket,
} from '../../gateways/moldudp64/packets.js';
import { FAULT } from '../../gateways/wire/fault.js';
import { assert } from '../../lib/assert.js';
import type { DurableEnd } from '../../log/journal/durable-end.js';
import { JournalReader } from '../../log/journal/journal-reader.js';
import { SparseIndex } from '../../log/journal/sparse-index.js';
import { DropCopyStream } from './drop-copy-stream.js';

/** Messages of one answer to a request; whoever needs more asks again. */
export const ANSWER_MESSAGES_MAX = 1024;
/** Requests answered before the stream goes on; further ones that came with them are refused, and come again. */
export const REQUESTS_A_TURN_MAX = 16;
const HEARTBEAT_MS = 1000;
/** Longest wait for the log, ms: requests are answered that late. */
const WAIT_MS_MAX = 2;

export interface DropCopyConfig {
  /** A multicast group, or one receiver. */
  readonly sendTo: { readonly host: string; readonly port: number };
  readonly interfaceAddress?: string | undefined;
  readonly ttl?: number | undefined;
  /** Where requests for retransmission are taken; port 0 takes any free one. */
  readonly host: string;
  readonly port: number;
}

export interface DropCopyCounts {
  /** Messages and packets sent to the group since the start. */
  readonly messages: number;
  readonly packets: number;
  /** Packets that the network had no room for; receivers ask for them. */
  readonly unsent: number;
  readonly requests: number;
  readonly requestsRefused: number;
}

export interface DropCopyParts {
  readonly config: DropCopyConfig;
  readonly directory: string;
  readonly durableEnd: DurableEnd;
  readonly logger: Logger;
}

export class DropCopyFeed {
  readonly #parts: DropCopyParts;
  readonly #stream = new DropCopyStream();
  readonly #index = new SparseIndex();
  readonly #reader: JournalReader;
  readonly #group: DatagramSocket;
  readonly #server: DatagramSocket;
  readonly #sender: MoldSender;
  readonly #answers: MoldSender;
  #sentAt = 0;
  #messages = 0;
  #requests = 0;
  #refused = 0;

  /** Folds the log up to its durable end; what comes after is sent. @throws JournalError, of bind */
  static async open(parts: DropCopyParts): Promise<DropCopyFeed> {
    const { sendTo, interfaceAddress, ttl, host, port } = parts.config;
    const group = await openDatagramSocket({
      ...{ host: '0.0.0.0', port: 0, sendTo, interfaceAddress, ttl },
    });
    const server = await openDatagramSocket({ host, port });
    return new DropCopyFeed(parts, group, server);
  }

  private constructor(parts: DropCopyParts, group: DatagramSocket, server: DatagramSocket) {
    this.#parts = parts;
    this.#group = group;
    this.#server = server;
    const { directory, durableEnd: end } = parts;
    this.#reader = new JournalReader(directory, {
      ...{ from: 0, end, checkRecords: false, index: this.#index },
    });
    const position = { nextSequence: 0, segment: 0, offset: 0 };
    end.read(position);
    while (this.#reader.nextSequence < position.nextSequence) {
      const batch = this.#reader.read();
      assert(batch !== undefined, 'the log reads up to its durable end');
      this.#fold(batch, undefined);
    }
    this.#sender = new MoldSender(group, this.#stream.session);
    this.#answers = new MoldSender(server, this.#stream.session);
  }

  /** Where requests are taken. */
  get port(): number {
    return this.#server.port;
  }

  get counts(): DropCopyCounts {
    return {
      messages: this.#messages,
      packets: this.#sender.sent,
      unsent: this.#sender.unsent,
      requests: this.#requests,
      requestsRefused: this.#refused,
    };
  }

  /** Sends what has become durable and answers requests. @returns false when the writer has closed */
  async turn(): Promise<boolean> {
    const batch = this.#reader.readBlocking(WAIT_MS_MAX);
    const now = performance.now();
    if (batch !== undefined) {
      this.#fold(batch, this.#sender);
      this.#sender.flush();
      this.#sentAt = now;
    } else if (this.#parts.durableEnd.state() === 'closed') return false;
    else if (now - this.#sentAt >= HEARTBEAT_MS) {
      this.#sender.heartbeat(this.#stream.count + 1);
      this.#sentAt = now;
    }
    await this.#answer();
    return true;
  }

  /** Tells the end of the session to whoever listens. */
  async close(): Promise<void> {
    this.#sender.endOfSession(this.#stream.count + 1);
    this.#reader.close();
    await this.#group.close();
    await this.#server.close();
  }

  #fold(batch: RecordBuffer, sender: MoldSender | undefined): void {
    const view = new DataView(batch.bytes.buffer);
    for (let at = 0; at < batch.length; ) {
      const length = batch.u16[(at + HEADER.length) >> 1]!;
      if (sender !== undefined && DropCopyStream.opensDay(batch, at)) this.#endDay(sender);
      const number = this.#stream.take(batch, at);
      if (sender !== undefined && number > 0) {
        if (number === 1) this.#nameSession(sender);
        sender.append(view, at, length, number);
        this.#messages += 1;
      }
      at += length;
    }
  }

  /** The old session is over for its listeners. */
  #endDay(sender: MoldSender): void {
    sender.flush();
    sender.endOfSession(this.#stream.count + 1);
  }

  #nameSession(sender: MoldSender): void {
    sender.session = this.#stream.session;
    this.#answers.session = this.#stream.session;
  }

  async #answer(): Promise<void> {
    const server = this.#server;
    const count = await server.receive(0);
    if (count === 0) return;
    // Answers are written where the requests stand: they are read first.
    const asked: { from: number; count: number; address: number; port: number }[] = [];
    for (let row = 0; row < count; row += 1) {
      this.#requests += 1;
      const request = this.#request(row);
      if (request === undefined || asked.length === REQUESTS_A_TURN_MAX) this.#refused += 1;
      else asked.push(request);
    }
    for (const request of asked) this.#resend(request);
  }

  #request(row: number) {
    const { incoming } = this.#server;
    const { view } = incoming;
    const at = incoming.at(row);
    const length = incoming.length(row);
    if (length !== MOLD_HEADER_BYTES) return undefined;
    if (checkMoldRequest(view, at, length) !== FAULT.none) return undefined;
    const { session, count: last } = this.#stream;
    for (let i = 0; i < MOLD_SESSION_BYTES; i += 1) {
      if (view.getUint8(at + i) !== session.charCodeAt(i)) return undefined;
    }
    const from = moldPacket.sequenceNumber(view, at);
    const count = Math.min(
      ...[moldPacket.messageCount(view, at), last - from + 1, ANSWER_MESSAGES_MAX],
    );
    if (from < 1 || count < 1) return undefined;
    return { from, count, address: incoming.address(row), port: incoming.port(row) };
  }

  #resend(what: { from: number; count: number; address: number; port: number }): void {
    const known = this.#stream.index.find(what.from);
    const { directory, durableEnd: end } = this.#parts;
    const reader = new JournalReader(directory, {
      ...{ from: known.sequence, end, checkRecords: false, index: this.#index },
    });
    this.#answers.to(what.address, what.port);
    let number = known.ordinal;
    const before = what.from + what.count;
    while (number < before) {
      const batch = reader.read();
      assert(batch !== undefined, 'what was sent is in the log');
      const view = new DataView(batch.bytes.buffer);
      for (let at = 0; at < batch.length && number < before; ) {
        const length = batch.u16[(at + HEADER.length) >> 1]!;
        if (DropCopyStream.isMessage(batch, at)) {
          if (number >= what.from) this.#answers.append(view, at, length, number);
          number += 1;
        }
        at += length;
      }
    }
    reader.close();
    this.#answers.flush();
  }
}
