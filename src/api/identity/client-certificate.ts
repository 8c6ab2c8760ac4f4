/** What a TLS client's certificate says of who it is, once an authority of ours has vouched for it. */
import type { Socket } from 'node:net';
import { type PeerCertificate, TLSSocket } from 'node:tls';
import type { ClientCertificate } from './authenticate.js';

/** Certificates of connections, so that each is read once. */
const known = new WeakMap<Socket, { readonly certificate: ClientCertificate | undefined }>();

/** Undefined without TLS, and when the client showed none. */
export function certificateOf(socket: Socket): ClientCertificate | undefined {
  const seen = known.get(socket);
  if (seen !== undefined) return seen.certificate;
  const certificate = read(socket);
  known.set(socket, { certificate });
  return certificate;
}

function read(socket: Socket): ClientCertificate | undefined {
  // The socket that HTTP/2 shows is a proxy: it has what it is asked for, and says so only then.
  if (!(socket instanceof TLSSocket)) return undefined;
  const shown = socket.getPeerCertificate() as PeerCertificate | undefined;
  if (shown?.raw === undefined) return undefined;
  return socket.authorized ? { names: namesOf(shown) } : 'untrusted';
}

/** As the access log has them: `DNS:…`, `URI:…`, `email:…`, and the common name as `CN=…`. */
export function namesOf({ subject, subjectaltname }: PeerCertificate): string[] {
  const names = (subjectaltname ?? '').split(', ').filter((name) => /^(DNS|URI|email):/.test(name));
  const common: unknown = subject?.CN;
  // Several common names come as a list: whose certificate it is cannot be said then.
  return typeof common === 'string' ? [...names, `CN=${common}`] : names;
}
