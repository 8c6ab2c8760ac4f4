/**
 * The REST face of the application layer: routes, limits, errors as problem documents, OpenAPI.
 * No rule of trading is written here.
 */
import { randomBytes } from 'node:crypto';
import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import Fastify, { type FastifyBaseLogger, LogController } from 'fastify';
import {
  jsonSchemaTransform,
  validatorCompiler,
  type ZodTypeProvider,
} from 'fastify-type-provider-zod';
import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import type { TlsFiles } from '../../lib/tls-files.js';
import type { Application } from '../application/application.js';
import type { Audit } from '../application/audit.js';
import type { MarketData } from '../application/market-data.js';
import type { ValueAtRisk } from '../application/value-at-risk.js';
import type { KeyedRequests } from '../idempotency/keyed-requests.js';
import type { Admission } from '../identity/admission.js';
import type { StreamHub } from '../streams/stream-hub.js';
import { admitRequests } from './admission.js';
import { answerBrokenHttp } from './broken-http.js';
import { connectionOptions, watchTls } from './connection-options.js';
import { closesGracefully } from './graceful-close.js';
import { answerRepeats } from './idempotency.js';
import { applicationErrorOf, sendProblem } from './problem.js';
import { refuseEncodedBodies } from './request-headers.js';
import { measureRequests } from './request-metrics.js';
import { approvalRoutes } from './routes/approvals.js';
import { auditRoutes } from './routes/audit.js';
import type { Readiness } from './routes/health.js';
import { healthRoutes } from './routes/health.js';
import { identityRoutes } from './routes/identity.js';
import { marketDataRoutes } from './routes/market-data.js';
import { orderRoutes } from './routes/orders.js';
import { problemRoutes } from './routes/problems.js';
import { readModelRoutes } from './routes/read-models.js';
import { accountRoutes, instrumentRoutes, markRoutes } from './routes/reference.js';
import { riskRoutes } from './routes/risk.js';
import type { RestServer } from './routes/route-types.js';
import { streamRoutes, takeCredentialsFromProtocol } from './routes/stream.js';
import { tradingDayRoutes } from './routes/trading-day.js';
import { valueAtRiskRoutes } from './routes/value-at-risk.js';
import { protectAnswers } from './security-headers.js';
import { answerUnknownRoutes } from './unknown-route.js';

/** Largest request body. An order has about 300 bytes. */
export const BODY_BYTES_MAX = 64 * 1024;
/** A request must have arrived whole within this, in milliseconds (slow-loris). */
export const REQUEST_MS_MAX = 10_000;
/** An idle connection is closed after this, in milliseconds. */
export const KEEP_ALIVE_MS = 60_000;
/** Longest path parameter: 40 characters of a client order id, each percent-encoded. */
const PARAMETER_CHARS_MAX = 128;
/** Connections at a time; more are refused by the socket. */
export const CONNECTIONS_MAX = 10_000;

export interface RestOptions {
  readonly application: Application;
  readonly hub: StreamHub;
  readonly keyedRequests: KeyedRequests;
  readonly logger: Logger;
  readonly metrics: Registry;
  readonly readiness: Readiness;
  readonly version: string;
  /** Who answers questions about the past; absent: they are refused. */
  readonly audit?: Audit | undefined;
  /** Absent: questions are answered with VIEW_UNAVAILABLE. */
  readonly marketData?: MarketData | undefined;
  readonly valueAtRisk?: ValueAtRisk | undefined;
  /** Absent: whoever comes may do everything. */
  readonly admission?: Admission | undefined;
  /** Absent: plain text. */
  readonly tls?: TlsFiles | undefined;
}

