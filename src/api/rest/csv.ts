/** Answers as CSV (RFC 4180) for those who ask for it. */
import type { FastifyReply, FastifyRequest } from 'fastify';

export const CSV_TYPE = 'text/csv; charset=utf-8';

/** Whether a request asks for CSV: `?format=csv`, or by its header Accept. */
export function wantsCsv(request: FastifyRequest): boolean {
  const { format } = request.query as { format?: string };
  if (format !== undefined) return format === 'csv';
  return /\btext\/csv\b/.test(request.headers.accept ?? '');
}

/** Rows with these fields, in this order, under a line of their names; null is an empty value. */
export function csvText<T extends object>(
  fields: readonly (keyof T & string)[],
  rows: readonly T[],
): string {
  const lines = rows.map((row) => fields.map((field) => quoted(row[field])).join(','));
  return `${[fields.join(','), ...lines].join('\r\n')}\r\n`;
}

export function sendCsv(reply: FastifyReply, text: string): FastifyReply {
  return reply
    .type(CSV_TYPE)
    .serializer((value: unknown) => value as string)
    .send(text);
}

function quoted(value: unknown): string {
  const text = value === null || value === undefined ? '' : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
