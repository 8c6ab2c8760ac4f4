import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { run } from '../src/cli/decode.js';
import { concat, latin1, pcap, tcpFrame, udpFrame } from './capture-builder.js';

const folder = mkdtempSync(path.join(tmpdir(), 'daybook-decode-'));
let out = '';
let err = '';

beforeEach(() => {
  out = '';
  err = '';
  // Only the terminal is stood in for; everything of ours runs as it is.
  const collect = (take: (text: string) => void) =>
    ((text: string, done?: (error?: Error) => void) => {
      take(String(text));
      done?.();
      return true;
    }) as typeof process.stdout.write;
  vi.spyOn(process.stdout, 'write').mockImplementation(collect((text) => (out += text)));
  vi.spyOn(process.stderr, 'write').mockImplementation(collect((text) => (err += text)));
});
afterEach(() => vi.restoreAllMocks());
afterAll(() => rmSync(folder, { recursive: true }));

function file(name: string, bytes: Uint8Array): string {
  const where = path.join(folder, name);
  writeFileSync(where, bytes);
  return where;
}

const HEARTBEATS = latin1('\x00\x01R\x00\x01R');
const GOOD = pcap([tcpFrame({ sequence: 1, payload: HEARTBEATS })]);

describe('daybook decode', () => {
  it('prints one JSON line a message and returns 0', async () => {
    expect(await run([file('good.pcap', GOOD)])).toBe(0);
    const line = '{"protocol":"soupbintcp","direction":"in","type":"R","name":"ClientHeartbeat"}';
    expect(out).toBe(`${line}\n${line}\n`);
    expect(err).toBe('');
  });

  it('returns 1 and tells packet and offset when bytes are not decoded', async () => {
    const odd = pcap([tcpFrame({ sequence: 1, payload: HEARTBEATS }), udpFrame(latin1('?'))]);
    const name = file('odd.pcap', odd);
    expect(await run(['--json', name])).toBe(1);
    expect(out.split('\n').length).toBe(3);
    expect(err).toContain(
      `${name}: packet 2, offset 100, 10.0.0.1:26400 > 10.0.0.2:26401: 1 bytes`,
    );
  });

  it('returns 1 for a truncated file, after what it holds', async () => {
    const name = file('cut.pcap', concat(GOOD, GOOD.subarray(24, 40)));
    expect(await run([name])).toBe(1);
    expect(out.split('\n').length).toBe(3);
    expect(err).toContain(`${name}: offset ${GOOD.length}: a record needs`);
    expect(err).toContain('CAPTURE_TRUNCATED');
  });

  it('prints at most 1,000 findings and counts the others', async () => {
    const frames = Array.from({ length: 1002 }, () => udpFrame(latin1('?')));
    expect(await run([file('many.pcap', pcap(frames))])).toBe(1);
    expect(err.split('\n').length).toBe(1002);
    expect(err).toContain('and 2 more findings');
  });

  it('explains itself, and returns 2 for wrong use', async () => {
    expect(await run(['--help'])).toBe(0);
    expect(out).toContain('daybook decode FILE');
    expect(await run([])).toBe(2);
    expect(await run(['--nonsense'])).toBe(2);
    expect(await run([path.join(folder, 'missing.pcap')])).toBe(2);
    expect(await run([folder])).toBe(2);
    expect(err).toContain('is not a regular file');
  });
});
