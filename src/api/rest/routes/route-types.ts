import type { IncomingMessage, ServerResponse } from 'node:http';
import type { FastifyBaseLogger, FastifyInstance, RawServerDefault } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import type { Caller } from '../../application/application.js';
import { PROBLEM_TYPE } from '../problem.js';
import { problem } from '../schemas/views.js';

declare module 'fastify' {
  interface FastifyRequest {
    /** Who asks: set before the body is read, see `admission.ts`. */
    caller: Caller;
  }
}

/** The server as the route files see it: schemas give the types of their handlers. */
export type RestServer = FastifyInstance<
  RawServerDefault,
  IncomingMessage,
  ServerResponse,
  FastifyBaseLogger,
  ZodTypeProvider
>;

/** The errors that every route can answer with. */
const asProblem = {
  description: 'A problem document',
  content: { [PROBLEM_TYPE]: { schema: problem } },
} as const;
export const problemResponses = { '4xx': asProblem, '5xx': asProblem };
