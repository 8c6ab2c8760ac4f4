/**
 * A small S3: one bucket in memory, over HTTP. It takes nothing on trust that the client sends: the
 * signature (AWS Signature Version 4), the hash of the payload, the CRC-32 of the object, and the
 * condition of a write are all checked.
 */
import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { crc32 } from 'node:zlib';

export const S3_KEY = { id: 'daybook-test', secret: 'only/for+tests' } as const;
const BUCKET = 'backups';

interface Answer {
  readonly status: number;
  readonly body?: string | Buffer;
}

export interface S3Server {
  readonly url: string;
  readonly bucket: string;
  readonly objects: Map<string, Buffer>;
  /** Requests that were refused for what was sent, with why. */
  readonly refused: string[];
  /** The next so many requests are answered with 503, as S3 does when it is asked to slow down. */
  slowDowns: number;
  /** The answers to the next so many requests are lost: they are done, and the connection is cut. */
  lostAnswers: number;
  close(): Promise<void>;
}

export async function startS3Server(): Promise<S3Server> {
  const objects = new Map<string, Buffer>();
  const refused: string[] = [];
  const state = { slowDowns: 0, lostAnswers: 0 };
  const server = createServer((request, response) => {
    answer(request, objects, state).then(
      (given) => {
        if (given.status >= 400 && given.status !== 404 && given.status !== 412) {
          refused.push(`${request.method} ${request.url}: ${given.status} ${given.body}`);
        }
        if (state.lostAnswers > 0) {
          state.lostAnswers -= 1;
          request.socket.destroy();
        } else send(response, given);
      },
      (error: unknown) => {
        refused.push(String(error));
        send(response, failure(500, 'InternalError', String(error)));
      },
    );
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    ...{ url: `http://127.0.0.1:${port}`, bucket: BUCKET, objects, refused },
    get slowDowns() {
      return state.slowDowns;
    },
    set slowDowns(count: number) {
      state.slowDowns = count;
    },
    get lostAnswers() {
      return state.lostAnswers;
    },
    set lostAnswers(count: number) {
      state.lostAnswers = count;
    },
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

function send(response: ServerResponse, { status, body = '' }: Answer): void {
  const type = typeof body === 'string' ? 'application/xml' : 'application/octet-stream';
  response.writeHead(status, { 'content-type': type, 'content-length': Buffer.byteLength(body) });
  response.end(body);
}

const failure = (status: number, code: string, message = code): Answer => ({
  status,
  body: `<?xml version="1.0"?><Error><Code>${code}</Code><Message>${message}</Message></Error>`,
});

async function answer(
  request: IncomingMessage,
  objects: Map<string, Buffer>,
  state: { slowDowns: number },
): Promise<Answer> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  const payload = Buffer.concat(parts);
  const url = new URL(request.url as string, 'http://host');
  const wrong = whyRefused(request, url, payload);
  if (wrong !== undefined) return wrong;
  if (state.slowDowns > 0) {
    state.slowDowns -= 1;
    return failure(503, 'SlowDown');
  }
  const [, bucket, ...rest] = url.pathname.split('/').map(decodeURIComponent);
  if (bucket !== BUCKET) return failure(404, 'NoSuchBucket');
  const key = rest.join('/');
  if (key === '') return list(url, objects);
  switch (request.method) {
    case 'PUT':
      if (request.headers['if-none-match'] === '*' && objects.has(key)) {
        return failure(412, 'PreconditionFailed');
      }
      objects.set(key, payload);
      return { status: 200 };
    case 'GET': {
      const found = objects.get(key);
      return found === undefined ? failure(404, 'NoSuchKey') : { status: 200, body: found };
    }
    case 'DELETE':
      objects.delete(key);
      return { status: 204 };
    default:
      return failure(405, 'MethodNotAllowed');
  }
}

function list(url: URL, objects: Map<string, Buffer>): Answer {
  const prefix = url.searchParams.get('prefix') ?? '';
  const after = url.searchParams.get('continuation-token') ?? '';
  const most = Number(url.searchParams.get('max-keys') ?? 1000);
  const keys = [...objects.keys()].filter((key) => key.startsWith(prefix) && key > after).sort();
  const page = keys.slice(0, most);
  const more = keys.length > page.length;
  const contents = page
    .map((key) => `<Contents><Key>${key}</Key><Size>${objects.get(key)?.length}</Size></Contents>`)
    .join('');
  const token = more ? `<NextContinuationToken>${page.at(-1)}</NextContinuationToken>` : '';
  return {
    status: 200,
    body:
      `<?xml version="1.0"?><ListBucketResult><Name>${BUCKET}</Name>` +
      `<IsTruncated>${more}</IsTruncated>${token}${contents}</ListBucketResult>`,
  };
}

const sha256 = (data: string | Buffer) => createHash('sha256').update(data).digest('hex');
const hmac = (key: string | Buffer, data: string) =>
  createHmac('sha256', key).update(data).digest();

function whyRefused(request: IncomingMessage, url: URL, payload: Buffer): Answer | undefined {
  const { headers } = request;
  if (headers['x-amz-content-sha256'] !== sha256(payload)) {
    return failure(400, 'XAmzContentSHA256Mismatch');
  }
  const checksum = headers['x-amz-checksum-crc32'];
  if (request.method === 'PUT') {
    const expected = Buffer.alloc(4);
    expected.writeUInt32BE(crc32(payload));
    if (checksum !== expected.toString('base64')) return failure(400, 'BadDigest');
  }
  return isSigned(request, url) ? undefined : failure(403, 'SignatureDoesNotMatch');
}

/** AWS Signature Version 4: canonical request, string to sign, and a key derived day by day. */
function isSigned({ method, headers }: IncomingMessage, url: URL): boolean {
  const match =
    /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d{8})\/([^/]+)\/s3\/aws4_request, ?SignedHeaders=([^,]+), ?Signature=([0-9a-f]{64})$/.exec(
      headers.authorization ?? '',
    );
  if (match === null) return false;
  const [, id, day, region, names, signature] = match as unknown as string[];
  if (id !== S3_KEY.id || !names?.split(';').includes('host')) return false;
  const query = [...url.searchParams]
    .map(([name, value]) => `${encode(name)}=${encode(value)}`)
    .sort()
    .join('&');
  const canonical = [
    ...[method, url.pathname, query],
    ...names.split(';').map((name) => `${name}:${String(headers[name]).trim()}`),
    ...['', names, headers['x-amz-content-sha256']],
  ].join('\n');
  const scope = `${day}/${region}/s3/aws4_request`;
  const toSign = ['AWS4-HMAC-SHA256', headers['x-amz-date'], scope, sha256(canonical)].join('\n');
  const dayKey = hmac(`AWS4${S3_KEY.secret}`, day as string);
  const signingKey = hmac(hmac(hmac(dayKey, region as string), 's3'), 'aws4_request');
  const expected = hmac(signingKey, toSign);
  return timingSafeEqual(expected, Buffer.from(signature as string, 'hex'));
}

const encode = (text: string) =>
  encodeURIComponent(text).replace(
    /[!'()*]/g,
    (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`,
  );
