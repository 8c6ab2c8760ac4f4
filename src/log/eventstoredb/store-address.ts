/** Where an EventStoreDB is, and as whom we come: a connection string whose password can be rotated. */
import { SharedText } from '../../lib/shared-text.js';
import type { StoreNode } from './store-errors.js';

/** Crosses threads. `credentials` holds "user:password" and is read for each new connection. */
export type StoreAddress =
  | string
  | { readonly text: string; readonly credentials: SharedArrayBuffer };

/** Scheme, user and nodes of a connection string. */
const NODES = /^(\w+)(?:\+discover)?:\/\/([^@/?]*@)?[^/?]*/;

/**
 * For the client, as of now. Holds the password: never log it.
 *
 * @param node to go to in place of those that the address names
 */
export function connectionStringOf(address: StoreAddress, node?: StoreNode): string {
  const text = withCredentials(address);
  if (node === undefined) return text;
  return text.replace(NODES, (_, scheme: string, user: string = '') => {
    return `${scheme}://${user}${node.host}:${node.port}`;
  });
}

function withCredentials(address: StoreAddress): string {
  if (typeof address === 'string') return address;
  const [user = '', ...rest] = new SharedText(address.credentials).read().split(':');
  const credentials = `${encodeURIComponent(user)}:${encodeURIComponent(rest.join(':'))}`;
  return address.text.replace('://', `://${credentials}@`);
}
