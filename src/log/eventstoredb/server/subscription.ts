import type { StoredEvent } from '../stored-event.js';
import type { StreamSource } from '../stream-source.js';
import type { CallWriter } from './call-writer.js';
import { isHidden } from './event-filter.js';
import { LIVE_BUFFER_EVENTS, READ_PAGE_EVENTS } from './limits.js';
import { sendEvent } from './read-call.js';
import { invalidPosition, type ReadPlan } from './read-plan.js';
import { caughtUpMessage, checkpointMessage, confirmationMessage } from './read-responses.js';
import { streamDeleted } from './rpc-error.js';
import { Wake } from './wake.js';

/**
 * A catch-up subscription, pulled instead of pushed: it holds a place in the log and reads on from
 * there, so there is nothing to drop, nothing to repeat and no seam between history and live.
 *
 *     confirmation ─► history ─► caught_up ─► live ──┐
 *                        ▲                           │ LIVE_BUFFER_EVENTS or more waiting:
 *                        └───────────────────────────┘ fallen behind, catch up again
 */
interface Follower {
  /** Sends what is next, at most `limit` events. @returns how many events were read. */
  readonly advance: (limit: number) => Promise<number>;
  /** Called on reaching the end of history, and on falling behind. */
  readonly mark: () => Promise<void> | undefined;
}

export async function subscribe(
  source: StreamSource,
  plan: ReadPlan,
  out: CallWriter<unknown>,
): Promise<void> {
  const wake = new Wake();
  const stop = source.watch(wake.ring);
  out.whenClosed(wake.ring);
  try {
    const follower =
      plan.stream === undefined
        ? await followAll(source, plan, out)
        : await followStream(source, plan.stream, plan, out);
    await out.write(confirmationMessage(crypto.randomUUID()));
    await run(follower, out, wake);
  } finally {
    stop();
  }
}

async function run(follower: Follower, out: CallWriter<unknown>, wake: Wake): Promise<void> {
  let live = false;
  while (!out.closed) {
    const limit = live ? LIVE_BUFFER_EVENTS : READ_PAGE_EVENTS;
    const read = await follower.advance(limit);
    if (read === limit) {
      if (live) await follower.mark();
      live = false;
      continue;
    }
    if (!live) {
      await follower.mark();
      await out.write(caughtUpMessage());
      live = true;
    }
    await wake.sleep();
  }
}

async function followStream(
  source: StreamSource,
  stream: string,
  plan: ReadPlan,
  out: CallWriter<unknown>,
): Promise<Follower> {
  const status = await source.status(stream);
  if (status.kind === 'deleted') throw streamDeleted(stream);
  let next = plan.from === 'start' ? 0 : plan.from === 'end' ? 0 : plan.from + 1;
  if (plan.from === 'end') next = (await lastRevision(source, stream)) + 1;
  return {
    advance: async (limit) => {
      if ((await source.status(stream)).kind === 'deleted') throw streamDeleted(stream);
      const page = await source.readStream(stream, next, 'forwards', limit);
      for (const event of page) {
        const room = sendEvent(source, out, event, plan);
        if (room !== undefined) await room;
        next = event.revision + 1;
      }
      return page.length;
    },
    mark: () => undefined,
  };
}

async function lastRevision(source: StreamSource, stream: string): Promise<number> {
  const status = await source.status(stream);
  return status.kind === 'present' ? status.last : -1;
}

/**
 * `$all`, with checkpoints when filtered: every so many *considered* events, so that a client whose
 * filter passes little still gets on. A checkpoint only ever grows and may lie beyond any event sent.
 */
async function followAll(
  source: StreamSource,
  plan: ReadPlan,
  out: CallWriter<unknown>,
): Promise<Follower> {
  const last = await source.lastPosition();
  if (typeof plan.from === 'number' && plan.from > last) throw invalidPosition();
  let position = plan.from === 'start' ? -1 : plan.from === 'end' ? last : plan.from;
  let checkpoint = position;
  let considered = 0;
  const { filter } = plan;
  const mark = (): Promise<void> | undefined => {
    considered = 0;
    if (filter === undefined || position <= checkpoint) return undefined;
    checkpoint = position;
    return out.write(checkpointMessage(position));
  };
  const consider = (event: StoredEvent): Promise<void> | undefined => {
    if (isHidden(event) || (filter !== undefined && !filter.passes(event))) return undefined;
    return sendEvent(source, out, event, plan);
  };
  return {
    mark,
    advance: async (limit) => {
      const page = await source.readAll(position + 1, 'forwards', limit);
      for (const event of page) {
        const room = consider(event);
        if (room !== undefined) await room;
        position = event.position;
        considered += 1;
        if (filter !== undefined && considered >= filter.checkpointInterval) {
          const marked = mark();
          if (marked !== undefined) await marked;
        }
      }
      return page.length;
    },
  };
}
