import type { Page } from '@playwright/test';
import type { ChatPage } from '../support/chat-page';
import { UNREACHABLE } from '../support/console-guard';
import { expect, test } from '../support/test';

test.beforeEach(({ consoleGuard }) => consoleGuard.expect(UNREACHABLE));

/** The values of one kind that this page's browser stores. */
async function kept(page: Page, kind: 'outbox' | 'draft'): Promise<string[]> {
  return page.evaluate(kind => {
    const names = Object.keys(localStorage).filter(name => name.split(':')[2] === kind);
    return names.map(name => localStorage.getItem(name)!);
  }, kind);
}

async function waitsFor(chat: ChatPage, texts: string[]): Promise<void> {
  await expect(chat.pending.locator('.line__text')).toHaveText(texts);
}

test('what was said offline survives a reload, and goes out once and in order when the house is back', async ({ visitor, line, teahouse }) => {
  const [ann, bo] = [await visitor('Ann', { baseURL: line.url }), await visitor('Bo')];
  line.cut();
  await expect(ann.banner).not.toBeEmpty();
  for (const text of ['one', 'two', 'three']) await ann.say(text);
  await waitsFor(ann, ['one', 'two', 'three']);
  expect(await kept(ann.page, 'outbox')).toHaveLength(3);

  // The page can be loaded again over a new connection, though its socket is gone.
  line.mend();
  await teahouse.kill();
  await teahouse.start();
  await ann.reload();
  for (const reader of [ann, bo]) await reader.hasExactly(['one', 'two', 'three']);
  expect(await kept(ann.page, 'outbox')).toEqual([]);
});

test('a page that is loaded while nothing can be sent shows what waits, and sends it later', async ({ visitor }) => {
  const [ann, bo] = [await visitor('Ann'), await visitor('Bo')];
  await ann.page.routeWebSocket(/\/ws/, socket => socket.close());
  await ann.page.reload();
  await expect(ann.banner).not.toBeEmpty();
  for (const text of ['你好', 'and\nagain']) await ann.say(text.split('\n')[0]);
  await waitsFor(ann, ['你好', 'and']);
  await ann.page.reload();
  await waitsFor(ann, ['你好', 'and']);
  await ann.page.close();

  const again = await ann.visitor.enter();
  for (const reader of [again, bo]) await reader.hasExactly(['你好', 'and']);
});

test('a tab that crashes loses nothing that was said or written in it', async ({ visitor, line }) => {
  const [ann, bo] = [await visitor('Ann', { baseURL: line.url }), await visitor('Bo')];
  line.cut();
  await expect(ann.banner).not.toBeEmpty();
  await ann.say('said before the crash');
  await ann.composer.fill('half a sen');
  await waitsFor(ann, ['said before the crash']);
  const session = await ann.visitor.context.newCDPSession(ann.page);
  const crashed = ann.page.waitForEvent('crash');
  // The page crashes before it can answer.
  void session.send('Page.crash').catch(() => {});
  await crashed;

  line.mend();
  const again = await ann.visitor.enter();
  await expect(again.composer).toHaveValue('half a sen');
  // The crashed tab did not sign off, so it counts as alive for some seconds.
  for (const reader of [again, bo]) await reader.hasExactly(['said before the crash']);
});

test('a server that is killed while fifty messages go out loses none and doubles none', async ({ visitor, teahouse }) => {
  const [ann, bo] = [await visitor('Ann'), await visitor('Bo')];
  const texts = Array.from({ length: 50 }, (_, index) => `message ${index + 1}`);
  for (const [index, text] of texts.entries()) {
    await ann.say(text);
    if (index === 25) await teahouse.kill();
  }
  await teahouse.start();
  for (const reader of [ann, bo]) await reader.hasExactly(texts);
  await bo.reload();
  await bo.hasExactly(texts);
});

