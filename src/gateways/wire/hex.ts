import { WireError } from './wire-error.js';

export function toHex(view: DataView, at: number, length: number): string {
  let text = '';
  for (let i = 0; i < length; i++)
    text += view
      .getUint8(at + i)
      .toString(16)
      .padStart(2, '0');
  return text;
}

/** @throws WireError FIELD_INVALID when `text` is not whole bytes in hexadecimal. */
export function fromHex(text: string): Uint8Array {
  if (!/^(?:[0-9a-f]{2})*$/i.test(text)) {
    throw new WireError('FIELD_INVALID', 'not whole bytes in hexadecimal');
  }
  return Uint8Array.from(text.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}
