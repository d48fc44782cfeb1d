// Two nodes on one Redis behave like one server.

import { UNREACHABLE, answered } from '../support/console-guard';
import { expect, test } from '../support/nodes';

const STORE_AWAY = {
  english: 'The server cannot store messages right now. What you send waits here and goes out by itself once it can.',
  chinese: '服务器暂时无法保存消息。 现在发送的消息会先留在这里，好了就自动发出。',
};

test('people on two nodes talk with each other, and see each other write', async ({ visitor, teahouse, there }) => {
  const [ann, ming] = [await visitor('Ann'), await visitor('小明', { baseURL: there.url, locale: 'zh-CN' })];
  await ann.say('is anybody over there?');
  await ming.hears('is anybody over there?', 'Ann');
  await ming.composer.pressSequentially('在');
  await expect(ann.page.getByText('小明 is writing…')).toBeVisible();
  await ming.say('在呢');
  await ann.hears('在呢', '小明');
  for (const reader of [ann, ming]) await reader.hasExactly(['is anybody over there?', '在呢']);
  // Users who come later get the same history on either node.
  for (const [index, node] of [teahouse, there].entries()) {
    const late = await visitor(`Guest${index}`, { baseURL: node.url });
    await late.hasExactly(['is anybody over there?', '在呢']);
  }
});

test.describe('with a second of grace', () => {
  test.use({ flags: { 'leave-grace': '1s' } });

  test('people on two nodes see each other come and go, and are in one list', async ({ visitor, there }) => {
    const ann = await visitor('Ann');
    const bo = await visitor('Bo', { baseURL: there.url });
    await ann.hasNotices(['~~~ Bo entered ~~~']);
    await bo.seesHere(['Bo', 'Ann']);
    const cy = await visitor('Cy');
    await bo.hasNotices(['~~~ Cy entered ~~~']);
    for (const [reader, names] of [[ann, ['Ann', 'Bo', 'Cy']], [bo, ['Bo', 'Ann', 'Cy']]] as const) {
      await reader.seesHere([...names]);
      await expect(reader.page.locator('.members__count')).toHaveText('3');
    }
    await cy.visitor.context.close();
    await bo.hasNotices(['~~~ Cy entered ~~~', '~~~ Cy left ~~~']);
    await bo.visitor.context.close();
    await ann.hasNotices(['~~~ Bo entered ~~~', '~~~ Cy entered ~~~', '~~~ Cy left ~~~', '~~~ Bo left ~~~']);
    await ann.seesHere(['Ann']);
  });

  test('somebody with a tab on each node is one member, who leaves with the last of them', async ({ visitor, there }) => {
    const bo = await visitor('Bo', { baseURL: there.url });
    const ann = await visitor('Ann');
    const second = await ann.visitor.enter(`${there.url}/chat`);
    for (const tab of [ann, second]) await tab.seesHere(['Ann', 'Bo']);
    await ann.page.close();
    // Another user comes and goes: a notice about Ann would have come before these.
    const cy = await visitor('Cy');
    await bo.hasNotices(['~~~ Ann entered ~~~', '~~~ Cy entered ~~~']);
    await cy.visitor.context.close();
    await bo.hasNotices(['~~~ Ann entered ~~~', '~~~ Cy entered ~~~', '~~~ Cy left ~~~']);
    await second.say('I am still here');
    await bo.hears('I am still here', 'Ann');
    await second.page.close();
    await bo.hasNotices(['~~~ Ann entered ~~~', '~~~ Cy entered ~~~', '~~~ Cy left ~~~', '~~~ Ann left ~~~']);
    await bo.seesHere(['Bo']);
  });
});

test('a nickname that is taken on one node is taken on the other, and free there when its owner logs out', async ({
  visitor,
  stranger,
  there,
  consoleGuard,
}) => {
  consoleGuard.expect(answered(409));
  const ann = await visitor('Ann');
  const door = await (await stranger({ baseURL: there.url })).atTheDoor();
  // With a Cyrillic А: look-alikes count as the same name on the other node, too.
  for (const name of ['Ann', 'Аnn']) {
    await door.logInAs(name);
    await door.refusesWith('Sorry, that nickname is taken, please choose another.');
  }
  await ann.logOut.click();
  await expect(ann.page).toHaveURL(/\/login/);
  await door.logInAs('Ann');
  await expect(door.page).toHaveURL(/\/chat$/);
});

test('whoever logs out on one node is led to the login on the other', async ({ visitor, there }) => {
  const ann = await visitor('Ann');
  const second = await ann.visitor.enter(`${there.url}/chat`);
  await ann.logOut.click();
  await expect(second.page).toHaveURL(/\/login\?.*why=logged-out/);
});

