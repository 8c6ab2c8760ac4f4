/** How a caller names an order and its account, before anything is looked up. */
import { CL_ORD_ID_BYTES } from '../../domain/order-terms.js';
import type { Application } from './application.js';
import { ApplicationError, invalidField } from './errors.js';

/** Names an order: by our id, or by its client order id in an account. */
export type OrderReference =
  | { readonly orderId: number }
  | { readonly account: string; readonly clientOrderId: string };

/**
 * Ask after `authorize`. @throws ApplicationError REQUEST_INVALID for what can be the id of no order: no
 * command and no read model can hold it
 */
export function checkReference(named: OrderReference): void {
  if ('account' in named) checkClientOrderId('order.clientOrderId', named.clientOrderId);
}

const PRINTABLE = /^[\x21-\x7e]([\x20-\x7e]*[\x21-\x7e])?$/;

/** @throws ApplicationError REQUEST_INVALID */
export function checkClientOrderId(field: string, id: string): void {
  if (id.length > CL_ORD_ID_BYTES || !PRINTABLE.test(id)) {
    throw invalidField(field, `must be 1 to ${CL_ORD_ID_BYTES} characters of printable ASCII`);
  }
}

/** @throws ApplicationError ACCOUNT_UNKNOWN */
export function accountIndex(app: Application, name: string): number {
  const account = app.reference.accountByName(name);
  if (account !== undefined) return account.index;
  throw new ApplicationError('ACCOUNT_UNKNOWN', 'not-found', 'No such account.', { account: name });
}

export function unknownOrder(): ApplicationError {
  return new ApplicationError('ORDER_UNKNOWN', 'not-found', 'No such order.');
}
