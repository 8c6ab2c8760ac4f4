/**
 * Drives every call of the addon with right and with wrong arguments, and with shared memory that says
 * anything: nothing may be read or written outside of it. Meant to run under sanitizers
 * (native/sanitize.sh), where a step outside ends the process.
 *
 *   node native/test/run.mjs [SEED] [ROUNDS]
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { connect } from 'node:net';
import { nativeAddon } from '../../dist/src/lib/native-addon.js';

const addon = nativeAddon();
if (addon === undefined) throw new Error('the addon is not built');
const seed = Number(process.argv[2] ?? Date.now() % 2 ** 31);
const rounds = Number(process.argv[3] ?? 2000);
process.stdout.write(`seed ${seed}, ${rounds} rounds\n`);

let state = seed >>> 0;
function random(below) {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
  return Math.floor((state / 2 ** 32) * below);
}
const shared = (Type, length) => new Type(new SharedArrayBuffer(length * Type.BYTES_PER_ELEMENT));

/** Anything that JavaScript may pass. */
function anything() {
  const made = [
    () => random(1000) - 500,
    () => Number.NaN,
    () => Number.POSITIVE_INFINITY,
    () => -1,
    () => 2 ** 53,
    () => 0.5,
    () => undefined,
    () => null,
    () => 'text',
    () => 'x'.repeat(200),
    () => ({}),
    () => shared(Uint8Array, random(64)),
    () => new Int32Array(random(64)),
    () => new Float64Array(0),
    () => Symbol('no'),
    () => 10n,
    () => () => undefined,
  ];
  return made[random(made.length)]();
}

/** Calls that would wait, end the process's own files, or move it to another processor. */
const SKIPPED = new Set([
  'fileWrite',
  'fileSync',
  'pinThread',
  'avoidCpu',
  'nameThread',
  'promptThread',
  'tcpTurn',
  'udpReceive',
  'commitOpen',
  'aheadOpen',
]);

function wrongArguments() {
  if (Object.keys(addon).length < 20) throw new Error('the calls of the addon are not listed');
  for (const [name, call] of Object.entries(addon)) {
    if (SKIPPED.has(name)) continue;
    for (let i = 0; i < rounds; i += 1) {
      try {
        call(...Array.from({ length: random(10) }, anything));
      } catch (error) {
        if (!(error instanceof Error)) throw error;
      }
    }
  }
  for (const args of [[-1, new Uint8Array(8), 0, 8, 0], [1, new Uint8Array(8), 4, 8, 0], [1]]) {
    try {
      addon.fileWrite(...args);
      throw new Error('a wrong write was taken');
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;
    }
  }
}

/** Of a slot's control words (native/src/tcp.h): where its output begins, and then ends. */
const CONTROL_WORDS = 16;
const OUTPUT_START = 1;

/** A poller whose shared memory is overwritten with anything, with clients that send anything. */
async function wildMemory() {
  const slots = 4;
  const control = shared(Int32Array, slots * CONTROL_WORDS);
  const events = shared(Int32Array, (slots + 8) * 4);
  const sends = shared(Int32Array, slots + 1);
  const clock = shared(Float64Array, 1);
  const tcp = addon.tcpOpen(slots, 0, control, events, sends, clock);
  const port = addon.tcpListen(tcp, '127.0.0.1', 0, 8);
  const clients = [];
  for (let round = 0; round < rounds; round += 1) {
    if (clients.length < 6) {
      const client = connect(port, '127.0.0.1');
      client.on('error', () => undefined);
      clients.push(client);
    }
    const client = clients[random(clients.length)];
    client.write(Buffer.alloc(random(2000), random(256)));
    if (random(20) === 0) {
      client.resetAndDestroy();
      clients.splice(clients.indexOf(client), 1);
    }
    await new Promise((resolve) => setImmediate(resolve));
    if (random(2) === 0) control[random(control.length)] = random(4000) - 2000;
    // Now and then a slot has something to send.
    if (random(4) === 0)
      control.set([0, random(128)], random(slots) * CONTROL_WORDS + OUTPUT_START);
    if (random(4) === 0) events[random(events.length)] = random(2 ** 31) - 2 ** 30;
    sends[0] = random(slots * 3) - 2;
    for (let i = 1; i <= slots; i += 1) sends[i] = random(slots * 2) - 2;
    const count = addon.tcpTurn(tcp, 0);
    for (let i = 0; i < count; i += 1) {
      const slot = events[i * 4];
      if (slot < 0 || slot >= slots) continue;
      const flags = events[i * 4 + 1];
      if ((flags & 1) !== 0) {
        addon.tcpAttach(tcp, slot, shared(Uint8Array, 64 + random(900)), shared(Uint8Array, 128));
      } else if ((flags & 24) !== 0 && random(2) === 0) addon.tcpClose(tcp, slot);
    }
    const slot = random(slots);
    const call = [addon.tcpSend, addon.tcpShut, addon.tcpPeer, addon.tcpClose][random(12)];
    if (call !== undefined) call(tcp, slot);
  }
  for (const client of clients) client.destroy();
  addon.tcpShutDown(tcp);
  addon.tcpShutDown(tcp);
}

