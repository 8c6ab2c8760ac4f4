/** The login of SoupBinTCP: who is it, which session, from which message on. */
import { SOUP_REJECT } from '../soupbintcp/catalogue.js';
import { decodeSoupPacket, encodeSoupPacket } from '../soupbintcp/packets.js';
import { NO_PASSWORD, passwordMatches } from './password.js';
import type { Session } from './session.js';

export interface LoginRequest {
  readonly user: string;
  readonly password: string;
  /** Blank for the current one. */
  readonly session: string;
  /** 0: only what comes from now on. NaN when it is no number. */
  readonly sequence: number;
}

/** Reads the packet of `bytes` bytes at `at`. @throws WireError when it is no login */
export function readLogin(view: DataView, at: number, bytes: number): LoginRequest {
  const { fields } = decodeSoupPacket('in', view, at, bytes);
  const sequence = String(fields.requestedSequenceNumber).trim();
  return {
    user: String(fields.username).trim(),
    password: String(fields.password).trimEnd(),
    session: String(fields.requestedSession).trim(),
    // Blank asks for what comes from now on, as 0 does; zeros in front are met in the field.
    sequence: /^\d*$/.test(sequence) ? Number(sequence) : Number.NaN,
  };
}

export type LoginFault =
  | 'CREDENTIALS_WRONG'
  | 'LOGIN_ATTEMPTS_EXCEEDED'
  | 'SESSION_UNKNOWN'
  | 'SEQUENCE_WRONG';

/** The session of a user whose password is right, else undefined; takes as long either way. */
export async function authenticate(
  request: LoginRequest,
  byUser: ReadonlyMap<string, Session>,
): Promise<Session | undefined> {
  const session = byUser.get(request.user);
  const hash = session?.stream.config.passwordHash ?? NO_PASSWORD;
  const right = await passwordMatches(request.password, hash);
  return right ? session : undefined;
}

/** Why the session cannot be had as asked for, or the number of the first message to send. */
export function startOf(request: LoginRequest, session: Session): LoginFault | number {
  const { stream } = session;
  if (request.session !== '' && request.session !== stream.soupName) return 'SESSION_UNKNOWN';
  const next = stream.count + 1;
  if (request.sequence === 0) return next;
  // A client that has seen messages which the log does not hold is not of this session.
  return request.sequence >= 1 && request.sequence <= next ? request.sequence : 'SEQUENCE_WRONG';
}

export function loginAccepted(session: Session, sequenceNumber: number): Uint8Array {
  const fields = { session: session.stream.soupName, sequenceNumber };
  return encodeSoupPacket('out', { type: 'A', fields });
}

export function loginRejected(fault: LoginFault): Uint8Array {
  const { notAuthorized, sessionNotAvailable } = SOUP_REJECT;
  const who = fault === 'CREDENTIALS_WRONG' || fault === 'LOGIN_ATTEMPTS_EXCEEDED';
  const code = who ? notAuthorized : sessionNotAvailable;
  return encodeSoupPacket('out', { type: 'J', fields: { rejectReasonCode: code } });
}
