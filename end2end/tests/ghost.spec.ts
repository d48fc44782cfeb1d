import { UNREACHABLE } from '../support/console-guard';
import { expect, test } from '../support/test';

test.beforeEach(({ consoleGuard }) => consoleGuard.expect(UNREACHABLE));

test.describe('with a short heartbeat', () => {
  // What the browser has fetched the page by is let go in time, too.
  test.use({ flags: { heartbeat: '2s', 'leave-grace': '60s', 'keep-alive': '2s' } });

  test('a page whose line goes dead is back by itself under its nickname, without a word to the others', async ({ visitor, line }) => {
    const [bo, ann] = [await visitor('Bo'), await visitor('Ann', { baseURL: line.url })];
    await bo.hasNotices(['~~~ Ann entered ~~~']);
    await bo.seesHere(['Bo', 'Ann']);
    const ghosts = line.goDead();
    expect(ghosts()).toBeGreaterThan(0);
    const before = await ann.joins();
    // What a laptop does when its lid opens: the page is seen again and asks for a sign of life.
    await ann.say('said into a dead line');
    await expect.poll(() => ann.joins(), { timeout: 60_000 }).toBeGreaterThan(before);
    await ann.say('and here I am again');
    for (const reader of [ann, bo]) await reader.hasExactly(['said into a dead line', 'and here I am again']);
    // Its own ghost is let go at once, though nobody on that line has said goodbye.
    await expect.poll(ghosts).toBe(0);
    await bo.hasNotices(['~~~ Ann entered ~~~']);
    await bo.seesHere(['Bo', 'Ann']);
  });
});

test('a ghost does not hold the nickname against its owner’s next page', async ({ visitor, stranger, line }) => {
  const [bo, ann] = [await visitor('Bo'), await visitor('Ann', { baseURL: line.url })];
  await bo.hasNotices(['~~~ Ann entered ~~~']);
  const ghosts = line.goDead();
  // The same browser on another network: its cookie, and none of its connections.
  const elsewhere = await stranger({ storageState: await ann.visitor.context.storageState() });
  const again = await elsewhere.enter();
  await again.say('it is still me');
  await bo.hears('it is still me', 'Ann');
  expect(ghosts()).toBeGreaterThan(0);
  await bo.hasNotices(['~~~ Ann entered ~~~']);
  await bo.seesHere(['Bo', 'Ann']);
});
