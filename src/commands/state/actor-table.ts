/**
 * The identities that may act, by index; 0 is nobody in particular (a local caller, Daybook itself).
 * Deciding needs subject and index only. What is sealed is kept so that a snapshot has it, too.
 */
import type { EventOf } from '../../domain/events.js';
import { assert } from '../../lib/assert.js';

/** Identities of a shard; another is refused with CAPACITY_REFERENCE. */
export const ACTORS_MAX = 65_536;

/** As `ActorRegistered` has it; subject and sealed fields in hexadecimal. */
export type Actor = Pick<
  EventOf<'ActorRegistered'>['data'],
  'actor' | 'kind' | 'subject' | 'sealed'
>;

export class ActorTable {
  readonly bySubject = new Map<string, number>();
  readonly #actors: Actor[] = [];

  /** The index that the next one gets. */
  get count(): number {
    return this.#actors.length + 1;
  }

  get full(): boolean {
    return this.#actors.length >= ACTORS_MAX;
  }

  get(index: number): Actor | undefined {
    return this.#actors[index - 1];
  }

  /** All of them, by index. */
  list(): readonly Actor[] {
    return this.#actors;
  }

  register({ actor, kind, subject, sealed }: Actor): void {
    assert(actor > 0 && actor <= this.count, 'actors are numbered in turn');
    this.#actors[actor - 1] = { actor, kind, subject, sealed };
    this.bySubject.set(subject, actor);
  }
}
