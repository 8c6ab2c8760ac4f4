import gossipGrpc from '@eventstore/db-client/generated/gossip_grpc_pb.js';
import type gossip from '@eventstore/db-client/generated/gossip_pb.js';
import featuresGrpc from '@eventstore/db-client/generated/serverfeatures_grpc_pb.js';
import type features from '@eventstore/db-client/generated/serverfeatures_pb.js';
import { Server, ServerCredentials, type ServerUnaryCall, type sendUnaryData } from '@grpc/grpc-js';
import { assert } from '../../../lib/assert.js';
import { TlsFileCredentials } from '../../../lib/grpc-tls-credentials.js';
import type { TlsFiles } from '../../../lib/tls-files.js';
import type { StreamSource } from '../stream-source.js';
import { StreamStore } from '../stream-store.js';
import type { Authenticate } from './credentials.js';
import { MAX_REQUEST_MESSAGE_BYTES } from './limits.js';
import { clusterInfo, supportedMethods } from './node-info.js';
import { StreamsService, streamsDefinition } from './streams-service.js';

export interface EventStoreDbServerOptions {
  /** What is read. A {@link StreamStore} is written to as well, unless `readOnly`. */
  readonly source: StreamSource;
  readonly readOnly?: boolean;
  /** Address to listen on; loopback when left out. */
  readonly host?: string;
  /** Port to listen on; 0 or nothing takes a free one. */
  readonly port?: number;
  /** Name other boxes reach this one by, told to clients that discover; `host` when left out. */
  readonly advertisedHost?: string;
  /** PEM texts. Without them the port speaks plain HTTP/2. */
  readonly tls?: { readonly certificate: string; readonly key: string } | undefined;
  /** The same from files, renewed with them. */
  readonly tlsFiles?: TlsFiles | undefined;
  /** Told why changed files are not taken. */
  readonly onTlsFailed?: (error: unknown) => void;
  /** Checked on every call that touches the log. Needs TLS: clients send no credentials without. */
  readonly authenticate?: Authenticate;
  /** False hides `BatchAppend`, which makes clients use `Append`. */
  readonly batchAppend?: boolean;
}

/**
 * Serves a log over EventStoreDB's own gRPC protocol, so that any EventStoreDB client can read and
 * follow it. Reads and subscriptions on any source; appends only into a {@link StreamStore}.
 */
export class EventStoreDbServer {
  readonly #server: Server;
  readonly #streams: StreamsService;
  readonly #host: string;
  readonly #port: number;
  #closed = false;

  private constructor(server: Server, streams: StreamsService, host: string, port: number) {
    this.#server = server;
    this.#streams = streams;
    this.#host = host;
    this.#port = port;
  }

  /** @throws Error when the address is taken or the certificate is no certificate */
  static async start(options: EventStoreDbServerOptions): Promise<EventStoreDbServer> {
    const { source, authenticate, tls } = options;
    assert(
      authenticate === undefined || tls !== undefined || options.tlsFiles !== undefined,
      'credentials need TLS: clients send none over a plain connection',
    );
    const writable = source instanceof StreamStore && options.readOnly !== true;
    const streams = new StreamsService({
      source,
      store: writable ? source : undefined,
      authenticate,
    });
    const server = new Server({ 'grpc.max_receive_message_length': MAX_REQUEST_MESSAGE_BYTES });
    server.addService(streamsDefinition, streams.implementation());
    const host = options.host ?? '127.0.0.1';
    const instanceId = crypto.randomUUID();
    let port = 0;
    addNodeServices(server, options.batchAppend ?? true, () =>
      clusterInfo(instanceId, options.advertisedHost ?? host, port),
    );
    const credentials = credentialsOf(options);
    port = await bind(server, `${host}:${options.port ?? 0}`, credentials);
    return new EventStoreDbServer(server, streams, host, port);
  }

  get port(): number {
    return this.#port;
  }

  get host(): string {
    return this.#host;
  }

  /** Reads and subscriptions now open. */
  get openReads(): number {
    return this.#streams.openReads;
  }

  /** Ends every call and connection at once, as a crash would; the source stays as it is. */
  stop(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#server.forceShutdown();
  }
}

function addNodeServices(
  server: Server,
  batchAppend: boolean,
  cluster: () => gossip.ClusterInfo,
): void {
  server.addService(gossipGrpc.GossipService, {
    read: (_call: ServerUnaryCall<unknown, unknown>, callback: sendUnaryData<gossip.ClusterInfo>) =>
      callback(null, cluster()),
  });
  server.addService(featuresGrpc.ServerFeaturesService, {
    getSupportedMethods: (
      _call: ServerUnaryCall<unknown, unknown>,
      callback: sendUnaryData<features.SupportedMethods>,
    ) => callback(null, supportedMethods(batchAppend)),
  });
}

function credentialsOf({
  tls,
  tlsFiles,
  onTlsFailed = () => undefined,
}: EventStoreDbServerOptions): ServerCredentials {
  if (tlsFiles !== undefined) return new TlsFileCredentials(tlsFiles, onTlsFailed);
  if (tls === undefined) return ServerCredentials.createInsecure();
  const { certificate, key } = tls;
  const pair = { cert_chain: Buffer.from(certificate), private_key: Buffer.from(key) };
  return ServerCredentials.createSsl(null, [pair]);
}

function bind(server: Server, address: string, credentials: ServerCredentials): Promise<number> {
  return new Promise((resolve, reject) => {
    server.bindAsync(address, credentials, (error, port) => {
      if (error !== null) reject(error);
      else resolve(port);
    });
  });
}
