// Third parties change the page before, while and after the program starts. The room keeps working.

import { type BrowserContext, type Page, type WebSocket, chromium as chromiumType } from '@playwright/test';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from '../support/browsers';
import { ChatPage } from '../support/chat-page';
import { DISTURBANCES, REWRITINGS } from '../support/foreign-nodes';
import { hold } from '../support/hold';
import { RewritingProxy } from '../support/rewriting-proxy';
import { expect, test } from '../support/test';
import { Visitor } from '../support/visitor';

/** Expects a working room: it sends and receives messages, and the heading follows navigation. */
async function works(chat: ChatPage, other: ChatPage): Promise<void> {
  await chat.isConnected();
  await chat.say('from the page that was changed');
  await other.hears('from the page that was changed');
  await other.say('from the other one');
  await chat.hears('from the other one');
  await chat.goTo('tea');
  await expect(chat.title).toContainText('tea');
  await chat.say('in the tea room');
  await expect(chat.message('in the tea room')).toHaveCount(1);
  expect(await other.messages.filter({ hasText: 'in the tea room' }).count()).toBe(0);
}

for (const [what, disturb] of Object.entries(DISTURBANCES)) {
  test(`before the program starts, ${what}: what is typed stays, and the room works @core`, async ({ visitor }) => {
    const [ann, bo] = [await visitor('Ann'), await visitor('Bo')];
    await bo.say('call 555 0101');
    await ann.hears('call 555 0101');
    const page = await ann.visitor.tab();
    const letPass = await hold(page);
    await page.goto('/chat', { waitUntil: 'domcontentloaded' });
    await page.evaluate(disturb);
    const chat = new ChatPage(page, ann.visitor);
    await chat.composer.fill('half a sentence');
    await chat.composer.press('ArrowLeft');
    letPass();
    await chat.isConnected();
    await expect(chat.composer).toHaveValue('half a sentence');
    await expect(chat.composer).toBeFocused();
    expect(await chat.composer.evaluate((area: HTMLTextAreaElement) => area.selectionStart)).toBe('half a sentenc'.length);
    await chat.composer.press('End');
    await chat.composer.press('Enter');
    await bo.hears('half a sentence');
    await works(chat, bo);
  });

  // After the start the DOM is the program's own; nothing removes comments from a running page.
  if (what === 'a comment is taken out') continue;
  test(`after the program has started, ${what} again and again: the room works @core`, async ({ visitor }) => {
    const [ann, bo] = [await visitor('Ann'), await visitor('Bo')];
    await ann.page.evaluate(disturbing => {
      const again = new Function(`(${disturbing})()`);
      again();
      new MutationObserver(() => again()).observe(document.getElementById('app')!, { childList: true, subtree: true, characterData: true });
    }, disturb.toString());
    await works(ann, bo);
  });
}

test('a page that nobody has changed is taken over as it is', async ({ visitor }) => {
  const ann = await visitor('Ann');
  const page = await ann.visitor.tab();
  const letPass = await hold(page);
  await page.goto('/chat', { waitUntil: 'domcontentloaded' });
  await page.evaluate(() => Object.assign(document.getElementById('composer')!, { isTheServers: true }));
  letPass();
  await new ChatPage(page, ann.visitor).isConnected();
  expect(await page.evaluate(() => 'isTheServers' in document.getElementById('composer')!)).toBe(true);
});

test('one who reads further up when the page is drawn anew goes on reading there', async ({ visitor }) => {
  const ann = await visitor('Ann');
  for (let n = 1; n <= 60; n += 1) await ann.say(`line ${n}`);
  await ann.hears('line 60');
  const page = await ann.visitor.tab();
  const letPass = await hold(page);
  await page.goto('/chat', { waitUntil: 'domcontentloaded' });
  const chat = new ChatPage(page, ann.visitor);
  await page.evaluate(DISTURBANCES['an element becomes the first child of the app']);
  await chat.timeline.evaluate(timeline => timeline.scrollBy(0, -900));
  const seq = await chat.inTheMiddle();
  const place = await chat.place(seq);
  letPass();
  await chat.isConnected();
  expect(Math.abs((await chat.place(seq)) - place)).toBeLessThan(2);
});

for (const [what, rewrite] of Object.entries(REWRITINGS)) {
  test(`behind a proxy where ${what} the room works @core`, async ({ teahouse, visitor, stranger }) => {
    const bo = await visitor('Bo');
    await bo.say('write to ann@example.org');
    await bo.say('call 555 0101');
    await bo.hears('call 555 0101');
    const proxy = await RewritingProxy.before(teahouse, rewrite);
    const ann = await stranger({ baseURL: proxy.url });
    const door = await ann.atTheDoor('/chat');
    await door.logInAs('Ann');
    await works(new ChatPage(door.page, ann), bo);
    await ann.context.close();
    proxy.close();
  });
}

test('behind a proxy that spoils the page’s data one talks by the form, and is told', async ({ teahouse, visitor, stranger, consoleGuard }) => {
  consoleGuard.expect(/was preloaded using link preload but not used/);
  const bo = await visitor('Bo');
  const proxy = await RewritingProxy.before(teahouse, html => html.replace('{"user":', '{user:'));
  const ann = await stranger({ baseURL: proxy.url });
  const door = await ann.atTheDoor('/chat');
  await door.logInAs('Ann');
  await expect(door.page.locator('#trouble')).toContainText('A part of this page could not be loaded.');
  await door.page.locator('#composer').fill('by the form');
  await door.page.locator('#composer').press('Enter');
  await bo.hears('by the form', 'Ann');
  await ann.context.close();
  proxy.close();
});

