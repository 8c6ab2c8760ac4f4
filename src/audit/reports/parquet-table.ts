/**
 * Parquet, a row group at a time, with hyparquet-writer (MIT, no dependency but hyparquet). Exact
 * decimals stay text: instruments have scales of their own, a Parquet DECIMAL has one.
 */
import { ByteWriter, ParquetWriter } from 'hyparquet-writer';
import type { Cell, Column, ColumnType } from './report.js';
import type { OpenTable } from './table-file.js';

/** Rows in memory before they are written. */
export const ROW_GROUP_ROWS_MAX = 20_000;

type SchemaElement = ConstructorParameters<typeof ParquetWriter>[0]['schema'][number];

const TYPES: { readonly [T in ColumnType]: Omit<SchemaElement, 'name' | 'repetition_type'> } = {
  string: { type: 'BYTE_ARRAY', converted_type: 'UTF8' },
  decimal: { type: 'BYTE_ARRAY', converted_type: 'UTF8' },
  integer: { type: 'INT64' },
  number: { type: 'DOUBLE' },
  boolean: { type: 'BOOLEAN' },
  timestamp: {
    type: 'INT64',
    logical_type: { type: 'TIMESTAMP', isAdjustedToUTC: true, unit: 'NANOS' },
  },
};

export const openParquet: OpenTable = (file, columns) => {
  const bytes = new ByteWriter();
  // The library asks it to flush after each row group; offsets count on from the file's start.
  const flush = (): void => {
    file.write(new Uint8Array(bytes.buffer, 0, bytes.index));
    bytes.index = 0;
  };
  const writer = new ParquetWriter({
    writer: Object.assign(bytes, { flush, finish: flush }),
    schema: [
      { name: 'root', num_children: columns.length },
      ...columns.map(({ name, type }) => ({
        ...{ name, repetition_type: 'OPTIONAL' as const },
        ...TYPES[type],
      })),
    ],
    createdBy: 'Daybook',
    kvMetadata: columns.map(({ name, unit, meaning }) => ({
      key: `daybook.${name}`,
      value: `${unit}: ${meaning}`,
    })),
  });
  let cells: Cell[][] = columns.map(() => []);
  const writeGroup = (): void => {
    const columnData = columns.map(({ name }, i) => ({
      ...{ name, data: cells[i] as Cell[], offsetIndex: false },
    }));
    writer.write({ columnData, rowGroupSize: ROW_GROUP_ROWS_MAX });
    cells = columns.map(() => []);
  };
  return {
    row(row) {
      columns.forEach((each, i) => {
        (cells[i] as Cell[]).push(cellOf(each, row[each.name] ?? null));
      });
      if (cells[0]?.length === ROW_GROUP_ROWS_MAX) writeGroup();
    },
    end() {
      if (cells[0]?.length !== 0) writeGroup();
      writer.finish();
    },
  };
};

function cellOf({ type }: Column, cell: Cell): Cell {
  return type === 'integer' && typeof cell === 'number' ? BigInt(cell) : cell;
}
