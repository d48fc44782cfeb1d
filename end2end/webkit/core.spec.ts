// The core tests in WebKitGTK, Safari's engine.

import { test as base, expect } from '@playwright/test';
import { Teahouse } from '../support/teahouse';
import { KEYS, type WebDriver, WebKit } from './webdriver';

type Fixtures = {
  teahouse: Teahouse;
  /** A browser that is not logged in. */
  stranger(): Promise<WebDriver>;
  /** A browser whose user is in the room. */
  visitor(nickname: string): Promise<WebDriver>;
};

const test = base.extend<Fixtures, { webkit: WebKit }>({
  webkit: [
    async ({}, use) => {
      const webkit = await WebKit.launch();
      await use(webkit);
      webkit.close();
    },
    { scope: 'worker' },
  ],

  teahouse: async ({}, use) => {
    const teahouse = await Teahouse.open();
    await use(teahouse);
    await teahouse.close();
  },

  stranger: async ({ webkit }, use) => {
    const browsers: WebDriver[] = [];
    await use(async () => {
      const browser = await webkit.open();
      browsers.push(browser);
      return browser;
    });
    for (const browser of browsers) await browser.close();
  },

  visitor: async ({ stranger, teahouse }, use) => {
    await use(async nickname => {
      const browser = await stranger();
      await browser.goto(`${teahouse.url}/chat`);
      await expect.poll(() => browser.url()).toContain('/login');
      await browser.type('#nickname', nickname);
      await browser.click('.login__enter');
      // Only a connected page whose program runs shows the members.
      await expect.poll(() => browser.texts('.members__you')).toHaveLength(1);
      return browser;
    });
  },
});

test('one comes in with a nickname', async ({ visitor }) => {
  const ann = await visitor('Ann');
  expect(await ann.url()).toMatch(/\/chat$/);
  expect(await ann.texts('.account bdi')).toEqual(['Ann']);
  expect(await ann.texts('h1 bdi')).toEqual(['Lobby']);
});

test('a taken nickname is answered with the hint to choose another', async ({ visitor, stranger, teahouse }) => {
  await visitor('Ann');
  const other = await stranger();
  await other.goto(`${teahouse.url}/login`);
  await other.type('#nickname', 'Ann');
  await other.click('.login__enter');
  await expect.poll(() => other.texts('[role=alert]')).toEqual(['Sorry, that nickname is taken, please choose another.']);
});

test('two people talk both ways; Enter sends and Shift+Enter breaks the line', async ({ visitor }) => {
  const [ann, ming] = [await visitor('Ann'), await visitor('小明')];
  await expect.poll(() => ann.texts('.notice')).toEqual(['~~~ 小明 entered ~~~']);
  await ann.type('#composer', `hello${KEYS.shift}${KEYS.enter}${KEYS.shift}there${KEYS.enter}`);
  await expect.poll(() => ming.texts('.message .line__text')).toEqual(['hello\nthere']);
  await ming.type('#composer', `你好${KEYS.enter}`);
  for (const browser of [ann, ming]) {
    await expect.poll(() => browser.texts('.message .line__text')).toEqual(['hello\nthere', '你好']);
  }
  expect(await ann.texts('.message--mine .line__text')).toEqual(['hello\nthere']);
  expect(await ming.texts('.message--mine .line__text')).toEqual(['你好']);
  await ming.reload();
  await expect.poll(() => ming.texts('.message .line__text')).toEqual(['hello\nthere', '你好']);
});

test('the Enter that Safari sends after a composition has ended sends nothing', async ({ visitor }) => {
  const ming = await visitor('小明');
  await ming.type('#composer', '你好');
  const prevented = await ming.run<boolean>(`
    const composer = document.getElementById('composer');
    composer.dispatchEvent(new CompositionEvent('compositionstart', { bubbles: true }));
    composer.dispatchEvent(new CompositionEvent('compositionend', { bubbles: true, data: '你好' }));
    const key = new KeyboardEvent('keydown', { key: 'Enter', keyCode: 229, bubbles: true, cancelable: true });
    composer.dispatchEvent(key);
    return key.defaultPrevented;
  `);
  expect(prevented).toBe(false);
  await ming.type('#composer', `吗${KEYS.enter}`);
  await expect.poll(() => ming.texts('.message .line__text')).toEqual(['你好吗']);
});

test('a server that is killed and comes back: the page says so, keeps what is said, returns and sends it once', async ({ visitor, teahouse }) => {
  const [ann, bo] = [await visitor('Ann'), await visitor('Bo')];
  await ann.type('#composer', `before${KEYS.enter}`);
  await expect.poll(() => bo.texts('.message .line__text')).toEqual(['before']);
  await teahouse.kill();
  await expect.poll(() => ann.texts('.banner strong')).toEqual([expect.stringMatching(/^Connection lost at \d\d:\d\d\.$/)]);
  await ann.type('#composer', `said meanwhile${KEYS.enter}`);
  await expect.poll(() => ann.texts('.pending .line__text')).toEqual(['said meanwhile']);
  await teahouse.start();
  for (const browser of [ann, bo]) {
    await expect.poll(() => browser.texts('.message .line__text')).toEqual(['before', 'said meanwhile']);
    await expect.poll(() => browser.texts('.banner__what')).toEqual([]);
  }
  expect(await ann.texts('.pending')).toEqual([]);
});
