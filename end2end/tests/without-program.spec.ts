// The page without its program: no JavaScript, no WebAssembly, a program that cannot be fetched or that
// fails. Users can still read and send, nothing is sent twice, and the page names the problem.

import { type Page } from '@playwright/test';
import { ChatPage } from '../support/chat-page';
import { UNREACHABLE } from '../support/console-guard';
import { hold } from '../support/hold';
import { expect, test } from '../support/test';

/** The page cannot know that no script will use what it preloads. */
const PRELOADED = /was preloaded using link preload but not used/;

/** The log in the frame that replaces the timeline. */
const log = (page: Page) => page.frameLocator('.plain-log');
const texts = (page: Page) => log(page).locator('.line__text');

// Firefox's driver cannot switch JavaScript off.
test('with JavaScript off one logs in, writes, reads, goes to a room, leaves it and logs out', async ({ stranger, visitor, consoleGuard }) => {
  consoleGuard.expect(PRELOADED);
  const bo = await visitor('Bo');
  const ann = await stranger({ javaScriptEnabled: false });
  const page = await ann.context.newPage();
  await page.goto('/chat');
  await page.locator('#nickname').fill('Ann');
  await page.locator('.login__enter').click();
  await expect(page.locator('.no-script')).toHaveText('JavaScript is off. You can still read and write here; new messages appear every 15 seconds.');
  await page.locator('#composer').fill('two lines\nwithout a script <b>');
  await page.locator('.composer__send').click();
  await expect(page).toHaveURL(/\/chat$/);
  await expect(texts(page)).toHaveText(['two lines\nwithout a script <b>']);
  await expect(page.locator('#composer')).toHaveValue('');
  await bo.hears('two lines\nwithout a script <b>', 'Ann');
  await page.locator('#composer').fill('half a sentence');
  await bo.say('an answer');
  // The frame reloads itself; text typed beside it stays.
  await expect(texts(page)).toHaveText(['two lines\nwithout a script <b>', 'an answer'], { timeout: 40_000 });
  await expect(page.locator('#composer')).toHaveValue('half a sentence');
  await page.locator('#go-to-room').fill('Tea');
  await page.locator('.go-to-room button').click();
  await expect(page).toHaveURL(/\/chat\/tea$/);
  await page.locator('#composer').fill('in the tea room');
  await page.locator('.composer__send').click();
  await expect(texts(page)).toHaveText(['in the tea room']);
  await page.locator('.rooms__leave:visible').click();
  await expect(page).toHaveURL(/\/chat\??$/);
  await page.locator('form[action="/logout"] button').click();
  await expect(page).toHaveURL(/\/login/);
});

test('with JavaScript off one ends a copy of one’s login, and after the log-out Back shows nothing', async ({ stranger, consoleGuard }) => {
  consoleGuard.expect(PRELOADED);
  const ann = await stranger({ javaScriptEnabled: false });
  const page = await ann.context.newPage();
  await page.goto('/chat/tea');
  await page.locator('#nickname').fill('Ann');
  await page.locator('.login__enter').click();
  await page.locator('#composer').fill('between us');
  await page.locator('.composer__send').click();
  await expect(texts(page)).toHaveText(['between us']);

  const thief = await stranger({ javaScriptEnabled: false });
  await thief.context.addCookies(await ann.context.cookies());
  const copy = await thief.context.newPage();
  await copy.goto('/chat/tea');
  await expect(texts(copy)).toHaveText(['between us']);
  await page.locator('form[action="/logout/elsewhere"] button').click();
  await expect(page).toHaveURL(/\/chat\/tea$/);
  await expect(texts(page)).toHaveText(['between us']);
  await copy.reload();
  await expect(copy).toHaveURL(/\/login/);

  await page.locator('form[action="/logout"] button').click();
  await expect(page).toHaveURL(/\/login/);
  await page.goBack();
  await expect(page).toHaveURL(/\/login/);
  await expect(page.locator('#nickname')).toBeVisible();
});

