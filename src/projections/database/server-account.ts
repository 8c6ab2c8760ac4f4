import { readFileSync, statSync } from 'node:fs';

/** User and group a server process runs as; absent: the one Daybook itself runs as. */
export interface ServerAccount {
  readonly uid: number;
  readonly gid: number;
}

/** Accounts tried in this order when Daybook runs as root. PostgreSQL needs one with a name. */
const CANDIDATES = ['daybook', 'postgres', 'nobody'] as const;

/**
 * PostgreSQL refuses to run as root, so as root its programs are started under another account.
 * An existing cluster keeps the account that owns its files, whatever the machine offers by now.
 *
 * @param clusterDirectory directory of the cluster; need not exist
 * @returns undefined when not root (and on Windows)
 * @throws Error when the machine has none of the candidate accounts
 */
export function chooseServerAccount(clusterDirectory: string): ServerAccount | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const owner = statSync(clusterDirectory, { throwIfNoEntry: false });
  if (owner !== undefined && owner.uid !== 0) return { uid: owner.uid, gid: owner.gid };
  const accounts = readAccounts();
  for (const name of CANDIDATES) {
    const account = accounts.get(name);
    if (account !== undefined) return account;
  }
  throw new Error(
    `running as root, and PostgreSQL refuses root: create one of the users ${CANDIDATES.join(', ')}, ` +
      'run daybook as an ordinary user, or set DATABASE_URL',
  );
}

function readAccounts(): Map<string, ServerAccount> {
  const accounts = new Map<string, ServerAccount>();
  for (const line of readFileSync('/etc/passwd', 'utf8').split('\n')) {
    const [name, , uid, gid] = line.split(':');
    if (name && uid && gid) accounts.set(name, { uid: Number(uid), gid: Number(gid) });
  }
  return accounts;
}
