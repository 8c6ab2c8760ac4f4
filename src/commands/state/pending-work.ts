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
  /** Whether there is anything to be worked off. Asked several times per command. */
  any = false;

  addOrder(row: number): void {
    this.orders.add(row);
    this.any = true;
  }

  addInstrument(instrument: number): void {
    this.instruments.add(instrument);
    this.any = true;
  }

  deleteOrder(row: number): void {
    this.orders.delete(row);
    this.any = this.orders.size !== 0 || this.instruments.size !== 0;
  }

  deleteInstrument(instrument: number): void {
    this.instruments.delete(instrument);
    this.any = this.orders.size !== 0 || this.instruments.size !== 0;
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
    else {
      // By row, so that the order follows from the orders alone.
      const before = rows.findIndex((each) => each > row);
      rows.splice(before < 0 ? rows.length : before, 0, row);
    }
  }

  remove(account: number, listId: number, row: number): void {
    const lists = this.#rows.get(account);
    const rows = lists?.get(listId)?.filter((each) => each !== row);
    if (lists === undefined || rows === undefined) return;
    if (rows.length > 0) lists.set(listId, rows);
    else lists.delete(listId);
  }

  /** Rows of all groups, ascending: the order in which they are looked at follows from them alone. */
  rows(): readonly number[] {
    const all = [...this.#rows.values()].flatMap((lists) => [...lists.values()].flat());
    return all.sort((a, b) => a - b);
  }

  /** Rows of the group, in their order. */
  of(account: number, listId: number): readonly number[] {
    return this.#rows.get(account)?.get(listId) ?? [];
  }
}