test('with JavaScript off, what cannot be sent comes back with the reason', async ({ stranger, consoleGuard }) => {
  consoleGuard.expect(PRELOADED, /status of 422/, /status of 401/);
  const ann = await stranger({ javaScriptEnabled: false });
  const page = await ann.context.newPage();
  await page.goto('/chat/tea');
  await page.locator('#nickname').fill('Ann');
  await page.locator('.login__enter').click();
  const long = `${'x'.repeat(4_000)} and </textarea><b>more</b>`;
  await page.locator('#composer').fill(long);
  await page.locator('.composer__send').click();
  await expect(page.locator('#composer')).toHaveValue(long);
  await expect(page.locator('#composer-problem')).toHaveText('This is longer than a message may be. Shorten it, or send it in parts.');
  await page.locator('#composer').fill('shorter');
  await page.locator('.composer__send').click();
  await expect(texts(page)).toHaveText(['shorter']);
  // Without a login the text is shown for copying.
  await page.locator('#composer').fill('words of one who has lost their cookie');
  await ann.context.clearCookies();
  await page.locator('.composer__send').click();
  await expect(page.locator('#unsent')).toHaveValue('words of one who has lost their cookie');
});

test('a form of somebody else is not sent in the name of who is logged in now', async ({ visitor, stranger, consoleGuard }) => {
  consoleGuard.expect(PRELOADED, /status of 409/);
  const bo = await visitor('Bo');
  const ann = await stranger({ javaScriptEnabled: false });
  const page = await ann.context.newPage();
  await page.goto('/chat');
  await page.locator('#nickname').fill('Ann');
  await page.locator('.login__enter').click();
  await page.locator('#composer').fill('these are Ann’s words');
  const other = await ann.context.newPage();
  await other.goto('/chat');
  await other.locator('form[action="/logout"] button').click();
  await other.locator('#nickname').fill('Cy');
  await other.locator('.login__enter').click();
  await expect(other.locator('.composer')).toBeVisible();
  await page.locator('.composer__send').click();
  await expect(page.locator('#composer')).toHaveValue('these are Ann’s words');
  await expect(page.locator('#composer-problem')).toContainText('you are logged in as Cy now');
  expect(await bo.messages.count()).toBe(0);
});

const FAILURES: Record<string, { prepare(page: Page): Promise<void>; says: string }> = {
  'the browser has no WebAssembly': {
    prepare: page => page.addInitScript(() => Reflect.deleteProperty(window, 'WebAssembly')),
    says: 'This browser has WebAssembly switched off',
  },
  'the program is blocked': {
    prepare: page => page.route('**/*.wasm', route => route.abort('blockedbyclient')),
    says: 'A part of this page could not be loaded.',
  },
  'the script of the program is blocked': {
    prepare: page => page.route('**/pkg/*.js*', route => route.abort('blockedbyclient')),
    says: 'A part of this page could not be loaded.',
  },
  'the program is answered with 503': {
    prepare: page => page.route('**/*.wasm', route => route.fulfill({ status: 503, body: 'busy' })),
    says: 'A part of this page could not be loaded.',
  },
};

for (const [what, { prepare, says }] of Object.entries(FAILURES)) {
  test(`${what}: the page says so, keeps what is typed, and one talks by its form @core`, async ({ visitor, consoleGuard }) => {
    consoleGuard.expect(/./);
    const [ann, bo] = [await visitor('Ann'), await visitor('Bo')];
    const page = await ann.visitor.tab();
    await prepare(page);
    await page.goto('/chat');
    await expect(page.locator('#trouble')).toContainText(says);
    await expect(page.locator('iframe.plain-log')).toBeVisible();
    await page.locator('#composer').fill('typed without a program');
    await page.reload();
    await expect(page.locator('#composer')).toHaveValue('typed without a program');
    await expect(page.locator('#trouble')).toContainText(says);
    await page.locator('#composer').press('Enter');
    await bo.hears('typed without a program', 'Ann');
    await expect(texts(page).filter({ hasText: 'typed without a program' })).toHaveCount(1);
    await expect(page.locator('#composer')).toHaveValue('');
    await bo.say('an answer');
    await expect(texts(page).filter({ hasText: 'an answer' })).toHaveCount(1, { timeout: 40_000 });
    expect(await bo.messages.count()).toBe(2);
  });
}

