/**
 * How much a shard can hold. Everything is allocated at start, as virtual memory that the operating
 * system backs when it is touched; what would need more is refused with a `CAPACITY_...` code.
 */
export interface Capacity {
  /** Orders kept: open ones, and ended ones until their day is purged. */
  readonly orders: number;
  /** Client order ids kept: orders, cancels and replaces. */
  readonly clientIds: number;
  /** Executions remembered, so that none is booked twice and each can be busted. */
  readonly executions: number;
  /** Pairs of account and instrument. */
  readonly positions: number;
  readonly accounts: number;
  readonly instruments: number;
}

export const DEFAULT_CAPACITY: Capacity = {
  orders: 4_000_000,
  clientIds: 8_000_000,
  executions: 8_000_000,
  positions: 262_144,
  accounts: 16_384,
  instruments: 16_384,
};

/**
 * Room for the state of a log of so many events, and no more: each needs at most one row of each
 * table. A replay in a tool does not allocate what a day of a trading system needs.
 */
export function capacityForReplay(events: number): Capacity {
  const of = (capacity: number) => Math.max(1024, Math.min(capacity, events));
  return {
    orders: of(DEFAULT_CAPACITY.orders),
    clientIds: of(DEFAULT_CAPACITY.clientIds),
    executions: of(DEFAULT_CAPACITY.executions),
    positions: of(DEFAULT_CAPACITY.positions),
    accounts: DEFAULT_CAPACITY.accounts,
    instruments: DEFAULT_CAPACITY.instruments,
  };
}
