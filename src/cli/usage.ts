/**
 * How a command ends: its exit code, and what it says when it could not. Whatever is wrong is told in
 * one way, `daybook NAME: CODE: text`; scripts match on the code, which is stable.
 */
import { type ParseArgsConfig, parseArgs } from 'node:util';

export const EXIT = { success: 0, finding: 1, wrongUse: 2 } as const;

/** Codes of wrong use; docs/error-codes.md is generated from it. */
export const usageCodes = {
  USAGE: 'The command cannot be meant as it was given.',
  COMMAND_UNKNOWN: 'There is no such command.',
  OPTION_INVALID: 'An option or argument that is not known, or a value that it cannot have.',
  OPTION_REPEATED: 'An option given more than once that has one value.',
  OPTION_MISSING: 'An option or argument that is needed.',
  OPTIONS_CONFLICT: 'Options that do not go together; none is left out in silence.',
  FILE_UNREADABLE: 'A file that was named cannot be read.',
  FILE_INVALID: 'A file that was named does not hold what it should.',
  KEY_INVALID: 'A file that was named holds no key of the kind that is asked for.',
  JOURNAL_MISSING: 'There is no journal, or nothing in it, where one is read.',
  DATABASE_MISSING: 'There is no database where one is read.',
  MOMENT_INVALID: 'Neither a sequence nor a time.',
  MOMENT_AHEAD: 'A sequence or time that the log does not have.',
} as const;

export type UsageCode = keyof typeof usageCodes;

/** Wrong use of the command line: exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
  readonly code: UsageCode;

  constructor(message: string, code: UsageCode = 'USAGE') {
    super(message);
    this.code = code;
  }
}

/** Of a file that an option names: it is not there, or not what it should be. */
export function unreadable(option: string, path: string, error: unknown): UsageError {
  const { message } = error as Error;
  const code = error instanceof SyntaxError ? 'FILE_INVALID' : 'FILE_UNREADABLE';
  return new UsageError(`--${option} ${path}: ${message}`, code);
}

/** `parseArgs` with its errors as UsageError; of an option given twice none is left out in silence. */
export function parseOptions<T extends ParseArgsConfig>(config: T) {
  try {
    refuseRepeated(config);
    return parseArgs(config);
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw new UsageError((error as Error).message, 'OPTION_INVALID');
  }
}

/** @throws UsageError OPTION_REPEATED */
function refuseRepeated(config: ParseArgsConfig): void {
  const given = new Set<string>();
  for (const token of parseArgs({ ...config, tokens: true }).tokens) {
    if (token.kind !== 'option') continue;
    const option = config.options?.[token.name];
    // A flag says the same twice.
    if (option?.type !== 'string' || option.multiple === true) continue;
    if (given.has(token.name)) {
      throw new UsageError(`--${token.name} is given more than once`, 'OPTION_REPEATED');
    }
    given.add(token.name);
  }
}

/**
 * Refuses options that were given and that what is asked for does not know.
 * @param mode what is asked for, as the user wrote it
 * @param allowed the options that go with it, without dashes
 * @throws UsageError OPTIONS_CONFLICT
 */
export function onlyOptions(
  args: readonly string[],
  options: NonNullable<ParseArgsConfig['options']>,
  mode: string,
  allowed: readonly string[],
): void {
  const config = { args: [...args], options, allowPositionals: true, tokens: true } as const;
  const other = parseOptions(config).tokens.find(
    (token) => token.kind === 'option' && !allowed.includes(token.name),
  );
  if (other?.kind !== 'option') return;
  throw new UsageError(`--${other.name} does not go with ${mode}`, 'OPTIONS_CONFLICT');
}

/** @throws UsageError when it is no whole number in the range */
export function wholeNumber(option: string, text: string, min: number, max: number): number {
  const value = /^[0-9]{1,16}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= min && value <= max) return value;
  throw new UsageError(
    `--${option} must be a whole number from ${min} to ${max}`,
    'OPTION_INVALID',
  );
}

/** One line of what is wrong, without a stack. @param name the subcommand; '' for `daybook` itself */
export function tellError(name: string, code: string, message: string): void {
  // The system's own messages begin with their code.
  const text = message.startsWith(`${code}: `) ? message : `${code}: ${message}`;
  process.stderr.write(`daybook${name === '' ? '' : ` ${name}`}: ${text}\n`);
}

export function tellWrongUse(name: string, code: UsageCode, message: string): void {
  tellError(name, code, message);
  process.stderr.write(`Try 'daybook${name === '' ? '' : ` ${name}`} --help'.\n`);
}

/** Runs a subcommand; wrong use and errors that an operator can act on are one line, no stack. */
export async function runSubcommand(
  name: string,
  help: string,
  args: readonly string[],
  body: () => Promise<number>,
): Promise<number> {
  if (args.includes('--help') || args.includes('-h')) {
    process.stdout.write(help);
    return EXIT.success;
  }
  try {
    return await body();
  } catch (error) {
    if (error instanceof UsageError) {
      tellWrongUse(name, error.code, error.message);
      return EXIT.wrongUse;
    }
    // Typed errors (JournalError, ...) say all there is to say; anything else is a defect.
    const code = (error as { code?: unknown }).code;
    if (typeof code !== 'string') throw error;
    tellError(name, code, (error as Error).message);
    return EXIT.finding;
  }
}
