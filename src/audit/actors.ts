/** Who acted, as far as it may be told: the name behind an index, unless the person was erased. */
import type { ACTOR_KIND } from '../domain/actor.js';
import { PrivacyError } from '../privacy/errors.js';
import type { Personal, SubjectKeys } from '../privacy/subject-keys.js';
import type { ReferenceHistory } from './reference-history.js';

export interface ActorInForce {
  /** As in the header of the event; 0: Daybook itself, or a process without identities. */
  readonly index: number;
  readonly kind?: keyof typeof ACTOR_KIND;
  readonly subject?: string;
  /**
   * Personal fields. In place of them: "erased", "sealed" without the keys or with another master key, "damaged" where they do
   * not open with the subject's own key.
   */
  readonly person?: Readonly<Record<string, string>> | 'erased' | 'sealed' | 'damaged';
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
  const told = tell(names.keys, subject, sealed);
  if (told.kind === 'none') return { index, kind, subject };
  return { index, kind, subject, person: told.kind === 'open' ? told.fields : told.kind };
}

function tell(
  keys: SubjectKeys | undefined,
  subject: string,
  sealed: string,
): Personal | { readonly kind: 'damaged' } {
  if (keys === undefined) return { kind: 'sealed' };
  try {
    return keys.open(subject, sealed);
  } catch (error) {
    // A person whose fields do not open must not hide what everybody did.
    if (!(error instanceof PrivacyError)) throw error;
    return { kind: error.code === 'SEALED_DAMAGED' ? 'damaged' : 'sealed' };
  }
}

/** In one line. */
export function actorText({ index, kind, person }: ActorInForce): string {
  if (index === 0) return 'Daybook or a local caller';
  const name = typeof person === 'object' ? Object.values(person).join(', ') : person;
  return `actor ${index}${kind === undefined ? '' : ` (${kind})`}${name === undefined ? '' : ` ${name}`}`;
}
