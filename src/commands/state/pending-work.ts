/**
 * What a change of state leaves to be decided: contingency groups whose orders filled or ended, and
 * instruments whose mark reached a stop. Evolving notes it, deciding works it off after each command
 * and, when a batch fills up, in the next one. Looking twice does no harm: what was done is not done
 * again, so nothing is lost if it is noted anew after a restart.
 */
export class PendingWork {
  /** Rows of orders of contingency groups. */
  readonly orders = new Set<number>();
  readonly instruments = new Set<number>();

  get any(): boolean {
    return this.orders.size !== 0 || this.instruments.size !== 0;
  }
}

/** Orders by account and the contingency group that the client chose. */
export class OrderLists {
  readonly #rows = new Map<number, Map<number, number[]>>();

  add(account: number, listId: number, row: number): void {
    let lists = this.#rows.get(account);
    if (lists === undefined) {
      lists = new Map();
      this.#rows.set(account, lists);
    }
    const rows = lists.get(listId);
    if (rows === undefined) lists.set(listId, [row]);
    else rows.push(row);
  }

  /** Rows of the group, in the order of entry. */
  of(account: number, listId: number): readonly number[] {
    return this.#rows.get(account)?.get(listId) ?? [];
  }

  clear(): void {
    this.#rows.clear();
  }
}
