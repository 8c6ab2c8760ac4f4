/** Cancel all open orders that match. */
import type { DaybookEvent, EventOf } from '../../domain/events.js';
import { SIDE } from '../../domain/order-terms.js';
import { authorize, EVERY_ACCOUNT } from '../identity/authorize.js';
import { type Application, type Caller, performUntil } from './application.js';
import { throwIfRefused } from './command-refusals.js';
import { instrumentIndex } from './instruments.js';
import { accountIndex } from './order-reference.js';
import type { Side } from './views.js';

export interface MassCancel {
  /** Absent: every account. */
  readonly account?: string | undefined;
  readonly instrument?: string | undefined;
  readonly side?: Side | undefined;
}

export interface MassCancelAnswer {
  /** Orders for which a cancel is on record; those that the venue refuses stay open. */
  readonly orders: readonly number[];
  /** Whether there were too many to list them all; all are canceled the same. */
  readonly more: boolean;
  readonly sequence: number;
}

/** @throws ApplicationError ACCOUNT_UNKNOWN, INSTRUMENT_UNKNOWN; those of `perform` */
export async function massCancel(
  app: Application,
  caller: Caller,
  request: MassCancel,
): Promise<MassCancelAnswer> {
  authorize(caller.identity, 'orders.cancel', request.account ?? EVERY_ACCOUNT);
  const { events, omitted } = await performUntil(
    app,
    caller,
    'MassCancel',
    {
      account: request.account === undefined ? 0 : accountIndex(app, request.account),
      instrument: request.instrument === undefined ? 0 : instrumentIndex(app, request.instrument),
      side: request.side === undefined ? 0 : SIDE[request.side],
    },
    'MassCancelDone',
  );
  throwIfRefused(events);
  const orders = new Set(events.filter(isCancel).map(({ data }) => data.orderId));
  const sequence = events.at(-1)?.sequence ?? app.follower.sequence;
  return { orders: [...orders], more: omitted > 0, sequence };
}

function isCancel(event: DaybookEvent): event is EventOf<'CancelRequested' | 'OrderCanceled'> {
  return event.type === 'CancelRequested' || event.type === 'OrderCanceled';
}
