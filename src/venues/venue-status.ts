/**
 * Asking a venue how things stand: the port behind which every venue answers. The terms are FIX's:
 * OrderMassStatusRequest [35=AF], OrderStatusRequest [35=H], and the executions that a drop copy or a
 * TradeCaptureReportRequest [35=AD] gives again.
 *
 * What a venue has to report and did not, for whatever reason, it reports before it answers, or lists
 * among its executions. Asking changes nothing at the venue, and may be done as often as one likes.
 */
import type { CommandData } from '../domain/commands.js';

/** An order as the venue has it. What is not said is 0 or empty. */
export type VenueOrder = Readonly<
  Required<
    Pick<
      CommandData<'ReconcileOrder'>,
      | 'account'
      | 'instrument'
      | 'quantity'
      | 'price'
      | 'cumQuantity'
      | 'clOrdId'
      | 'venueOrderId'
      | 'side'
      | 'report'
    >
  >
> & {
  /** Our id of the order, 0 when the venue was never told one. */
  readonly orderId: number;
};

/** A trade as the venue has it: what a report `Filled` would have said. */
export type VenueExecution = Readonly<
  Required<
    Pick<
      CommandData<'VenueReport'>,
      | 'orderId'
      | 'account'
      | 'instrument'
      | 'clOrdId'
      | 'side'
      | 'lastQuantity'
      | 'lastPrice'
      | 'execId'
      | 'liquidity'
    >
  >
>;

export interface VenueStatus {
  /** All orders that are open there, whoever it thinks entered them through this session. */
  openOrders(): Promise<readonly VenueOrder[]>;
  /** One order by our id, however it stands; undefined when the venue does not know it. */
  order(orderId: number): Promise<VenueOrder | undefined>;
  /** The executions that the venue still knows, at least those of its trading day. */
  executions(): Promise<readonly VenueExecution[]>;
}
