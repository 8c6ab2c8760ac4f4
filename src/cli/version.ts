/** The version of this software, as the package has it. */
import { readFileSync } from 'node:fs';

/** From `src/cli/` as from `dist/src/cli/`, the first package.json upwards is ours. */
function readVersion(): string {
  for (const up of ['../../package.json', '../../../package.json']) {
    try {
      const text = readFileSync(new URL(up, import.meta.url), 'utf8');
      return (JSON.parse(text) as { version: string }).version;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
  }
  throw new Error('the package.json of daybook is missing');
}

export const VERSION = readVersion();
