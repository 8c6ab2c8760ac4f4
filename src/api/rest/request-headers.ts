/** Headers of a request that would be read one way here and another way by somebody else. */
import type { FastifyRequest } from 'fastify';
import { problem } from '../application/errors.js';
import { several } from '../identity/several-credentials.js';
import type { RestServer } from './routes/route-types.js';

/** Bodies are read as they came: one that is compressed is told so, not taken for broken JSON. */
export function refuseEncodedBodies(server: RestServer): void {
  server.addHook('onRequest', ({ headers }, _reply, done) => {
    const encoding = headers['content-encoding'];
    if (encoding === undefined || encoding.toLowerCase() === 'identity') return done();
    done(problem('REQUEST_MEDIA_TYPE', 'Bodies are not compressed: no content-encoding.'));
  });
}

/** What is shown as a credential; of two Authorization headers node:http keeps the first in silence. */
export const authorizationOf = ({ headers, raw }: FastifyRequest): string | undefined =>
  several(headers.authorization, raw.rawHeaders);
