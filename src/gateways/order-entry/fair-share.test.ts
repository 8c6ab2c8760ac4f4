import { expect, it } from 'vitest';
import { sessionOf } from '../../../test/order-entry/running-gateway.js';
import { CALM_MESSAGES_MAX, FairShare } from './fair-share.js';
import { MatchNumbers } from './match-numbers.js';
import { RowPages } from './row-pages.js';
import { SessionStream } from './session-stream.js';

it('holds back who sends much while somebody sends little, and only then', () => {
  const matches = new MatchNumbers(16, 1);
  const rows = new RowPages(0);
  const stream = (id: number) =>
    new SessionStream(sessionOf(id, `S${id}`, `u${id}`), matches, 10, rows);
  const [busy, calm, idle] = [stream(1), stream(2), stream(3)] as const;
  const fair = new FairShare([busy, calm, idle]);
  const shares = () => [busy, calm, idle].map((each) => fair.of(each, 1024, 64));
  fair.tick(0);
  expect(shares()).toEqual([1024, 1024, 1024]);
  fair.took(busy, CALM_MESSAGES_MAX);
  fair.took(calm, CALM_MESSAGES_MAX - 1);
  expect(shares()).toEqual([1024, 1024, 1024]);
  fair.tick(99);
  expect(fair.held).toBe(false);
  fair.tick(100);
  expect(shares()).toEqual([64, 1024, 1024]);
  fair.took(busy, CALM_MESSAGES_MAX);
  fair.tick(200);
  expect(shares()).toEqual([1024, 1024, 1024]);
});
