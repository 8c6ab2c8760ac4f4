/** The gRPC face: order entry, streams, health and reflection on one port. */
import { setMaxListeners } from 'node:events';
import {
  Server,
  ServerCredentials,
  type ServiceDefinition,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js';
import { loadFileDescriptorSetFromBuffer } from '@grpc/proto-loader';
import { ReflectionService } from '@grpc/reflection';
import { HealthImplementation } from 'grpc-health-check';
import { TlsFileCredentials } from '../../lib/grpc-tls-credentials.js';
import type { TlsFiles } from '../../lib/tls-files.js';
import type { StreamHub } from '../streams/stream-hub.js';
import { type CallContext, tolerant } from './calls.js';
import { OrderServiceService } from './generated/daybook/v1/order_service.gen.js';
import { descriptors } from './generated/descriptors.gen.js';
import { limitListener } from './listener-limits.js';
import { assertRules } from './method-access.js';
import { orderService } from './order-service.js';
import { streamDefinition, streamService } from './stream-service.js';

/** Largest message that is read: REQUESTS_PER_MESSAGE_MAX orders with all their fields. */
export const MESSAGE_BYTES_MAX = 1024 * 1024;
/** Calls at a time on one connection; HTTP/2 makes the client wait with more. */
export const CALLS_PER_CONNECTION_MAX = 1024;
/** A silent connection is asked whether it lives after this, in milliseconds. */
const KEEP_ALIVE_MS = 15_000;
/** And is closed when it has not answered within this, in milliseconds. */
const KEEP_ALIVE_ANSWER_MS = 10_000;
/** Calls under way at the end get this long to be answered, in milliseconds. */
const CLOSE_MS_MAX = 5000;

export interface GrpcOptions extends Omit<CallContext, 'stopping'> {
  readonly hub: StreamHub;
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  /** Absent: plain text. */
  readonly tls?: TlsFiles | undefined;
}

export interface RunningGrpc {
  /** As "127.0.0.1:9090". */
  readonly address: string;
  readonly port: number;
  /** What health checks are told from now on. */
  serving(serving: boolean): void;
  /** No new calls; those under way are answered, streams are ended. */
  stop(): Promise<void>;
}

/** Also asks for rules of the services that packages bring along. */
class RuledServer extends Server {
  readonly definitions: ServiceDefinition[] = [];

  override addService(
    definition: ServiceDefinition,
    implementation: UntypedServiceImplementation,
  ): void {
    assertRules(definition);
    this.definitions.push(definition);
    super.addService(definition, implementation);
  }
}

/** Services as health checks name them; '' is the whole server. */
const SERVICES = ['', 'daybook.v1.OrderService', 'daybook.v1.StreamService'];

export async function startGrpc(options: GrpcOptions): Promise<RunningGrpc> {
  const server = new RuledServer({
    'grpc.max_receive_message_length': MESSAGE_BYTES_MAX,
    'grpc.max_concurrent_streams': CALLS_PER_CONNECTION_MAX,
    'grpc.keepalive_time_ms': KEEP_ALIVE_MS,
    'grpc.keepalive_timeout_ms': KEEP_ALIVE_ANSWER_MS,
    // Counts every call for a service that is not offered here.
    'grpc.enable_channelz': 0,
  });
  const stopping = new AbortController();
  // One listener for each stream of order entry.
  setMaxListeners(0, stopping.signal);
  const context = { ...options, stopping: stopping.signal };
  server.addService(tolerant(OrderServiceService), orderService(context));
  server.addService(tolerant(streamDefinition), streamService(context, options.hub));
  const health = new HealthImplementation(
    Object.fromEntries(SERVICES.map((service) => [service, 'SERVING' as const])),
  );
  health.addToServer(server);
  new ReflectionService(loadFileDescriptorSetFromBuffer(descriptors)).addToServer(server);
  const { host, tls, logger } = options;
  const place = host.includes(':') ? `[${host}]` : host;
  const failed = (err: unknown) => logger.error({ err }, 'the certificate stays as it was');
  const secure = tls === undefined ? undefined : new TlsFileCredentials(tls, failed);
  const credentials = secure ?? ServerCredentials.createInsecure();
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync(`${place}:${options.port}`, credentials, (error, bound) => {
      if (error === null) resolve(bound);
      else reject(error);
    });
  });
  const endLimits = limitListener(server, server.definitions);
  const serving = (is: boolean): void => {
    for (const service of SERVICES) health.setStatus(service, is ? 'SERVING' : 'NOT_SERVING');
  };
  return {
    address: `${place}:${port}`,
    port,
    serving,
    async stop() {
      serving(false);
      stopping.abort();
      secure?.close();
      endLimits();
      await new Promise<void>((resolve) => {
        const cut = setTimeout(() => server.forceShutdown(), CLOSE_MS_MAX);
        server.tryShutdown(() => {
          clearTimeout(cut);
          resolve();
        });
      });
    },
  };
}
