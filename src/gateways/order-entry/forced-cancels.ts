/**
 * Cancels that no client asked for and that wait for room in the ring: those of a session that
 * disconnected, and of orders that the writer took after a day was opened that they are not of.
 */
import { REASON } from '../../domain/reject-reasons.js';
import { OUTCOME, type Requests } from './requests.js';
import type { SessionStream } from './session-stream.js';
import type { Tradables } from './tradable.js';

export class ForcedCancels {
  readonly #requests: Requests;
  readonly #tradables: Tradables;
  /** By account; at most the accounts of the sessions, as each is there once a disconnection. */
  readonly #accounts: { readonly stream: SessionStream; readonly account: string }[] = [];
  readonly #strays: { readonly stream: SessionStream; account: number; orderId: number }[] = [];

  constructor(requests: Requests, tradables: Tradables) {
    this.#requests = requests;
    this.#tradables = tradables;
  }

  /** Open orders of a session that is gone, where its terms say so. */
  ofSession(stream: SessionStream): void {
    const { config, orders } = stream;
    if (!config.cancelOnDisconnect || orders.count === 0) return;
    for (const account of (config.home ?? config).accounts) {
      this.#accounts.push({ stream, account });
    }
  }

  ofOrder(stream: SessionStream, account: number, orderId: number): void {
    this.#strays.push({ stream, account, orderId });
  }

  /** @returns whether all are in the ring: before them, nothing else goes there */
  submit(): boolean {
    for (let next = this.#accounts[0]; next !== undefined; next = this.#accounts[0]) {
      // Whatever it may trade now.
      const account = this.#tradables.account(next.account);
      const reason = REASON.ORDER_DISCONNECTED;
      const outcome =
        account === 0 ? OUTCOME.taken : this.#requests.massCancel(next.stream, account, 0, reason);
      if (outcome !== OUTCOME.taken) return false;
      this.#accounts.shift();
    }
    for (let next = this.#strays[0]; next !== undefined; next = this.#strays[0]) {
      const { stream, account, orderId } = next;
      if (this.#requests.cancelStray(stream, account, orderId) !== OUTCOME.taken) return false;
      this.#strays.shift();
    }
    return true;
  }
}
