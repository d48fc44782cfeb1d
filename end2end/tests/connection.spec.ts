import type { Page } from '@playwright/test';
import { UNREACHABLE } from '../support/console-guard';
import { expect, test } from '../support/test';

test.beforeEach(({ consoleGuard }) => consoleGuard.expect(UNREACHABLE));

test('a server that is killed and comes back: the page says so, keeps what is said, returns and sends it once', { tag: '@core' }, async ({
  visitor,
  teahouse,
}) => {
  const ann = await visitor('Ann');
  const ming = await visitor('小明', { locale: 'zh-CN' });
  await ann.say('before');
  await ming.hears('before');

  await teahouse.kill();
  await expect(ann.banner).toContainText(/Connection lost at \d\d:\d\d\./);
  await expect(ann.banner).toContainText('What you send now goes out when the connection is back.');
  await expect(ming.banner).toContainText(/连接在 \d\d:\d\d 断开了。/);
  await expect(ming.banner).toContainText('现在发送的消息会在恢复连接后发出。');
  await ann.say('said meanwhile');
  await ann.say('and one more');
  await expect(ann.pending.locator('.line__text')).toHaveText(['said meanwhile', 'and one more']);
  await expect(ann.pending.first()).toContainText('On its way');
  await expect(ann.message('said meanwhile')).toHaveCount(0);

  await teahouse.start();
  for (const reader of [ann, ming]) {
    await expect(reader.banner).toBeEmpty();
    await reader.hasExactly(['before', 'said meanwhile', 'and one more']);
  }
  await ming.say('welcome back');
  await ann.hears('welcome back');
  // Nothing appears twice, not even in the server's own history.
  for (const reader of [ann, ming]) {
    await reader.reload();
    await reader.hasExactly(['before', 'said meanwhile', 'and one more', 'welcome back']);
  }
});

test('the return of the server is not an arrival of those who were there', async ({ visitor, teahouse }) => {
  const [ann, bo] = [await visitor('Ann'), await visitor('Bo')];
  await ann.hasNotices(['~~~ Bo entered ~~~']);
  // A reload clears earlier notices.
  await ann.reload();
  await ann.hasNotices([]);
  const before = await Promise.all([ann.joins(), bo.joins()]);
  await teahouse.restart();
  await expect.poll(() => ann.joins()).toBeGreaterThan(before[0]);
  await expect.poll(() => bo.joins()).toBeGreaterThan(before[1]);
  await ann.seesHere(['Ann', 'Bo']);
  await bo.seesHere(['Bo', 'Ann']);
  // Real arrivals are still announced; notices about the others would have come before this one.
  const cy = await visitor('Cy');
  await cy.say('hello');
  for (const reader of [ann, bo]) {
    await reader.hears('hello');
    await reader.hasNotices(['~~~ Cy entered ~~~']);
  }
});

test('an operator’s restart: the server lets everybody go in order, and all return', async ({ visitor, teahouse }) => {
  const [ann, bo] = [await visitor('Ann'), await visitor('Bo')];
  await ann.say('before');
  await bo.hears('before');
  expect(await teahouse.stop()).toBe(0);
  await expect(ann.banner).not.toBeEmpty();
  await bo.say('said meanwhile');
  await expect(bo.pending).toHaveCount(1);
  await teahouse.start();
  for (const reader of [ann, bo]) {
    await expect(reader.banner).toBeEmpty();
    await reader.hasExactly(['before', 'said meanwhile']);
  }
});

test('what was said in the very moment of the crash is there once: either it was confirmed or it is sent again', async ({ visitor, teahouse }) => {
  const [ann, bo] = [await visitor('Ann'), await visitor('Bo')];
  const texts = Array.from({ length: 40 }, (_, index) => `message ${index + 1}`);
  for (const [index, text] of texts.entries()) {
    await ann.say(text);
    if (index === 10 || index === 25) await teahouse.restart();
  }
  for (const reader of [ann, bo]) await reader.hasExactly(texts);
});

test('a message that the server has kept but whose confirmation was lost is not doubled', async ({ visitor, teahouse }) => {
  const [ann, bo] = [await visitor('Ann'), await visitor('Bo')];
  // The message goes out while the server is frozen; it may or may not have been read before the kill.
  teahouse.freeze();
  await ann.say('into the silence');
  await expect(ann.pending).toHaveCount(1);
  teahouse.thaw();
  await teahouse.restart();
  for (const reader of [ann, bo]) await reader.hasExactly(['into the silence']);
});

