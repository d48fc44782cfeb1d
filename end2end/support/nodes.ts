// What every story about several nodes begins with: a Redis, and two houses on it that are one.

import { Redis, DURABLE } from './redis';
import { Teahouse } from './teahouse';
import { test as base, expect } from './test';

type Fixtures = {
  redis: Redis;
  /** The other node; `teahouse` is the one to which visitors come if nothing is said. */
  there: Teahouse;
};

/** What a node may complain of when Redis was away. */
const AWAY = /Redis cannot be used|the store could not append|a nickname could not be/;

/** Nobody complains without a reason. */
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

  // Both nodes are there before anybody comes, and until everybody has gone.
  stranger: async ({ there, stranger }, use) => {
    expect(there).toBeDefined();
    await use(stranger);
  },
});

export { expect };
