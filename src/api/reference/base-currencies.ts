/**
 * The base currencies that were set, folded from the log. Where none was, a group has that of the firm, and
 * the firm that of its first account, as the writer has it (`commands/evolve/base-currencies.ts`).
 */
import type { EventOf } from '../../domain/events.js';

export interface BaseCurrencyInForce {
  readonly scope: EventOf<'BaseCurrencyChanged'>['data']['scope'];
  /** Firm 0, or index of the group. */
  readonly scopeId: number;
  readonly currency: string;
  /** Of the event that set it; 0 it follows from another's. */
  readonly sequence: number;
}

export class BaseCurrencies {
  /** By index of the group; 0 the firm. */
  readonly #set = new Map<number, BaseCurrencyInForce>();

  take({ sequence, data }: EventOf<'BaseCurrencyChanged'>): void {
    const { scope, scopeId, currency } = data;
    this.#set.set(scopeId, { scope, scopeId, currency, sequence });
  }

  /** @param first currency of the first account; absent before there is one */
  inForce(groups: Iterable<number>, first: string | undefined): BaseCurrencyInForce[] {
    const firm = this.#set.get(0) ?? followed('Firm', 0, first);
    if (firm === undefined) return [...this.#set.values()];
    return [
      firm,
      ...[...groups].flatMap(
        (group) => this.#set.get(group) ?? followed('Group', group, firm.currency) ?? [],
      ),
    ];
  }
}

function followed(
  scope: BaseCurrencyInForce['scope'],
  scopeId: number,
  currency: string | undefined,
): BaseCurrencyInForce | undefined {
  return currency === undefined ? undefined : { scope, scopeId, currency, sequence: 0 };
}
