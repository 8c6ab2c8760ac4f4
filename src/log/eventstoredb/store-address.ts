/** Where an EventStoreDB is, and as whom we come: a connection string whose password can be rotated. */
import { SharedText } from '../../lib/shared-text.js';

/** Crosses threads. `credentials` holds "user:password" and is read for each new connection. */
export type StoreAddress =
  | string
  | { readonly text: string; readonly credentials: SharedArrayBuffer };

/** For the client, as of now. Holds the password: never log it. */
export function connectionStringOf(address: StoreAddress): string {
  if (typeof address === 'string') return address;
  const [user = '', ...rest] = new SharedText(address.credentials).read().split(':');
  const credentials = `${encodeURIComponent(user)}:${encodeURIComponent(rest.join(':'))}`;
  return address.text.replace('://', `://${credentials}@`);
}
