/** Questions about the past: answered from the log by a thread of its own (`operations/`). */
import { ApplicationError, problem } from './errors.js';

/** A sequence, or a time in ISO 8601, as text; absent: now. */
interface At {
  readonly at?: string | undefined;
}

export type AuditQuestion =
  | (At & {
      readonly about: 'story';
      readonly order: string;
      readonly account?: string | undefined;
      readonly after?: number | undefined;
      readonly limit?: number | undefined;
    })
  | (At & {
      readonly about: 'orders' | 'positions' | 'pnl';
      readonly account?: string | undefined;
      readonly instrument?: string | undefined;
      readonly after?: number | undefined;
      readonly limit?: number | undefined;
    })
  | (At & { readonly about: 'limits' | 'trading-states' });

/** JSON text, and the last sequence that is in it. */
export interface AuditText {
  readonly asOf: number;
  readonly json: string;
}

export interface Audit {
  /** Rejects with an error that has a `code`. */
  ask(question: AuditQuestion): Promise<AuditText>;
}

/**
 * @throws ApplicationError MOMENT_INVALID, MOMENT_AHEAD, ORDER_UNKNOWN, ORDER_AMBIGUOUS, AUDIT_BUSY,
 *   AUDIT_TIMEOUT, AUDIT_UNAVAILABLE
 */
export async function askAudit(
  audit: Audit | undefined,
  question: AuditQuestion,
): Promise<AuditText> {
  if (audit === undefined) throw problem('AUDIT_UNAVAILABLE');
  try {
    return await audit.ask(question);
  } catch (error) {
    const { code, message } = error as { code?: unknown; message: string };
    switch (code) {
      case 'MOMENT_INVALID':
      case 'MOMENT_AHEAD':
      case 'ORDER_AMBIGUOUS':
      case 'AUDIT_BUSY':
      case 'AUDIT_TIMEOUT':
        throw problem(code, message);
      case 'ORDER_UNKNOWN':
        throw new ApplicationError(code, 'not-found', message);
      case 'AUDIT_STOPPED':
        throw problem('AUDIT_UNAVAILABLE');
      default:
        throw error;
    }
  }
}