test('Redis is killed and comes back: both pages say so, keep what is said, and send it once', async ({ visitor, teahouse, there, redis }) => {
  const ann = await visitor('Ann');
  const ming = await visitor('小明', { baseURL: there.url, locale: 'zh-CN' });
  for (const text of ['one', 'two', 'three']) await ann.say(text);
  await ming.hasExactly(['one', 'two', 'three']);

  await redis.kill();
  await expect(ann.banner).toHaveText(STORE_AWAY.english);
  await expect(ming.banner).toHaveText(STORE_AWAY.chinese);
  await ann.say('said meanwhile');
  await ann.say('and one more');
  await ming.say('我也说一句');
  await expect(ann.pending.locator('.line__text')).toHaveText(['said meanwhile', 'and one more']);
  await expect(ming.pending.locator('.line__text')).toHaveText(['我也说一句']);
  // Earlier messages stay readable, and no client has received a message that was not stored.
  await expect(ann.messages).toHaveCount(3);
  await expect(ming.messages).toHaveCount(3);
  for (const node of [teahouse, there]) {
    expect((await fetch(`${node.url}/readyz`)).status).toBe(503);
    expect((await fetch(`${node.url}/healthz`)).status, 'the node itself is well').toBe(200);
  }

  await redis.start();
  for (const reader of [ann, ming]) {
    await expect(reader.banner).toBeEmpty();
    await expect(reader.pending).toHaveCount(0);
    await expect(reader.messages).toHaveCount(6);
  }
  const texts = await ann.messages.locator('.line__text').allTextContents();
  expect(texts.slice(0, 3)).toEqual(['one', 'two', 'three']);
  expect(texts.filter(text => text !== '我也说一句').slice(3)).toEqual(['said meanwhile', 'and one more']);
  expect(texts).toContain('我也说一句');
  await ming.hasExactly(texts);
  // No acknowledged message was sent again.
  expect(ann.visitor.sent.filter(text => text === 'one')).toHaveLength(1);
  // A Redis that comes back may have lost data, as far as the nodes can tell; no user has left meanwhile.
  await ann.hasNotices(['The server was restored. The latest messages before this line may be missing.']);
  await ming.hasNotices(['服务器已恢复，这条线之前最近的消息可能缺失。']);
  // Nothing appears twice after a reload, either.
  for (const reader of [ann, ming]) {
    await reader.reload();
    await reader.hasExactly(texts);
  }
  await ming.say('回来了');
  await ann.hears('回来了', '小明');
});

test('Redis hangs: both pages say so, and what it may have taken meanwhile is there once', async ({ visitor, there, redis }) => {
  const [ann, bo] = [await visitor('Ann'), await visitor('Bo', { baseURL: there.url })];
  await ann.say('before');
  await bo.hears('before');
  redis.freeze();
  await ann.say('into the silence');
  for (const reader of [ann, bo]) await expect(reader.banner).toHaveText(STORE_AWAY.english);
  await expect(ann.pending).toHaveCount(1);
  redis.thaw();
  for (const reader of [ann, bo]) {
    await expect(reader.banner).toBeEmpty();
    await reader.hasExactly(['before', 'into the silence']);
  }
  await bo.say('after');
  for (const reader of [ann, bo]) await reader.hasExactly(['before', 'into the silence', 'after']);
  // It is the same Redis, and no user was away.
  await ann.hasNotices(['~~~ Bo entered ~~~']);
  await bo.hasNotices([]);
});

test.describe('with a short lease', () => {
  test.use({ flags: { 'node-lease': '1s', 'leave-grace': '1s' } });

  test('the people of a node that died and who do not come back have left', async ({ visitor, there, teahouse, consoleGuard }) => {
    consoleGuard.expect(UNREACHABLE);
    const bo = await visitor('Bo', { baseURL: there.url });
    const ann = await visitor('Ann');
    await bo.hasNotices(['~~~ Ann entered ~~~']);
    await teahouse.kill();
    await expect(ann.banner).toContainText('Connection lost');
    await bo.hasNotices(['~~~ Ann entered ~~~', '~~~ Ann left ~~~']);
    await bo.seesHere(['Bo']);
    // The page has kept reconnecting, and is back as soon as a server answers.
    await teahouse.start();
    await expect(ann.banner).toBeEmpty();
    await ann.say('that was not me');
    await bo.hears('that was not me', 'Ann');
    await ann.seesHere(['Ann', 'Bo']);
  });
});
