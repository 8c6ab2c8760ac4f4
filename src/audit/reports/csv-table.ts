/** CSV as RFC 4180 has it: a header, lines ended by CR LF, quotes where they are needed, UTF-8. */
import { formatIsoNs } from '../../lib/time.js';
import { csvField } from '../story-text.js';
import type { Cell, Column } from './report.js';
import type { OpenTable } from './table-file.js';

/** Characters collected before they are written. */
const PIECE_CHARACTERS = 64 * 1024;

export const openCsv: OpenTable = (file, columns) => {
  let text = `${columns.map(({ name }) => csvField(name)).join(',')}\r\n`;
  const flush = (): void => {
    file.write(Buffer.from(text, 'utf8'));
    text = '';
  };
  return {
    row(row) {
      text += `${columns.map((each) => csvField(textOf(each, row[each.name] ?? null))).join(',')}\r\n`;
      if (text.length >= PIECE_CHARACTERS) flush();
    },
    end: flush,
  };
};

/** Null is empty, times are ISO 8601. */
function textOf({ type }: Column, cell: Cell): string {
  if (cell === null) return '';
  return type === 'timestamp' ? formatIsoNs(cell as bigint) : String(cell);
}
