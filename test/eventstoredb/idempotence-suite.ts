import {
  ANY,
  type AppendExpectedRevision,
  type EventStoreDBClient,
  NO_STREAM,
  WrongExpectedVersionError,
} from '@eventstore/db-client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  connect,
  disconnect,
  freshStream,
  type ProtocolServer,
  testEvent,
} from './protocol-server.js';

/**
 * The 14 sequences EventStoreDB's own tests define idempotence by. In a name, `2e1` is event number 2
 * appended expecting revision 1, `em1` expects no stream, `any` expects nothing, and `S … E` brackets
 * the events of one append.
 */
export function describeIdempotence(open: () => Promise<ProtocolServer>): void {
  describe('idempotence of appends', () => {
    let server: ProtocolServer;
    let client: EventStoreDBClient;

    beforeAll(async () => {
      server = await open();
      client = connect(server);
    });
    afterAll(() => disconnect(client, server));

    /** A stream of its own with event ids that are drawn once and named by number. */
    class Sequence {
      readonly stream = freshStream();
      readonly ids: string[] = Array.from({ length: 6 }, () => crypto.randomUUID());

      async append(expected: number | 'any', ...numbers: number[]): Promise<bigint> {
        const expectedRevision: AppendExpectedRevision =
          expected === 'any' ? ANY : expected < 0 ? NO_STREAM : BigInt(expected);
        const events = numbers.map((number) => testEvent(this.ids[number]!));
        const result = await client.appendToStream(this.stream, events, { expectedRevision });
        return result.nextExpectedRevision;
      }

      /** Events 0 to 5, one by one, each expecting the one before. */
      async sixInARow(): Promise<void> {
        for (let number = 0; number < 6; number += 1) await this.append(number - 1, number);
      }

      async batchOfTwo(): Promise<void> {
        await this.append(-1, 0, 1);
      }

      async numbers(): Promise<number[]> {
        const numbers: number[] = [];
        for await (const { event } of client.readStream(this.stream)) {
          numbers.push(this.ids.indexOf(event?.id ?? ''));
        }
        return numbers;
      }
    }

    const six = [0, 1, 2, 3, 4, 5];

    it('sequence_0em1_1e0_2e1_3e2_4e3_5e4_0em1_idempotent', async () => {
      const sequence = new Sequence();
      await sequence.sixInARow();
      expect(await sequence.append(-1, 0)).toBe(0n);
      expect(await sequence.numbers()).toEqual(six);
    });

    it('sequence_0em1_1e0_2e1_3e2_4e3_5e4_0any_idempotent', async () => {
      const sequence = new Sequence();
      await sequence.sixInARow();
      expect(await sequence.append('any', 0)).toBe(0n);
      expect(await sequence.numbers()).toEqual(six);
    });

    it('sequence_0em1_1e0_2e1_3e2_4e3_5e4_0e5_non_idempotent', async () => {
      const sequence = new Sequence();
      await sequence.sixInARow();
      expect(await sequence.append(5, 0)).toBe(6n);
      expect(await sequence.numbers()).toEqual([...six, 0]);
    });

    it('sequence_0em1_1e0_2e1_3e2_4e3_5e4_0e6_wev', async () => {
      const sequence = new Sequence();
      await sequence.sixInARow();
      await expect(sequence.append(6, 0)).rejects.toMatchObject({
        type: 'wrong-expected-version',
        expectedVersion: 6n,
        actualVersion: 5n,
      });
      expect(await sequence.numbers()).toEqual(six);
    });

    it('sequence_0em1_1e0_2e1_3e2_4e3_5e4_0e4_wev', async () => {
      const sequence = new Sequence();
      await sequence.sixInARow();
      await expect(sequence.append(4, 0)).rejects.toThrow(WrongExpectedVersionError);
      expect(await sequence.numbers()).toEqual(six);
    });

    it('sequence_0em1_0e0_non_idempotent', async () => {
      const sequence = new Sequence();
      await sequence.append(-1, 0);
      expect(await sequence.append(0, 0)).toBe(1n);
      expect(await sequence.numbers()).toEqual([0, 0]);
    });

    it('sequence_0em1_0any_idempotent', async () => {
      const sequence = new Sequence();
      await sequence.append(-1, 0);
      expect(await sequence.append('any', 0)).toBe(0n);
      expect(await sequence.numbers()).toEqual([0]);
    });

    it('sequence_0em1_0em1_idempotent', async () => {
      const sequence = new Sequence();
      await sequence.append(-1, 0);
      expect(await sequence.append(-1, 0)).toBe(0n);
      expect(await sequence.numbers()).toEqual([0]);
    });

    it('sequence_0em1_1e0_2e1_1any_1any_idempotent', async () => {
      const sequence = new Sequence();
      await sequence.append(-1, 0);
      await sequence.append(0, 1);
      await sequence.append(1, 2);
      expect(await sequence.append('any', 1)).toBe(1n);
      expect(await sequence.append('any', 1)).toBe(1n);
      expect(await sequence.numbers()).toEqual([0, 1, 2]);
    });

    it('sequence_S_0em1_1em1_E_S_0em1_E_idempotent', async () => {
      const sequence = new Sequence();
      await sequence.batchOfTwo();
      expect(await sequence.append(-1, 0)).toBe(0n);
      expect(await sequence.numbers()).toEqual([0, 1]);
    });

    it('sequence_S_0em1_1em1_E_S_0any_E_idempotent', async () => {
      const sequence = new Sequence();
      await sequence.batchOfTwo();
      expect(await sequence.append('any', 0)).toBe(0n);
      expect(await sequence.numbers()).toEqual([0, 1]);
    });

    it('sequence_S_0em1_1em1_E_S_1e0_E_idempotent', async () => {
      const sequence = new Sequence();
      await sequence.batchOfTwo();
      expect(await sequence.append(0, 1)).toBe(1n);
      expect(await sequence.numbers()).toEqual([0, 1]);
    });

    it('sequence_S_0em1_1em1_E_S_1any_E_idempotent', async () => {
      const sequence = new Sequence();
      await sequence.batchOfTwo();
      expect(await sequence.append('any', 1)).toBe(1n);
      expect(await sequence.numbers()).toEqual([0, 1]);
    });

    it('sequence_S_0em1_1em1_E_S_0em1_1em1_2em1_E_idempotancy_fail', async () => {
      const sequence = new Sequence();
      await sequence.batchOfTwo();
      await expect(sequence.append(-1, 0, 1, 2)).rejects.toMatchObject({
        type: 'wrong-expected-version',
        actualVersion: 1n,
      });
      expect(await sequence.numbers()).toEqual([0, 1]);
    });
  });
}
