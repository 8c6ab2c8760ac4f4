/**
 * A market data feed: MoldUDP64 and ITCH 5.0 in, books from it, and marks into the shard.
 *
 * ```
 *   multicast --> receiver: order, gaps --> ITCH --> books --> marks, at most so often --> ring
 *                     |         ^
 *                     +-- requests to the retransmission server, answers as packets
 * ```
 */
import type { Logger } from 'pino';
import type { CommandPort } from '../../commands/command-port.js';
import { HEADER } from '../../domain/event-record.js';
import { addressWord, type DatagramSocket } from '../../gateways/datagrams/datagram-socket.js';
import { openDatagramSocket } from '../../gateways/datagrams/open-datagram-socket.js';
import { MoldReceiver, type MoldReceiverCounts } from '../../gateways/moldudp64/mold-receiver.js';
import { putMoldHeader } from '../../gateways/moldudp64/packets.js';
import { Tradables } from '../../gateways/order-entry/tradable.js';
import { Clock } from '../../lib/time.js';
import type { JournalReader } from '../../log/journal/journal-reader.js';
import { ItchBooks } from './itch-books.js';
import { MarkFeed } from './mark-feed.js';

/** Longest wait for a packet, ms: then requests, marks and the stop flag are looked at. */
const WAIT_MS_MAX = 5;
/** The same while messages are missing: answers come through the other socket. */
const GAP_WAIT_MS = 1;
/** A feed that is not heard for this long, heartbeats included, is told of; packets refused no more often. */
const SILENCE_MS = 15_000;
/** Between looks at the log for new instruments. */
const LOG_LOOK_MS = 100;

export interface MarketDataFeedConfig {
  /** Local address to listen at. */
  readonly host: string;
  readonly port: number;
  /** A multicast group; without one the feed is sent to this host. */
  readonly group?: string | undefined;
  readonly interfaceAddress?: string | undefined;
  /** Where missed messages are asked for; without it what is lost is lost. */
  readonly retransmission?: { readonly host: string; readonly port: number } | undefined;
  /** Of the feed, 10 characters; without it the first that is heard. */
  readonly session?: string | undefined;
  /** First message wanted; without it the first that is heard. */
  readonly from?: number | undefined;
  /** An instrument is marked no more often, ms. */
  readonly markEveryMs: number;
}

export interface MarketDataFeedCounts extends MoldReceiverCounts {
  readonly marks: number;
  readonly orders: number;
  readonly dropped: number;
  readonly malformedMessages: number;
}

export interface MarketDataFeedParts {
  readonly config: MarketDataFeedConfig;
  /** Of a ring that only this feed writes to. */
  readonly port: CommandPort;
  /** At the beginning of the log: instruments are read from it. */
  readonly reader: JournalReader;
  readonly logger: Logger;
}

export class MarketDataFeed {
  readonly books = new ItchBooks();
  readonly #parts: MarketDataFeedParts;
  readonly #receiver: MoldReceiver;
  readonly #marks: MarkFeed;
  readonly #tradables = new Tradables();
  readonly #feed: DatagramSocket;
  readonly #requests: DatagramSocket | undefined;
  readonly #sessionBytes = new DataView(new ArrayBuffer(10));
  #heardAt = performance.now();
  #silent = false;
  /** Packets of the feed so far, and others as of when it was said. */
  #heard = 0;
  #refused = 0;
  #sayRefusedAt = 0;
  #lookedAt = Number.NEGATIVE_INFINITY;

  /** @throws Error with `code`, as of bind */
  static async open(parts: MarketDataFeedParts): Promise<MarketDataFeed> {
    const { host, port, group, interfaceAddress, retransmission } = parts.config;
    const feed = await openDatagramSocket({ host, port, group, interfaceAddress });
    const requests =
      retransmission === undefined
        ? undefined
        : await openDatagramSocket({ host: '0.0.0.0', port: 0, sendTo: retransmission });
    return new MarketDataFeed(parts, feed, requests);
  }

