import { describe, expect, it } from 'vitest';
import { EXEC_ID_BYTES } from '../../domain/order-terms.js';
import { ExecutionId, LEG, MATCHES_PER_INPUT_MAX, writeExecutionId } from './execution-id.js';

const AT = 8;

function written(input: number, match: number, leg: number): Uint8Array {
  const bytes = new Uint8Array(AT + EXEC_ID_BYTES + 8);
  writeExecutionId(bytes, AT, input, match, leg);
  expect(bytes.subarray(AT + EXEC_ID_BYTES).every((byte) => byte === 0)).toBe(true);
  return bytes;
}

function fromText(text: string): Uint8Array {
  const bytes = new Uint8Array(AT + EXEC_ID_BYTES + 8);
  bytes.set(new TextEncoder().encode(text), AT);
  return bytes;
}

describe('execution ids', () => {
  it('are read as they were written, up to the largest', () => {
    for (const [input, match] of [
      [0, 1],
      [9, 9],
      [10, 10],
      [Number.MAX_SAFE_INTEGER, MATCHES_PER_INPUT_MAX],
    ] as const) {
      const id = new ExecutionId();
      expect(id.read(written(input, match, LEG.Taker), AT)).toBe(true);
      expect(id).toEqual({ input, match, leg: LEG.Taker });
    }
  });

  it('are no longer than the field', () => {
    const longest = written(Number.MAX_SAFE_INTEGER, MATCHES_PER_INPUT_MAX, LEG.Maker);
    expect(new TextDecoder().decode(longest.subarray(AT, AT + EXEC_ID_BYTES))).toBe(
      '9007199254740991-999999M',
    );
    expect(() => written(1, MATCHES_PER_INPUT_MAX + 1, LEG.Maker)).toThrow(/more often/);
  });

  it('of other venues are not taken for ours', () => {
    const id = new ExecutionId();
    for (const text of ['', 'M', '-1M', '12', '12M', '12-M', '12-3', '12-3X', '12-3MM', 'F12-3M']) {
      expect(id.read(fromText(text), AT), text).toBe(false);
    }
    expect(id.read(fromText('12-3M'), AT)).toBe(true);
  });
});
