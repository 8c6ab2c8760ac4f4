/** given / when / then for deciding: commands as one-liners, events in the words of the model. */
import { expect } from 'vitest';
import type { CommandData, VENUE_REPORT } from '../../src/domain/commands.js';
import { INSTRUMENT, Shard, spoken, VENUE } from './shard.js';

export type Told = (shard: Shard) => string[];
type Terms = CommandData<'NewOrder'>;
type Report = keyof typeof VENUE_REPORT;

const about = { account: 1, instrument: INSTRUMENT } as const;

/** A limit order to buy at 100 for the day, unless `terms` say otherwise. */
export const newOrder =
  (clOrdId: string, quantity: number, terms: Terms = {}): Told =>
  (shard) =>
    spoken(
      shard.decide('NewOrder', {
        ...about,
        clOrdId,
        quantity,
        price: 100,
        side: 'Buy',
        ordType: 'Limit',
        timeInForce: 'Day',
        ...terms,
      }),
    );

export const cancel =
  (
    clOrdId: string,
    origClOrdId: string,
    quantity = 0,
    more: CommandData<'CancelOrder'> = {},
  ): Told =>
  (shard) =>
    spoken(shard.decide('CancelOrder', { ...about, clOrdId, origClOrdId, quantity, ...more }));

export const replace =
  (
    clOrdId: string,
    origClOrdId: string,
    quantity: number,
    price = 101,
    more: CommandData<'ReplaceOrder'> = {},
  ): Told =>
  (shard) => {
    const terms = { ...about, clOrdId, origClOrdId, quantity, price, ...more };
    return spoken(shard.decide('ReplaceOrder', terms));
  };

/** The venue reports on the order of a client order id of its chain, by our order id. */
export const venue =
  (report: Report, orderId: number, data: CommandData<'VenueReport'> = {}): Told =>
  (shard) =>
    spoken(shard.decide('VenueReport', { ...about, report, orderId, venue: VENUE, ...data }));

export const fill = (orderId: number, execId: string, quantity: number, price = 100): Told =>
  venue('Filled', orderId, { execId, lastQuantity: quantity, lastPrice: price });

export const bust = (orderId: number, execId: string, execRefId: string): Told =>
  venue('TradeBusted', orderId, { execId, execRefId });

/** Runs commands on a fresh shard; `when` is the one that is tested. */
export class Given {
  readonly shard = new Shard();

  constructor(commands: readonly Told[]) {
    for (const command of commands) command(this.shard);
  }

  /** The last command, and all that it leads to. */
  when(command: Told) {
    const lines = command(this.shard);
    return {
      leadsTo: (...expected: string[]): Given => {
        expect(lines).toEqual(expected);
        return this;
      },
    };
  }
}

export const given = (...commands: Told[]): Given => new Given(commands);
