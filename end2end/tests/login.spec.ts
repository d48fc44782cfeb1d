import { answered } from '../support/console-guard';
import { expect, test } from '../support/test';

test('one comes in with a nickname, in English', { tag: '@core' }, async ({ stranger }) => {
  const ann = await stranger();
  const door = await ann.atTheDoor('/');
  await expect(door.page).toHaveURL(/\/login/);
  await expect(door.page.locator('html')).toHaveAttribute('lang', 'en');
  await expect(door.page).toHaveTitle('Log in · Teahouse');
  await expect(door.page.getByRole('heading', { level: 1 })).toHaveText('Teahouse');
  await expect(door.page.getByLabel('Nickname')).toBeFocused();
  await door.page.getByLabel('Nickname').fill('Ann');
  await door.page.getByRole('button', { name: 'Come in' }).click();
  await expect(door.page).toHaveURL(/\/chat$/);
  await expect(door.page.getByRole('heading', { level: 1 })).toContainText('Lobby');
  await expect(door.page.locator('.account bdi')).toHaveText('Ann');
});

test('进门只要一个昵称，中文也一样', { tag: '@core' }, async ({ stranger }) => {
  const ming = await stranger({ locale: 'zh-CN' });
  const door = await ming.atTheDoor('/');
  await expect(door.page.locator('html')).toHaveAttribute('lang', 'zh-CN');
  await expect(door.page).toHaveTitle('登录 · 茶馆');
  await door.page.getByLabel('昵称').fill('小明');
  await door.page.getByRole('button', { name: '进入茶馆' }).click();
  await expect(door.page).toHaveURL(/\/chat$/);
  await expect(door.page.locator('html')).toHaveAttribute('lang', 'zh-CN');
  await expect(door.page.getByRole('heading', { level: 1 })).toContainText('大堂');
  await expect(door.page.getByPlaceholder(/说点什么/)).toBeVisible();
});

for (const { locale, hint } of [
  { locale: 'zh-CN', hint: '昵称已被使用，请更换昵称' },
  { locale: 'en-GB', hint: 'that nickname is taken, please choose another' },
]) {
  test(`a taken nickname is answered with the hint to choose another (${locale})`, async ({ visitor, stranger, consoleGuard }) => {
    consoleGuard.expect(answered(409));
    await visitor('Ann');
    const other = await stranger({ locale });
    const door = await other.atTheDoor();
    const response = door.page.waitForResponse(response => response.request().method() === 'POST');
    await door.logInAs('Ann');
    expect((await response).status()).toBe(409);
    await expect(door.problem).toContainText(hint);
    await expect(door.nickname).toHaveValue('Ann');
    await expect(door.nickname).toHaveAttribute('aria-invalid', 'true');
    await door.logInAs('Ann 2');
    await expect(door.page).toHaveURL(/\/chat$/);
  });
}

for (const lookAlike of ['аnna', 'ANNA', 'Ａnna', ' anna ']) {
  test(`nobody can pose as Anna under the name “${lookAlike}”`, async ({ visitor, stranger, consoleGuard }) => {
    consoleGuard.expect(answered(409));
    await visitor('Anna');
    const door = await (await stranger()).atTheDoor();
    await door.logInAs(lookAlike);
    await door.refusesWith('Sorry, that nickname is taken, please choose another.');
  });
}

