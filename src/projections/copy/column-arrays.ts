import { assert } from '../../lib/assert.js';

const COPY_HEAD_BYTES = 19;
const ARRAY_HEAD_BYTES = 20;

/**
 * The rows of a finished COPY as one array per column, in the binary form of PostgreSQL's arrays, for
 * `unnest($1, $2, ...)`. A value has the same bytes in both, so this only sorts them by column.
 *
 * ```
 *   dimensions i32 = 1 | has NULLs i32 | element type u32 | length i32 | first index i32 = 1 | value ...
 *   value: bytes i32, or -1 for NULL | the type's own binary form
 * ```
 *
 * @param copy as `CopyRows.finish` gives it
 * @param types OIDs of the elements, one per column
 */
export function columnArrays(copy: Buffer, rows: number, types: readonly number[]): Buffer[] {
  const view = new DataView(copy.buffer, copy.byteOffset, copy.length);
  const sizes = new Array<number>(types.length).fill(ARRAY_HEAD_BYTES);
  const nulls = new Array<boolean>(types.length).fill(false);
  forEachValue(view, rows, types.length, (column, at, bytes) => {
    sizes[column] = (sizes[column] as number) + bytes;
    if (bytes === 4 && view.getInt32(at) === -1) nulls[column] = true;
  });
  const arrays = sizes.map((size) => Buffer.allocUnsafe(size));
  const ends = new Array<number>(types.length).fill(ARRAY_HEAD_BYTES);
  for (const [column, array] of arrays.entries()) {
    array.writeInt32BE(1, 0);
    array.writeInt32BE(nulls[column] === true ? 1 : 0, 4);
    array.writeUInt32BE(types[column] as number, 8);
    array.writeInt32BE(rows, 12);
    array.writeInt32BE(1, 16);
  }
  forEachValue(view, rows, types.length, (column, at, bytes) => {
    const end = ends[column] as number;
    copy.copy(arrays[column] as Buffer, end, at, at + bytes);
    ends[column] = end + bytes;
  });
  return arrays;
}

/** @param take is given each value's offset, and its length with the length's own four bytes */
function forEachValue(
  view: DataView,
  rows: number,
  columns: number,
  take: (column: number, at: number, bytes: number) => void,
): void {
  let at = COPY_HEAD_BYTES;
  for (let row = 0; row < rows; row++) {
    assert(view.getInt16(at) === columns, 'every row has a value for each column');
    at += 2;
    for (let column = 0; column < columns; column++) {
      const bytes = 4 + Math.max(0, view.getInt32(at));
      take(column, at, bytes);
      at += bytes;
    }
  }
}
