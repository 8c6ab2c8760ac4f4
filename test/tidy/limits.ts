/** The named limits in the code, and the page that lists them (`docs/limits.md`). */
import { isSource, type SourceFile } from './repository.js';

export interface Limit {
  readonly name: string;
  readonly path: string;
  /** The number, or how the code makes it of others. */
  readonly value: number | string;
  /** The comment above it, on one line. */
  readonly comment: string;
}

const DECLARATION =
  /((?:^\/\*\*(?:(?!\*\/)[\s\S])*\*\/\n|^\/\/[^\n]*\n)?)^(?:export )?const ([A-Z0-9_]+)(?:: number)? = ([^;\n]+);/gm;

/** What is a limit: by its name, or because it bounds something and is called otherwise. */
const LIMIT = /_MAX$|_MAX_|^MAX_|^(RING_SLOTS|RESERVED_SLOTS|OUTCOMES_RESERVED|RECENT_ORDERS)$/;

export function limitsOf(files: readonly SourceFile[]): Limit[] {
  return files.filter(isSource).flatMap(({ path, text }) => {
    const known = new Map<string, number>();
    const limits: Limit[] = [];
    for (const [, comment = '', name = '', expression = ''] of text.matchAll(DECLARATION)) {
      const value = evaluate(expression, known);
      if (value !== undefined) known.set(name, value);
      if (LIMIT.test(name) && !/^['"[{/]|new |=>/.test(expression)) {
        limits.push({ name, path, value: value ?? expression, comment: plain(comment) });
      }
    }
    return limits;
  });
}

/** Sums, products and powers of whole numbers and of constants known so far. */
function evaluate(expression: string, known: ReadonlyMap<string, number>): number | undefined {
  const numbers = expression
    .replace(/[A-Z][A-Z0-9_]*/g, (name) => String(known.get(name) ?? name))
    .replace(/_(?=\d)/g, '');
  if (!/^[\d\s.*/+\-()a-fx]+$/.test(numbers)) return undefined;
  const value: unknown = new Function(`return ${numbers};`)();
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}

function plain(comment: string): string {
  return comment
    .replace(/^\/\*\*|\*\/$/gm, '')
    .replace(/^\s*(\*|\/\/)\s?/gm, '')
    .replace(/\*\/\s*$/, '')
    .replace(/\s+/g, ' ')
    .replace(/\|/g, '\\|')
    .trim();
}

/** `docs/limits.md`. @param memory bytes per row of the tables that grow with orders */
export function limitsPage(
  limits: readonly Limit[],
  memory: Readonly<Record<'order' | 'clientId' | 'execution', number>>,
): string {
  const folders = [...new Set(limits.map(({ path }) => folderOf(path)))].sort();
  const sections = folders.map((folder) => {
    const rows = limits
      .filter(({ path }) => folderOf(path) === folder)
      .map(({ name, path, value, comment }) => {
        const file = path.slice(`src/${folder}/`.length);
        return `- \`${name}\` = ${value.toLocaleString('en')} (\`${file}\`)${comment === '' ? '' : `: ${comment}`}`;
      });
    return `## ${folder}\n\n${rows.join('\n')}\n`;
  });
  return `# Limits

Generated from the constants under \`src/\` and the comments above them; a test keeps both in step
(\`npm run docs\` writes it anew). What a shard's tables hold is in
\`src/commands/state/capacity.ts\`; what happens to a client at a limit is in
[error-codes.md](error-codes.md), to the system in [architecture.md](architecture.md).

Memory: an order takes ${memory.order} bytes and its client order id ${memory.clientId}, key and index included; each further
replace or cancel has a client order id of its own, each fill ${memory.execution} bytes for its execution id.

${sections.join('\n')}`;
}

const folderOf = (path: string): string => path.split('/')[1] as string;
