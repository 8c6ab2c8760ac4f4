import { encodeReadEvent } from '../read-message.js';
import type { StoredEvent } from '../stored-event.js';
import type { StreamSource } from '../stream-source.js';
import type { CallWriter } from './call-writer.js';
import { isHidden } from './event-filter.js';
import { READ_PAGE_EVENTS } from './limits.js';
import { resolveLink } from './links.js';
import { invalidPosition, type ReadPlan } from './read-plan.js';
import { streamNotFoundMessage } from './read-responses.js';
import { streamDeleted } from './rpc-error.js';

/** Sends one event. @returns a promise only when the reader is slower than we are. */
export function sendEvent(
  source: StreamSource,
  out: CallWriter<unknown>,
  event: StoredEvent,
  { resolveLinks, ids }: Pick<ReadPlan, 'resolveLinks' | 'ids'>,
): Promise<void> | undefined {
  if (!resolveLinks) return out.write(encodeReadEvent({ event }, ids));
  return resolveLink(source, event).then((resolved) => out.write(encodeReadEvent(resolved, ids)));
}

/** A read of a stream: a page at a time, until its count or its end. */
export async function readStream(
  source: StreamSource,
  plan: ReadPlan & { readonly stream: string; readonly count: number },
  out: CallWriter<unknown>,
): Promise<void> {
  const status = await source.status(plan.stream);
  if (status.kind === 'deleted') throw streamDeleted(plan.stream);
  if (status.kind === 'missing') {
    await out.write(streamNotFoundMessage(plan.stream));
    return;
  }
  const step = plan.direction === 'forwards' ? 1 : -1;
  // The end is a place behind the last event: backwards it starts at the last one.
  const end = plan.direction === 'forwards' ? status.last + 1 : status.last;
  let revision = plan.from === 'start' ? 0 : plan.from === 'end' ? end : plan.from;
  let left = plan.count;
  while (left > 0 && revision >= 0 && !out.closed) {
    const limit = Math.min(left, READ_PAGE_EVENTS);
    const page = await source.readStream(plan.stream, revision, plan.direction, limit);
    for (const event of page) {
      const room = sendEvent(source, out, event, plan);
      if (room !== undefined) await room;
      revision = event.revision + step;
    }
    left -= page.length;
    if (page.length < limit) return;
  }
}

/** A read of `$all`, with a filter or without: until its count of passing events or the end. */
export async function readAll(
  source: StreamSource,
  plan: ReadPlan & { readonly count: number },
  out: CallWriter<unknown>,
): Promise<void> {
  const last = await source.lastPosition();
  const forwards = plan.direction === 'forwards';
  if (typeof plan.from === 'number' && plan.from > last) throw invalidPosition();
  // Forwards a position points at its event, backwards behind the one before it: that of the event
  // itself is not included (unlike a revision of a stream).
  const from = plan.from === 'start' ? 0 : plan.from === 'end' ? last + 1 : plan.from;
  let position = forwards ? from : from - 1;
  let left = plan.count;
  while (left > 0 && position >= 0 && !out.closed) {
    const page = await source.readAll(position, plan.direction, READ_PAGE_EVENTS);
    for (const event of page) {
      position = event.position + (forwards ? 1 : -1);
      if (isHidden(event) || (plan.filter !== undefined && !plan.filter.passes(event))) continue;
      const room = sendEvent(source, out, event, plan);
      if (room !== undefined) await room;
      left -= 1;
      if (left === 0) return;
    }
    if (page.length < READ_PAGE_EVENTS) return;
  }
}
