/** Users, and what is there of them. */
import { newSubject, readAccessBook } from '../../api/identity/access-changes.js';
import { readAccessLog } from '../../api/identity/access-log.js';
import { accessDirectory } from '../access-side.js';
import type { IdentityCommand } from '../identity.js';
import { EXIT, parseOptions, UsageError, wholeNumber } from '../usage.js';
import { accountsOf, apply, COMMON, listOf, positionals, say } from './arguments.js';

const USER = {
  ...COMMON,
  roles: { type: 'string' },
  accounts: { type: 'string' },
  rate: { type: 'string' },
} as const;

const rateOf = (text: string | undefined) =>
  text === undefined ? undefined : wholeNumber('rate', text, 1, 1_000_000);

export const userCommands: Readonly<Record<string, IdentityCommand>> = {
  add(args) {
    const { values, positionals: all } = parseOptions({
      ...{ args, allowPositionals: true },
      options: { ...USER, person: { type: 'boolean', default: false } },
    });
    const [name] = positionals(all, 'NAME');
    if (values.roles === undefined || values.accounts === undefined) {
      throw new UsageError('--roles and --accounts say what the user may do');
    }
    const user = {
      ...{ type: 'UserAdded', name, kind: values.person ? 'person' : 'program' },
      ...{ subject: newSubject(), roles: listOf(values.roles) },
      ...{ accounts: accountsOf(values.accounts), requestsPerSecond: rateOf(values.rate) },
    };
    apply(values['data-dir'], () => [user]);
    say(values.json, user, `${name} is added; 'daybook identity key ${name}' gives it a key`);
    return EXIT.success;
  },

  change(args) {
    const { values, positionals: all } = parseOptions({
      ...{ args, allowPositionals: true },
      options: {
        ...USER,
        disable: { type: 'boolean', default: false },
        enable: { type: 'boolean', default: false },
      },
    });
    const [name] = positionals(all, 'NAME');
    if (values.disable && values.enable) throw new UsageError('--disable or --enable, not both');
    const change = {
      ...{ type: 'UserChanged', name, roles: listOf(values.roles) },
      ...{ accounts: accountsOf(values.accounts), requestsPerSecond: rateOf(values.rate) },
      disabled: values.disable ? true : values.enable ? false : undefined,
    };
    apply(values['data-dir'], () => [change]);
    say(values.json, change, `${name} is changed`);
    return EXIT.success;
  },

  list(args) {
    const { values, positionals: all } = parseOptions({
      ...{ args, allowPositionals: true, options: COMMON },
    });
    positionals(all);
    const book = readAccessBook(accessDirectory(values['data-dir']));
    const users = [...book.users.values()].map((user) => ({
      ...user,
      keys: [...book.keys.values()].filter((key) => key.user === user.name).map(shownKey),
      certificates: [...book.certificates.values()].filter((each) => each.user === user.name),
      sessions: [...book.sessions.values()]
        .filter((session) => session.user === user.name)
        .map(({ passwordHash: _hash, ...shown }) => shown),
    }));
    if (values.json) process.stdout.write(`${JSON.stringify({ users })}\n`);
    else for (const user of users) process.stdout.write(linesOf(user));
    return EXIT.success;
  },

  log(args) {
    const { values, positionals: all } = parseOptions({
      ...{ args, allowPositionals: true, options: COMMON },
    });
    positionals(all);
    for (const record of readAccessLog(accessDirectory(values['data-dir']))) {
      process.stdout.write(`${JSON.stringify(record)}\n`);
    }
    return EXIT.success;
  },
};

type Book = ReturnType<typeof readAccessBook>;
type Key = Book['keys'] extends Map<string, infer K> ? K : never;

function shownKey({ id, expires, revoked, actions, accounts }: Key) {
  const expired = expires !== undefined && Date.parse(expires) <= Date.now();
  const state = revoked ? 'revoked' : expired ? 'expired' : 'valid';
  return { id, state, expires, actions, accounts };
}

function linesOf(user: {
  readonly name: string;
  readonly disabled: boolean;
  readonly roles: readonly string[];
  readonly accounts: 'all' | readonly string[];
  readonly keys: readonly { id: string; state: string; expires: string | undefined }[];
  readonly certificates: readonly { match: string }[];
  readonly sessions: readonly { login: string; session: string }[];
}): string {
  const accounts = user.accounts === 'all' ? 'all' : user.accounts.join(',');
  const lines = [
    `${user.name}${user.disabled ? ' (disabled)' : ''}  ${user.roles.join(',')}  accounts ${accounts}`,
    ...user.keys.map(({ id, state, expires }) => {
      return `  key ${id}  ${state}${expires === undefined ? '' : `  until ${expires}`}`;
    }),
    ...user.certificates.map(({ match }) => `  certificate ${match}`),
    ...user.sessions.map(({ login, session }) => `  session ${session}  login ${login}`),
  ];
  return `${lines.join('\n')}\n`;
}
