import type { EventOf } from '../../domain/events.js';

/** The terms of an account as the log has them. */
export interface Account {
  readonly index: number;
  readonly name: string;
  /** Group of accounts; 0 none. */
  readonly group: number;
  readonly groupName: string;
  readonly currency: string;
  readonly selfTradePrevention: EventOf<'AccountOpened'>['data']['selfTradePrevention'];
  readonly open: boolean;
  /** Micros of the currency for each lot traded. */
  readonly commissionPerLot: number;
  /** The event that these terms are from. */
  readonly sequence: number;
}

export function accountOf(event: EventOf<'AccountOpened'> | EventOf<'AccountChanged'>): Account {
  const { data } = event;
  return {
    index: data.account,
    name: data.name,
    group: data.group,
    groupName: data.groupName,
    currency: data.currency,
    selfTradePrevention: data.selfTradePrevention,
    open: data.open !== 0,
    commissionPerLot: data.commissionPerLot,
    sequence: event.sequence,
  };
}