/** A server that is ready to `listen`, and how to end it: answers under way are given first. */
export async function createRestServer(
  options: RestOptions,
): Promise<{ readonly server: RestServer; readonly close: () => Promise<void> }> {
  const { application, logger, metrics, readiness, version } = options;
  const start = randomBytes(4).toString('hex');
  let requests = 0;
  const server: RestServer = Fastify({
    loggerInstance: logger as FastifyBaseLogger,
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: BODY_BYTES_MAX,
    requestTimeout: REQUEST_MS_MAX,
    keepAliveTimeout: KEEP_ALIVE_MS,
    routerOptions: { maxParamLength: PARAMETER_CHARS_MAX },
    // Unique over restarts, without a random number for each request.
    genReqId: () => `${start}-${++requests}`,
    frameworkErrors: (error, request, reply) => {
      sendProblem(request, reply, applicationErrorOf(error, logger));
    },
    clientErrorHandler: answerBrokenHttp,
    ...connectionOptions(options.tls),
  }).withTypeProvider<ZodTypeProvider>();
  server.server.maxConnections = CONNECTIONS_MAX;
  server.setValidatorCompiler(validatorCompiler);
  // Answers are made by typed use cases; validating them again would only turn a wrong schema
  // into a 500 for an order that was taken.
  server.setSerializerCompiler(() => JSON.stringify);
  acceptJsonOnly(server);
  server.setErrorHandler((error, request, reply) =>
    sendProblem(request, reply, applicationErrorOf(error, request.log)),
  );
  const closeGently = closesGracefully(server);
  const watch = watchTls(server, options.tls, logger);
  let endStreams = (): void => undefined;
  const close = async () => {
    watch?.close();
    endStreams();
    await closeGently();
  };
  protectAnswers(server, options.tls !== undefined);
  answerUnknownRoutes(server);
  measureRequests(server, metrics);
  refuseEncodedBodies(server);
  takeCredentialsFromProtocol(server);
  admitRequests(server, options.admission);
  answerRepeats(server, options.keyedRequests);
  await describe(server, version);
  orderRoutes(server, application);
  readModelRoutes(server, application);
  instrumentRoutes(server, application);
  accountRoutes(server, application);
  markRoutes(server, application);
  riskRoutes(server, application);
  approvalRoutes(server, application);
  tradingDayRoutes(server, application);
  identityRoutes(server, options.admission);
  marketDataRoutes(server, application, options.marketData);
  valueAtRiskRoutes(server, application, options.valueAtRisk);
  auditRoutes(server, options.audit);
  endStreams = await streamRoutes(server, options);
  problemRoutes(server);
  healthRoutes(server, readiness, metrics);
  await server.ready();
  return { server, close };
}

/** Bodies are JSON. An empty one is none: clients send the header with DELETE, too. */
function acceptJsonOnly(server: RestServer): void {
  const parse = server.getDefaultJsonParser('error', 'error');
  server.removeAllContentTypeParsers();
  server.addContentTypeParser('application/json', { parseAs: 'string' }, (request, body, done) => {
    if (body.length === 0) done(null, undefined);
    else parse(request, body as string, done);
  });
}

/** OpenAPI at /docs/json, a page to browse and try it at /docs. */
async function describe(server: RestServer, version: string): Promise<void> {
  await server.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Daybook',
        version,
        description:
          'Orders, their executions, positions and limits. Prices and quantities are decimal text. ' +
          'Every answer is made of events that are durable, and says their sequence; a query takes ' +
          '`minSequence` to see at least that event. Errors are RFC 9457 problem documents.',
      },
      tags: [
        { name: 'orders', description: 'Submit, cancel, replace and find orders' },
        { name: 'fills', description: 'Executions' },
        { name: 'positions', description: 'Positions and profit and loss' },
        { name: 'instruments', description: 'What can be traded' },
        { name: 'accounts', description: 'Who trades' },
        { name: 'marks', description: 'Prices that risk compares with' },
        { name: 'market data', description: 'Bars, trades and quotes; corporate actions' },
        { name: 'risk', description: 'Limits and trading states' },
        { name: 'audit', description: 'The past, from the log' },
        { name: 'operations', description: 'Health and metrics' },
      ],
    },
    transform: jsonSchemaTransform,
  });
  await server.register(swaggerUi, { routePrefix: '/docs' });
}
