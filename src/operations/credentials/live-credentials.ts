/** Secrets that a running process uses: in shared memory, and as new as the store. */
import type { Logger } from 'pino';
import { FileWatch } from '../../lib/file-watch.js';
import { SharedText } from '../../lib/shared-text.js';
import type { CredentialStore } from './credential-store.js';

/** How long it takes until a rotated secret is used for new connections, at most, in ms. */
export const CREDENTIALS_LOOK_MS_MAX = 1000;

export interface LiveCredentials {
  /** Read it for each connection. @throws CredentialError CREDENTIAL_UNKNOWN */
  use(name: string): SharedText;
  stop(): void;
}

/** Never waits for the store again: what cannot be read stays as it was, and the log says so. */
export function followCredentials(
  store: CredentialStore,
  logger: Logger,
  lookMs: number = CREDENTIALS_LOOK_MS_MAX,
): LiveCredentials {
  const used = new Map<string, SharedText>();
  const refresh = (): void => {
    for (const [name, text] of used) {
      const secret = store.get(name);
      if (secret === text.read()) continue;
      text.write(secret);
      logger.info({ credential: name }, 'credential rotated');
    }
  };
  const watch = new FileWatch([store.path], lookMs, refresh, (err) =>
    logger.error({ err }, 'credentials stay as they were'),
  );
  return {
    use(name) {
      const known = used.get(name) ?? SharedText.of(store.get(name));
      used.set(name, known);
      return known;
    },
    stop: () => watch.close(),
  };
}
