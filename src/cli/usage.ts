/** Wrong use of the command line: told in one line, exit code 2. */
import { type ParseArgsConfig, parseArgs } from 'node:util';

export const EXIT = { success: 0, finding: 1, wrongUse: 2 } as const;

export class UsageError extends Error {
  override readonly name = 'UsageError';
  readonly code = 'USAGE';
}

/** `parseArgs` with its errors as UsageError. */
export function parseOptions<T extends ParseArgsConfig>(config: T) {
  try {
    return parseArgs(config);
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

/** @throws UsageError when it is no whole number in the range */
export function wholeNumber(option: string, text: string, min: number, max: number): number {
  const value = /^[0-9]{1,16}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= min && value <= max) return value;
  throw new UsageError(`--${option} must be a whole number from ${min} to ${max}`);
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
      process.stderr.write(`daybook ${name}: ${error.message}\nTry 'daybook ${name} --help'.\n`);
      return EXIT.wrongUse;
    }
    // Typed errors (JournalError, ...) say all there is to say; anything else is a defect.
    const code = (error as { code?: unknown }).code;
    if (typeof code !== 'string') throw error;
    process.stderr.write(`daybook ${name}: ${(error as Error).message} (${code})\n`);
    return EXIT.finding;
  }
}
