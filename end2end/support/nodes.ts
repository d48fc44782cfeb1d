// Fixtures for tests with several nodes: a Redis and a cluster of two nodes on it.

import { Redis, DURABLE } from './redis';
import { Teahouse } from './teahouse';
import { test as base, expect } from './test';

type Fixtures = {
  redis: Redis;
  /** The second node; visitors go to `teahouse` unless told otherwise. */
  there: Teahouse;
};

/** Errors that a node may log when Redis was away. */
const AWAY = /Redis cannot be used|failed to append to the store|failed to (claim|store) a nickname/;

/** Expects no other errors in the node's log. */
export function complainsOfNothingElse(node: Teahouse, redis: Redis): void {
  const troubles = node.troubles.filter(line => !redis.wasAway || !AWAY.test(line));
  expect(troubles, 'errors in the log of a node').toEqual([]);
}

export const test = base.extend<Fixtures>({
  redis: async ({}, use) => {
    const redis = await Redis.open(DURABLE);
    await use(redis);
    await redis.close();
  },

  teahouse: async ({ redis, flags }, use) => {
    const here = await Teahouse.open({ store: redis.url, ...flags });
    await use(here);
    await here.close();
    complainsOfNothingElse(here, redis);
  },

  there: async ({ redis, flags }, use) => {
    const there = await Teahouse.open({ store: redis.url, ...flags });
    await use(there);
    await there.close();
    complainsOfNothingElse(there, redis);
  },

  // Both nodes run before the first visitor comes and until the last one has gone.
  stranger: async ({ there, stranger }, use) => {
    expect(there).toBeDefined();
    await use(stranger);
  },
});

export { expect };
