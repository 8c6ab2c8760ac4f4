import { EVENT, type EventName, eventLayouts, type events } from '../../domain/events.js';

/** Where a field stands in each event's record, by event number; -1 where an event has none. */
export type FieldOffsets = Int32Array;

type FieldName = { [N in EventName]: keyof (typeof events)[N]['fields'] & string }[EventName];

/**
 * Finds a field of the same name in several events, so that a projection reads them with one piece of
 * code, straight from the record.
 *
 * @param names of the field, the first that an event has counts
 */
export function fieldOffsets(
  eventNames: readonly EventName[],
  ...names: readonly FieldName[]
): FieldOffsets {
  const offsets = new Int32Array(256).fill(-1);
  for (const eventName of eventNames) {
    const layout = eventLayouts[eventName].offsets as Readonly<Record<string, number>>;
    const name = names.find((candidate) => layout[candidate] !== undefined);
    if (name !== undefined) offsets[EVENT[eventName]] = layout[name] as number;
  }
  return offsets;
}

export function numbersOf(eventNames: readonly EventName[]): number[] {
  return eventNames.map((name) => EVENT[name]);
}
