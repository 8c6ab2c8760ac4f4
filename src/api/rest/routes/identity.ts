/** Who you are to Daybook. */
import * as V from '../schemas/views.js';
import { problemResponses, type RestServer } from './route-types.js';

export function identityRoutes(server: RestServer): void {
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
