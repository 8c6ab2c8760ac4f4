/** Who you are to Daybook. */
import { z } from 'zod';
import { users } from '../../application/identities.js';
import type { Admission } from '../../identity/admission.js';
import * as V from '../schemas/views.js';
import { problemResponses, type RestServer } from './route-types.js';

export function identityRoutes(server: RestServer, admission: Admission | undefined): void {
  server.get(
    '/v1/identities',
    {
      schema: {
        tags: ['operations'],
        summary: 'Users, with the names of their credentials',
        response: { 200: z.object({ users: z.array(V.userView).readonly() }), ...problemResponses },
      },
    },
    async ({ caller }) => ({ users: users(admission, caller) }),
  );
  server.get(
    '/v1/identity',
    {
      schema: {
        tags: ['operations'],
        summary: 'Who you are, and what you may do',
        response: { 200: V.identityView, ...problemResponses },
      },
    },
    async ({ caller: { identity } }) => {
      const { name, actor, roles, credential } = identity;
      const may = Object.fromEntries(
        [...identity.may].map(([action, accounts]) => [
          action,
          accounts === 'all' ? ('all' as const) : [...accounts],
        ]),
      );
      return { name, actor, credential, roles, may };
    },
  );
}
