// The display of names and message texts in any script: rooms, links, directions, seals.

import { answered } from '../support/console-guard';
import { expect, test } from '../support/test';

const address = (room: string) => new RegExp(`/chat/${encodeURIComponent(room)}$`);

test('whoever types a room’s name in other letters or another case meets the others there', { tag: '@core' }, async ({ visitor }) => {
  const ann = await visitor('Ann', { path: `/chat/${encodeURIComponent('café')}` });
  const bo = await visitor('Bo');
  for (const spelled of ['cafe\u0301', 'ＣＡＦＥ\u0301', ' Café ', 'CAFÉ']) {
    await bo.goTo(spelled);
    await expect(bo.page).toHaveURL(address('café'));
    await expect(bo.title).toContainText('café');
    await bo.say(`hello by ${spelled.trim()}`);
    await expect(ann.messages.last()).toContainText(`hello by ${spelled.trim()}`);
    await bo.goTo('lobby');
    await expect(bo.page).toHaveURL(/\/chat$/);
  }
  for (const [spelled, name] of [['ﾃﾞ', 'デ'], ['ẞTRAẞE', 'sstrasse'], ['İSTANBUL', 'istanbul'], ['ΟΔΟΣ', 'οδος'], ['①', '1']]) {
    await bo.goTo(spelled);
    await expect(bo.page).toHaveURL(address(name));
  }
  for (const unfit of ['茶☕', '\u0301a', 'a\u200db', 'カ・ラ', 'a\u3164']) {
    await bo.goTo(unfit);
    await expect(bo.page.locator('#go-to-room-problem')).not.toBeEmpty();
  }
});

test('a page that remembers a room by another spelling is in the room, with its draft and what waited', { tag: '@core' }, async ({ visitor }) => {
  const ann = await visitor('Ann', { path: '/chat/tea' });
  await ann.page.evaluate(() => {
    const user = (JSON.parse(document.getElementById('boot')!.textContent!) as { user: { id: string } }).user.id;
    // Stored by an earlier version, which accepted such names.
    sessionStorage.setItem('rooms', `${user} lobby ｍilk`);
    localStorage.setItem(`teahouse:${user}:draft:ｍilk:another-tab`, `${Date.now()} a draft`);
    localStorage.setItem(`teahouse:${user}:outbox:waits-1`, `${Date.now()} 1 gone gone ｍilk -\nit waited`);
  });
  await ann.page.goto('/chat');
  await ann.isConnected();
  await ann.roomLink('milk').click();
  await expect(ann.page).toHaveURL(/\/chat\/milk$/);
  await expect(ann.messages.last()).toContainText('it waited');
  await expect(ann.composer).toHaveValue('a draft');
  await expect(ann.pending).toHaveCount(0);
  await expect(ann.page.getByRole('alert')).toHaveCount(0);
  await ann.reload();
  await expect(ann.composer).toHaveValue('a draft');
});

// Firefox reports how generated content is made, not what it is.
test('a link is whole, and a host that may deceive is shown in both forms', async ({ visitor }) => {
  const [ann, bo] = [await visitor('Ann'), await visitor('Bo')];
  await ann.say('看https://bücher.example/ü，http://127.0.0.1:3000/chat/读书会。见https://example.org好的 ada@example.org');
  const links = bo.messages.locator('.line__text').getByRole('link');
  const check = async () => {
    await expect(links).toHaveText([
      'https://bücher.example/ü',
      'http://127.0.0.1:3000/chat/读书会',
      'https://example.org',
      'ada@example.org',
    ]);
    expect(await links.evaluateAll(links => links.map(link => (link as HTMLAnchorElement).href))).toEqual([
      'https://xn--bcher-kva.example/%C3%BC',
      'http://127.0.0.1:3000/chat/%E8%AF%BB%E4%B9%A6%E4%BC%9A',
      'https://example.org/',
      'mailto:ada@example.org',
    ]);
    const shown = await links.evaluateAll(links => links.map(link => getComputedStyle(link, '::after').content));
    expect(shown[0]).toContain('xn--bcher-kva.example');
    expect(shown.slice(1)).toEqual(['none', 'none', 'none']);
    // The ASCII form is the host that the browser goes to.
    const agree = await links.evaluateAll(links =>
      links.every(link => !(link as HTMLElement).dataset.host || (link as HTMLElement).dataset.host === (link as HTMLAnchorElement).hostname),
    );
    expect(agree).toBe(true);
  };
  await check();
  await bo.reload();
  await check();
});

