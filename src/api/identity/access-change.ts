/** What may change about identities: the records of the access log, as they are stored. */
import { z } from 'zod';
import { ACTIONS, type Action, ROLES } from './permissions.js';

const name = z
  .string()
  .regex(/^[a-z0-9][a-z0-9._@-]{0,63}$/, 'lower-case letters, digits, . _ @ -');
const account = z.string().regex(/^[\x21-\x7e]{1,32}$/, 'not the name of an account');
const roles = z.array(z.enum(ROLES)).max(ROLES.length);
/** Accounts named by one user, key or session. */
const ACCOUNTS_MAX = 1024;
const accounts = z.array(account).max(ACCOUNTS_MAX);
const accountsOrAll = z.union([z.literal('all'), accounts]);
const actions = z.array(z.enum(ACTIONS as [Action, ...Action[]])).max(ACTIONS.length);
const keyId = z.string().regex(/^[2-9a-kmnp-z]{10}$/);
const hash = z.string().regex(/^[0-9a-f]{64}$/);
const subject = z.string().regex(/^[0-9a-f]{32}$/);
const time = z.iso.datetime({ precision: 3 });
const rate = z.number().int().min(1).max(1_000_000);

/** A person or a program; its subject is its name on the log, where it gets an index. */
const userAdded = z.strictObject({
  type: z.literal('UserAdded'),
  name,
  kind: z.enum(['person', 'program']),
  subject,
  roles,
  accounts: accountsOrAll,
  requestsPerSecond: rate.optional(),
});

const userChanged = z.strictObject({
  type: z.literal('UserChanged'),
  name,
  roles: roles.optional(),
  accounts: accountsOrAll.optional(),
  requestsPerSecond: rate.optional(),
  disabled: z.boolean().optional(),
});

const keyAdded = z.strictObject({
  type: z.literal('KeyAdded'),
  user: name,
  id: keyId,
  hash,
  expires: time.optional(),
  actions: actions.optional(),
  accounts: accounts.optional(),
});

const keyRevoked = z.strictObject({ type: z.literal('KeyRevoked'), id: keyId });

/** A subject as `CN=desk7`, or a name of the certificate as `DNS:…`, `URI:…` or `email:…`. */
const certificateName = z.string().regex(/^(CN=|DNS:|URI:|email:)[\x21-\x7e ]{1,200}$/);
const certificateAdded = z.strictObject({
  type: z.literal('CertificateAdded'),
  user: name,
  match: certificateName,
});
const certificateRemoved = z.strictObject({
  type: z.literal('CertificateRemoved'),
  match: certificateName,
});

/** A login of the binary gateway: SoupBinTCP has 6 characters for the user, 10 for the password. */
const sessionAdded = z.strictObject({
  type: z.literal('SessionAdded'),
  user: name,
  id: z.number().int().min(1).max(0xffff_ffff),
  session: z.string().regex(/^[A-Za-z0-9]{1,4}$/),
  login: z.string().regex(/^[\x21-\x7e]{1,6}$/),
  passwordHash: z.string().regex(/^scrypt\$[A-Za-z0-9_-]{22}\$[A-Za-z0-9_-]{43}$/),
  accounts: accounts.min(1),
  cancelOnDisconnect: z.boolean(),
});
const sessionRemoved = z.strictObject({ type: z.literal('SessionRemoved'), login: z.string() });
const sessionPassword = z.strictObject({
  type: z.literal('SessionPasswordChanged'),
  login: z.string(),
  passwordHash: sessionAdded.shape.passwordHash,
});

export const accessChange = z.discriminatedUnion('type', [
  userAdded,
  userChanged,
  keyAdded,
  keyRevoked,
  certificateAdded,
  certificateRemoved,
  sessionAdded,
  sessionRemoved,
  sessionPassword,
]);

export type AccessChange = z.output<typeof accessChange>;
export type ChangeOf<T extends AccessChange['type']> = Extract<AccessChange, { type: T }>;
