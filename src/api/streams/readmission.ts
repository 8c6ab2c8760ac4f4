/**
 * Whether those who were let in once may stay: a stream lives longer than keys and tokens do. Asked
 * again whenever identities change, and from time to time, since tokens expire by themselves.
 */
import { ApplicationError, problem } from '../application/errors.js';
import type { Admission } from '../identity/admission.js';
import type { Accounts, Identity } from '../identity/identity.js';

/** How often it is asked without a cause, in milliseconds. */
const ASK_AGAIN_MS = 30_000;

/**
 * @param admit asks again, as the stream was let in at first
 * @param end called at most once, with why
 * @returns stops asking
 */
export function watchAdmission(
  admission: Admission | undefined,
  identity: Identity,
  admit: () => Identity | Promise<Identity>,
  end: (error: ApplicationError) => void,
): () => void {
  if (admission === undefined) return () => undefined;
  let over = false;
  const stop = (): void => {
    over = true;
    clearInterval(timer);
    unlisten();
  };
  const ask = async (): Promise<void> => {
    try {
      if (!sameRights(identity, await admit())) throw problem('CREDENTIALS_INVALID');
    } catch (error) {
      // Asking too often is no reason to go.
      if (over || (error instanceof ApplicationError && error.kind === 'rate-limited')) return;
      stop();
      end(error instanceof ApplicationError ? error : problem('INTERNAL'));
    }
  };
  const timer = setInterval(ask, ASK_AGAIN_MS).unref();
  const unlisten = admission.onChange(ask);
  return stop;
}

/** A stream that was begun with other rights is begun again: what it shows is decided at its begin. */
function sameRights(before: Identity, now: Identity): boolean {
  if (before.may.size !== now.may.size || before.name !== now.name) return false;
  return [...before.may].every(([action, accounts]) => sameAccounts(accounts, now.may.get(action)));
}

function sameAccounts(one: Accounts, other: Accounts | undefined): boolean {
  if (other === undefined || one === 'all' || other === 'all') return one === other;
  return one.size === other.size && [...one].every((name) => other.has(name));
}
