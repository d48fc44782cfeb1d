// A page belongs to one user: whoever logs in in the same browser, it never acts for another.

import { UNREACHABLE } from '../support/console-guard';
import type { ChatPage } from '../support/chat-page';
import type { Line } from '../support/line';
import { hold } from '../support/hold';
import { LoginPage } from '../support/login-page';
import type { Teahouse } from '../support/teahouse';
import { expect, test } from '../support/test';

test.beforeEach(({ consoleGuard }) => consoleGuard.expect(UNREACHABLE));

const BELONGS_TO_ANN =
  'This browser is logged in under another nickname now. What waits here stays Ann’s.';

/** Everything that this browser stores for one user, by key. */
async function keptFor(tab: ChatPage, user: string): Promise<Record<string, string>> {
  return tab.page.evaluate(
    user => Object.fromEntries(Object.entries({ ...localStorage }).filter(([name]) => name.startsWith(`teahouse:${user}:`))),
    user,
  );
}

async function userId(tab: ChatPage): Promise<string> {
  return tab.page.evaluate(() => JSON.parse(document.getElementById('boot')!.textContent!).user.id);
}

/**
 * Ann's page loses its connection, while in another, connected tab of her browser she logs out and Cy logs
 * in. That tab reaches the server on another port: cookies do not distinguish ports.
 */
async function cyTakesOver(ann: ChatPage, line: Line, teahouse: Teahouse): Promise<ChatPage> {
  const other = await ann.visitor.enter(`${teahouse.url}/chat`);
  line.cut();
  await expect(ann.banner).not.toBeEmpty();
  await other.logOut.click();
  await expect(other.page).toHaveURL(/\/login/);
  await new LoginPage(other.page).logInAs('Cy');
  await other.isConnected();
  return other;
}

test('what waits in a page is not sent by whoever logs in meanwhile in another tab', async ({ visitor, line, teahouse }) => {
  const bo = await visitor('Bo');
  const page = await visitor('Ann', { baseURL: line.url });
  const ann = await userId(page);
  const cy = await cyTakesOver(page, line, teahouse);
  await page.say('only Ann says so');
  await expect(page.pending).toHaveCount(1);
  await page.composer.fill('a draft of Ann’s');
  const kept = await keptFor(page, ann);
  expect(Object.values(kept).join()).toContain('only Ann says so');
  line.mend();

  await expect(page.banner).toContainText(BELONGS_TO_ANN);
  await cy.say('Cy speaks');
  await bo.hasExactly(['Cy speaks']);
  await bo.hears('Cy speaks', 'Cy');
  expect(page.visitor.sent).toEqual(['Cy speaks']);
  await expect(page.pending).toHaveCount(1);
  await expect(page.composer).toHaveValue('a draft of Ann’s');
  const outbox = Object.entries(await keptFor(page, ann)).filter(([name]) => name.includes(':outbox:'));
  expect(outbox).toEqual(Object.entries(kept).filter(([name]) => name.includes(':outbox:')));

  // The link leads to the login page; Cy stays logged in until another user logs in.
  await page.banner.getByRole('link', { name: 'Log in' }).click();
  const door = new LoginPage(page.page);
  await expect(door.problem).toContainText('This browser is logged in under the nickname below');
  await expect(door.nickname).toHaveValue('Cy');
  await door.logInAs('Ann');
  await page.isConnected();
  await expect(cy.page).toHaveURL(/why=logged-out/);
  // A new login with the same nickname: the page asks before it sends, since it may be another user.
  await expect(page.pending.locator('.line__text')).toHaveText(['only Ann says so']);
  await page.pending.getByRole('button', { name: 'Send', exact: true }).click();
  await bo.hears('only Ann says so', 'Ann');
  await expect(page.pending).toHaveCount(0);
  await page.reload();
  for (const reader of [page, bo]) await reader.hasExactly(['Cy speaks', 'only Ann says so']);
  expect(page.visitor.sent).toEqual(['Cy speaks', 'only Ann says so']);
  expect(Object.keys(await keptFor(page, ann)).filter(name => name.includes(':outbox:'))).toEqual([]);
});

test('a page that is loaded again after somebody else has logged in holds nothing of its former user @core', async ({ visitor, line, teahouse }) => {
  const page = await visitor('Ann', { baseURL: line.url, path: '/chat/tea' });
  await page.goTo('secret-plans');
  await expect(page.title).toContainText('secret-plans');
  const ann = await userId(page);
  await cyTakesOver(page, line, teahouse);
  await page.say('only Ann says so');
  await page.composer.fill('a draft of Ann’s');
  line.mend();
  await expect(page.banner).toContainText(BELONGS_TO_ANN);

  await page.reload();
  await expect(page.page.locator('.account bdi')).toHaveText('Cy');
  await expect(page.composer).toHaveValue('');
  await expect(page.pending).toHaveCount(0);
  await expect(page.rooms).not.toContainText('tea');
  const kept = Object.values(await keptFor(page, await userId(page))).join();
  expect(kept).not.toContain('Ann');
  // All of it is still stored for Ann.
  const hers = Object.values(await keptFor(page, ann)).join();
  for (const words of ['only Ann says so', 'a draft of Ann’s']) expect(hers).toContain(words);
});

test('a page whose login was deleted says at the login why one is there', async ({ visitor, line }) => {
  const ann = await visitor('Ann', { baseURL: line.url });
  line.cut();
  await expect(ann.banner).not.toBeEmpty();
  await ann.visitor.context.clearCookies();
  line.mend();
  await expect(ann.page).toHaveURL(/\/login\?.*why=expired/);
  await expect(ann.page.getByRole('alert')).toHaveText(
    'You are not logged in any more: this browser’s login has expired or was deleted. Please log in again.',
  );
});

test('a login that has vanished is told from a first visit', async ({ visitor, stranger }) => {
  const ann = await visitor('Ann');
  await ann.visitor.context.clearCookies({ name: /^teahouse-/ });
  await ann.page.goto('/chat/tea');
  await expect(ann.page.getByRole('alert')).toContainText('You are not logged in any more');
  await ann.page.locator('.language button').click();
  await expect(ann.page.getByRole('alert')).toContainText('您已不在登录状态');
  const door = await (await stranger()).atTheDoor('/chat/tea');
  await expect(door.nickname).toBeVisible();
  await expect(door.problem).toHaveCount(0);
});

test('what one user typed in a tab is not in the composer of the next one, and what they type themselves stays @core', async ({ visitor }) => {
  const ann = await visitor('Ann');
  await ann.composer.fill('a draft of Ann’s');
  const other = await ann.visitor.enter('/chat');
  await other.logOut.click();
  await new LoginPage(other.page).logInAs('Cy');
  await other.isConnected();
  await expect(ann.page).toHaveURL(/why=logged-out/);
  const letPass = await hold(ann.page);
  await ann.page.goBack({ waitUntil: 'domcontentloaded' });
  await expect(ann.composer).toHaveValue('');
  await ann.composer.fill('of Cy’s');
  letPass();
  await ann.isConnected();
  await expect(ann.composer).toHaveValue('of Cy’s');
});
