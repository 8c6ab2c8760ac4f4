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
