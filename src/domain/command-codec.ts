/** Commands as objects -> records: for REST, tools and tests; binary gateways write fields directly. */
import { assert } from '../lib/assert.js';
import {
  COMMAND_SLOT_BYTES,
  type CommandData,
  type CommandHeader,
  type CommandName,
  commandLayouts,
  commands,
} from './commands.js';
import { readPayload, writePayload } from './event-codec.js';
import { HEADER } from './event-record.js';
import type { Fields, Layout } from './field.js';

/**
 * Writes a command at `at`. All bytes of the slot are set, so a reused slot leaks nothing.
 * @returns the record's length in bytes
 */
export function encodeCommand<N extends CommandName>(
  name: N,
  header: CommandHeader,
  data: CommandData<N>,
  bytes: Uint8Array,
  at = 0,
): number {
  const { number, fields } = commands[name];
  const layout = commandLayouts[name] as unknown as Layout;
  assert(layout.bytes <= COMMAND_SLOT_BYTES, 'the command does not fit a slot');
  assert(at + layout.bytes <= bytes.length, 'the command does not fit the buffer');
  bytes.fill(0, at, at + layout.bytes);
  const view = new DataView(bytes.buffer, bytes.byteOffset + at, layout.bytes);
  const values = data as unknown as Record<string, number | bigint | string>;
  const length = writePayload(view, layout, fields as Fields, values);
  // Sequence and time come from the writer: they stay 0.
  view.setUint16(HEADER.length, length, true);
  view.setUint8(HEADER.number, number);
  view.setUint8(HEADER.version, 1);
  view.setBigInt64(HEADER.received, header.received, true);
  view.setFloat64(HEADER.command, header.command, true);
  view.setUint32(HEADER.actor, header.actor, true);
  view.setUint32(HEADER.session, header.session, true);
  return length;
}

/** Reads the payload of the command at `at`, which must be a `name`. */
export function decodeCommand<N extends CommandName>(
  name: N,
  bytes: Uint8Array,
  at = 0,
): Required<CommandData<N>> {
  const { number, fields } = commands[name];
  const layout = commandLayouts[name] as unknown as Layout;
  const view = new DataView(bytes.buffer, bytes.byteOffset + at, layout.bytes);
  assert(view.getUint8(HEADER.number) === number, `the command is no ${name}`);
  const length = view.getUint16(HEADER.length, true);
  return readPayload(view, layout, fields as Fields, length) as unknown as Required<CommandData<N>>;
}
