/**
 * Keeps secrets out of log lines. The last thing that happens to a line before it is written: what
 * looks like a secret is cut out wherever it stands, also in a message or a stack.
 */

/** Fields whose values are never shown, for pino's `redact`. */
export const REDACTED_FIELDS = [
  'authorization',
  'cookie',
  'password',
  'passwordHash',
  'secret',
  'token',
  'apiKey',
  'connectionString',
  'databaseUrl',
].flatMap((field) => [field, `*.${field}`, `*.*.${field}`]);

export const REDACTED = '[secret]';

const PATTERNS: readonly (readonly [RegExp, string])[] = [
  // An API key keeps its id: that names it, and opens nothing.
  [/(dbk_[a-z0-9]{10})_[\w-]+/g, `$1_${REDACTED}`],
  [/eyJ[\w-]{5,}\.[\w-]+\.[\w-]*/g, REDACTED],
  [/(Bearer|Basic) +[\w+/=.~-]{8,}/gi, `$1 ${REDACTED}`],
  // The password of a URL, whatever its scheme.
  [/([a-z][a-z0-9+.-]*:\/\/[^\s:/@"\\]*):[^\s@"\\]+@/gi, `$1:${REDACTED}@`],
  [/-----BEGIN [A-Z ]*PRIVATE KEY-----.*?-----END [A-Z ]*PRIVATE KEY-----/gs, REDACTED],
];

export function scrub(line: string): string {
  let clean = line;
  for (const [pattern, shown] of PATTERNS) clean = clean.replace(pattern, shown);
  return clean;
}
