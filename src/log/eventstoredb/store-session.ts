import { EventStoreDBClient } from '@eventstore/db-client';
import shared from '@eventstore/db-client/generated/shared_pb.js';
import streamsGrpc from '@eventstore/db-client/generated/streams_grpc_pb.js';
import streams from '@eventstore/db-client/generated/streams_pb.js';
import type { CallOptions, ClientReadableStream, Metadata } from '@grpc/grpc-js';
import { type AppendCall, AppendChannel } from './append-channel.js';
import { decodeReadMessage, type ReadMessage } from './read-message-decoder.js';
import { connectionStringOf, type StoreAddress } from './store-address.js';
import { StoreError, type StoreNode, storeError } from './store-errors.js';
import type { StoredEvent } from './stored-event.js';

/** Events decoded ahead of whoever reads them; then the connection is paused. */
const READ_AHEAD_EVENTS = 2048;

export interface ReadOptions {
  readonly stream: string;
  /** First revision wanted, or `end` for the last event of a read backwards. */
  readonly from: number | 'end';
  /** Events wanted, or `follow` for all, then those to come. */
  readonly count: number | 'follow';
  /** Longest silence in ms before the read counts as lost; none while following. */
  readonly silenceMs?: number;
  readonly signal?: AbortSignal;
}

export interface SessionOptions {
  /**
   * Only the leader may answer: a follower may be behind, and what it calls the last event may be an
   * older one than the leader has acknowledged. Others refuse, and say who leads.
   */
  readonly requiresLeader?: boolean;
  /** Goes there, whatever nodes the address names. */
  readonly node?: StoreNode | undefined;
}

/**
 * What the client keeps to itself and we need: its way to a channel (found, encrypted, kept alive) and
 * what goes with each call (credentials, name). Not public in 6.2, whose minor version is pinned.
 */
interface ClientChannel {
  getGRPCClient(stub: typeof streamsGrpc.StreamsClient, name: string): Promise<StreamsClient>;
  callArguments(options: object, callOptions: CallOptions): [Metadata, CallOptions];
}

type ReadCall = ClientReadableStream<Buffer>;
type StreamsClient = InstanceType<typeof streamsGrpc.StreamsClient>;
const SUBSCRIPTION_BEFORE_START = -1;

/**
 * One connection to an EventStoreDB and what we do over it. Discovery, TLS, credentials and keep-alive
 * are the client's; the two hot calls go over its channel with our own encoding. Thrown away after any
 * error: the next session discovers anew, so a new leader is found by itself.
 */
export class StoreSession {
  readonly #client: ClientChannel;
  readonly #requiresLeader: boolean;
  readonly #calls = new Set<{ cancel(): void }>();
  #stub: StreamsClient | undefined;
  #closed = false;

  /** @param address `esdb://…` or `esdb+discover://…`, with any option the client knows */
  constructor(address: StoreAddress, options: SessionOptions = {}) {
    const client = EventStoreDBClient.connectionString(connectionStringOf(address, options.node));
    this.#client = client as unknown as ClientChannel;
    this.#requiresLeader = options.requiresLeader ?? false;
  }

  /** @throws StoreError when no node can be found */
  async appends(): Promise<AppendChannel> {
    const stub = await this.#connect();
    const { path, responseDeserialize } = streamsGrpc.StreamsService.batchAppend;
    const [metadata, options] = this.#arguments();
    const call: AppendCall = stub.makeBidiStreamRequest(
      path,
      (bytes: Buffer) => bytes,
      responseDeserialize,
      metadata,
      options,
    );
    this.#calls.add(call);
    return new AppendChannel(call);
  }

  /** The last event of a stream, or undefined when there is none to be seen. */
  async lastEvent(stream: string, silenceMs: number): Promise<StoredEvent | undefined> {
    const read = this.read({ stream, from: 'end', count: 1, silenceMs });
    for await (const [event] of read) return event;
    return undefined;
  }

  /**
   * Events of a stream in order, in batches as they come. A stream that is not there has none. Ends
   * with the count, the end of the stream or `signal`; a read that follows ends with `signal` only.
   *
   * @throws StoreError
   */
  async *read(options: ReadOptions): AsyncGenerator<readonly StoredEvent[], void, undefined> {
    const stub = await this.#connect();
    const { path } = streamsGrpc.StreamsService.read;
    const [metadata, callOptions] = this.#arguments();
    const call: ReadCall = stub.makeServerStreamRequest(
      path,
      (request: streams.ReadReq) => Buffer.from(request.serializeBinary()),
      (bytes: Buffer) => bytes,
      readRequest(options),
      metadata,
      callOptions,
    );
    this.#calls.add(call);
    const incoming = new Incoming(call, options);
    try {
      for (;;) {
        const batch = await incoming.next();
        if (batch === undefined) return;
        yield batch;
      }
    } finally {
      this.#calls.delete(call);
      incoming.stop();
    }
  }