test('each line of a message runs in its own direction', { tag: '@core' }, async ({ visitor }) => {
  const ann = await visitor('Ann');
  const lines = ['an English line that is long enough to give the whole its width', 'שלום', 'ok', 'مرحبا'];
  await ann.composer.fill(lines.join('\n'));
  await ann.composer.press('Enter');
  const text = ann.messages.locator('.line__text');
  await expect(text).toHaveText(lines.join('\n'), { useInnerText: true });
  const sides = async () =>
    text.evaluate(element => {
      const { left, right } = element.getBoundingClientRect();
      const node = element.firstChild!;
      const ends: string[] = [];
      let start = 0;
      for (const line of node.textContent!.split('\n')) {
        const range = document.createRange();
        range.setStart(node, start);
        range.setEnd(node, start + line.length);
        const box = range.getBoundingClientRect();
        ends.push(box.left - left < right - box.right - 1 || box.left - left < 16 ? 'left' : 'right');
        start += line.length + 1;
      }
      return ends;
    });
  expect(await sides()).toEqual(['left', 'right', 'left', 'right']);
  await ann.reload();
  expect(await sides()).toEqual(['left', 'right', 'left', 'right']);
});

test('a seal shows the whole first character of a name', { tag: '@core' }, async ({ visitor }) => {
  const ann = await visitor('Ann');
  for (const [name, seal] of [['🇨🇳 China', '🇨🇳'], ['👍🏽 Bo', '👍🏽'], ['👨‍👩‍👧 Us', '👨‍👩‍👧'], ['क्षितिज', 'क्षि']]) {
    const other = await visitor(name);
    await other.say(`I am ${name}`);
    const line = ann.messages.filter({ hasText: `I am ${name}` });
    await expect(line.locator('.line__seal')).toHaveText(seal);
    await other.page.close();
  }
  await ann.reload();
  await expect(ann.messages.locator('.line__seal')).toHaveText(['🇨🇳', '👍🏽', '👨‍👩‍👧', 'क्षि']);
});

test('a text of invisible characters says why it is not sent', { tag: '@core' }, async ({ visitor }) => {
  const [ann, ming] = [await visitor('Ann'), await visitor('小明', { locale: 'zh-CN' })];
  const problem = ann.page.locator('#composer-problem');
  await ann.say(' \n ');
  await expect(problem).toBeEmpty();
  await ann.say('\u200b\u2060 ');
  await expect(problem).toHaveText('Not sent. It contains nothing visible.');
  await expect(ann.composer).toHaveValue('\u200b\u2060 ');
  await ann.goTo('tea');
  await expect(problem).toBeEmpty();
  await ann.goTo('lobby');
  await ann.composer.press('End');
  await ann.composer.pressSequentially('a');
  await expect(problem).toBeEmpty();
  await ann.composer.press('Enter');
  await expect(ann.messages).toHaveCount(1);
  await ming.say('\u3164');
  await expect(ming.page.locator('#composer-problem')).toHaveText('没有发出去。里面没有看得见的内容。');
});

test('a malformed address gives a page in the reader’s language', { tag: '@core' }, async ({ visitor, consoleGuard }) => {
  consoleGuard.expect(answered(404));
  const ann = await visitor('Ann');
  const ming = await visitor('小明', { locale: 'zh-CN' });
  for (const path of ['/chat/%FF', '/chat/%E8%AF', '/chat/tea/%FF', '/chat/a/b/c']) {
    for (const [chat, home] of [[ann, 'To the lobby'], [ming, '回大堂']] as const) {
      const response = await chat.page.goto(path);
      expect(response!.status(), path).toBe(404);
      await expect(chat.page.getByRole('heading', { level: 1 })).not.toBeEmpty();
      await expect(chat.page.getByRole('link', { name: home })).toBeVisible();
    }
  }
});
