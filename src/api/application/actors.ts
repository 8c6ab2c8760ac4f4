/** Puts identities on the log, where every event names them by index. */
import type { ACTOR_KIND } from '../../domain/actor.js';
import type { EventOf } from '../../domain/events.js';
import { assert } from '../../lib/assert.js';
import { NO_PERSONAL_FIELDS } from '../../privacy/personal-fields.js';
import { type Application, LOCAL_CALLER, perform } from './application.js';
import { throwIfRefused } from './command-refusals.js';

/**
 * The index of a subject on the log, registered first if need be; durable when it resolves.
 *
 * @param subject 16 bytes in hexadecimal, never used for anybody else
 * @param sealed personal fields, sealed with the subject's key; asked for only if it is not on the log yet
 * @throws ApplicationError CAPACITY_REFERENCE, and those of `perform`
 */
export async function registerActor(
  app: Application,
  subject: string,
  kind: keyof typeof ACTOR_KIND,
  sealed: () => string = () => NO_PERSONAL_FIELDS,
): Promise<number> {
  const known = app.reference.actorBySubject(subject);
  if (known !== undefined) return known;
  const events = await perform(app, LOCAL_CALLER, 'RegisterActor', {
    ...{ subject, kind, sealed: sealed() },
  });
  throwIfRefused(events);
  const registered = events.find(
    (event): event is EventOf<'ActorRegistered'> => event.type === 'ActorRegistered',
  );
  assert(registered !== undefined, 'an actor is registered or refused');
  return registered.data.actor;
}
