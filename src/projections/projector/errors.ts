export type ProjectionErrorCode =
  /** Another projector advanced the same checkpoint: this one must stop. */
  | 'PROJECTION_DEPOSED'
  /** Rebuilt tables took the place of those that were loaded: open again. */
  | 'PROJECTION_SWITCHED'
  /** The tables are of another version of the read model: it must be rebuilt. */
  | 'PROJECTION_VERSION'
  /** An event cannot be projected; live it is set aside, a rebuild stops. */
  | 'PROJECTION_POISON'
  /** Events are missing between the checkpoint and the batch. */
  | 'PROJECTION_GAP'
  /** A view as new as asked for did not appear in time. */
  | 'PROJECTION_BEHIND'
  /** Another rebuild of the model is under way. */
  | 'PROJECTION_REBUILDING'
  /** Too many queries wait for the view to catch up. */
  | 'PROJECTION_WAITERS';

export class ProjectionError extends Error {
  override readonly name = 'ProjectionError';
  readonly code: ProjectionErrorCode;

  constructor(code: ProjectionErrorCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
  }
}

/** One event that one read model cannot take. */
export class PoisonEventError extends ProjectionError {
  readonly model: string;
  readonly sequence: number;

  constructor(model: string, sequence: number, cause: unknown) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    super('PROJECTION_POISON', `${model} cannot take event ${sequence}: ${reason}`, cause);
    this.model = model;
    this.sequence = sequence;
  }
}

/**
 * Whether the data itself is at fault, so that trying again cannot help, unlike a lost connection or
 * a deadlock: the server refused it (SQLSTATE class 22 data exception, 23 constraint), or rows that
 * it refers to are not there.
 */
export function isDataError(error: unknown): boolean {
  if (error instanceof ProjectionError) return error.code === 'PROJECTION_POISON';
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'string' && /^2[23][0-9A-Z]{3}$/.test(code);
}

/**
 * Whether the database could not be asked at the moment, so that asking again can help: the
 * connection, or SQLSTATE class 08 connection, 28 authorization, 40 rolled back, 53 resources, 55
 * busy, 57 shut down or cancelled, 58 system.
 *
 * Whoever asks so has been let in before: a start with a wrong password fails where it migrates. Later
 * one is refused while a password is rotated on two sides, one of them first.
 */
export function isTransient(error: unknown): error is Error {
  if (!(error instanceof Error)) return false;
  const { code } = error as { code?: unknown };
  if (typeof code !== 'string')
    return /connection terminated|connection error|timeout/i.test(error.message);
  return /^(08|28|40|53|55|57|58)[0-9A-Z]{3}$/.test(code) || SYSTEM_CODES.has(code);
}

/** Of connections, and of names that cannot be looked up just now: a server that moves has none for a while. */
const SYSTEM_CODES: ReadonlySet<string> = new Set([
  ...['ECONNREFUSED', 'ECONNRESET', 'ECONNABORTED', 'EPIPE', 'ETIMEDOUT'],
  ...['ENETUNREACH', 'ENETDOWN', 'EHOSTUNREACH', 'EHOSTDOWN', 'EAI_AGAIN', 'ENOTFOUND'],
]);
