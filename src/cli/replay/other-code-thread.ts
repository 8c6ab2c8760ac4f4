/** The thread in which another build decides: its modules are loaded here and nowhere else. */
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parentPort, workerData } from 'node:worker_threads';
import { catalogueFingerprint } from '../../domain/catalogue-fingerprint.js';
import { NEEDED, type OtherCodeData, type OtherCodeMessage } from './other-code.js';
import { type Deciding, runDecideAgain, runWhatIf } from './what-if-run.js';

const { directory, root, limits } = workerData as OtherCodeData;

const load = (path: string): Promise<unknown> => import(pathToFileURL(join(root, path)).href);

async function decide(): Promise<OtherCodeMessage> {
  const { catalogueFingerprint: theirs } = (await load(NEEDED.fingerprint)) as {
    catalogueFingerprint: typeof catalogueFingerprint;
  };
  if (theirs() !== catalogueFingerprint()) {
    const message = `its catalogue of events is ${theirs()}, this one ${catalogueFingerprint()}: it cannot read this log`;
    return { code: 'CODE_OTHER_CATALOGUE', message };
  }
  const parts = await Promise.all(
    [NEEDED.whatIf, NEEDED.decideAgain, NEEDED.state, NEEDED.evolve, NEEDED.positions].map(load),
  );
  const deciding = Object.assign({}, ...parts) as Deciding;
  // Without other limits every event is compared, too.
  const code =
    limits.length === 0
      ? runDecideAgain(deciding, directory)
      : { commands: 0, events: 0, differences: [] };
  return { result: { ...runWhatIf(deciding, directory, limits), code } };
}

parentPort?.postMessage(await decide());
