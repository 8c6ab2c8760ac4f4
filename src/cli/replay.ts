/** `daybook replay`: what the log says, once more. Reads the journal only. */
import { DATA_DIRECTORY_DEFAULT, existingJournal, keysDirectory } from './data-directory.js';
import { decideAgain } from './replay/decide.js';
import { withAuditor } from './replay/open-auditor.js';
import { type StoryFormat, tellStory } from './replay/order-story.js';
import { stateAt } from './replay/state-at.js';
import { whatIf } from './replay/what-if.js';
import { onlyOptions, parseOptions, runSubcommand, UsageError } from './usage.js';

const HELP = `daybook replay --decide | --at MOMENT | --order ID [OPTIONS]

--at MOMENT
  The state after that sequence, or at that time (2026-11-22T14:50:06.5Z): open orders, positions and
  P&L as exact decimals, limits in force, trading states, state hash.

--order ID [--at MOMENT] [--account NAME]
  Everything on record about one order, by its id, any client order id of its chain, or an execution
  id: each event with who caused it, over which session and way in; each risk decision with the limit
  in force and who set it, and the mark that it was compared with, both with their sequence. Names of
  people need the master key (DAYBOOK_MASTER_KEY or DAYBOOK_MASTER_KEY_FILE). The first question
  about a log builds an index beside it; later ones take milliseconds.

--decide
  Decides every recorded command again, in a state that starts empty, with the recorded times, and
  compares the events with those on record byte for byte. Nothing different proves that deciding is
  deterministic; a difference is printed with its sequence and both events.

--decide --limits FILE
  Decides them against other limits and tells which orders would have been refused or let through.
  FILE is a JSON list: [{"limit":"MaxOrderQuantity","scope":"Account","name":"ACC-1","value":10}];
  scope Firm, Group or Account ("scopeId" or "name"), "instrument" as index or symbol if not for all,
  value in the limit's unit, -1 none. What a venue reported on an order that is refused now is left
  out; an order that is let through now stays without reports.

--decide --code DIR [--limits FILE]
  Decides them by another build of Daybook (DIR holds it, built; its catalogue of events must be
  the same, CODE_OTHER_CATALOGUE) in a thread of its own, and compares event by event, and order by
  order as with --limits. Differences are findings.

Options:
  --csv FILE       with --limits or --code: exposure and P&L over time under both, exact decimals
  --chart FILE     the same as a drawing: .svg, or .html with the table
  --data-dir DIR   directory of the data (default ${DATA_DIRECTORY_DEFAULT})
  --format F       with --order: text (a timeline), json or csv
  --index DIR      where the index of the log is, if nothing can be written beside the journal
  --json           one JSON object; with --order one for each 1000 events
  --help           this text

Exit codes: 0 success; 1 a difference, or the journal is damaged; 2 wrong use.
`;

export function run(args: string[]): Promise<number> {
  return runSubcommand('replay', HELP, args, () => replay(args));
}

const OPTIONS = {
  'data-dir': { type: 'string', default: DATA_DIRECTORY_DEFAULT },
  limits: { type: 'string' },
  csv: { type: 'string' },
  code: { type: 'string' },
  chart: { type: 'string' },
  at: { type: 'string' },
  order: { type: 'string' },
  account: { type: 'string' },
  index: { type: 'string' },
  format: { type: 'string' },
  decide: { type: 'boolean', default: false },
  json: { type: 'boolean', default: false },
} as const;

/** What goes with each question; anything else is refused. */
const WHAT_IF = ['data-dir', 'json', 'decide', 'limits', 'code', 'csv', 'chart'];
const DECIDE = ['data-dir', 'json', 'decide'];
const ORDER = ['data-dir', 'order', 'account', 'at', 'index', 'format', 'json'];
const STATE = ['data-dir', 'json', 'at', 'index'];

async function replay(args: string[]): Promise<number> {
  const { values } = parseOptions({ args, options: OPTIONS });
  const { limits, code, csv, chart, at, json } = values;
  const only = (mode: string, allowed: readonly string[]) =>
    onlyOptions(args, OPTIONS, mode, allowed);
  const dataDirectory = values['data-dir'];
  if (values.decide && (limits !== undefined || code !== undefined)) {
    only('--decide --limits or --code', WHAT_IF);
    return whatIf(existingJournal(dataDirectory), { limits, code, csv, chart, json });
  }
  if (values.decide) {
    only('--decide without --limits or --code', DECIDE);
    return decideAgain(existingJournal(dataDirectory), json);
  }
  const keys = keysDirectory(dataDirectory);
  if (values.order !== undefined) {
    only('--order', ORDER);
    const format = storyFormat(values.format, json);
    const { order, account } = values;
    return withAuditor(existingJournal(dataDirectory), keys, values.index, (auditor) =>
      tellStory(auditor, { order, account, at }, format),
    );
  }
  if (at !== undefined) {
    only('--at without --order', STATE);
    return withAuditor(existingJournal(dataDirectory), keys, values.index, (auditor) =>
      stateAt(auditor, at, json),
    );
  }
  throw new UsageError('say what to do: --decide, --at or --order', 'OPTION_MISSING');
}

function storyFormat(format: string | undefined, json: boolean): StoryFormat {
  if (json && format !== undefined && format !== 'json') {
    throw new UsageError(`--json does not go with --format ${format}`, 'OPTIONS_CONFLICT');
  }
  const chosen = json ? 'json' : (format ?? 'text');
  if (chosen === 'text' || chosen === 'json' || chosen === 'csv') return chosen;
  throw new UsageError('--format is text, json or csv', 'OPTION_INVALID');
}
