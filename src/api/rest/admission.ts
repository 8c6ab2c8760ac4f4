/**
 * Who is let in over HTTP. Decided when the head of a request is there and its body is not read: for
 * strangers as little as possible is done.
 */
import type { FastifyRequest } from 'fastify';
import { assert } from '../../lib/assert.js';
import { type Caller, callerOf, LOCAL_CALLER } from '../application/application.js';
import type { Admission, Asked } from '../identity/admission.js';
import type { Credentials } from '../identity/authenticate.js';
import { denialOf } from '../identity/authorize.js';
import { certificateOf } from '../identity/client-certificate.js';
import { type Identity, NOBODY } from '../identity/identity.js';
import { authorizationOf } from './request-headers.js';
import { accessOf } from './route-access.js';
import type { RestServer } from './routes/route-types.js';

/** Call before the routes are made. @param admission absent: whoever comes may do everything */
export function admitRequests(server: RestServer, admission: Admission | undefined): void {
  server.decorateRequest('caller', null as unknown as Caller);
  server.addHook('onRoute', ({ method, url }) => {
    for (const each of [method].flat()) {
      assert(accessOf(each, url) !== undefined, `${each} ${url} has no rule in route-access.ts`);
    }
  });
  if (admission === undefined) {
    server.addHook('onRequest', (request, _reply, done) => {
      request.caller = LOCAL_CALLER;
      done();
    });
    return;
  }
  const nobody = callerOf(NOBODY);
  server.addHook('onRequest', (request, _reply, done) => {
    request.caller = nobody;
    const { url } = request.routeOptions;
    // A path that is no route is 404 to everybody: which ones there are is no secret.
    if (url === undefined) return done();
    const access = accessOf(request.method, url);
    if (access?.action === 'public') return done();
    let identity: Identity | Promise<Identity>;
    try {
      identity = admission.admit(credentialsOf(request), askedOf(request));
    } catch (error) {
      return done(error as Error);
    }
    const enter = (known: Identity): void => {
      request.caller = callerOf(known);
      done(denialOf(known, access));
    };
    if (identity instanceof Promise) identity.then(enter, done);
    else enter(identity);
  });
  server.addHook('onError', (request, _reply, error, done) => {
    admission.record(error, askedOf(request), request.caller.identity);
    done();
  });
}

/** Asks for somebody who was let in once: the connection is upgraded and lives on. */
export function admitAgain(
  admission: Admission,
  request: FastifyRequest,
): Identity | Promise<Identity> {
  return admission.admit(credentialsOf(request), askedOf(request));
}

function credentialsOf(request: FastifyRequest): Credentials {
  return {
    authorization: authorizationOf(request),
    certificate: certificateOf(request.raw.socket),
  };
}

export const askedOf = ({ method, url, ip }: FastifyRequest): Asked => ({
  peer: ip,
  address: ip,
  what: `${method} ${url.split('?', 1)[0]}`,
});
