/** What every call has in common: who asks, bodies that cannot be read, errors as statuses. */
import type {
  handleUnaryCall,
  MethodDefinition,
  ServerUnaryCall,
  ServiceDefinition,
} from '@grpc/grpc-js';
import type { Logger } from 'pino';
import {
  type Application,
  type Caller,
  callerOf,
  LOCAL_CALLER,
} from '../application/application.js';
import { problem } from '../application/errors.js';
import type { KeyedRequests } from '../idempotency/keyed-requests.js';
import type { Admission, Asked } from '../identity/admission.js';
import { denialOf } from '../identity/authorize.js';
import type { Identity } from '../identity/identity.js';
import { certificateOfCall } from './call-certificate.js';
import { methodAccess } from './method-access.js';
import { failureOf } from './status.js';

export interface CallContext {
  readonly application: Application;
  /** Absent: whoever comes may do everything. */
  readonly admission: Admission | undefined;
  /** Requests with a key of their sender. */
  readonly keyedRequests: KeyedRequests;
  readonly logger: Logger;
  /** Aborts when the server stops: long calls end with their last answer. */
  readonly stopping: AbortSignal;
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

type AnyCall = Pick<ServerUnaryCall<unknown, unknown>, 'metadata'> & {
  getPeer(): string;
  getPath(): string;
};

/** For the record of refused access. */
export function askedOf(call: AnyCall): Asked {
  const peer = call.getPeer();
  return { peer, address: peer.replace(/:\d+$/, ''), what: call.getPath() };
}

/** @throws ApplicationError CREDENTIALS_MISSING and its kin, RATE_LIMITED, also as a rejection */
export function admit(admission: Admission, call: AnyCall): Identity | Promise<Identity> {
  const [authorization] = call.metadata.get('authorization');
  return admission.admit(
    {
      authorization: authorization === undefined ? undefined : String(authorization),
      certificate: certificateOfCall(call),
    },
    askedOf(call),
  );
}

/** As `admit`. @throws also PERMISSION_DENIED for what the identity may do for no account */
export async function callerOfCall({ admission }: CallContext, call: AnyCall): Promise<Caller> {
  if (admission === undefined) return LOCAL_CALLER;
  const identity = await admit(admission, call);
  const denial = denialOf(identity, methodAccess[call.getPath()]);
  if (denial === undefined) return callerOf(identity);
  admission.record(denial, askedOf(call), identity);
  throw denial;
}

/** A call with one request and one answer. */
export function unary<Q, A>(
  context: CallContext,
  answer: (caller: Caller, request: Q, call: ServerUnaryCall<Q, A>) => Promise<A> | A,
): handleUnaryCall<Q, A> {
  return (call, callback) => {
    const run = async (): Promise<A> => {
      const caller = await callerOfCall(context, call);
      try {
        throwIfMalformed(call.request);
        return await answer(caller, call.request, call);
      } catch (error) {
        context.admission?.record(error, askedOf(call), caller.identity);
        throw error;
      }
    };
    run().then(
      (message) => callback(null, message),
      (error: unknown) => callback(failureOf(error, context.logger)),
    );
  };
}
