import { beforeEach, expect, it } from 'vitest';
import { sessionOf } from '../../../test/order-entry/running-gateway.js';
import { CALM_MESSAGES_MAX, FairShare } from './fair-share.js';
import { MatchNumbers } from './match-numbers.js';
import { RowPages } from './row-pages.js';
import { SessionStream } from './session-stream.js';

const matches = new MatchNumbers(16, 1);
const rows = new RowPages(0);
const streamOf = (id: number) =>
  new SessionStream(sessionOf(id, `S${id}`, `u${id}`), matches, 10, rows);
const [busy, calm, idle] = [streamOf(1), streamOf(2), streamOf(3)] as const;
let fair: FairShare;
const shares = () => [busy, calm, idle].map((each) => fair.of(each, 1024, 64));

beforeEach(() => {
  fair = new FairShare([busy, calm, idle]);
  fair.tick(0);
});

it('holds back who sends much while somebody sends little, and only then', () => {
  expect(shares()).toEqual([1024, 1024, 1024]);
  fair.took(calm, CALM_MESSAGES_MAX - 1);
  expect(shares()).toEqual([1024, 1024, 1024]);
  fair.took(busy, CALM_MESSAGES_MAX - 1);
  expect(shares()).toEqual([1024, 1024, 1024]);
  fair.beginBatch();
  // At once, and not when its window ends.
  fair.took(busy, 1);
  expect(shares()).toEqual([63, 1024, 1024]);
  fair.took(calm, 1);
  expect(fair.held).toBe(false);
  expect(shares()).toEqual([1024, 1024, 1024]);
});

it('knows a session by this window and the one before', () => {
  fair.took(busy, CALM_MESSAGES_MAX);
  fair.tick(99);
  fair.tick(100);
  fair.took(calm, 1);
  expect(fair.held).toBe(true);
  fair.tick(200);
  expect(fair.held).toBe(false);
});

it('gives a share in each batch, over all its turns', () => {
  fair.took(busy, CALM_MESSAGES_MAX);
  fair.took(calm, 1);
  expect(fair.beginBatch()).toBe(false);
  expect(shares()).toEqual([64, 1024, 1024]);
  fair.took(busy, 60);
  expect(shares()).toEqual([4, 1024, 1024]);
  fair.took(busy, 4);
  expect(shares()).toEqual([0, 1024, 1024]);
  expect(fair.beginBatch()).toBe(true);
  expect(fair.beginBatch()).toBe(false);
  expect(shares()).toEqual([64, 1024, 1024]);
});