  /** Ends everything that is under way. The session cannot be used again. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const call of this.#calls) call.cancel();
    this.#stub?.close();
  }

  async #connect(): Promise<StreamsClient> {
    if (this.#closed) throw new StoreError('EVENTSTOREDB_UNAVAILABLE', 'the session is closed');
    try {
      this.#stub ??= await this.#client.getGRPCClient(streamsGrpc.StreamsClient, 'daybook');
    } catch (error) {
      throw storeError(error);
    }
    return this.#stub;
  }

  #arguments(): [Metadata, CallOptions] {
    const requiresLeader = this.#requiresLeader;
    return this.#client.callArguments({ requiresLeader }, { deadline: Number.POSITIVE_INFINITY });
  }
}

/** Between a call that pushes messages and a reader that pulls batches; bounded by pausing the call. */
class Incoming {
  readonly #call: ReadCall;
  readonly #silenceMs: number | undefined;
  readonly #signal: AbortSignal | undefined;
  #events: StoredEvent[] = [];
  #over = false;
  #error: StoreError | undefined;
  #wake: (() => void) | undefined;
  #timer: NodeJS.Timeout | undefined;
  #burst: NodeJS.Immediate | undefined;
  readonly #onAbort = (): void => this.#end(undefined);

  constructor(call: ReadCall, options: ReadOptions) {
    this.#call = call;
    this.#silenceMs = options.count === 'follow' ? undefined : options.silenceMs;
    this.#signal = options.signal;
    call.on('data', (bytes: Buffer) => this.#receive(bytes));
    call.on('end', () => this.#end(this.#ended(options)));
    call.on('error', (error: Error) => this.#end(storeError(error)));
    this.#signal?.addEventListener('abort', this.#onAbort, { once: true });
    if (this.#signal?.aborted === true) this.#end(undefined);
    this.#rearm();
  }

  /** @throws StoreError once everything that came before the error was handed out */
  async next(): Promise<readonly StoredEvent[] | undefined> {
    while (this.#events.length === 0 && !this.#over) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    const batch = this.#events;
    this.#events = [];
    if (batch.length > 0) {
      if (this.#call.isPaused()) {
        this.#call.resume();
        this.#rearm();
      }
      return batch;
    }
    if (this.#error !== undefined) throw this.#error;
    return undefined;
  }

  stop(): void {
    this.#end(undefined);
  }

  #receive(bytes: Buffer): void {
    if (this.#over) return;
    this.#rearm();
    let message: ReadMessage;
    try {
      message = decodeReadMessage(bytes);
    } catch (error) {
      const text = 'the store sent no ReadResp';
      this.#end(new StoreError('EVENTSTOREDB_REFUSED', text, { cause: error }));
      return;
    }
    if (message.kind !== 'event') return;
    this.#events.push(message.event);
    if (this.#events.length >= READ_AHEAD_EVENTS) {
      this.#call.pause();
      // From here on the silence is ours.
      clearTimeout(this.#timer);
      this.#timer = undefined;
    }
    // Not at once: messages come in bursts, each in a turn of its own, and are worth handing on together.
    this.#burst ??= setImmediate(() => {
      this.#burst = undefined;
      this.#wake?.();
    });
  }

  /** A subscription has no end of its own: one that ends was dropped by the server. */
  #ended(options: ReadOptions): StoreError | undefined {
    if (options.count !== 'follow') return undefined;
    return new StoreError('EVENTSTOREDB_UNAVAILABLE', 'the server ended the subscription');
  }

  #rearm(): void {
    if (this.#silenceMs === undefined || this.#over) return;
    if (this.#timer !== undefined) {
      this.#timer.refresh();
      return;
    }
    this.#timer = setTimeout(() => {
      const text = `no word of a read for ${this.#silenceMs} ms`;
      this.#end(new StoreError('EVENTSTOREDB_UNAVAILABLE', text));
    }, this.#silenceMs);
  }

  #end(error: StoreError | undefined): void {
    if (this.#over) return;
    this.#over = true;
    this.#error = error;
    clearTimeout(this.#timer);
    this.#signal?.removeEventListener('abort', this.#onAbort);
    this.#call.cancel();
    this.#wake?.();
  }
}

function readRequest(options: ReadOptions): streams.ReadReq {
  const { from, count } = options;
  const identifier = new shared.StreamIdentifier();
  identifier.setStreamName(Buffer.from(options.stream, 'utf8'));
  const stream = new streams.ReadReq.Options.StreamOptions();
  stream.setStreamIdentifier(identifier);
  // A subscription starts behind the revision it names, a read at it.
  const first = from !== 'end' && count === 'follow' ? from - 1 : from;
  if (first === 'end') stream.setEnd(new shared.Empty());
  else if (first === SUBSCRIPTION_BEFORE_START) stream.setStart(new shared.Empty());
  else stream.setRevision(String(first));
  const ids = new streams.ReadReq.Options.UUIDOption();
  ids.setString(new shared.Empty());
  const message = new streams.ReadReq.Options();
  message.setStream(stream);
  message.setUuidOption(ids);
  message.setNoFilter(new shared.Empty());
  if (count === 'follow')
    message.setSubscription(new streams.ReadReq.Options.SubscriptionOptions());
  else message.setCount(String(count));
  const { BACKWARDS, FORWARDS } = streams.ReadReq.Options.ReadDirection;
  message.setReadDirection(from === 'end' ? BACKWARDS : FORWARDS);
  const request = new streams.ReadReq();
  request.setOptions(message);
  return request;
}
