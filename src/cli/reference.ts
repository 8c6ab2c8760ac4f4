/** `daybook reference`: prints the reference pages that docs/ holds. */
import { permissionsPage } from './permissions-page.js';
import { errorCodesPage, eventsPage } from './reference-pages.js';
import { EXIT, parseOptions, runSubcommand, UsageError } from './usage.js';

const HELP = `daybook reference PAGE

Prints a reference page as Markdown: events (every event with its fields, units and byte offsets),
error-codes (every code with which Daybook refuses, the risk checks and the limits) or permissions
(every action and route, and which role may do it).

Exit codes: 0 success; 2 wrong use.
`;

const pages: Readonly<Record<string, () => string>> = {
  events: eventsPage,
  'error-codes': errorCodesPage,
  permissions: permissionsPage,
};

export function run(args: string[]): Promise<number> {
  return runSubcommand('reference', HELP, args, async () => {
    const { positionals } = parseOptions({ args, allowPositionals: true, options: {} });
    const [name = ''] = positionals;
    if (positionals.length !== 1 || !Object.hasOwn(pages, name)) {
      throw new UsageError(`name one page: ${Object.keys(pages).join(', ')}`, 'OPTION_INVALID');
    }
    process.stdout.write((pages[name] as () => string)());
    return EXIT.success;
  });
}
