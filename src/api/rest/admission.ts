/** Who is let in: before the body of a request is read, as little as possible is done for strangers. */
import { type Caller, LOCAL_CALLER } from '../application/application.js';
import type { RestServer } from './routes/route-types.js';

/** Call before the routes are made. */
export function admitRequests(server: RestServer): void {
  server.decorateRequest('caller', null as unknown as Caller);
  server.addHook('onRequest', (request, _reply, done) => {
    request.caller = LOCAL_CALLER;
    done();
  });
}
