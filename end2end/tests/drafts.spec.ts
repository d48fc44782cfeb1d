// Drafts and unread counts, shared by the tabs of one browser.

import type { Page } from '@playwright/test';
import { expect, test } from '../support/test';

/** The storage keys of this browser's drafts. */
async function keptDrafts(page: Page): Promise<string[]> {
  return page.evaluate(() => Object.keys(localStorage).filter(name => name.includes(':draft:')));
}

test('a draft that one tab sends is gone from the other, and is sent once', { tag: '@core' }, async ({ visitor }) => {
  const [one, bo] = [await visitor('Ann'), await visitor('Bo')];
  await one.composer.fill('hello from the first');
  const two = await one.visitor.enter();
  await expect(two.composer).toHaveValue('hello from the first');
  await one.composer.press('Enter');
  await expect(two.composer).toHaveValue('');
  await two.composer.press('Enter');

  // The same when another tab than the one that wrote the draft sends it.
  await one.composer.fill('hello from the second');
  const three = await one.visitor.enter();
  await expect(three.composer).toHaveValue('hello from the second');
  await three.composer.press('Enter');
  await expect(one.composer).toHaveValue('');
  await bo.hasExactly(['hello from the first', 'hello from the second']);
  expect(await keptDrafts(one.page)).toEqual([]);
});

test('a draft that one tab clears is gone from the other', { tag: '@core' }, async ({ visitor }) => {
  const one = await visitor('Ann');
  await one.composer.fill('better not');
  const two = await one.visitor.enter();
  await expect(two.composer).toHaveValue('better not');
  await two.composer.clear();
  await expect(one.composer).toHaveValue('');
  await one.reload();
  await expect(one.composer).toHaveValue('');
});

test('a tab that took a draft up follows it until somebody writes there', { tag: '@core' }, async ({ visitor }) => {
  const one = await visitor('Ann');
  await one.composer.fill('first');
  const two = await one.visitor.enter();
  await one.composer.press('End');
  await one.composer.pressSequentially(' and second');
  await expect(two.composer).toHaveValue('first and second');
  await two.composer.press('End');
  await two.composer.pressSequentially(', here');
  await one.composer.pressSequentially(', there');
  await expect(one.composer).toHaveValue('first and second, there');
  await expect(two.composer).toHaveValue('first and second, here');
});

test('two tabs write in one room, and neither draft overwrites the other', { tag: '@core' }, async ({ visitor }) => {
  const [one, bo] = [await visitor('Ann'), await visitor('Bo')];
  const two = await one.visitor.enter();
  await one.composer.fill('written in the first');
  await two.composer.fill('written in the second');
  await one.composer.press('End');
  await one.composer.pressSequentially(' tab');
  for (const tab of [two, one]) await tab.reload();
  await expect(one.composer).toHaveValue('written in the first tab');
  await expect(two.composer).toHaveValue('written in the second');
  await one.composer.press('Enter');
  await bo.hears('written in the first tab');
  await expect(two.composer).toHaveValue('written in the second');
  await two.composer.press('Enter');
  await bo.hasExactly(['written in the first tab', 'written in the second']);
});

test('a draft whose tab is closed is taken up by the next tab, and once it is sent no other takes it up', async ({ visitor }) => {
  const one = await visitor('Ann', { path: '/chat/tea' });
  await one.composer.fill('half a sen');
  const keeper = await one.visitor.enter('/chat/other');
  await one.page.close({ runBeforeUnload: true });
  await keeper.goTo('tea');
  await expect(keeper.composer).toHaveValue('half a sen');
  await keeper.composer.press('End');
  await keeper.composer.pressSequentially('tence');
  await keeper.composer.press('Enter');
  await keeper.hasExactly(['half a sentence']);
  const next = await keeper.visitor.enter('/chat/tea');
  await next.hasExactly(['half a sentence']);
  await expect(next.composer).toHaveValue('');
  expect(await keptDrafts(next.page)).toEqual([]);
});

test('what an input method puts together is left alone when another tab sends', async ({ visitor }) => {
  const one = await visitor('小明', { locale: 'zh-CN' });
  await one.composer.fill('你好');
  const two = await one.visitor.enter();
  await expect(two.composer).toHaveValue('你好');
  await two.composer.press('End');
  const keyboard = await two.visitor.context.newCDPSession(two.page);
  await keyboard.send('Input.imeSetComposition', { text: 'ma', selectionStart: 2, selectionEnd: 2 });
  await one.composer.press('Enter');
  await one.hasExactly(['你好']);
  // By the time the other tab shows the message, it has been told that the draft was sent.
  await two.hasExactly(['你好']);
  await expect(two.composer).toHaveValue('你好ma');
  await keyboard.send('Input.insertText', { text: '吗' });
  await expect(two.composer).toHaveValue('你好吗');
});

test('an older draft never comes back over a newer one when the storage is full', { tag: '@core' }, async ({ visitor }) => {
  const ann = await visitor('Ann');
  await ann.composer.fill('the older one');
  await ann.page.evaluate(() => {
    Storage.prototype.setItem = () => {
      throw new DOMException('full', 'QuotaExceededError');
    };
  });
  await ann.composer.fill('the newer one');
  await expect(ann.composer).toHaveValue('the newer one');
  expect(await keptDrafts(ann.page)).toEqual([]);
  const two = await ann.visitor.enter();
  await expect(two.composer).toHaveValue('');
  await expect(ann.composer).toHaveValue('the newer one');
});

test('what is read in one tab is not unread in the other', { tag: '@core' }, async ({ visitor }) => {
  const [one, bo] = [await visitor('Ann'), await visitor('Bo')];
  await one.goTo('one');
  await expect(one.title).toContainText('one');
  const two = await one.visitor.enter();
  await two.goTo('two');
  await expect(two.title).toContainText('two');
  for (const text of ['first', 'second']) await bo.say(text);
  for (const tab of [one, two]) {
    await expect.poll(() => tab.unread('Lobby')).toBe(2);
    await expect(tab.page).toHaveTitle(/^\(2\) /);
  }
  await one.roomLink('Lobby').click();
  await one.hasExactly(['first', 'second']);
  await expect.poll(() => two.unread('Lobby')).toBeNull();
  await expect(two.page).toHaveTitle(/^two/);

  // Later messages are unread again in rooms that no tab shows.
  await one.roomLink('one').click();
  await expect(one.title).toContainText('one');
  await bo.say('third');
  for (const tab of [one, two]) await expect.poll(() => tab.unread('Lobby')).toBe(1);
});
