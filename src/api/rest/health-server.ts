/** Health and metrics alone, for a process that takes no orders: a projector on a box of its own. */
import Fastify, { type FastifyBaseLogger, LogController } from 'fastify';
import { validatorCompiler, type ZodTypeProvider } from 'fastify-type-provider-zod';
import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import type { TlsFiles } from '../../lib/tls-files.js';
import type { Admission } from '../identity/admission.js';
import { admitRequests } from './admission.js';
import { answerBrokenHttp } from './broken-http.js';
import { connectionOptions, watchTls } from './connection-options.js';
import { closesGracefully } from './graceful-close.js';
import { applicationErrorOf, sendProblem } from './problem.js';
import { healthRoutes, type Readiness } from './routes/health.js';
import type { RestServer } from './routes/route-types.js';
import { protectAnswers } from './security-headers.js';
import { BODY_BYTES_MAX, CONNECTIONS_MAX, KEEP_ALIVE_MS, REQUEST_MS_MAX } from './server.js';
import { answerUnknownRoutes } from './unknown-route.js';

export interface HealthServerOptions {
  readonly readiness: Readiness;
  readonly metrics: Registry;
  readonly logger: Logger;
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  /** Absent: whoever comes may see the metrics. */
  readonly admission?: Admission | undefined;
  /** Absent: plain text. */
  readonly tls?: TlsFiles | undefined;
}

export async function startHealthServer(
  options: HealthServerOptions,
): Promise<{ readonly address: string; readonly stop: () => Promise<void> }> {
  const { logger, readiness, metrics, host, port } = options;
  const server: RestServer = Fastify({
    loggerInstance: logger as FastifyBaseLogger,
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: BODY_BYTES_MAX,
    requestTimeout: REQUEST_MS_MAX,
    keepAliveTimeout: KEEP_ALIVE_MS,
    frameworkErrors: (error, request, reply) => {
      sendProblem(request, reply, applicationErrorOf(error, logger));
    },
    clientErrorHandler: answerBrokenHttp,
    ...connectionOptions(options.tls),
  }).withTypeProvider<ZodTypeProvider>();
  server.server.maxConnections = CONNECTIONS_MAX;
  server.setValidatorCompiler(validatorCompiler);
  server.setSerializerCompiler(() => JSON.stringify);
  server.setErrorHandler((error, request, reply) =>
    sendProblem(request, reply, applicationErrorOf(error, request.log)),
  );
  const close = closesGracefully(server);
  const watch = watchTls(server, options.tls, logger);
  protectAnswers(server, options.tls !== undefined);
  answerUnknownRoutes(server);
  admitRequests(server, options.admission);
  healthRoutes(server, readiness, metrics);
  const address = await server.listen({ host, port });
  const stop = async () => {
    watch?.close();
    await close();
  };
  return { address, stop };
}