test('while a translator is at work, counts, names, notes and warnings go on being true @core', async ({ visitor }) => {
  const ann = await visitor('Ann');
  const wrapAll = DISTURBANCES['a translator wraps every text'].toString();
  await ann.page.evaluate(wrapping => {
    const again = new Function(`(${wrapping})()`);
    again();
    new MutationObserver(() => again()).observe(document.getElementById('app')!, { childList: true, subtree: true, characterData: true });
  }, wrapAll);
  await expect(ann.page.locator('.header__members')).toHaveText('1 here');
  const bo = await visitor('Bo');
  await expect(ann.page.locator('.header__members')).toHaveText('2 here');
  await expect(ann.page.locator('.members__count')).toHaveText('2');
  await bo.composer.pressSequentially('mm');
  await expect(ann.page.locator('.typing')).toHaveText('Bo is writing…');
  await ann.composer.fill('x'.repeat(4_001));
  await expect(ann.page.locator('#composer-count')).toHaveText('1 character too many');
  await ann.composer.fill('x'.repeat(4_003));
  await expect(ann.page.locator('#composer-count')).toHaveText('3 characters too many');
  await ann.composer.fill('');
  await expect(ann.page.locator('#composer-problem')).toBeEmpty();
  await ann.goTo('tea');
  await expect(ann.title).toHaveText('#tea');
  await ann.goTo('oolong');
  await expect(ann.title).toHaveText('#oolong');
  await bo.say('one');
  await expect.poll(() => ann.unread('Lobby')).toBe(1);
  await bo.say('two');
  await expect.poll(() => ann.unread('Lobby')).toBe(2);
  await ann.otherLanguage.click();
  await expect(ann.page.locator('html')).toHaveAttribute('lang', 'zh-CN');
  await expect(ann.logOut).toHaveText('退出登录');
});

test('an instance that took over a page which is not the server’s is stopped before another draws it', async ({ visitor, consoleGuard }) => {
  // The panic, and the trap that follows it.
  consoleGuard.expect(/panicked|unreachable|RuntimeError|Unhandled|hydrat/);
  const [ann, bo] = [await visitor('Ann'), await visitor('Bo')];
  const page = await ann.visitor.tab();
  const open = new Set<WebSocket>();
  page.on('websocket', socket => {
    open.add(socket);
    socket.on('close', () => open.delete(socket));
  });
  const letPass = await hold(page);
  await page.goto('/chat', { waitUntil: 'domcontentloaded' });
  await page.evaluate(() => {
    // Replaces an element, and makes the page claim that the server sent it that way.
    const app = document.getElementById('app')!;
    app.querySelector('header')!.replaceWith(document.createElement('section'));
    const outline = (element: Element): string =>
      [...element.childNodes]
        .map(node => (node instanceof Element ? `<${node.localName}${outline(node)}>` : node.nodeType === 3 ? '.' : '!'))
        .join('');
    let hash = 0x811c9dc5;
    for (const letter of outline(app)) hash = Math.imul(hash ^ letter.charCodeAt(0), 0x01000193);
    document.querySelector<HTMLElement>('script[data-outline]')!.dataset.outline = String(hash >>> 0);
  });
  const panicked = page.waitForEvent('console', message => message.type() === 'error');
  letPass();
  await panicked;
  const chat = new ChatPage(page, ann.visitor);
  await works(chat, bo);
  expect(open.size, 'the connections that this page holds').toBe(1);
});

/** Content scripts as real extensions run them, at the same moments. */
const EXTENSIONS: Record<string, { run_at: string; script: string }> = {
  'a password manager': { run_at: 'document_idle', script: DISTURBANCES['a password manager puts an element before each text field'].toString() },
  'a dialler': { run_at: 'document_end', script: DISTURBANCES['digits are wrapped as telephone numbers'].toString() },
  'a translator that never rests': {
    run_at: 'document_end',
    script: `() => { const again = ${DISTURBANCES['a translator wraps every text'].toString()}; again();
      new MutationObserver(again).observe(document.getElementById('app'), { childList: true, subtree: true, characterData: true }); }`,
  },
};

for (const [name, { run_at, script }] of Object.entries(EXTENSIONS)) {
  test(`with ${name} installed the room works`, async ({ teahouse, visitor }) => {
    const bo = await visitor('Bo');
    await bo.say('call 555 0101');
    const folder = await mkdtemp(join(tmpdir(), 'teahouse-extension-'));
    const manifest = { manifest_version: 3, name, version: '1', content_scripts: [{ matches: ['http://*/*'], js: ['content.js'], run_at }] };
    await writeFile(join(folder, 'manifest.json'), JSON.stringify(manifest));
    await writeFile(join(folder, 'content.js'), `if (document.getElementById('app')) { (${script})(); document.documentElement.dataset.extension = 'ran'; }`);
    const context = await withExtension(folder);
    const ann = new Visitor(teahouse, context);
    const page: Page = await ann.tab();
    await page.goto(`${teahouse.url}/chat`);
    await page.locator('#nickname').fill('Ann');
    await page.locator('.login__enter').click();
    const chat = new ChatPage(page, ann);
    await works(chat, bo);
    expect(await page.evaluate(() => document.documentElement.dataset.extension), 'the extension is there').toBe('ran');
    await context.close();
    await rm(folder, { recursive: true, force: true });
  });
}

async function withExtension(folder: string): Promise<BrowserContext> {
  const { executablePath, args } = chromium.launchOptions!;
  return chromiumType.launchPersistentContext('', {
    executablePath,
    locale: 'en-GB',
    ignoreDefaultArgs: ['--disable-extensions'],
    args: [...args!, '--headless=new', `--disable-extensions-except=${folder}`, `--load-extension=${folder}`],
  });
}