for (const { unfit, nickname, en, zh } of [
  { unfit: 'of spaces', nickname: '   ', en: 'Please type a nickname.', zh: '请输入昵称。' },
  { unfit: 'of 25 characters', nickname: '好'.repeat(25), en: 'That is too long: a nickname has 24 characters at most.', zh: '太长了，昵称最多 24 个字。' },
  { unfit: 'with a hidden turn of direction', nickname: 'ann\u202Eimda', en: 'That nickname contains hidden characters that change the writing direction. Please remove them.', zh: '昵称里有改变文字方向的隐藏字符，请去掉。' },
  { unfit: 'with an invisible character', nickname: 'an\u200Bn', en: 'That nickname contains invisible characters. Please remove them.', zh: '昵称里有看不见的字符，请去掉。' },
  { unfit: 'with a control character', nickname: 'an\u0007n', en: 'A nickname has no line breaks or control characters in it.', zh: '昵称里不能有换行或控制字符。' },
  { unfit: 'of punctuation', nickname: '...', en: 'A nickname needs a letter, a digit or a symbol.', zh: '昵称里至少要有一个文字、数字或符号。' },
]) {
  test(`a nickname ${unfit} is refused in words, and kept to be mended`, async ({ stranger, consoleGuard }) => {
    consoleGuard.expect(answered(422));
    for (const { locale, sentence } of [
      { locale: 'en-GB', sentence: en },
      { locale: 'zh-CN', sentence: zh },
    ]) {
      const door = await (await stranger({ locale })).atTheDoor();
      const response = door.page.waitForResponse(response => response.request().method() === 'POST');
      await door.logInAs(nickname);
      expect((await response).status()).toBe(422);
      await door.refusesWith(sentence);
      await expect(door.nickname).toHaveValue(nickname);
    }
  });
}

test('a nickname of 24 family emoji is not too long', async ({ visitor }) => {
  const family = '👨‍👩‍👧';
  const ann = await visitor(family.repeat(8));
  await expect(ann.page.locator('.account bdi')).toHaveText(family.repeat(8));
});

/** Chromium's warning on a page whose program it may not run. */
const UNUSED = /was preloaded using link preload but not used/;

test('without JavaScript one logs in and reads along, and is told what is different', async ({ visitor, stranger, consoleGuard }) => {
  consoleGuard.expect(UNUSED);
  const ann = await visitor('Ann');
  await ann.say('Anybody here?');
  await ann.hears('Anybody here?');

  for (const { locale, name, sentence } of [
    { locale: 'en-GB', name: 'Bo', sentence: 'JavaScript is off. You can still read and write here; new messages appear every 15 seconds.' },
    { locale: 'zh-CN', name: '小明', sentence: 'JavaScript 已停用。您仍然可以阅读和发言，新消息每 15 秒出现一次。' },
  ]) {
    const reader = await stranger({ locale, javaScriptEnabled: false });
    const door = await reader.atTheDoor('/chat');
    await door.logInAs(name);
    await expect(door.page).toHaveURL(/\/chat$/);
    const log = door.page.frameLocator('.plain-log');
    await expect(log.locator('.message .line__text')).toHaveText(['Anybody here?']);
    await expect(log.locator('.message .line__author')).toHaveText(['Ann']);
    const different = door.page.locator('.no-script');
    await expect(different).toHaveText(sentence);
    await expect(different).toBeVisible();
  }
});

test('without JavaScript a taken nickname gets its hint, and the language can be switched', async ({ visitor, stranger, consoleGuard }) => {
  consoleGuard.expect(answered(409));
  await visitor('Ann');
  const door = await (await stranger({ javaScriptEnabled: false })).atTheDoor();
  await door.logInAs('Ann');
  await door.refusesWith('Sorry, that nickname is taken, please choose another.');
  await door.otherLanguage.click();
  await expect(door.page.locator('html')).toHaveAttribute('lang', 'zh-CN');
  await expect(door.page.getByRole('button', { name: '进入茶馆' })).toBeVisible();
});

test('who asks for a room without a login comes to it after the login', async ({ visitor }) => {
  const ann = await visitor('Ann', { path: '/chat/%E9%BE%99%E4%BA%95' });
  await expect(ann.page).toHaveURL(`/chat/${encodeURIComponent('龙井')}`);
  await expect(ann.title).toContainText('龙井');
});

