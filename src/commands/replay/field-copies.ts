/** Copies between the fields of an event and of a command, by name, at offsets found once. */
import { type CommandName, commandLayouts, commands } from '../../domain/commands.js';
import { type EventName, eventLayouts, events } from '../../domain/events.js';
import { type Fields, type Layout, sizeOf } from '../../domain/field.js';
import { assert } from '../../lib/assert.js';

export interface FieldCopy {
  readonly from: number;
  readonly to: number;
  readonly bytes: number;
}

export const eventLayout = (name: EventName) => eventLayouts[name] as unknown as Layout;
export const commandLayout = (name: CommandName) => commandLayouts[name] as unknown as Layout;

/** The fields that event and command have in common. */
export function commonFields(event: EventName, command: CommandName): Record<string, string> {
  const ofEvent = events[event].fields as Fields;
  return Object.fromEntries(
    Object.keys(commands[command].fields)
      .filter((name) => name in ofEvent && !name.startsWith('spare'))
      .map((name) => [name, name]),
  );
}

/** @param pairs name of the event's field -> name of the command's */
export function fieldCopies(
  event: EventName,
  command: CommandName,
  pairs: Readonly<Record<string, string>>,
): FieldCopy[] {
  const ofEvent = events[event].fields as Fields;
  const ofCommand = commands[command].fields as Fields;
  return Object.entries(pairs).map(([source, target]) => {
    const from = ofEvent[source];
    const to = ofCommand[target];
    assert(from !== undefined && to !== undefined, `${event}.${source} -> ${command}.${target}`);
    const bytes = sizeOf(from.type);
    assert(bytes === sizeOf(to.type), `${event}.${source} and ${command}.${target} differ in size`);
    return {
      from: eventLayout(event).offsets[source] as number,
      to: commandLayout(command).offsets[target] as number,
      bytes,
    };
  });
}
