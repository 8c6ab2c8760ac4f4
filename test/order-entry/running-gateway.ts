/** A real shard and gateway over a temporary directory, with reference data entered. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CommandPort } from '../../src/commands/command-port.js';
import type { CommandData, CommandName } from '../../src/domain/commands.js';
import type { GatewayConfig, SessionConfig } from '../../src/gateways/order-entry/config.js';
import { hashPassword } from '../../src/gateways/order-entry/password.js';
import { nativeAddon } from '../../src/lib/native-addon.js';
import { SharedGate } from '../../src/lib/shared-gate.js';
import { type RunningOrderEntry, startOrderEntry } from '../../src/operations/order-entry.js';
import { type RunningShard, startShard } from '../../src/operations/shard.js';

const SECRET = hashPassword('secret');

/** Who moves the bytes: node:net in a thread of its own, or the addon in the writer's thread. */
export type Implementation = 'node' | 'native';

/** Every suite runs on both; without the addon on one. */
export const IMPLEMENTATIONS: readonly Implementation[] =
  nativeAddon() === undefined ? ['node'] : ['node', 'native'];

export const sessionOf = (
  id: number,
  name: string,
  user: string,
  extra: Partial<SessionConfig> = {},
): SessionConfig => ({
  id,
  name,
  user,
  passwordHash: SECRET,
  accounts: ['AA', 'BB'],
  defaultAccount: 'AA',
  cancelOnDisconnect: false,
  acknowledge: 'disk',
  ...extra,
});

export const SESSIONS = [
  sessionOf(7, 'ALIC', 'alice'),
  sessionOf(8, 'BOB', 'bob'),
  sessionOf(9, 'COD', 'carol', { cancelOnDisconnect: true }),
];

const CAPACITY = {
  orders: 200_000,
  clientIds: 500_000,
  executions: 100_000,
  positions: 1000,
  accounts: 100,
  instruments: 100,
};

export class RunningGateway {
  /** Shut, the shard takes no new orders. */
  readonly orderGate = new SharedGate();
  readonly directory: string;
  readonly #config: Partial<GatewayConfig>;
  readonly #ringSlots: number;
  readonly #implementation: Implementation;
  shard!: RunningShard;
  gateway!: RunningOrderEntry;

  private constructor(
    implementation: Implementation,
    config: Partial<GatewayConfig>,
    ringSlots: number,
  ) {
    this.#implementation = implementation;
    this.directory = mkdtempSync(join(tmpdir(), 'order-entry-'));
    this.#config = config;
    this.#ringSlots = ringSlots;
  }

  static async start(
    implementation: Implementation,
    config: Partial<GatewayConfig> = {},
    ringSlots = 16_384,
  ): Promise<RunningGateway> {
    const running = new RunningGateway(implementation, config, ringSlots);
    await running.startShard();
    running.enterReferenceData();
    await running.startGateway();
    return running;
  }

  get port(): number {
    return this.gateway.port;
  }

  async startShard(): Promise<void> {
    const { directory } = this;
    const producers = ['admin', 'ouch'];
    const ringSlots = this.#ringSlots;
    this.shard = await startShard({
      ...{ directory, producers, ringSlots, capacity: CAPACITY },
      orderGate: this.orderGate,
      ...(this.#implementation === 'native' ? { fastPath: { spin: false } } : {}),
    });
  }

  async startGateway(): Promise<void> {
    const config: GatewayConfig = {
      host: '127.0.0.1',
      port: 0,
      sessions: SESSIONS,
      ...this.#config,
    };
    this.gateway = await startOrderEntry(this.shard, 'ouch', config, 'silent');
    if (this.gateway.native !== (this.#implementation === 'native')) {
      throw new Error(`the gateway does not run on ${this.#implementation}`);
    }
  }

  async restart(): Promise<void> {
    await this.stop();
    await this.startShard();
    await this.startGateway();
  }

  async stop(): Promise<void> {
    await this.gateway.stop();
    await this.shard.stop();
  }

  async remove(): Promise<void> {
    await this.stop();
    rmSync(this.directory, { recursive: true, force: true });
  }

  admin<N extends CommandName>(name: N, data: CommandData<N>): void {
    const port: CommandPort = this.shard.port('admin');
    const id = port.submit(name, { received: 1n, actor: 1, session: 0 }, data);
    if (id < 0) throw new Error('the ring is full');
  }

  enterReferenceData(): void {
    const list = (symbol: string, tick: number, tickScale: number, lot: number, venue: number) =>
      this.admin('ListInstrument', {
        symbol,
        currency: 'USD',
        tickMantissa: tick,
        tickScale,
        lotMantissa: lot,
        lotScale: 0,
        multiplierMantissa: 1,
        multiplierScale: 0,
        venue,
        open: 1,
      });
    // 1: at a venue that the tests play; 2: in lots of 100, kept here; 3: with a tick below OUCH's.
    list('ACME', 1, 2, 1, 3);
    list('LOTS', 5, 2, 100, 0);
    list('FINE', 1, 6, 1, 0);
    for (const name of ['AA', 'BB', 'CC']) {
      this.admin('OpenAccount', { name, currency: 'USD', open: 1 });
    }
  }
}
