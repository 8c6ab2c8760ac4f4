/** `daybook credentials`: secrets of venues, databases and stores. */
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { CredentialStore, credentialsPath } from '../operations/credentials/credential-store.js';
import { KEY_BYTES, KEY_VARIABLES, readKey } from '../operations/credentials/key-source.js';
import { DATA_DIRECTORY_DEFAULT } from './data-directory.js';
import { EXIT, parseOptions, runSubcommand, UsageError } from './usage.js';

const HELP = `daybook credentials COMMAND [NAME] [OPTIONS]

Secrets in <data-dir>/credentials.json, sealed with AES-256-GCM. A secret is read from standard
input, never from the command line, and never shown again. A running daybook takes a rotated one up
within a second, for every connection that it opens from then on.

  set NAME        a new secret
  rotate NAME     another value for it
  remove NAME
  list            names, versions and times
  rekey           seal them all with another key: from ${KEY_VARIABLES.value}_NEW, in the forms of
                  the old one (..._NEW_FILE, ..._NEW_COMMAND)
  key             print a new random key

DATABASE_URL=postgres://USER@HOST/DATABASE?credential=NAME takes its password from NAME;
EVENTSTOREDB_URL=esdb://HOST:PORT?tls=true&credential=NAME takes "user:password" from it.

Options:
  --data-dir DIR    directory of the data (default ${DATA_DIRECTORY_DEFAULT})
  --json            results as JSON
  --help            this text

Environment, one of them: 32 bytes in hexadecimal or base64
  ${KEY_VARIABLES.value}           the key
  ${KEY_VARIABLES.file}      a file with it
  ${KEY_VARIABLES.command}   a command that prints it, such as one that asks a key service

Exit codes: 0 success; 1 no or a wrong key, or an unknown name; 2 wrong use.
`;

export function run(args: string[]): Promise<number> {
  return runSubcommand('credentials', HELP, args, async () => credentials(args));
}

function credentials(args: string[]): number {
  const { values, positionals } = parseOptions({
    args,
    allowPositionals: true,
    options: {
      'data-dir': { type: 'string', default: DATA_DIRECTORY_DEFAULT },
      json: { type: 'boolean', default: false },
    },
  });
  const [command = '', ...names] = positionals;
  if (command === 'key') {
    process.stdout.write(`${randomBytes(KEY_BYTES).toString('base64')}\n`);
    return EXIT.success;
  }
  const store = () =>
    new CredentialStore(credentialsPath(values['data-dir']), readKey(process.env));
  const say = (value: unknown, text: string): number => {
    process.stdout.write(`${values.json ? JSON.stringify(value) : text}\n`);
    return EXIT.success;
  };
  if (command === 'list' || command === 'rekey') {
    if (names.length > 0) throw new UsageError(`${command} takes no name`);
    if (command === 'rekey') {
      const count = store().rekey(readKey(newKeyEnvironment()));
      return say({ count }, `${count} credentials are sealed with the new key`);
    }
    const list = store().list();
    const lines = list.map(
      ({ name, version, changed }) => `${name}  version ${version}  ${changed}`,
    );
    return say({ credentials: list }, lines.join('\n'));
  }
  const [name] = names;
  if (name === undefined || names.length > 1) throw new UsageError(`${command} takes one name`);
  if (command === 'remove') return say(store().remove(name), `${name} is removed`);
  if (command !== 'set' && command !== 'rotate') throw new UsageError(`no command "${command}"`);
  const secret = secretFromInput();
  const info = command === 'set' ? store().set(name, secret) : store().rotate(name, secret);
  return say(info, `${name} is version ${info.version}`);
}

/** Without the newline that an editor or echo puts behind it. */
function secretFromInput(): string {
  if (process.stdin.isTTY)
    throw new UsageError('the secret is read from standard input: pipe it in');
  return readFileSync(0, 'utf8').replace(/\r?\n$/, '');
}

function newKeyEnvironment(): NodeJS.ProcessEnv {
  const environment: NodeJS.ProcessEnv = {};
  const { value, file, command } = KEY_VARIABLES;
  for (const [name, from] of [
    [value, `${value}_NEW`],
    [file, `${value}_NEW_FILE`],
    [command, `${value}_NEW_COMMAND`],
  ] as const) {
    environment[name] = process.env[from];
  }
  return environment;
}