test('what is written and not sent is there again after a reload, room by room', async ({ visitor }) => {
  const ann = await visitor('Ann');
  await ann.composer.fill('for the lobby, and not yet');
  await ann.goTo('tea');
  await expect(ann.title).toHaveText(/tea/);
  await ann.composer.fill('茶还没沏');
  await ann.page.reload();
  await expect(ann.composer).toHaveValue('茶还没沏');
  await ann.roomLink('Lobby').click();
  await expect(ann.composer).toHaveValue('for the lobby, and not yet');
  await ann.say('now it is said');
  await ann.hears('now it is said');
  await ann.page.reload();
  await expect(ann.composer).toHaveValue('');
  expect(await kept(ann.page, 'draft')).toEqual([expect.stringMatching(/^\d+ 茶还没沏$/)]);
});

test('a message that the server refuses stays refused over a reload, with its reason, until it is discarded', async ({ visitor, teahouse }) => {
  const ann = await visitor('Ann');
  await teahouse.kill();
  await ann.say('too long for the stricter house');
  await waitsFor(ann, ['too long for the stricter house']);
  await teahouse.start({ 'text-limit': '10' });
  const reason = 'Not sent. It is longer than a message may be.';
  await expect(ann.pending).toContainText(reason);
  await ann.reload();
  await expect(ann.pending).toContainText(reason);
  await expect(ann.rooms.getByRole('button', { name: 'Leave Lobby' })).toBeHidden();
  await ann.pending.getByRole('button', { name: 'Discard' }).click();
  await expect(ann.pending).toHaveCount(0);
  await ann.reload();
  await expect(ann.pending).toHaveCount(0);
  await expect(ann.messages).toHaveCount(0);
});

test('a room in which something waits to be said cannot be left', async ({ visitor, teahouse }) => {
  const ann = await visitor('Ann');
  await ann.goTo('tea');
  await expect(ann.title).toHaveText(/tea/);
  const leave = ann.rooms.getByRole('button', { name: 'Leave tea' });
  await expect(leave).toBeVisible();
  await teahouse.kill();
  await ann.say('wait for me');
  await expect(leave).toBeHidden();
  await teahouse.start();
  await ann.hasExactly(['wait for me']);
  await expect(leave).toBeVisible();
});

test('a message that has waited for a week asks before it goes out', async ({ visitor, line }) => {
  const [ann, bo] = [await visitor('Ann', { baseURL: line.url }), await visitor('Bo')];
  line.cut();
  await expect(ann.banner).not.toBeEmpty();
  for (const text of ['from last week', 'from last week too']) await ann.say(text);
  await waitsFor(ann, ['from last week', 'from last week too']);
  await ann.page.evaluate(() => {
    const week = 7 * 24 * 60 * 60 * 1000;
    for (const name of Object.keys(localStorage).filter(name => name.includes(':outbox:'))) {
      const record = localStorage.getItem(name)!;
      localStorage.setItem(name, record.replace(/^\d+/, at => String(Number(at) - week)));
    }
  });
  line.mend();
  await ann.reload();
  await expect(ann.pending).toHaveCount(2);
  await expect(ann.pending.first()).toContainText('may have been sent already. Send it now?');
  await bo.say('and now?');
  await bo.hasExactly(['and now?']);
  await ann.pending.first().getByRole('button', { name: 'Send' }).click();
  await ann.pending.last().getByRole('button', { name: 'Discard' }).click();
  for (const reader of [ann, bo]) await reader.hasExactly(['and now?', 'from last week']);
});

test('where the browser keeps nothing, the page says so and the message goes out all the same', async ({ visitor, teahouse }) => {
  const ann = await visitor('Ann');
  await ann.page.evaluate(() => {
    Storage.prototype.setItem = () => {
      throw new DOMException('full', 'QuotaExceededError');
    };
  });
  await teahouse.kill();
  await expect(ann.banner).toContainText('What you send now goes out when the connection is back.');
  await ann.say('keep me in mind');
  await expect(ann.banner).toContainText('keep this page open until they are sent');
  await teahouse.start();
  await ann.hasExactly(['keep me in mind']);
});
