import { answered } from '../support/console-guard';
import type { ChatPage } from '../support/chat-page';
import { expect, test } from '../support/test';

/** Marks the page, so that the test notices a full load. */
async function mark(chat: ChatPage): Promise<void> {
  await chat.page.evaluate(() => Object.assign(window, { marked: true }));
}

async function isSamePage(chat: ChatPage): Promise<void> {
  expect(await chat.page.evaluate(() => 'marked' in window)).toBe(true);
}

const address = (room: string) => new RegExp(`/chat/${encodeURIComponent(room)}$`);

test('one goes from room to room without loading the page again, and each room has its own words', async ({ visitor }) => {
  const ann = await visitor('Ann');
  await mark(ann);
  await ann.say('in the lobby');
  await ann.goTo('龙井');
  await expect(ann.page).toHaveURL(address('龙井'));
  await expect(ann.title).toContainText('龙井');
  await expect(ann.page).toHaveTitle('龙井 · Teahouse');
  await expect(ann.composer).toBeFocused();
  await expect(ann.messages).toHaveCount(0);
  await ann.say('in the tea');
  await ann.hasExactly(['in the tea']);
  await ann.roomLink('Lobby').click();
  await ann.hasExactly(['in the lobby']);
  await expect(ann.roomLink('Lobby')).toHaveAttribute('aria-current', 'page');
  await expect(ann.roomLink('龙井')).not.toHaveAttribute('aria-current');
  await isSamePage(ann);
});

test('back and forward go through the rooms as they were visited', async ({ visitor }) => {
  const ann = await visitor('Ann');
  await mark(ann);
  await ann.goTo('one');
  await expect(ann.title).toContainText('one');
  await ann.goTo('two');
  await expect(ann.title).toContainText('two');
  await ann.page.goBack();
  await expect(ann.title).toContainText('one');
  await expect(ann.page).toHaveURL(address('one'));
  await ann.page.goBack();
  await expect(ann.title).toContainText('Lobby');
  await expect(ann.page).toHaveURL(/\/chat$/);
  await ann.page.goForward();
  await ann.page.goForward();
  await expect(ann.title).toContainText('two');
  await ann.say('hello two');
  await ann.hasExactly(['hello two']);
  await isSamePage(ann);
});

test('what is said in a room that is not looked at is counted until one looks', async ({ visitor }) => {
  const [ann, bo] = [await visitor('Ann'), await visitor('Bo')];
  await ann.goTo('tea');
  await expect(ann.title).toContainText('tea');
  await expect.poll(() => ann.unread('Lobby')).toBeNull();
  await bo.say('one');
  await bo.say('two');
  await bo.say('three');
  await expect.poll(() => ann.unread('Lobby')).toBe(3);
  await expect(ann.roomLink('Lobby')).toContainText('3 unread');
  await expect(ann.page).toHaveTitle('(3) tea · Teahouse');
  await ann.roomLink('Lobby').click();
  await ann.hasExactly(['one', 'two', 'three']);
  await expect.poll(() => ann.unread('Lobby')).toBeNull();
  await expect(ann.page).toHaveTitle('Lobby · Teahouse');
});

test('one’s own words from another tab are not unread', async ({ visitor }) => {
  const ann = await visitor('Ann');
  await ann.goTo('tea');
  await expect(ann.title).toContainText('tea');
  const bo = await visitor('Bo');
  const second = await ann.visitor.enter('/chat');
  await second.say('mine');
  await second.hears('mine');
  // Messages that the second tab shows would count as read here, too.
  await second.goTo('tea');
  await expect(second.title).toContainText('tea');
  await bo.say('not mine');
  await expect.poll(() => ann.unread('Lobby')).toBe(1);
});

