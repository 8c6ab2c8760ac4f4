/** A batch in parts of whole commands, so that a state can be looked at within a large commit. */
import { groupsOf, sequenceAt } from '../../commands/replay/event-groups.js';
import { RecordBuffer } from '../../domain/event-record.js';

/**
 * Parts of a batch, each the records of whole commands, one after another; no bytes are copied, and
 * the memory is the batch's.
 * @param due asked after each command: a part ends at the first one behind which this is the next
 *   sequence, or an earlier one
 */
export function* partsOf(batch: RecordBuffer, due: () => number): Generator<RecordBuffer> {
  let from = 0;
  let count = 0;
  for (const group of groupsOf(batch)) {
    count += group.count;
    if (sequenceAt(batch, group.from) + group.count < due()) continue;
    yield part(batch, from, group.to, count);
    from = group.to;
    count = 0;
  }
  if (count > 0) yield part(batch, from, batch.length, count);
}

function part(batch: RecordBuffer, from: number, to: number, count: number): RecordBuffer {
  if (from === 0 && to === batch.length) return batch;
  const { buffer, byteOffset } = batch.bytes;
  const view = new RecordBuffer(to - from, buffer, byteOffset + from);
  view.length = to - from;
  view.count = count;
  return view;
}