test('what the server will not have after its return is said beside the message, which can be sent again or discarded', async ({
  visitor,
  teahouse,
}) => {
  const ann = await visitor('Ann');
  const ming = await visitor('小明', { locale: 'zh-CN' });
  await teahouse.kill();
  for (const reader of [ann, ming]) {
    await expect(reader.banner).not.toBeEmpty();
    await reader.say('longer than ten characters');
    await expect(reader.pending).toHaveCount(1);
  }
  await teahouse.start({ 'text-limit': '10' });
  await expect(ann.pending).toContainText('Not sent. It is longer than a message may be.');
  await expect(ming.pending).toContainText('没有发出去。这条消息超过了长度限制。');
  await ann.pending.getByRole('button', { name: 'Send again' }).click();
  await expect(ann.pending).toContainText('Not sent.');
  // A refused message does not block later ones.
  await ann.say('shorter');
  await ming.hears('shorter');
  await ann.pending.getByRole('button', { name: 'Discard' }).click();
  await ann.hasExactly(['shorter']);
  await ming.pending.getByRole('button', { name: '丢弃' }).click();
  await ming.hasExactly(['shorter']);
});

test.describe('with a heartbeat of a second', () => {
  test.use({ flags: { heartbeat: '1s' } });

  test('a server that no longer answers is noticed although nothing was closed, and so is its recovery', async ({ visitor, teahouse }) => {
    const [ann, bo] = [await visitor('Ann'), await visitor('Bo')];
    teahouse.freeze();
    await expect(ann.banner).toContainText('Connection lost', { timeout: 30_000 });
    await ann.say('anybody?');
    await expect(ann.pending).toHaveCount(1);
    teahouse.thaw();
    await expect(ann.banner).toBeEmpty({ timeout: 30_000 });
    for (const reader of [ann, bo]) await reader.hasExactly(['anybody?']);
  });
});

test('“Try now” connects at once instead of at the end of the wait', async ({ visitor, teahouse }) => {
  const ann = await visitor('Ann');
  await ann.page.clock.install();
  await ann.reload();
  // No timer of the page runs from here on: it waits forever unless the user clicks.
  await ann.page.clock.pauseAt(new Date(Date.now() + 60_000));
  await teahouse.kill();
  await expect(ann.banner).toContainText(/Trying again in \d+\ss\./);
  await teahouse.start();
  await expect(ann.banner).toContainText(/Trying again in \d+\ss\./);
  await expect(ann.tryNow).toHaveText('Try now');
  await ann.tryNow.click();
  await expect(ann.banner).toBeEmpty();
  await ann.say('back');
  await ann.hasExactly(['back']);
});

test('without a network the page says so, and is back when the network is', async ({ visitor }) => {
  const ann = await visitor('Ann');
  const bo = await visitor('Bo');
  await ann.visitor.context.setOffline(true);
  await expect(ann.banner).toContainText(/Offline since \d\d:\d\d\.|Connection lost at \d\d:\d\d\./, { timeout: 30_000 });
  await ann.say('from the tunnel');
  await expect(ann.pending).toHaveCount(1);
  await bo.say('missed');
  await bo.hears('missed');
  await ann.visitor.context.setOffline(false);
  await expect(ann.banner).toBeEmpty({ timeout: 30_000 });
  for (const reader of [ann, bo]) await reader.hasExactly(['missed', 'from the tunnel']);
  await bo.hasNotices([]);
});

/** Makes a page believe that it is hidden or visible. */
async function show(page: Page, visible: boolean): Promise<void> {
  await page.evaluate(visible => {
    Object.defineProperty(document, 'hidden', { configurable: true, get: () => !visible });
    Object.defineProperty(document, 'visibilityState', { configurable: true, get: () => (visible ? 'visible' : 'hidden') });
    document.dispatchEvent(new Event('visibilitychange', { bubbles: true }));
  }, visible);
}

test('a hidden tab goes on listening, counts in its title, and stops counting when it is seen', async ({ visitor }) => {
  const ann = await visitor('Ann');
  const bo = await visitor('Bo');
  await show(ann.page, false);
  await bo.say('one');
  await bo.say('two');
  await expect(ann.page).toHaveTitle('(2) Lobby · Teahouse');
  await show(ann.page, true);
  await expect(ann.page).toHaveTitle('Lobby · Teahouse');
  await ann.hasExactly(['one', 'two']);
});

test('a hidden tab whose server restarted is back when it is seen, with what was missed', async ({ visitor, teahouse }) => {
  const [ann, bo] = [await visitor('Ann'), await visitor('Bo')];
  await ann.say('before');
  await bo.hears('before');
  await show(ann.page, false);
  await teahouse.restart();
  await expect(bo.banner).toBeEmpty();
  await bo.say('missed');
  await show(ann.page, true);
  for (const reader of [ann, bo]) await reader.hasExactly(['before', 'missed']);
  await expect(ann.banner).toBeEmpty();
});

test('a page that was left and comes back from the browser’s history is connected again', async ({ visitor }) => {
  const [ann, bo] = [await visitor('Ann'), await visitor('Bo')];
  await ann.page.goto('/healthz');
  await bo.say('missed');
  await bo.hears('missed');
  await ann.page.goBack();
  await ann.hears('missed');
  await ann.say('here I am');
  await bo.hears('here I am');
});
