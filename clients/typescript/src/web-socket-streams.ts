/**
 * The live streams over a WebSocket, for browsers and other programs without gRPC. A lost connection
 * is made again and goes on where it was, without gap or repeat. Uses nothing of Node.
 */
import { Backoff } from './backoff.js';
import { isAborted, type Run, RunChain, type StreamOptions } from './run.js';

export type Topic = 'executions' | 'positions' | 'pnl' | 'risk' | 'market-data';

/** An entry; its fields are those of the messages in proto/daybook/v1, names instead of numbers. */
export interface StreamEvent {
  readonly sequence: number;
  readonly time: string;
  readonly [field: string]: unknown;
}

/** What of a WebSocket is used: that of the browser, of Node from 22 on, or of the package ws. */
export interface SocketLike {
  readonly readyState: number;
  onopen: ((event: never) => void) | null;
  onmessage: ((event: never) => void) | null;
  onclose: ((event: never) => void) | null;
  onerror: ((event: never) => void) | null;
  send(text: string): void;
  close(): void;
}
export type SocketClass = new (url: string, protocols: string[]) => SocketLike;

export interface WebSocketOptions extends StreamOptions {
  /** "ws://127.0.0.1:8080/v1/stream". */
  readonly url: string;
  /** API key or token. */
  readonly key?: string | undefined;
  /** Default: `SILENCE_MS_MAX`. */
  readonly silenceMs?: number | undefined;
  /** Default: the global WebSocket. */
  readonly WebSocket?: SocketClass | undefined;
}

/** A refusal for good: asking again would bring the same. */
export class StreamRefused extends Error {
  override readonly name = 'StreamRefused';
  readonly code: string;
  constructor(code: string, detail: string) {
    super(detail);
    this.code = code;
  }
}

type Message =
  | ({ readonly type: 'events'; readonly events: readonly StreamEvent[] } & Omit<
      Run<StreamEvent>,
      'entries'
    >)
  | { readonly type: 'lagged'; readonly from: number; readonly to: number }
  | { readonly type: 'problem'; readonly code: string; readonly detail: string };

/** Refusals that pass by themselves. */
const PASSING = new Set([
  ...['SERVICE_UNAVAILABLE', 'CAPACITY_OVERLOAD', 'RATE_LIMITED', 'LOGIN_ATTEMPTS_EXCEEDED'],
]);

/** @throws StreamRefused */
export async function* webSocketStream(
  topic: Topic,
  options: WebSocketOptions,
): AsyncGenerator<Run<StreamEvent>, void, undefined> {
  const { signal, onInterrupted, onLagged } = options;
  const chain = new RunChain(options.after);
  const backoff = new Backoff();
  while (!isAborted(signal)) {
    const inbox = new Inbox(topic, options, chain.position);
    try {
      for (let message = await inbox.next(); message !== undefined; message = await inbox.next()) {
        if (message.type === 'problem') {
          if (!PASSING.has(message.code)) throw new StreamRefused(message.code, message.detail);
          break;
        }
        backoff.succeeded();
        if (message.type === 'lagged') onLagged?.(message.from, message.to);
        else if (chain.follows(message)) {
          yield { after: message.after, to: message.to, entries: message.events };
        }
      }
    } finally {
      inbox.close();
    }
    if (isAborted(signal)) return;
    onInterrupted?.(undefined);
    backoff.failed();
    await backoff.wait(signal);
  }
}

/**
 * A connection that brought nothing for so long, in milliseconds, is dead, whatever its socket says: the
 * server has something to say every 5 s. A host that lost its power does not close a connection.
 */
export const SILENCE_MS_MAX = 20_000;
/** Messages that wait for a slow taker; then the connection is closed, and made again once it has them. */
export const INBOX_MESSAGES_MAX = 1000;

/** The messages of one connection, in their order. */
class Inbox {
  readonly #socket: SocketLike;
  readonly #messages: Message[] = [];
  #wake: (() => void) | undefined;
  #over = false;
  readonly #silenceMs: number;
  #silence: ReturnType<typeof setTimeout> | undefined;
  readonly #forget: () => void;

  constructor(topic: Topic, options: WebSocketOptions, after: number | undefined) {
    const { url, key, accounts, instruments, signal } = options;
    const Socket = options.WebSocket ?? (globalThis.WebSocket as unknown as SocketClass);
    const protocols = ['daybook.v1', ...(key === undefined ? [] : [`bearer.${key}`])];
    const socket = new Socket(url, protocols);
    this.#socket = socket;
    this.#silenceMs = options.silenceMs ?? SILENCE_MS_MAX;
    socket.onopen = () => {
      socket.send(JSON.stringify({ subscribe: topic, after, accounts, instruments }));
    };
    socket.onmessage = ({ data }: { data: unknown }) => {
      this.#heard();
      this.#messages.push(JSON.parse(String(data)) as Message);
      // A WebSocket cannot be told to wait. What does not come now is read from the log later.
      if (this.#messages.length >= INBOX_MESSAGES_MAX) socket.close();
      this.#wake?.();
    };
    const end = (): void => this.#end();
    this.#heard();
    socket.onclose = end;
    socket.onerror = end;
    signal?.addEventListener('abort', end);
    this.#forget = () => signal?.removeEventListener('abort', end);
  }

  /** Undefined when the connection is over and all it brought was taken. */
  async next(): Promise<Message | undefined> {
    while (this.#messages.length === 0) {
      if (this.#over) return undefined;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    return this.#messages.shift();
  }

  #heard(): void {
    clearTimeout(this.#silence);
    this.#silence = setTimeout(() => this.#end(), this.#silenceMs);
  }

  #end(): void {
    this.#over = true;
    this.#wake?.();
  }

  close(): void {
    clearTimeout(this.#silence);
    this.#forget();
    this.#socket.close();
  }
}