  private constructor(
    parts: MarketDataFeedParts,
    feed: DatagramSocket,
    requests: DatagramSocket | undefined,
  ) {
    this.#parts = parts;
    this.#feed = feed;
    this.#requests = requests;
    const { logger, config } = parts;
    this.#receiver = new MoldReceiver({
      session: config.session,
      from: config.from,
      onMessage: (view, at, length) => this.books.take(view, at, length),
      onLost: (from, count) => {
        logger.error({ from, count, reason: 'MESSAGES_LOST' }, 'books start again');
        this.books.books.clear();
      },
      onSession: (session) => {
        logger.info({ session, reason: 'SESSION_BEGUN' }, 'another market data session');
        this.books.clear();
      },
      onEnd: () => logger.info({ reason: 'SESSION_ENDED' }, 'market data session ended'),
    });
    const clock = new Clock();
    const { port } = parts;
    this.#marks = new MarkFeed(this.books, this.#tradables, port, clock, config.markEveryMs);
  }

  get port(): number {
    return this.#feed.port;
  }

  get counts(): MarketDataFeedCounts {
    return {
      ...this.#receiver.counts,
      marks: this.#marks.marks,
      orders: this.books.books.orders,
      dropped: this.#feed.dropped,
      malformedMessages: this.books.malformed,
    };
  }

  /** One look at everything; waits a moment when nothing came. */
  async turn(): Promise<void> {
    const count = await this.#feed.receive(this.#receiver.gap ? GAP_WAIT_MS : WAIT_MS_MAX);
    this.#take(this.#feed, count);
    const now = performance.now();
    this.#watch(count > 0, now);
    await this.#recover(now);
    if (now - this.#lookedAt >= LOG_LOOK_MS) {
      this.#lookedAt = now;
      this.#readLog();
    }
    this.#marks.turn(now);
  }

  async close(): Promise<void> {
    this.#parts.reader.close();
    await this.#feed.close();
    await this.#requests?.close();
  }

  /** Says when the feed falls silent, and when what comes is not of it: both look alike from outside. */
  #watch(any: boolean, now: number): void {
    const { logger } = this.#parts;
    if (any) {
      const { packets, foreign, malformed } = this.#receiver.counts;
      const refused = foreign + malformed;
      if (packets - refused > this.#heard) {
        this.#heard = packets - refused;
        this.#heardAt = now;
        this.#silent = false;
      }
      if (refused > this.#refused && now >= this.#sayRefusedAt) {
        this.#refused = refused;
        this.#sayRefusedAt = now + SILENCE_MS;
        const { session } = this.#receiver;
        const what = { session, foreign, malformed, reason: 'PACKETS_REFUSED' };
        logger.warn(what, 'packets of another session, or that are none');
      }
    }
    if (this.#silent || now - this.#heardAt <= SILENCE_MS) return;
    this.#silent = true;
    logger.warn({ reason: 'FEED_SILENT' }, 'market data is not heard');
  }

  #take(socket: DatagramSocket, count: number): void {
    const { incoming } = socket;
    for (let row = 0; row < count; row += 1) {
      // One that was cut has length -1: malformed, like any that is too short.
      this.#receiver.take(incoming.view, incoming.at(row), Math.max(0, incoming.length(row)));
    }
  }

  async #recover(now: number): Promise<void> {
    const socket = this.#requests;
    const { config } = this.#parts;
    if (socket === undefined || config.retransmission === undefined) {
      // Nobody to ask: the attempts run out without being made.
      if (this.#receiver.gap) this.#receiver.request(now);
      return;
    }
    const source = addressWord(config.retransmission.host);
    const count = await socket.receive(0);
    for (let row = 0; row < count; row += 1) {
      if (socket.incoming.address(row) !== source) continue;
      const { view } = socket.incoming;
      this.#receiver.take(view, socket.incoming.at(row), Math.max(0, socket.incoming.length(row)));
    }
    const ask = this.#receiver.request(now);
    if (ask === undefined) return;
    const session = this.#receiver.session ?? '';
    for (let i = 0; i < 10; i += 1) this.#sessionBytes.setUint8(i, session.charCodeAt(i));
    const { view } = socket.outgoing;
    socket.outgoing.set(0, putMoldHeader(view, 0, this.#sessionBytes, 0, ask.from, ask.count));
    socket.send(0, 1);
  }

  /** Instruments that were listed or changed. */
  #readLog(): void {
    const { reader } = this.#parts;
    for (let batch = reader.read(); batch !== undefined; batch = reader.read()) {
      for (let at = 0; at < batch.length; at += batch.u16[(at + HEADER.length) >> 1]!) {
        this.#tradables.take(batch, at);
      }
    }
  }
}
