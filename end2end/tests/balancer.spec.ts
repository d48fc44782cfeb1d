// Two nodes on Redis behind a load balancer, both configured as in docs/operations.md.

import type { ChatPage } from '../support/chat-page';
import { UNREACHABLE } from '../support/console-guard';
import { LoadBalancer } from '../support/load-balancer';
import { flagsFrom, fromManual } from '../support/manual';
import { complainsOfNothingElse, expect, test as base } from '../support/nodes';
import { Redis } from '../support/redis';
import { type Flags, Teahouse } from '../support/teahouse';

const PASSWORD = 's3cret';

type Fixtures = {
  /** The load balancer, whose address is fixed before the nodes start. */
  balancer: LoadBalancer;
  /** Both nodes, behind the load balancer. */
  nodes: [Teahouse, Teahouse];
  /** A user who has connected through the load balancer. */
  guest(nickname: string): Promise<ChatPage>;
};

const test = base.extend<Fixtures>({
  redis: async ({}, use) => {
    const settings = fromManual('/etc/redis/redis.conf', { 'bind 10.0.0.10': 'bind 127.0.0.1', 'CHANGE-ME': PASSWORD });
    const redis = await Redis.open(settings);
    await use(redis);
    await redis.close();
  },

  balancer: async ({}, use) => {
    const balancer = await LoadBalancer.prepare();
    await use(balancer);
    expect(await balancer.close(), 'complaints of nginx').toEqual([]);
  },

  nodes: async ({ redis, balancer, flags }, use) => {
    const open = () => Teahouse.open({ ...settings(redis, balancer), ...flags });
    const nodes: [Teahouse, Teahouse] = [await open(), await open()];
    await balancer.start(nodes[0].host, nodes[1].host);
    await use(nodes);
    for (const node of nodes) {
      await node.close();
      complainsOfNothingElse(node, redis);
    }
  },

  teahouse: async ({ nodes }, use) => use(nodes[0]),
  there: async ({ nodes }, use) => use(nodes[1]),

  guest: async ({ visitor, balancer }, use) => {
    await use(nickname => visitor(nickname, { baseURL: balancer.url, ignoreHTTPSErrors: true }));
  },
});

test.beforeEach(({ consoleGuard }) => consoleGuard.expect(UNREACHABLE));

/** The nodes' environment from the manual, except for the listen address. */
function settings(redis: Redis, balancer: LoadBalancer): Flags {
  const environment = fromManual('/etc/teahouse.env', {
    'CHANGE-ME@10.0.0.10:6379': `${PASSWORD}@${redis.host}`,
    'https://chat.example.org': balancer.url,
    '10.0.0.10/32': '127.0.0.1/32',
  });
  const { listen: _, ...flags } = flagsFrom(environment);
  return flags;
}

/** How many sessions a node has accepted. */
function sessions(node: Teahouse): number {
  return node.log.split('a session begins').length - 1;
}

/** Lets a user connect; returns the node that the balancer chose. */
async function placed(nodes: Teahouse[], comesIn: () => Promise<unknown>): Promise<Teahouse> {
  const before = nodes.map(sessions);
  await comesIn();
  let grown: Teahouse[] = [];
  await expect
    .poll(() => (grown = nodes.filter((node, index) => sessions(node) > before[index])).length, { message: 'a node has them' })
    .toBe(1);
  return grown[0];
}

/** The message texts, in display order. */
async function said(reader: ChatPage): Promise<string[]> {
  return reader.messages.locator('.line__text').allTextContents();
}

test.describe('with a short lease', () => {
  test.use({ flags: { log: 'debug', 'node-lease': '2s', 'leave-grace': '8s' } });

  test('a page whose node is killed comes back by the other one under its nickname, without a word to the others', async ({ guest, nodes }) => {
    let [bo, ann]: ChatPage[] = [];
    const survivor = await placed(nodes, async () => (bo = await guest('Bo')));
    let its = await placed(nodes, async () => (ann = await guest('Ann')));
    // The balancer distributes connections evenly, but the test does not control which node it chooses when.
    while (its === survivor) its = await placed(nodes, () => ann.reload());
    await ann.say('before');
    await bo.hears('before', 'Ann');
    const before = await ann.joins();

    await its.kill();
    for (const text of ['one', 'two', 'three']) {
      await bo.say(text);
      await ann.say(`${text} from Ann`);
    }
    await expect.poll(() => ann.joins()).toBeGreaterThan(before);
    await expect(ann.banner).toBeEmpty();
    for (const reader of [ann, bo]) {
      await expect(reader.pending).toHaveCount(0);
      await expect(reader.messages).toHaveCount(7);
    }
    const texts = await said(ann);
    expect(texts.filter(text => !text.endsWith('from Ann'))).toEqual(['before', 'one', 'two', 'three']);
    expect(texts.filter(text => text.endsWith('from Ann'))).toEqual(['one from Ann', 'two from Ann', 'three from Ann']);
    expect(await said(bo)).toEqual(texts);
    await bo.hears('three from Ann', 'Ann');

    // Notices of later arrivals and departures come after all notices that the loss of the node could cause.
    await expect.poll(() => survivor.log).toContain('another node left the cluster');
    const cy = await guest('Cy');
    await bo.hears('before');
    await cy.visitor.context.close();
    await bo.hasNotices(['~~~ Ann entered ~~~', '~~~ Cy entered ~~~', '~~~ Cy left ~~~']);
    await bo.seesHere(['Bo', 'Ann']);
    await ann.seesHere(['Ann', 'Bo']);
  });
});

test('one node is restarted after the other: nobody leaves, and nothing is lost or doubled', async ({ guest, nodes }) => {
  const [ann, bo] = [await guest('Ann'), await guest('Bo')];
  await ann.hasNotices(['~~~ Bo entered ~~~']);
  const texts: string[] = [];
  for (const [index, node] of nodes.entries()) {
    expect(await node.stop()).toBe(0);
    for (const speaker of [ann, bo]) {
      // One after the other, so that the test knows their order.
      texts.push(`${index} from ${speaker === ann ? 'Ann' : 'Bo'}`);
      await speaker.say(texts.at(-1)!);
      for (const reader of [ann, bo]) await reader.hasExactly(texts);
    }
    await node.start();
  }
  for (const reader of [ann, bo]) await expect(reader.banner).toBeEmpty();
  await ann.hasNotices(['~~~ Bo entered ~~~']);
  await bo.hasNotices([]);
  for (const reader of [ann, bo]) {
    await reader.reload();
    await reader.hasExactly(texts);
  }
});

test('whoever forgets the s is led to the house, and a login is kept for it alone', async ({ guest, balancer }) => {
  const ann = await guest('Ann');
  const answer = await fetch(`${balancer.plainUrl}/chat/tea?lang=en`, { redirect: 'manual' });
  expect([answer.status, answer.headers.get('location')]).toEqual([301, `${balancer.url}/chat/tea?lang=en`]);
  const cookies = await ann.visitor.context.cookies();
  expect(cookies.filter(({ name }) => name.startsWith('__Host-')).map(({ secure }) => secure)).toEqual([true]);
});
