/**
 * How gateways, venues and the API talk to a shard's writer: commands in, nothing out.
 *
 * There is no return path. Whoever wants to know what became of a command reads it from the log,
 * where each command leaves at least one event that carries its id.
 */

import { encodeCommand } from '../domain/command-codec.js';
import {
  COMMAND_SLOT_BYTES,
  type CommandData,
  type CommandHeader,
  type CommandName,
} from '../domain/commands.js';
import { HEADER } from '../domain/event-record.js';
import { assert } from '../lib/assert.js';
import type { Doorbell } from '../lib/doorbell.js';
import type { SpscRing } from '../lib/ring.js';
import { SharedGate } from '../lib/shared-gate.js';
import { clearNumbers } from '../lib/words.js';

/** The share of a ring that only cancels and venue reports may use, so that they always pass. */
export const RESERVED_SLOTS = 256;

/** Commands of a producer are numbered within this; the producer's number stands above it. */
const COMMANDS_PER_PRODUCER = 2 ** 32;

export class CommandPort {
  readonly #ring: SpscRing;
  readonly #doorbell: Doorbell;
  readonly #producer: number;
  readonly #orders: SharedGate;
  #next = 1;

  /**
   * @param ring this producer's own ring: one thread, one ring
   * @param doorbell wakes the writer
   * @param producer number of the producer, unique over restarts (epoch x 256 + index, below 2^20)
   * @param orders the shard's gate for what opens new risk; one that is always open when left out
   */
  constructor(ring: SpscRing, doorbell: Doorbell, producer: number, orders = new SharedGate()) {
    assert(Number.isInteger(producer) && producer >= 0 && producer < 2 ** 20, 'producer number');
    assert(ring.slotBytes >= COMMAND_SLOT_BYTES, 'the slots are too small for commands');
    this.#ring = ring;
    this.#doorbell = doorbell;
    this.#producer = producer;
    this.#orders = orders;
  }

  /**
   * Whether the ring has room for a command that opens new risk; cancels and venue reports need no
   * asking. It is about the next milliseconds: a gateway may hold the message and look again.
   */
  get open(): boolean {
    return this.#ring.hasFree(RESERVED_SLOTS + 1);
  }

  /**
   * Whether the shard takes new risk at all. When not (its record lags too far behind, say), that may
   * last: a gateway must refuse (`CAPACITY_OVERLOAD`), not hold the message before the cancels behind.
   */
  get takesOrders(): boolean {
    return this.#orders.isOpen;
  }

  /**
   * Puts a command into the ring.
   *
   * @returns the command's id, by which its events are found in the log; -1 when the ring is full or
   *   the gate shut for what opens risk (`CAPACITY_OVERLOAD`): nothing was taken
   */
  submit<N extends CommandName>(
    name: N,
    header: Omit<CommandHeader, 'command'>,
    data: CommandData<N>,
  ): number {
    const opensRisk = name === 'NewOrder' || name === 'ReplaceOrder';
    if (opensRisk && !(this.open && this.takesOrders)) return -1;
    const at = this.#ring.claim();
    if (at < 0) return -1;
    const command = this.#producer * COMMANDS_PER_PRODUCER + this.#next;
    this.#next += 1;
    assert(this.#next < COMMANDS_PER_PRODUCER, 'a producer has used up its command numbers');
    try {
      encodeCommand(name, { ...header, command }, data, this.#ring.u8, at);
    } catch (error) {
      // Else the next command would show the writer this slot too, with what is left of an old one.
      this.#ring.abandon();
      throw error;
    }
    this.publish();
    return command;
  }

  /** The memory that `claim` gives offsets into. */
  get slots(): Pick<SpscRing, 'u8' | 'u16' | 'i32' | 'u32' | 'f64'> {
    return this.#ring;
  }

  /**
   * For producers that write fields straight into the slot, at the offsets of `commandLayouts`: a slot
   * with its header filled in (received, actor and session 0) and its payload zero. The writer sees
   * it after `publish`. It does not ask whether the command opens risk: see `open`
   * and `takesOrders`.
   *
   * @param number of the command, of `COMMAND`
   * @param bytes length of its record
   * @returns byte offset of the slot; -1 when the ring is full: nothing was taken
   */
  claim(number: number, bytes: number): number {
    const ring = this.#ring;
    const at = ring.claim();
    if (at < 0) return -1;
    const command = this.#producer * COMMANDS_PER_PRODUCER + this.#next;
    this.#next += 1;
    assert(this.#next < COMMANDS_PER_PRODUCER, 'a producer has used up its command numbers');
    const { i32, f64 } = ring;
    clearNumbers(f64, at >> 3, bytes >> 3);
    i32[(at + HEADER.length) >> 2] = bytes | (number << 16) | (1 << 24);
    f64[(at + HEADER.command) >> 3] = command;
    return at;
  }

  /** Shows the writer everything claimed so far. */
  publish(): void {
    this.#ring.publish();
    this.#doorbell.ring();
  }
}
