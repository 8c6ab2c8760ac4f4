/**
 * Writes X.509 v3 certificates (RFC 5280) with keys on P-256: enough for development, where the
 * alternative is a library of a dozen packages. Names, validity, basic constraints, key usage,
 * alternative names and key identifiers, and nothing else.
 */
import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';
import { isIP } from 'node:net';

const TAG = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  oid: 0x06,
  utf8: 0x0c,
  utcTime: 0x17,
  sequence: 0x30,
  set: 0x31,
} as const;

const OID = {
  ecdsaWithSha256: '1.2.840.10045.4.3.2',
  commonName: '2.5.4.3',
  subjectKeyIdentifier: '2.5.29.14',
  keyUsage: '2.5.29.15',
  subjectAltName: '2.5.29.17',
  basicConstraints: '2.5.29.19',
  authorityKeyIdentifier: '2.5.29.35',
  extendedKeyUsage: '2.5.29.37',
  serverAuth: '1.3.6.1.5.5.7.3.1',
  clientAuth: '1.3.6.1.5.5.7.3.2',
} as const;

/** Bits of KeyUsage, the first at the left. */
const KEY_USAGE = { digitalSignature: 0x80, keyCertSign: 0x04 } as const;
const MS_PER_DAY = 86_400_000;
const SERIAL_BYTES = 16;

export interface CertificateTerms {
  readonly name: string;
  readonly usage: 'authority' | 'server' | 'client';
  /** Host names, IP addresses and, with a colon and two slashes, URIs. */
  readonly alternativeNames: readonly string[];
  readonly from: Date;
  readonly days: number;
}

export interface Issued {
  /** PEM. */
  readonly certificate: string;
  readonly key: string;
  readonly keys: { readonly publicKey: KeyObject; readonly privateKey: KeyObject };
  readonly name: string;
}

/** @param issuer absent: it signs itself */
export function issueCertificate(terms: CertificateTerms, issuer?: Issued): Issued {
  const keys = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const signer = issuer ?? { keys, name: terms.name };
  const algorithm = sequence(oid(OID.ecdsaWithSha256));
  const until = new Date(terms.from.getTime() + terms.days * MS_PER_DAY);
  const body = sequence(
    explicit(0, integer(Buffer.from([2]))),
    integer(serial()),
    algorithm,
    nameOf(signer.name),
    sequence(time(terms.from), time(until)),
    nameOf(terms.name),
    keys.publicKey.export({ type: 'spki', format: 'der' }),
    explicit(3, sequence(...extensionsOf(terms, keys.publicKey, signer.keys.publicKey))),
  );
  const signature = sign('sha256', body, signer.keys.privateKey);
  const der = sequence(body, algorithm, bitString(signature));
  return {
    ...{ keys, name: terms.name },
    certificate: pem('CERTIFICATE', der),
    key: keys.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  };
}

function extensionsOf(terms: CertificateTerms, own: KeyObject, signer: KeyObject): Buffer[] {
  const { usage, alternativeNames } = terms;
  const authority = usage === 'authority';
  const bits = authority ? KEY_USAGE.keyCertSign : KEY_USAGE.digitalSignature;
  const extensions = [
    extension(OID.basicConstraints, true, sequence(...(authority ? [der(TAG.boolean, TRUE)] : []))),
    extension(OID.keyUsage, true, bitString(Buffer.from([bits]), trailingZeros(bits))),
    extension(OID.subjectKeyIdentifier, false, der(TAG.octetString, keyIdentifier(own))),
    extension(OID.authorityKeyIdentifier, false, sequence(implicit(0, keyIdentifier(signer)))),
  ];
  if (!authority) {
    const purpose = oid(usage === 'server' ? OID.serverAuth : OID.clientAuth);
    extensions.push(extension(OID.extendedKeyUsage, false, sequence(purpose)));
  }
  if (alternativeNames.length > 0) {
    const names = sequence(...alternativeNames.map(alternativeName));
    extensions.push(extension(OID.subjectAltName, false, names));
  }
  return extensions;
}

const TRUE = Buffer.from([0xff]);

function extension(id: string, critical: boolean, value: Buffer): Buffer {
  const flag = critical ? [der(TAG.boolean, TRUE)] : [];
  return sequence(oid(id), ...flag, der(TAG.octetString, value));
}

/** GeneralName: 2 a host, 6 a URI, 7 an address. */
function alternativeName(name: string): Buffer {
  if (isIP(name) === 4) return implicit(7, Buffer.from(name.split('.').map(Number)));
  if (isIP(name) === 6) return implicit(7, ipv6(name));
  return implicit(name.includes('://') ? 6 : 2, Buffer.from(name, 'latin1'));
}

function ipv6(text: string): Buffer {
  const [head = '', tail] = text.split('::');
  const words = (part: string) => part.split(':').filter((word) => word !== '');
  const left = words(head);
  const right = tail === undefined ? [] : words(tail);
  const middle = Array.from({ length: 8 - left.length - right.length }, () => '0');
  const all = [...left, ...middle, ...right].map((word) => Number.parseInt(word, 16));
  return Buffer.from(all.flatMap((word) => [word >> 8, word & 0xff]));
}

function keyIdentifier(key: KeyObject): Buffer {
  return createHash('sha1')
    .update(key.export({ type: 'spki', format: 'der' }))
    .digest();
}

function nameOf(common: string): Buffer {
  const value = der(TAG.utf8, Buffer.from(common, 'utf8'));
  return sequence(der(TAG.set, sequence(oid(OID.commonName), value)));
}

/** A positive number. */
function serial(): Buffer {
  const bytes = randomBytes(SERIAL_BYTES);
  bytes[0] = ((bytes[0] as number) & 0x7f) | 0x40;
  return bytes;
}

const sequence = (...parts: readonly Buffer[]): Buffer => der(TAG.sequence, Buffer.concat(parts));
const integer = (bytes: Buffer): Buffer => der(TAG.integer, bytes);
const explicit = (tag: number, content: Buffer): Buffer => der(0xa0 | tag, content);
const implicit = (tag: number, content: Buffer): Buffer => der(0x80 | tag, content);
const bitString = (bytes: Buffer, unused = 0): Buffer =>
  der(TAG.bitString, Buffer.concat([Buffer.from([unused]), bytes]));
const trailingZeros = (byte: number): number => 31 - Math.clz32(byte & -byte);

function time(date: Date): Buffer {
  // Two digits of the year: up to 2049 nothing else is allowed.
  const text = date
    .toISOString()
    .replace(/[-:T]|\.\d{3}/g, '')
    .slice(2);
  return der(TAG.utcTime, Buffer.from(text, 'latin1'));
}

function oid(text: string): Buffer {
  const [first = 0, second = 0, ...rest] = text.split('.').map(Number);
  const bytes = [first * 40 + second];
  for (const part of rest) {
    const groups = [part & 0x7f];
    for (let more = part >> 7; more > 0; more >>= 7) groups.unshift((more & 0x7f) | 0x80);
    bytes.push(...groups);
  }
  return der(TAG.oid, Buffer.from(bytes));
}

function der(tag: number, content: Buffer): Buffer {
  const { length } = content;
  if (length < 0x80) return Buffer.concat([Buffer.from([tag, length]), content]);
  const bytes = length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...bytes]), content]);
}

function pem(label: string, bytes: Buffer): string {
  const lines = bytes.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`;
}
