import { UNREACHABLE } from '../support/console-guard';
import { expect, test } from '../support/test';

test.beforeEach(({ consoleGuard }) => consoleGuard.expect(UNREACHABLE));

test.describe('with a short heartbeat', () => {
  // `keep-alive` also closes the connections that loaded the page in time.
  test.use({ flags: { heartbeat: '2s', 'leave-grace': '60s', 'keep-alive': '2s' } });

  test('a page whose line goes dead is back by itself under its nickname, without a word to the others', async ({ visitor, line }) => {
    const [bo, ann] = [await visitor('Bo'), await visitor('Ann', { baseURL: line.url })];
    await bo.hasNotices(['~~~ Ann entered ~~~']);
    await bo.seesHere(['Bo', 'Ann']);
    const ghosts = line.goDead();
    expect(ghosts()).toBeGreaterThan(0);
    const before = await ann.joins();
    // The page acts as when a laptop's lid opens: it becomes visible and asks the server for a sign of life.
    await ann.say('said into a dead line');
    await expect.poll(() => ann.joins(), { timeout: 60_000 }).toBeGreaterThan(before);
    await ann.say('and here I am again');
    for (const reader of [ann, bo]) await reader.hasExactly(['said into a dead line', 'and here I am again']);
    // The server closes the user's ghost connections at once, although none of them sent a close.
    await expect.poll(ghosts).toBe(0);
    await bo.hasNotices(['~~~ Ann entered ~~~']);
    await bo.seesHere(['Bo', 'Ann']);
  });
});

test('a ghost does not hold the nickname against its owner’s next page', async ({ visitor, stranger, line }) => {
  const [bo, ann] = [await visitor('Bo'), await visitor('Ann', { baseURL: line.url })];
  await bo.hasNotices(['~~~ Ann entered ~~~']);
  const ghosts = line.goDead();
  // The same browser on another network: its cookie, but none of its connections.
  const elsewhere = await stranger({ storageState: await ann.visitor.context.storageState() });
  const again = await elsewhere.enter();
  await again.say('it is still me');
  await bo.hears('it is still me', 'Ann');
  expect(ghosts()).toBeGreaterThan(0);
  await bo.hasNotices(['~~~ Ann entered ~~~']);
  await bo.seesHere(['Bo', 'Ann']);
});
