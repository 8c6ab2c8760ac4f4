/**
 * Who acts: the words for identities on record. A person's name and address are never in an event in
 * the clear; `ActorRegistered` holds them sealed, and everything else names the actor by its index.
 */

/** What kind of identity acts. */
export const ACTOR_KIND = {
  /** A part of Daybook itself. */
  System: 0,
  /** A person who signed in. */
  User: 1,
  ApiKey: 2,
  /** A client certificate (mutual TLS). */
  Certificate: 3,
  /** A session of a binary gateway that signs in by itself. */
  Session: 4,
} as const;

/**
 * Bytes of a subject id: drawn at random when somebody is first known. It names a person to Daybook
 * and says nothing about them.
 */
export const SUBJECT_BYTES = 16;

/** Bytes of sealed personal fields, always all of them: their length says nothing, either. */
export const SEALED_PERSONAL_BYTES = 240;
