import { UNREACHABLE } from '../support/console-guard';
import { expect, test } from '../support/test';

test.beforeEach(({ consoleGuard }) => consoleGuard.expect(UNREACHABLE));

test('two tabs show what waits in either, and each message is sent once', async ({ visitor, line }) => {
  const [one, bo] = [await visitor('Ann', { baseURL: line.url }), await visitor('Bo')];
  const two = await one.visitor.enter();
  line.cut();
  for (const tab of [one, two]) await expect(tab.banner).not.toBeEmpty();
  await one.say('from the first tab');
  await two.say('from the second tab');
  for (const tab of [one, two]) {
    await expect(tab.pending.locator('.line__text')).toHaveText(['from the first tab', 'from the second tab']);
  }
  line.mend();
  for (const reader of [one, two, bo]) {
    await expect(reader.messages).toHaveCount(2);
    await expect(reader.pending).toHaveCount(0);
    await reader.hears('from the first tab', 'Ann');
    await reader.hears('from the second tab', 'Ann');
  }
  expect([...one.visitor.sent].sort()).toEqual(['from the first tab', 'from the second tab']);
});

test('what waits in a tab that is closed is sent by the other one, once', async ({ visitor, line }) => {
  const [one, bo] = [await visitor('Ann', { baseURL: line.url }), await visitor('Bo')];
  const two = await one.visitor.enter();
  line.cut();
  for (const tab of [one, two]) await expect(tab.banner).not.toBeEmpty();
  for (const text of ['a', 'b', 'c']) await one.say(text);
  await expect(two.pending).toHaveCount(3);
  await one.page.close({ runBeforeUnload: true });
  line.mend();
  for (const reader of [two, bo]) await reader.hasExactly(['a', 'b', 'c']);
  expect(two.visitor.sent).toEqual(['a', 'b', 'c']);
});

test('what waits in a room that the other tab has not open is sent all the same', async ({ visitor, line }) => {
  const [one, bo] = [await visitor('Ann', { baseURL: line.url, path: '/chat/tea' }), await visitor('Bo', { path: '/chat/tea' })];
  const two = await one.visitor.enter('/chat');
  line.cut();
  for (const tab of [one, two]) await expect(tab.banner).not.toBeEmpty();
  await one.say('one more cup');
  await expect(one.pending).toHaveCount(1);
  await one.page.close({ runBeforeUnload: true });
  line.mend();
  await bo.hasExactly(['one more cup']);
  await two.roomLink('tea').click();
  await two.hasExactly(['one more cup']);
});

test('what is discarded in one tab is gone in the other, and is not sent', async ({ visitor, teahouse }) => {
  const one = await visitor('Ann');
  const two = await one.visitor.enter();
  await teahouse.kill();
  await one.say('far too long for this');
  await expect(two.pending).toHaveCount(1);
  await teahouse.start({ 'text-limit': '5' });
  await expect(two.pending).toContainText('It is longer than a message may be.');
  await two.pending.getByRole('button', { name: 'Discard' }).click();
  for (const tab of [one, two]) await expect(tab.pending).toHaveCount(0);
  await two.reload();
  await expect(two.pending).toHaveCount(0);
});
