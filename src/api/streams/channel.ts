/**
 * The live end of one topic for subscribers that are shown the same in the same format: a run is
 * filtered and encoded once, and the same bytes go to each of them.
 */
import type { Entry } from './entry.js';
import { type Filter, shows } from './filter.js';
import type { Format, Subscriber } from './subscriber.js';
import type { Topic } from './topics.js';

/** Bytes that may wait for one client. Beyond it the client reads from the log, at its own pace. */
export const BACKLOG_BYTES_MAX = 1024 * 1024;

export class Channel {
  readonly topic: Topic;
  readonly filter: Filter;
  readonly format: Format;
  readonly members = new Set<Subscriber>();
  /** The last run that was sent ended here; nothing was for the channel since. */
  #after: number;

  constructor(topic: Topic, filter: Filter, format: Format, after: number) {
    this.topic = topic;
    this.filter = filter;
    this.format = format;
    this.#after = after;
  }

  /**
   * Sends what `entries` have for the channel, as of `to`.
   *
   * @param always even when that is nothing
   * @param tooSlow called for each member that has no room; it is no member any more
   */
  flush(
    entries: readonly Entry[],
    to: number,
    always: boolean,
    tooSlow: (subscriber: Subscriber) => void,
  ): void {
    if (this.members.size === 0 || to <= this.#after) return;
    const shown = entries.filter((entry) => shows(this.filter, entry));
    if (shown.length === 0 && !always) return;
    const run = { after: this.#after, to, entries: shown };
    const message = this.format.run(this.topic.name, run);
    this.#after = to;
    for (const member of this.members) {
      if (member.sink.backlog + message.length > BACKLOG_BYTES_MAX && member.sink.backlog > 0) {
        this.members.delete(member);
        tooSlow(member);
      } else {
        member.sink.send(message);
        member.position = to;
      }
    }
  }
}
