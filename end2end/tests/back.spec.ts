// Back and Forward follow what the user sees, wherever they searched and whatever panels opened meanwhile.

import type { FrameLocator } from '@playwright/test';
import type { ChatPage } from '../support/chat-page';
import { expect, test } from '../support/test';

function frame(chat: ChatPage): FrameLocator {
  return chat.page.frameLocator('.search-panel__frame');
}

/** Opens the search beside a room. */
async function openSearch(chat: ChatPage, room: string): Promise<void> {
  await chat.page.locator('.header__search').click();
  await expect(chat.page.locator('#search')).toBeVisible();
  await expect(frame(chat).getByRole('checkbox', { name: `Only in ${room}` })).toBeChecked();
}

async function searchFor(chat: ChatPage, typed: string): Promise<void> {
  await frame(chat).getByRole('searchbox').fill(typed);
  await frame(chat).getByRole('searchbox').press('Enter');
  await expect(frame(chat).locator('body')).toContainText('Nothing was found.');
  await expect(frame(chat).getByRole('searchbox')).toHaveValue(typed);
}

async function closeSearch(chat: ChatPage): Promise<void> {
  await chat.page.locator('#search .close').click();
  await expect(chat.page.locator('#search')).toBeHidden();
}

/** Goes back or forward like the browser's buttons, and expects this room once the next entry is shown. */
async function goes(chat: ChatPage, by: -1 | 1, room: string): Promise<void> {
  await chat.page.evaluate(by => {
    history.go(by);
    return new Promise(shown => addEventListener('popstate', shown, { once: true }));
  }, by);
  await expect(chat.title).toContainText(room);
}

test('Back and Forward go from room to room, however much was searched for in between @core', async ({ visitor }) => {
  const ann = await visitor('Ann');
  await ann.goTo('tea');
  await openSearch(ann, 'tea');
  await searchFor(ann, 'oolong');
  await searchFor(ann, 'sencha');
  await closeSearch(ann);
  await ann.goTo('milk');
  await openSearch(ann, 'milk');
  await searchFor(ann, 'oat');
  await searchFor(ann, 'soy');
  await closeSearch(ann);

  await goes(ann, -1, 'tea');
  await goes(ann, -1, 'Lobby');
  await goes(ann, 1, 'tea');
  await goes(ann, 1, 'milk');
  await goes(ann, -1, 'tea');
  await openSearch(ann, 'tea');
});

test('going back with the search open shows the room before, and the search is that room’s @core', async ({ visitor }) => {
  const ann = await visitor('Ann');
  await ann.goTo('tea');
  await openSearch(ann, 'tea');
  await searchFor(ann, 'oolong');
  await goes(ann, -1, 'Lobby');
  await expect(ann.page.locator('#search')).toBeHidden();
  await openSearch(ann, 'Lobby');
  await searchFor(ann, 'sencha');
  await goes(ann, 1, 'tea');
  await expect(ann.page.locator('#search')).toBeHidden();
  await openSearch(ann, 'tea');
});

test('what was searched for stays in the panel while it is closed, and no other room’s after a reload @core', async ({ visitor }) => {
  const ann = await visitor('Ann');
  await openSearch(ann, 'Lobby');
  await searchFor(ann, 'oolong');
  await closeSearch(ann);
  await openSearch(ann, 'Lobby');
  await expect(frame(ann).getByRole('searchbox')).toHaveValue('oolong');
  await closeSearch(ann);
  await ann.goTo('tea');
  await ann.reload();
  await openSearch(ann, 'tea');
  await expect(frame(ann).getByRole('searchbox')).toHaveValue('');
});

test('older finds in the panel leave no entry in the history either, and lead back to the newest', async ({ visitor, plainClient }) => {
  const ann = await visitor('Ann');
  const bo = await plainClient('Bo');
  for (let cup = 1; cup <= 35; cup += 1) bo.say(`cup ${cup}`);
  await ann.hears('cup 35');
  const before = await ann.page.evaluate(() => history.length);
  await openSearch(ann, 'Lobby');
  const found = frame(ann).locator('.hit');
  await expect(async () => {
    await frame(ann).getByRole('searchbox').fill('cup');
    await frame(ann).getByRole('searchbox').press('Enter');
    await expect(found).toHaveCount(30, { timeout: 500 });
    await expect(found.first()).toContainText('cup 35', { timeout: 500 });
  }).toPass();
  await frame(ann).getByRole('link', { name: 'older' }).click();
  await expect(found).toHaveCount(5);
  await frame(ann).getByRole('link', { name: 'Back to the newest' }).click();
  await expect(found).toHaveCount(30);
  expect(await ann.page.evaluate(() => history.length)).toBe(before);
});

test('the way past the header leaves no entry in the history @core', async ({ visitor }) => {
  const ann = await visitor('Ann');
  await ann.goTo('tea');
  const before = await ann.page.evaluate(() => history.length);
  await ann.page.locator('.skip').focus();
  await ann.page.keyboard.press('Enter');
  await expect(ann.composer).toBeFocused();
  expect(await ann.page.evaluate(() => history.length)).toBe(before);
});