test('leaving a room says so at once, takes it off the list and leads to another', async ({ visitor }) => {
  const ann = await visitor('Ann', { path: '/chat/tea' });
  const bo = await visitor('Bo', { path: '/chat/tea' });
  await mark(bo);
  await ann.hasNotices(['~~~ Bo entered ~~~']);
  await bo.leave('tea');
  await ann.hasNotices(['~~~ Bo entered ~~~', '~~~ Bo left ~~~']);
  await expect(bo.title).toContainText('Lobby');
  await expect(bo.page).toHaveURL(/\/chat$/);
  await expect(bo.roomLink('tea')).toHaveCount(0);
  await isSamePage(bo);
  await ann.say('nobody hears this but me');
  await ann.hears('nobody hears this but me');
  await bo.goTo('tea');
  await bo.hears('nobody hears this but me');
  await ann.hasNotices(['~~~ Bo entered ~~~', '~~~ Bo left ~~~', '~~~ Bo entered ~~~']);
});

test('the open rooms are open again after a reload', async ({ visitor }) => {
  const ann = await visitor('Ann');
  await ann.goTo('tea');
  await expect(ann.title).toContainText('tea');
  await ann.reload();
  await expect(ann.title).toContainText('tea');
  await expect(ann.roomLink('Lobby')).toBeVisible();
  const bo = await visitor('Bo');
  await bo.say('for the lobby');
  await expect.poll(() => ann.unread('Lobby')).toBe(1);
});

test('a room has one proper address, whatever is typed', async ({ visitor }) => {
  const ann = await visitor('Ann');
  for (const [typed, proper] of [
    ['/chat/TEA', 'tea'],
    ['/chat/Ｔea', 'tea'],
    ['/chat?room=Green-Tea', 'green-tea'],
    ['/chat/%E9%BE%99%E4%BA%95', '龙井'],
  ]) {
    await ann.page.goto(typed);
    await expect(ann.page).toHaveURL(address(proper));
    await expect(ann.title).toContainText(proper);
  }
  await ann.page.goto('/chat/lobby');
  await expect(ann.page).toHaveURL(/\/chat$/);
  await ann.goTo('Green-TEA');
  await expect(ann.page).toHaveURL(address('green-tea'));
});

test('an address that can be no room’s is answered with 404 and a way back, in words', async ({ visitor, consoleGuard }) => {
  consoleGuard.expect(answered(404));
  const ann = await visitor('Ann');
  for (const unfit of ['a%20b', 'a.b', 'x'.repeat(33), '%E2%80%AEabc', '%F0%9F%8D%B5']) {
    const response = await ann.page.goto(`/chat/${unfit}`);
    expect(response!.status()).toBe(404);
    await expect(ann.page.getByRole('heading', { level: 1 })).toHaveText('That is not a valid room name');
  }
  await ann.page.getByRole('link', { name: 'To the lobby' }).click();
  await expect(ann.page).toHaveURL(/\/chat$/);
  const response = await ann.page.goto('/nowhere');
  expect(response!.status()).toBe(404);
  await expect(ann.page.getByRole('heading', { level: 1 })).toHaveText('There is no such page');
});

test('an unfit name typed into the list of rooms is refused beside the field', async ({ visitor }) => {
  const ann = await visitor('Ann');
  const ming = await visitor('小明', { locale: 'zh-CN' });
  await ann.goTo('a room');
  await expect(ann.page.locator('#go-to-room-problem')).toHaveText('A room’s name has no spaces; join its words with -.');
  await expect(ann.goToRoom).toHaveAttribute('aria-invalid', 'true');
  await expect(ann.goToRoom).toHaveValue('a room');
  await ann.goToRoom.press('End');
  await ann.goToRoom.pressSequentially('s');
  await expect(ann.page.locator('#go-to-room-problem')).toBeEmpty();
  await ming.goTo('茶/水');
  await expect(ming.page.locator('#go-to-room-problem')).toHaveText('聊天室名称只能用文字、数字、- 和 _，不能有“/”。');
  await expect(ming.title).toContainText('大堂');
});

test('a link with the middle button’s modifier opens a room in a tab of its own', async ({ visitor }) => {
  const ann = await visitor('Ann');
  await ann.goTo('tea');
  await expect(ann.title).toContainText('tea');
  const opened = ann.visitor.context.waitForEvent('page');
  await ann.roomLink('Lobby').click({ modifiers: ['ControlOrMeta'] });
  const tab = await opened;
  await expect(tab.getByRole('heading', { level: 1 })).toContainText('Lobby');
  await expect(ann.title).toContainText('tea');
});
