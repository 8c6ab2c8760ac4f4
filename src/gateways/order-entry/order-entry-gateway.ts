/**
 * Order entry on node:net, in a thread of its own: sockets to the ring, and the journal behind its
 * durable end back to the sockets.
 */
import { createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { assert } from '../../lib/assert.js';
import type { FileWatch } from '../../lib/file-watch.js';
import { tlsServerOptions, watchTlsFiles } from '../../lib/tls-files.js';
import { JournalReader } from '../../log/journal/journal-reader.js';
import { NodeChannel } from './node-channel.js';
import { OrderEntry } from './order-entry.js';
import type { GatewayCounts, OrderEntryParts } from './order-entry-parts.js';
import type { SessionPermit } from './permits.js';
import { type StageLatencies, StageLatency } from './stage-latency.js';

/** Between looks at a ring that was full. */
const RING_LOOK_MS = 1;

export class OrderEntryGateway {
  readonly #parts: OrderEntryParts;
  readonly #entry: OrderEntry;
  readonly #latency: StageLatency;
  readonly #aborted = new AbortController();
  #turnPlanned = false;
  #server: Server | undefined;
  #heartbeat: NodeJS.Timeout | undefined;
  #watch: FileWatch | undefined;

  constructor(parts: OrderEntryParts) {
    this.#parts = parts;
    this.#entry = new OrderEntry(parts, () => this.#planTurn());
    this.#latency = new StageLatency(this.#entry.clock);
  }

  /** Where the time of orders went since the start. */
  get latencies(): StageLatencies {
    return this.#latency.percentiles;
  }

  get counts(): GatewayCounts {
    return this.#entry.counts;
  }

  /**
   * Folds the log up to its durable end, then listens. @returns the port it listens on
   * @throws JournalError, and what `listen` fails with
   */
  async start(): Promise<number> {
    const entry = this.#entry;
    const { config, logger } = this.#parts;
    if (entry.anyEarly) {
      logger.warn('without the addon, sessions set to memory are answered from disk as well');
    }
    entry.begin();
    const { limits, times } = entry;
    const server = this.#listener((socket) => entry.admit(new NodeChannel(socket, limits)));
    this.#server = server;
    server.maxConnections = limits.connections;
    server.on('drop', (peer) => {
      logger.warn({ peer, reason: 'CONNECTIONS_FULL' }, 'connection refused');
    });
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      const { host, port } = config;
      server.listen({ host, port, backlog: limits.connections }, resolve);
    });
    const every = Math.max(1, Math.floor(times.heartbeatMs / 4));
    this.#heartbeat = setInterval(() => entry.beat(performance.now()), every);
    const address = server.address();
    assert(address !== null && typeof address === 'object', 'the server listens on a port');
    return address.port;
  }

  /** What each session may do from now on. */
  permit(permits: readonly SessionPermit[]): void {
    this.#entry.permit(permits);
  }

  #listener(onSocket: (socket: Socket) => void): Server {
    const { config, logger } = this.#parts;
    const { tls } = config;
    if (tls === undefined) return createServer({ noDelay: true }, onSocket);
    const handshakeTimeout = this.#entry.times.loginMs;
    const server = createTlsServer({ ...tlsServerOptions(tls), handshakeTimeout, noDelay: true });
    server.on('secureConnection', onSocket);
    server.on('tlsClientError', (error: NodeJS.ErrnoException, socket) => {
      // Node tells of a handshake that takes too long, and leaves the connection open.
      socket.destroy();
      logger.info({ reason: error.code ?? 'TLS_ERROR' }, 'connection ended before it was secure');
    });
    this.#watch = watchTlsFiles(tls, server, (err) =>
      logger.error({ err }, 'the certificate stays as it was'),
    );
    return server;
  }

  /** Sends what becomes durable, until the writer closes or `stop` is called. @throws JournalError */
  async follow(): Promise<void> {
    const { journalDirectory, durableEnd } = this.#parts;
    const reader = new JournalReader(journalDirectory, {
      from: this.#entry.position,
      end: durableEnd,
      // It was checked when it was written, a moment ago and by this process.
      checkRecords: false,
      index: this.#entry.journalIndex,
    });
    try {
      for await (const batch of reader.follow(this.#aborted.signal)) {
        this.#latency.seen(batch);
        this.#entry.take(batch);
        this.#entry.sendAll();
        this.#latency.sent();
        // Batches that are there already come without a turn of the event loop; sockets need theirs.
        await new Promise((resolve) => setImmediate(resolve));
      }
    } finally {
      reader.close();
    }
  }

  /** Ends every session in order; what it had sent before is on its way. */
  async stop(): Promise<void> {
    clearInterval(this.#heartbeat);
    this.#watch?.close();
    this.#aborted.abort();
    const ended = this.#entry.end();
    const server = this.#server;
    if (server !== undefined) await new Promise<void>((resolve) => server.close(() => resolve()));
    await ended;
  }

  #planTurn(): void {
    if (this.#turnPlanned) return;
    this.#turnPlanned = true;
    setImmediate(() => this.#turn());
  }

  #turn(): void {
    this.#turnPlanned = false;
    // Which commit will have its messages is the writer's matter, in another thread: a turn is a batch here.
    this.#entry.beginBatch();
    const outcome = this.#entry.turn();
    if (outcome === 'more') this.#planTurn();
    if (outcome !== 'blocked' || this.#turnPlanned) return;
    this.#turnPlanned = true;
    setTimeout(() => this.#turn(), RING_LOOK_MS);
  }
}