function wildDatagrams() {
  const slots = 8;
  const slotBytes = 100;
  const data = shared(Uint8Array, slots * slotBytes);
  const rows = shared(Int32Array, slots * 4);
  const udp = addon.udpOpen(
    ...['127.0.0.1', 0, 65_536, 0, slotBytes, data, rows],
    ...[slotBytes, shared(Uint8Array, slots * slotBytes), shared(Int32Array, slots * 4)],
    shared(Float64Array, slots),
  );
  addon.udpSendTo(udp, '127.0.0.1', addon.udpPort(udp), '0.0.0.0', 1);
  for (let round = 0; round < rounds; round += 1) {
    for (let i = 0; i < rows.length; i += 1) rows[i] = random(8) === 0 ? random(2 ** 20) : 0;
    for (let i = 0; i < slots; i += 1) rows[i * 4] = random(slotBytes + 20) - 5;
    const from = random(slots);
    try {
      addon.udpSend(udp, from, random(slots - from + 1));
    } catch (error) {
      if (!(error instanceof Error)) throw error;
    }
    addon.udpReceive(udp, 0);
  }
  addon.udpClose(udp);
  addon.udpClose(udp);
}

/**
 * Datagrams that the kernel hands over many at once, of any length, into memory of any size: as many are
 * told as were sent, in order, and each is inside or said to be none.
 */
function wildSegments() {
  const program = 'native/build/test/segments';
  // The sanitizers are preloaded for us, not for the compiler and the sender.
  const env = { ...process.env, LD_PRELOAD: '' };
  mkdirSync('native/build/test', { recursive: true });
  const args = ['-std=c++17', '-O1', 'native/test/segments.cc', '-o', program];
  execFileSync(process.env.CXX || 'c++', args, { env, stdio: 'inherit' });
  for (let round = 0; round < rounds / 20; round += 1) {
    const most = [100, 2048, 65_536][random(3)];
    const [slotBytes, areaBytes, areas, rowsMost] = [
      1 + random(most),
      1 + random(most),
      1 + random(9),
      1 + random(9),
    ];
    const rows = shared(Int32Array, rowsMost * 4);
    const udp = addon.udpOpen(
      ...[
        '127.0.0.1',
        0,
        1 << 20,
        0,
        slotBytes,
        shared(Uint8Array, slotBytes),
        shared(Int32Array, 4),
      ],
      ...[
        areaBytes,
        shared(Uint8Array, areas * areaBytes + random(9)),
        rows,
        shared(Float64Array, rowsMost),
      ],
    );
    const buffers = Array.from({ length: 1 + random(5) }, () => {
      const segment = random(4) === 0 ? 0 : 1 + random(1400);
      return segment === 0
        ? [random(3000), 0]
        : [1 + random(Math.min(segment * 60, 65_507)), segment];
    });
    execFileSync(program, [addon.udpPort(udp), ...buffers.flat()].map(String), { env });
    const wanted = buffers.flatMap(([length, segment]) => {
      if (segment === 0) return [length];
      const whole = Math.floor(length / segment);
      return [...Array(whole).fill(segment), ...(length % segment === 0 ? [] : [length % segment])];
    });
    let told = 0;
    for (let count = -1; count !== 0; ) {
      count = addon.udpReceive(udp, 0);
      if (count > rowsMost) throw new Error(`${count} rows of ${rowsMost}`);
      for (let row = 0; row < count; row += 1, told += 1) {
        const [length, , , at] = rows.subarray(row * 4, row * 4 + 4);
        const outside = at < 0 || at + length > areas * areaBytes;
        const wrong = length !== -1 && (length !== wanted[told] || length > slotBytes || outside);
        if (wrong) throw new Error(`datagram ${told}: ${length} at ${at}, wanted ${wanted[told]}`);
      }
    }
    if (told !== wanted.length) throw new Error(`${told} datagrams of ${wanted.length}`);
    addon.udpClose(udp);
  }
}

/** Commits that are whole, cut short or full of anything. */
function wildRecords() {
  const chain = new Uint8Array(32);
  for (let round = 0; round < rounds; round += 1) {
    const bytes = new Uint8Array(8 * (1 + random(400)));
    for (let i = 0; i < bytes.length; i += 1) bytes[i] = random(5) === 0 ? random(256) : 0;
    const view = new DataView(bytes.buffer);
    let count = 0;
    for (let at = 0; at + 48 <= bytes.length; count += 1) {
      const length = random(30) === 0 ? random(2000) : 48 + 8 * random(20);
      view.setUint16(at + 4, length, true);
      bytes[at + 6] = 1 + random(50);
      view.setFloat64(at + 8, count, true);
      at += Math.max(48, length);
    }
    const end = random(20) === 0 ? random(bytes.length + 1) : bytes.length;
    const commit = new Uint8Array(96 + bytes.length);
    commit.set(bytes, 96);
    addon.sealCommit(commit, 96 + end, Math.max(1, Math.min(count, bytes.length)), 0, chain);
  }
}

wrongArguments();
wildDatagrams();
wildSegments();
wildRecords();
await wildMemory();
process.stdout.write('no step outside\n');
