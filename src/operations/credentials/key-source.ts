/**
 * Where the key comes from that the credential store is sealed with: the environment, a file that
 * something mounts, or a command that asks a key service (KMS). 32 bytes, in hexadecimal or base64.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { CredentialError } from './errors.js';

export const KEY_BYTES = 32;
/** A key service that takes longer has failed, in ms. */
const COMMAND_MS_MAX = 10_000;
const OUTPUT_BYTES_MAX = 4096;

export const KEY_VARIABLES = {
  value: 'DAYBOOK_CREDENTIALS_KEY',
  file: 'DAYBOOK_CREDENTIALS_KEY_FILE',
  command: 'DAYBOOK_CREDENTIALS_KEY_COMMAND',
} as const;

/** @throws CredentialError CREDENTIALS_KEY_MISSING, CREDENTIALS_KEY_INVALID */
export function readKey(environment: NodeJS.ProcessEnv): Buffer {
  const { value, file, command } = KEY_VARIABLES;
  const set = [value, file, command].filter((name) => environment[name]);
  if (set.length > 1) {
    throw new CredentialError('CREDENTIALS_KEY_INVALID', `one of ${set.join(' and ')}, not both`);
  }
  if (environment[value]) return parseKey(environment[value], value);
  if (environment[file]) return parseKey(textOfFile(environment[file]), file);
  if (environment[command]) return parseKey(outputOf(environment[command]), command);
  const names = `${value}, ${file} or ${command}`;
  throw new CredentialError('CREDENTIALS_KEY_MISSING', `${names} says where the key is`);
}

/** @param name of its variable, for the message, which does not repeat it */
function parseKey(text: string, name: string): Buffer {
  const trimmed = text.trim();
  const encoding = /^[0-9a-fA-F]{64}$/.test(trimmed) ? 'hex' : 'base64';
  const key = Buffer.from(trimmed, encoding);
  if (key.length === KEY_BYTES && /^[A-Za-z0-9+/=_-]+$/.test(trimmed)) return key;
  const form = `${KEY_BYTES} bytes in hexadecimal or base64`;
  throw new CredentialError('CREDENTIALS_KEY_INVALID', `${name} does not give ${form}`);
}

function textOfFile(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new CredentialError('CREDENTIALS_KEY_INVALID', (error as Error).message);
  }
}

/** The command is the operator's own and runs as a shell would run it; it prints the key. */
function outputOf(command: string): string {
  try {
    return execFileSync('/bin/sh', ['-c', command], {
      ...{ timeout: COMMAND_MS_MAX, maxBuffer: OUTPUT_BYTES_MAX, encoding: 'utf8' },
      stdio: ['ignore', 'pipe', 'ignore'],
    });
  } catch (error) {
    const { status, code } = error as { status?: number | null; code?: string };
    const why = `${KEY_VARIABLES.command} failed (${code ?? `exit code ${status}`})`;
    throw new CredentialError('CREDENTIALS_KEY_INVALID', why);
  }
}
