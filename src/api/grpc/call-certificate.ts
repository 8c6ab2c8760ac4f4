/**
 * The certificate of the client behind a call. grpc-js tells of one that an authority of ours has signed
 * and keeps still about all others, as if there were none; so its connection is asked itself.
 */
import { Socket } from 'node:net';
import type { ClientCertificate } from '../identity/authenticate.js';
import { certificateOf } from '../identity/client-certificate.js';

/** How a call of grpc-js leads to its connection; nothing of it is in its types. */
interface Inside {
  readonly call?: Inside;
  readonly nextCall?: Inside;
  readonly stream?: { readonly session?: { readonly socket?: unknown } };
}

/** Calls around a call: interceptors. There are none of ours. */
const DEPTH_MAX = 8;

/** Where the way is not as it was, nobody is let in: that is what the suite would show. */
export function certificateOfCall(call: object): ClientCertificate | undefined {
  const socket = socketOf(call);
  return socket === undefined ? 'untrusted' : certificateOf(socket);
}

function socketOf(call: object): Socket | undefined {
  let inside: Inside | undefined = call;
  for (let depth = 0; depth < DEPTH_MAX && inside !== undefined; depth += 1) {
    const socket = inside.stream?.session?.socket;
    if (socket instanceof Socket) return socket;
    inside = inside.call ?? inside.nextCall;
  }
  return undefined;
}
