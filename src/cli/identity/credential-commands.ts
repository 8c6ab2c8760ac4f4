/** Keys, certificates and sessions. What proves an identity is shown once. */
import { randomInt } from 'node:crypto';
import { newKey } from '../../api/identity/api-key.js';
import { hashPassword } from '../../gateways/order-entry/password.js';
import type { IdentityCommand } from '../identity.js';
import { EXIT, parseOptions, UsageError, wholeNumber } from '../usage.js';
import { apply, COMMON, listOf, positionals, say } from './arguments.js';
import { makeDevelopmentCertificates } from './development-certificates.js';

const MS_PER_DAY = 86_400_000;
const DAYS_MAX = 3650;
/** SoupBinTCP has room for 10 characters: 50 random bits, behind scrypt and a login of 50 ms each. */
const PASSWORD_CHARS = 10;
const PASSWORD_ALPHABET = '23456789abcdefghijkmnpqrstuvwxyz';

function newPassword(): string {
  const one = () => PASSWORD_ALPHABET[randomInt(PASSWORD_ALPHABET.length)];
  return Array.from({ length: PASSWORD_CHARS }, one).join('');
}

/** A command that takes one name and makes one change of it. */
function simple(type: string, field: string, what: string, done: string): IdentityCommand {
  return (args) => {
    const { values, positionals: all } = parseOptions({
      ...{ args, allowPositionals: true, options: COMMON },
    });
    const [name] = positionals(all, what);
    apply(values['data-dir'], () => [{ type, [field]: name }]);
    say(values.json, { [field]: name }, `${name} ${done}`);
    return EXIT.success;
  };
}

export const credentialCommands: Readonly<Record<string, IdentityCommand>> = {
  key(args) {
    const { values, positionals: all } = parseOptions({
      ...{ args, allowPositionals: true },
      options: {
        ...COMMON,
        days: { type: 'string' },
        actions: { type: 'string' },
        accounts: { type: 'string' },
      },
    });
    const [user] = positionals(all, 'NAME');
    const { id, text, hash } = newKey();
    const days = values.days && wholeNumber('days', values.days, 1, DAYS_MAX);
    const expires = days ? new Date(Date.now() + days * MS_PER_DAY).toISOString() : undefined;
    const scope = { actions: listOf(values.actions), accounts: listOf(values.accounts) };
    apply(values['data-dir'], () => [{ type: 'KeyAdded', user, id, hash, expires, ...scope }]);
    say(values.json, { user, id, key: text, expires }, text);
    return EXIT.success;
  },

  revoke: simple('KeyRevoked', 'id', 'KEY-ID', 'is revoked'),
  'remove-certificate': simple('CertificateRemoved', 'match', 'MATCH', 'is removed'),
  'remove-session': simple('SessionRemoved', 'login', 'LOGIN', 'is removed'),

  certificate(args) {
    const { values, positionals: all } = parseOptions({
      ...{ args, allowPositionals: true, options: COMMON },
    });
    const [user, match] = positionals(all, 'NAME', 'MATCH');
    apply(values['data-dir'], () => [{ type: 'CertificateAdded', user, match }]);
    say(values.json, { user, match }, `${match} is ${user}`);
    return EXIT.success;
  },

  session(args) {
    const { values, positionals: all } = parseOptions({
      ...{ args, allowPositionals: true },
      options: {
        ...COMMON,
        session: { type: 'string' },
        login: { type: 'string' },
        accounts: { type: 'string' },
        'keep-orders': { type: 'boolean', default: false },
      },
    });
    const [user] = positionals(all, 'NAME');
    const { session, login } = values;
    const accounts = listOf(values.accounts);
    if (session === undefined || login === undefined || accounts === undefined) {
      throw new UsageError('--session, --login and --accounts belong to a session');
    }
    const password = newPassword();
    const terms = { user, session, login, accounts, cancelOnDisconnect: !values['keep-orders'] };
    apply(values['data-dir'], ({ sessionIds }) => [
      {
        ...{ type: 'SessionAdded', ...terms, id: Math.max(0, ...sessionIds) + 1 },
        passwordHash: hashPassword(password),
      },
    ]);
    say(values.json, { ...terms, password }, password);
    return EXIT.success;
  },

  'session-password'(args) {
    const { values, positionals: all } = parseOptions({
      ...{ args, allowPositionals: true, options: COMMON },
    });
    const [login] = positionals(all, 'LOGIN');
    const password = newPassword();
    const passwordHash = hashPassword(password);
    apply(values['data-dir'], () => [{ type: 'SessionPasswordChanged', login, passwordHash }]);
    say(values.json, { login, password }, password);
    return EXIT.success;
  },

  certificates(args) {
    const { values, positionals: all } = parseOptions({
      ...{ args, allowPositionals: true },
      options: { ...COMMON, host: { type: 'string', default: 'localhost' } },
    });
    const [directory] = positionals(all, 'DIR');
    const files = makeDevelopmentCertificates(directory as string, values.host);
    say(values.json, files, Object.values(files).join('\n'));
    return EXIT.success;
  },
};