test('sent before the program runs, sent twice by an impatient finger, and found again by Back, it is said once @core', async ({ visitor }) => {
  const ann = await visitor('Ann');
  const page = await ann.visitor.tab();
  const letPass = await hold(page);
  await page.goto('/chat', { waitUntil: 'domcontentloaded' });
  await page.locator('#composer').fill('said early');
  await page.locator('.composer__send').dblclick();
  await ann.hears('said early');
  await expect(page.locator('#composer')).toHaveValue('');
  await page.waitForLoadState();
  letPass();
  const chat = new ChatPage(page, ann.visitor);
  await chat.isConnected();
  await expect(chat.composer).toHaveValue('');
  await page.goBack();
  await page.goto('/chat');
  await chat.isConnected();
  await expect(chat.composer).toHaveValue('');
  await ann.hasExactly(['said early']);
});

test('an answer lost on the way does not say it twice, whether the form or the program sends it again', async ({ visitor, line, consoleGuard }) => {
  consoleGuard.expect(UNREACHABLE, PRELOADED, /net::ERR/);
  const ann = await visitor('Ann');
  const page = await ann.visitor.tab();
  await hold(page);
  await page.goto(`${line.url}/chat`, { waitUntil: 'domcontentloaded' });
  await page.locator('#composer').fill('lost answer');
  // The message arrives, but the response does not.
  const letGo = line.holdBack('POST /chat');
  await page.evaluate(() => setTimeout(() => document.querySelector<HTMLElement>('.composer__send')!.click()));
  await ann.hears('lost answer');
  line.cut();
  letGo();
  // The browser has retried on its own, and shows its own error page.
  await expect(page.locator('#composer')).toHaveCount(0);
  line.mend();
  await page.unrouteAll();
  await page.goto(`${line.url}/chat`);
  const chat = new ChatPage(page, ann.visitor);
  await chat.isConnected();
  await expect(chat.composer).toHaveValue('lost answer');
  await chat.composer.press('Enter');
  await expect(chat.composer).toHaveValue('');
  await expect(chat.pending).toHaveCount(0);
  await ann.say('the next one');
  await ann.hasExactly(['lost answer', 'the next one']);
});

test('a program that fails is started anew in place; one that fails again leaves a page that works @core', async ({ visitor, consoleGuard }) => {
  consoleGuard.expect(/./);
  const [ann, bo] = [await visitor('Ann'), await visitor('Bo')];
  await bo.say('before');
  await ann.hears('before');
  await ann.goTo('tea');
  await ann.say('in the tea room');
  await expect(ann.message('in the tea room')).toHaveCount(1);
  await ann.composer.fill('half a sentence');
  const joins = await ann.joins();
  // A trap, as after a bug: the WebAssembly code executes `unreachable`.
  const trap = () =>
    ann.page.evaluate(() => {
      const bytes = new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0, 1, 4, 1, 96, 0, 0, 3, 2, 1, 0, 7, 5, 1, 1, 102, 0, 0, 10, 5, 1, 3, 0, 0, 11]);
      const { f } = new WebAssembly.Instance(new WebAssembly.Module(bytes)).exports as { f(): void };
      setTimeout(f);
    });
  await trap();
  await expect.poll(() => ann.joins()).toBeGreaterThan(joins);
  await expect(ann.composer).toHaveValue('half a sentence');
  await expect(ann.title).toContainText('tea');
  await expect(ann.page.locator('#trouble')).toHaveCount(0);
  await ann.composer.press('End');
  await ann.composer.press('Enter');
  await expect(ann.message('half a sentence')).toHaveCount(1);
  await expect(ann.members).toHaveCount(1);
  await trap();
  await expect(ann.page.locator('#trouble')).toContainText('Something on this page failed twice.');
  await ann.composer.fill('by the form');
  await ann.page.locator('.composer__send').click();
  await expect(ann.page).toHaveURL(/\/chat\/tea$/);
  await ann.isConnected();
  await ann.hasExactly(['in the tea room', 'half a sentence', 'by the form']);
});

test('a program that is late says so, and takes over from the plain page when it comes', async ({ visitor }) => {
  const ann = await visitor('Ann');
  const page = await ann.visitor.tab();
  const letPass = await hold(page);
  await page.goto('/chat', { waitUntil: 'domcontentloaded' });
  await expect(page.locator('#trouble')).toContainText('This page is still loading.');
  await expect(page.locator('iframe.plain-log')).toBeVisible();
  letPass();
  await new ChatPage(page, ann.visitor).isConnected();
  await expect(page.locator('#trouble')).toHaveCount(0);
  await expect(page.locator('.plain-log')).toHaveCount(0);
});
