/** A number that changes whenever the layout of any event changes: journals say which they hold. */
import { type EventDeclaration, eventLayouts, events } from './events.js';
import type { Layout } from './field.js';

/** FNV-1a over names, numbers, versions, field names, types and offsets; 32 bit. */
export function catalogueFingerprint(): number {
  let hash = 0x811c9dc5;
  const add = (text: string) => {
    for (let i = 0; i < text.length; i += 1) {
      hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
    }
  };
  for (const [name, declaration] of Object.entries(events) as [string, EventDeclaration][]) {
    add(`${name}/${declaration.number}/${declaration.version};`);
    const layout = eventLayouts[name as keyof typeof eventLayouts] as unknown as Layout;
    for (const [field, { type }] of Object.entries(declaration.fields)) {
      add(`${field}:${type.kind}@${layout.offsets[field]};`);
    }
  }
  return hash >>> 0;
}
