import { describe, expect, it } from 'vitest';
import { COMMAND_SLOT_BYTES } from '../domain/commands.js';
import { Doorbell } from '../lib/doorbell.js';
import { SpscRing } from '../lib/ring.js';
import { SharedGate } from '../lib/shared-gate.js';
import { CommandPort, RESERVED_SLOTS } from './command-port.js';

const HEADER = { received: 1n, actor: 0, session: 0 };

function open(slots: number): { port: CommandPort; gate: SharedGate } {
  const gate = new SharedGate();
  const ring = SpscRing.create({ slots, slotBytes: COMMAND_SLOT_BYTES });
  const port = new CommandPort(ring, Doorbell.create(), 1, new SharedGate(gate.shared));
  return { port, gate };
}

const TERMS = { side: 'Buy', ordType: 'Limit', timeInForce: 'Day' } as const;
const newOrder = (port: CommandPort) => port.submit('NewOrder', HEADER, TERMS);
const replace = (port: CommandPort) => port.submit('ReplaceOrder', HEADER, { orderId: 1 });
const cancel = (port: CommandPort) => port.submit('CancelOrder', HEADER, { orderId: 1 });

describe('the command port', () => {
  it('refuses what opens risk while the gate is shut, and nothing else', () => {
    const { port, gate } = open(1024);
    expect(port.takesOrders).toBe(true);
    gate.set(false);
    expect({ takes: port.takesOrders, open: port.open }).toEqual({ takes: false, open: true });
    expect([newOrder(port), replace(port)]).toEqual([-1, -1]);
    expect(cancel(port)).toBeGreaterThan(0);
    expect(port.submit('MassCancel', HEADER, {})).toBeGreaterThan(0);
    const report = { orderId: 1, report: 'Acknowledged' } as const;
    expect(port.submit('VenueReport', HEADER, report)).toBeGreaterThan(0);
    gate.set(true);
    expect(newOrder(port)).toBeGreaterThan(0);
  });

  it('keeps the last slots of the ring for cancels: below, at and above the limit', () => {
    const { port } = open(2 * RESERVED_SLOTS);
    for (let i = 0; i < RESERVED_SLOTS - 1; i += 1) newOrder(port);
    expect(newOrder(port)).toBeGreaterThan(0);
    expect([newOrder(port), replace(port)]).toEqual([-1, -1]);
    for (let i = 0; i < RESERVED_SLOTS; i += 1) expect(cancel(port)).toBeGreaterThan(0);
    expect(cancel(port)).toBe(-1);
  });

  it('shows the writer nothing of a command that could not be written', () => {
    const ring = SpscRing.create({ slots: 1024, slotBytes: COMMAND_SLOT_BYTES });
    const port = new CommandPort(ring, Doorbell.create(), 1);
    const before = ring.free();
    const id = (clOrdId: string) => port.submit('CancelOrder', HEADER, { clOrdId });
    expect(() => id('x'.repeat(41))).toThrow();
    expect(() => id('\u00e9')).toThrow();
    expect(ring.free()).toBe(before);
    expect(id('x'.repeat(40))).toBeGreaterThan(0);
    expect(ring.available()).toBe(1);
  });
});
