/** `daybook identity`: users, their keys, certificates and sessions. */

import { credentialCommands } from './identity/credential-commands.js';
import { userCommands } from './identity/user-commands.js';
import { EXIT, runSubcommand, UsageError } from './usage.js';

const HELP = `daybook identity COMMAND [ARGUMENTS] [OPTIONS]

Who may do what. Every change is a line of <data-dir>/identity/access.jsonl, which is only ever added
to; a running daybook takes it up within a second.

Users (a role is trader, risk, operations, auditor or administrator; docs/security.md says what each
may do):
  list                           users, keys, certificates and sessions
  log                            every change ever made, as JSON lines
  add NAME --roles R,R --accounts A,A|all [--person] [--rate N]
  change NAME [--roles R,R] [--accounts A,A|all] [--rate N] [--disable | --enable]

Credentials (shown once, kept as hashes):
  key NAME [--days N] [--actions A,A] [--accounts A,A]     a new API key, narrowed if wanted
  revoke KEY-ID
  certificate NAME MATCH         a client certificate: CN=…, DNS:…, URI:… or email:…
  remove-certificate MATCH
  session NAME --session S --login L --accounts A,A [--keep-orders]
                                 a login of the OUCH gateway; its password has 10 characters
  session-password LOGIN         a new password for it
  remove-session LOGIN
  certificates DIR [--host NAME] an authority and certificates of a server and a client, for
                                 development, into a new directory

Options:
  --data-dir DIR    directory of the data (default ./data)
  --json            results as JSON
  --help            this text

Exit codes: 0 success; 1 the access log is damaged, or the change contradicts it; 2 wrong use.
`;

export type IdentityCommand = (args: string[]) => number;

export function run(args: string[]): Promise<number> {
  return runSubcommand('identity', HELP, args, async () => {
    const [name, ...rest] = args;
    if (name === undefined) {
      process.stdout.write(HELP);
      return EXIT.wrongUse;
    }
    const commands: Readonly<Record<string, IdentityCommand>> = {
      ...userCommands,
      ...credentialCommands,
    };
    if (!Object.hasOwn(commands, name))
      throw new UsageError(`no command ${JSON.stringify(name)}`, 'COMMAND_UNKNOWN');
    return (commands[name] as IdentityCommand)(rest);
  });
}
