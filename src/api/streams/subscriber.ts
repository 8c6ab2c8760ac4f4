/** One subscription: what it is shown, how far it is, and where its messages go. */
import type { Entry } from './entry.js';
import type { Filter } from './filter.js';
import type { Topic, TopicName } from './topics.js';

/** A run of sequences, (after, to], and what they have for a subscriber. */
export interface Run {
  readonly after: number;
  readonly to: number;
  readonly entries: readonly Entry[];
}

/** How runs become the bytes of messages; the same for all subscribers of a format. */
export interface Format {
  readonly name: 'json' | 'protobuf';
  run(topic: TopicName, run: Run): Uint8Array;
  lagged(topic: TopicName, from: number, to: number): Uint8Array;
}

/** The way to one client. */
export interface Sink {
  /** Bytes given to `send` that have not left yet. */
  readonly backlog: number;
  send(message: Uint8Array): void;
  /** Calls back once, when the backlog is gone. */
  onceDrained(callback: () => void): void;
}

export interface Subscriber {
  readonly topic: Topic;
  readonly filter: Filter;
  readonly format: Format;
  readonly sink: Sink;
  /** It has, or was sent, everything up to here. */
  position: number;
  /**
   * `live` in a channel; `reading` from the log; `full` is waiting for its sink and then reads on;
   * `ended` gets nothing more.
   */
  state: 'live' | 'reading' | 'full' | 'ended';
  /** The subscription cannot go on, with the reason. */
  readonly fail: (error: unknown) => void;
}
