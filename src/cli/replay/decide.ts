/** `daybook replay --decide`: proves that the log follows from its commands. */
import { DecideAgain, type Difference } from '../../commands/replay/decide-again.js';
import { DEFAULT_CAPACITY } from '../../commands/state/capacity.js';
import { stateHash } from '../../commands/state-hash.js';
import { decodeEvent, RecordError } from '../../domain/event-codec.js';
import { eventJson } from '../event-json.js';
import { LineOutput } from '../line-output.js';
import { EXIT } from '../usage.js';
import { findEnd, logBatches, stateBefore } from './log-batches.js';

/** Findings after which the replay ends: each costs a replay of the log before it. */
const DIFFERENCES_MAX = 100;

export async function decideAgain(directory: string, json: boolean): Promise<number> {
  const started = performance.now();
  const differences: Difference[] = [];
  const replay = new DecideAgain({
    stateBefore: (sequence) => stateBefore(directory, DEFAULT_CAPACITY, sequence),
    findEnd: (command, sequence) => findEnd(directory, command, sequence),
    onDifference: (difference) => differences.push(difference),
  });
  for (const batch of logBatches(directory)) {
    replay.take(batch);
    if (differences.length >= DIFFERENCES_MAX) break;
  }
  const seconds = (performance.now() - started) / 1000;
  const { commands, events, withoutCommand } = replay;
  const summary = { commands, events, withoutCommand, differences: differences.length, seconds };
  const hash = stateHash(replay.state);
  const output = new LineOutput();
  if (json) {
    const findings = differences.map((each) => JSON.parse(differenceJson(each)) as unknown);
    output.line(
      JSON.stringify({ ok: findings.length === 0, ...summary, stateHash: hash, findings }),
    );
  } else {
    for (const each of differences) output.line(differenceText(each));
    const found = differences.length === 0 ? 'ok' : `${differences.length} differences`;
    output.line(`${found}: ${commands} commands decided again, ${events} events compared`);
    if (withoutCommand > 0) output.line(`${withoutCommand} events whose command a crash cut short`);
    output.line(`state hash ${hash}`);
    output.line(`seconds ${seconds.toFixed(3)}`);
  }
  await output.flush();
  return differences.length === 0 ? EXIT.success : EXIT.finding;
}

function eventText(record: Uint8Array | undefined): string {
  if (record === undefined) return 'null';
  try {
    return eventJson(decodeEvent(record));
  } catch (error) {
    if (!(error instanceof RecordError)) throw error;
    return JSON.stringify({ unreadable: error.message });
  }
}

const differenceJson = (d: Difference): string =>
  `{"sequence":${d.sequence},"command":${d.command},"commandName":"${d.commandName}",` +
  `"reason":${JSON.stringify(d.reason)},"recorded":${eventText(d.recorded)},` +
  `"decided":${eventText(d.decided)}}`;

const differenceText = (d: Difference): string =>
  `DECISION_DIFFERS sequence ${d.sequence}, ${d.commandName} ${d.command}: ${d.reason}\n` +
  `  recorded ${eventText(d.recorded)}\n  decided  ${eventText(d.decided)}`;
