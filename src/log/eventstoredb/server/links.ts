import type { ResolvedEvent } from '../read-message.js';
import { type StoredEvent, SYSTEM_TYPE } from '../stored-event.js';
import type { StreamSource } from '../stream-source.js';

/** `revision@stream`, the payload of a link event. */
const LINK = /^(\d+)@(.+)$/s;

/** What a reader who asked for links to be resolved gets; a link to nothing stays a bare link. */
export async function resolveLink(
  source: StreamSource,
  event: StoredEvent,
): Promise<ResolvedEvent> {
  if (event.type !== SYSTEM_TYPE.link) return { event };
  const match = LINK.exec(Buffer.from(event.data).toString('utf8'));
  const revision = Number(match?.[1]);
  const stream = match?.[2];
  if (stream === undefined || !Number.isSafeInteger(revision)) return { link: event };
  const [target] = await source.readStream(stream, revision, 'forwards', 1);
  return target?.revision === revision ? { event: target, link: event } : { link: event };
}
