/** Who acted, as far as it may be told: the name behind an index, unless the person was erased. */
import type { ACTOR_KIND } from '../domain/actor.js';
import type { SubjectKeys } from '../privacy/subject-keys.js';
import type { ReferenceHistory } from './reference-history.js';

export interface ActorInForce {
  /** As in the header of the event; 0: Daybook itself, or a process without identities. */
  readonly index: number;
  readonly kind?: keyof typeof ACTOR_KIND;
  readonly subject?: string;
  /** Personal fields; "erased" in place of them, "sealed" without the keys. */
  readonly person?: Readonly<Record<string, string>> | 'erased' | 'sealed';
}

export interface Names {
  readonly reference: ReferenceHistory;
  /** Undefined: nobody's name is told. */
  readonly keys: SubjectKeys | undefined;
}

export function actorAt(names: Names, index: number, sequence: number): ActorInForce {
  const terms = names.reference.actor(index, sequence);
  if (terms === undefined) return { index };
  const { kind, subject, sealed } = terms;
  const told = names.keys?.open(subject, sealed) ?? { kind: 'sealed' };
  if (told.kind === 'none') return { index, kind, subject };
  return { index, kind, subject, person: told.kind === 'open' ? told.fields : told.kind };
}

/** In one line. */
export function actorText({ index, kind, person }: ActorInForce): string {
  if (index === 0) return 'Daybook or a local caller';
  const name = typeof person === 'object' ? Object.values(person).join(', ') : person;
  return `actor ${index}${kind === undefined ? '' : ` (${kind})`}${name === undefined ? '' : ` ${name}`}`;
}
