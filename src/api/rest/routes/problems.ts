/** What the `type` of a problem document points at: the meaning of its code. */
import { z } from 'zod';
import { type RejectCode, rejectReasons } from '../../../domain/reject-reasons.js';
import { problem } from '../../application/errors.js';
import { type ProblemCode, problems } from '../../application/problems.js';
import { problemResponses, type RestServer } from './route-types.js';

export function problemRoutes(server: RestServer): void {
  server.get(
    '/problems/:code',
    {
      schema: {
        tags: ['operations'],
        summary: 'The meaning of an error code',
        params: z.strictObject({ code: z.string().regex(/^[A-Z_]{1,64}$/) }),
        response: { 200: z.object({ code: z.string(), meaning: z.string() }), ...problemResponses },
      },
    },
    async (request) => {
      const { code } = request.params;
      const known = Object.hasOwn(problems, code)
        ? problems[code as ProblemCode]
        : Object.hasOwn(rejectReasons, code)
          ? rejectReasons[code as RejectCode]
          : undefined;
      if (known === undefined) throw problem('ROUTE_UNKNOWN', 'No error has this code.');
      return { code, meaning: known.meaning };
    },
  );
}
