/** The process of a forwarder; see `forwarder-process.ts`. */
import { assert } from '../../lib/assert.js';
import { SharedText } from '../../lib/shared-text.js';
import { runProcessInBackground } from '../../lib/thread-scheduling.js';
import { nodeFileSystem } from '../file-system.js';
import { FileDurableEnd } from '../journal/durable-mark.js';
import { JournalReader } from '../journal/journal-reader.js';
import type { ForwardState } from './forward-lag.js';
import { Forwarder } from './forwarder.js';
import type { FromForwarder, StartForwarding, ToForwarder } from './forwarder-messages.js';
import { StoreError } from './store-errors.js';
import { ToldDurableEnd } from './told-durable-end.js';

/** Between two reports, ms, so that the shard is not woken for each append: its lag is as old at most. */
const REPORT_MS = 20;

assert(process.send !== undefined, 'the forwarder is started by its shard');
// The processor belongs to the writer.
runProcessInBackground();
process.title = 'daybook: forwarder';
// A terminal, and a service manager, tell every process of the group. When to end is the shard's to
// say: after its writer.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined);
// Nobody is left who would read the lag or fence this writer: the next start sends the rest.
process.once('disconnect', () => process.exit(0));

const stopping = new AbortController();
let end: ToldDurableEnd | undefined;
let credentials: SharedText | undefined;
process.on('message', (message: ToForwarder) => {
  switch (message.kind) {
    case 'start':
      void forward(message);
      return;
    case 'credentials':
      credentials?.write(message.credentials);
      return;
    case 'drain':
      end?.tellClosed();
      return;
    case 'stop':
      stopping.abort();
  }
});

async function forward(start: StartForwarding): Promise<void> {
  const { directory, shard, connectionString, limits, letIn } = start;
  credentials = start.credentials === undefined ? undefined : SharedText.of(start.credentials);
  const durableEnd = new ToldDurableEnd(new FileDurableEnd(nodeFileSystem, directory));
  end = durableEnd;
  const address =
    credentials === undefined
      ? connectionString
      : { text: connectionString, credentials: credentials.memory };
  const reports = new Reports();
  const forwarder = new Forwarder({
    ...{ connectionString: address, shard, durableEnd, limits, letIn },
    openReader: (from) => new JournalReader(directory, { from, end: durableEnd }),
    onChange: (state) => reports.change(state),
  });
  let last: FromForwarder = { kind: 'done' };
  try {
    await forwarder.run(stopping.signal);
  } catch (error) {
    const { code } = error as { code?: string };
    last = {
      kind: 'failed',
      ...(code === undefined ? {} : { code }),
      isStore: error instanceof StoreError,
      message: error instanceof Error ? error.message : String(error),
    };
  }
  await reports.finish(last);
  process.disconnect();
}

function send(message: FromForwarder): Promise<void> {
  return new Promise((resolve) => {
    // Without the shard there is nobody to tell; 'disconnect' ends this process.
    process.send?.(message, undefined, undefined, () => resolve());
  });
}

/** The newest state now and then, one message under way at most. */
class Reports {
  #latest: ForwardState | undefined;
  #pause: Promise<void> | undefined;

  change(state: ForwardState): void {
    this.#latest = state;
    this.#pause ??= this.#report();
  }

  async finish(last: FromForwarder): Promise<void> {
    const state = this.#latest;
    this.#latest = undefined;
    if (state !== undefined) await send({ kind: 'state', state });
    await send(last);
  }

  async #report(): Promise<void> {
    while (this.#latest !== undefined) {
      const state = this.#latest;
      this.#latest = undefined;
      await send({ kind: 'state', state });
      await new Promise((resolve) => setTimeout(resolve, REPORT_MS));
    }
    this.#pause = undefined;
  }
}
