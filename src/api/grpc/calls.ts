/** What every call has in common: who asks, bodies that cannot be read, errors as statuses. */
import type {
  handleUnaryCall,
  MethodDefinition,
  ServerUnaryCall,
  ServiceDefinition,
} from '@grpc/grpc-js';
import type { Logger } from 'pino';
import type { Application, Caller } from '../application/application.js';
import { problem } from '../application/errors.js';
import { knownError, serviceError } from './status.js';

/** Who calls, from what came with the call. */
export interface CallCredentials {
  /** The metadata `authorization`. */
  readonly authorization: string | undefined;
  /** SHA-256 fingerprint and subject of the client's certificate are in here; empty without TLS. */
  readonly connection: { readonly peer: string; readonly certificate: Buffer | undefined };
  /** Full name of the method, "/daybook.v1.OrderService/SubmitOrder". */
  readonly method: string;
}

/** @throws ApplicationError CREDENTIALS_MISSING and its kin, RATE_LIMITED */
export type Authenticate = (credentials: CallCredentials) => Promise<Caller> | Caller;

export interface CallContext {
  readonly application: Application;
  readonly authenticate: Authenticate;
  readonly logger: Logger;
}

/** A body that is no message of the definitions. */
const MALFORMED = Symbol('malformed');

/** The definition with decoders that never throw: grpc-js would blame the server (INTERNAL). */
export function tolerant<D extends ServiceDefinition>(definition: D): D {
  const entries = Object.entries(definition).map(([name, method]) => {
    const { requestDeserialize } = method as MethodDefinition<unknown, unknown>;
    const decode = (bytes: Buffer): unknown => {
      try {
        return requestDeserialize(bytes);
      } catch {
        return MALFORMED;
      }
    };
    return [name, { ...method, requestDeserialize: decode }];
  });
  return Object.fromEntries(entries) as D;
}

/** @throws ApplicationError REQUEST_MALFORMED */
export function throwIfMalformed(request: unknown): void {
  if (request === MALFORMED) {
    throw problem('REQUEST_MALFORMED', 'The body is not a message of this method.');
  }
}

interface AnyCall {
  readonly metadata: ServerUnaryCall<unknown, unknown>['metadata'];
  getPeer(): string;
  getPath(): string;
  getAuthContext?(): { readonly sslPeerCertificate?: { readonly raw?: Buffer } | undefined };
}

export function callerOfCall(
  { authenticate }: CallContext,
  call: AnyCall,
): Promise<Caller> | Caller {
  const [authorization] = call.metadata.get('authorization');
  return authenticate({
    authorization: authorization === undefined ? undefined : String(authorization),
    connection: {
      peer: call.getPeer(),
      certificate: call.getAuthContext?.()?.sslPeerCertificate?.raw,
    },
    method: call.getPath(),
  });
}

/** A call with one request and one answer. */
export function unary<Q, A>(
  context: CallContext,
  answer: (caller: Caller, request: Q) => Promise<A>,
): handleUnaryCall<Q, A> {
  return (call, callback) => {
    const run = async (): Promise<A> => {
      const caller = await callerOfCall(context, call);
      throwIfMalformed(call.request);
      return answer(caller, call.request);
    };
    run().then(
      (message) => callback(null, message),
      (error: unknown) => callback(serviceError(knownError(error, context.logger))),
    );
  };
}