test('a forged cookie is no cookie: it leads to the login and from there to where one wanted to go', async ({ visitor, stranger }) => {
  const ann = await visitor('Ann');
  const [cookie] = (await ann.visitor.context.cookies()).filter(({ name }) => name.startsWith('teahouse-'));
  expect(cookie.httpOnly).toBe(true);
  expect(cookie.sameSite).toBe('Lax');
  const forgeries = [
    cookie.value.slice(0, -3),
    `A${cookie.value}`,
    cookie.value.replace(/.$/, last => (last === 'A' ? 'B' : 'A')),
    'nonsense',
  ];
  for (const value of forgeries) {
    const thief = await stranger();
    await thief.context.addCookies([{ name: cookie.name, value, url: thief.teahouse.url }]);
    const door = await thief.atTheDoor('/chat/tea');
    await expect(door.page).toHaveURL(/\/login\?next=%2Fchat%2Ftea/);
    await expect(door.nickname).toHaveValue('');
  }
  const bo = await stranger();
  await bo.context.addCookies([{ name: cookie.name, value: 'nonsense', url: bo.teahouse.url }]);
  const door = await bo.atTheDoor('/chat/tea');
  await door.logInAs('Bo');
  await expect(door.page).toHaveURL('/chat/tea');
});

test('the way back after the login never leaves this site', async ({ stranger }) => {
  const names = ['Ann', 'Bo', 'Cy'];
  for (const elsewhere of ['https://example.org/', '//example.org/', '/\\example.org/']) {
    const door = await (await stranger()).atTheDoor(`/login?next=${encodeURIComponent(elsewhere)}`);
    await door.logInAs(names.pop()!);
    await expect(door.page).toHaveURL(/^http:\/\/127\.0\.0\.1:\d+\/chat$/);
  }
});

test('who is logged in already is led from the login page into the room', async ({ visitor }) => {
  const ann = await visitor('Ann');
  await ann.page.goto('/login');
  await expect(ann.page).toHaveURL(/\/chat$/);
});

test('a language chosen at the door is remembered in the room and at the next visit', async ({ stranger }) => {
  const ann = await stranger({ locale: 'en-GB' });
  const door = await ann.atTheDoor('/chat/tea');
  await expect(door.otherLanguage).toHaveText('中文');
  await expect(door.otherLanguage).toHaveAttribute('lang', 'zh-CN');
  await door.otherLanguage.click();
  await expect(door.page.getByRole('button', { name: '进入茶馆' })).toBeVisible();
  await door.logInAs('Ann');
  await expect(door.page).toHaveURL('/chat/tea');
  await expect(door.page.locator('html')).toHaveAttribute('lang', 'zh-CN');
  await expect(door.page.getByPlaceholder(/说点什么/)).toBeVisible();
  const next = await ann.enter('/chat');
  await expect(next.title).toContainText('大堂');
});

test('a language chosen in the room changes every word at once and loses none that is typed', async ({ visitor }) => {
  const ann = await visitor('Ann');
  await visitor('小明', { locale: 'zh-CN' });
  await ann.say('hello');
  await ann.hears('hello');
  await ann.hasNotices(['~~~ 小明 entered ~~~']);
  await ann.composer.fill('half a sen');
  await ann.page.evaluate(() => Object.assign(window, { same: true }));
  await ann.otherLanguage.click();

  await expect(ann.page.locator('html')).toHaveAttribute('lang', 'zh-CN');
  await expect(ann.composer).toHaveValue('half a sen');
  await expect(ann.composer).toHaveAttribute('placeholder', /说点什么/);
  await expect(ann.send).toHaveText('发送');
  await expect(ann.title).toContainText('大堂');
  await expect(ann.logOut).toHaveText('退出登录');
  await expect(ann.page).toHaveTitle('大堂 · 茶馆');
  await ann.hasNotices(['~~~小明进入了聊天室~~~']);
  await expect(ann.days).toHaveText([/^\d+年\d+月\d+日 星期.$/]);
  await expect(ann.otherLanguage).toHaveText('English');
  expect(await ann.page.evaluate(() => 'same' in window)).toBe(true);

  await ann.reload();
  await expect(ann.page.locator('html')).toHaveAttribute('lang', 'zh-CN');
  await expect(ann.title).toContainText('大堂');
  await ann.otherLanguage.click();
  await expect(ann.title).toContainText('Lobby');
});
