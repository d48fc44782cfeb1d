import { hold } from '../support/hold';
import { expect, test } from '../support/test';

test('two people talk both ways, and each sees their own words marked', { tag: '@core' }, async ({ visitor }) => {
  const ann = await visitor('Ann');
  const ming = await visitor('小明', { locale: 'zh-CN' });
  await ann.seesHere(['Ann', '小明']);
  await ming.seesHere(['小明', 'Ann']);

  await ann.say('Hello, is the tea ready?');
  await ming.hears('Hello, is the tea ready?', 'Ann');
  await ming.say('好了，请坐。');
  await ann.hears('好了，请坐。', '小明');
  await ann.say('Thank you');

  const said = ['Hello, is the tea ready?', '好了，请坐。', 'Thank you'];
  await ann.hasExactly(said);
  await ming.hasExactly(said);
  await expect(ann.messages.and(ann.page.locator('.message--mine')).locator('.line__text')).toHaveText([said[0], said[2]]);
  await expect(ming.messages.and(ming.page.locator('.message--mine')).locator('.line__text')).toHaveText([said[1]]);
  await expect(ann.composer).toHaveValue('');
});

test('what was said is still there after a reload, rendered by the server', async ({ visitor }) => {
  const ann = await visitor('Ann');
  await ann.say('first');
  await ann.say('second');
  await ann.hasExactly(['first', 'second']);
  const html = await ann.page.evaluate(async () => (await fetch('/chat')).text());
  expect(html).toContain('>first<');
  await ann.reload();
  await ann.hasExactly(['first', 'second']);
});

test('Enter sends, Shift+Enter breaks the line, and the break is kept', async ({ visitor }) => {
  const [ann, bo] = [await visitor('Ann'), await visitor('Bo')];
  await ann.composer.pressSequentially('one');
  await ann.composer.press('Shift+Enter');
  await ann.composer.pressSequentially('two');
  await expect(ann.composer).toHaveValue('one\ntwo');
  await ann.composer.press('Enter');
  await expect(bo.messages).toHaveCount(1);
  const text = bo.text(bo.messages);
  expect(await text.evaluate(element => (element as HTMLElement).innerText)).toBe('one\ntwo');
  // Two lines high, not one.
  const lines = await text.evaluate(element => {
    const range = document.createRange();
    range.selectNodeContents(element);
    return new Set([...range.getClientRects()].map(rectangle => Math.round(rectangle.top))).size;
  });
  expect(lines).toBe(2);
});

test('the button sends as well, and the focus stays in the composer', async ({ visitor }) => {
  const ann = await visitor('Ann');
  await ann.composer.fill('by the button');
  await ann.send.click();
  await ann.hears('by the button');
  await expect(ann.composer).toBeFocused();
  await expect(ann.composer).toHaveValue('');
});

test('nothing but white space is not sent', async ({ visitor }) => {
  const ann = await visitor('Ann');
  await ann.say('   ');
  await ann.say('\n\n');
  await ann.say('something');
  await ann.hasExactly(['something']);
});

test('links can be clicked and give nothing away', async ({ visitor }) => {
  const [ann, bo] = [await visitor('Ann'), await visitor('Bo')];
  await ann.say('See https://example.org/tea?kind=green&hot=1, or www.example.org/a. 请看https://example.org/b，很好');
  const links = bo.messages.locator('.line__text').getByRole('link');
  await expect(links).toHaveText(['https://example.org/tea?kind=green&hot=1', 'www.example.org/a', 'https://example.org/b']);
  for (const link of await links.all()) {
    await expect(link).toHaveAttribute('target', '_blank');
    const rel = (await link.getAttribute('rel'))!.split(' ');
    expect(rel).toEqual(expect.arrayContaining(['noopener', 'noreferrer']));
  }
  await expect(links.nth(0)).toHaveAttribute('href', 'https://example.org/tea?kind=green&hot=1');
  await expect(links.nth(1)).toHaveAttribute('href', 'https://www.example.org/a');
});

test('what looks like a link to a script is none', async ({ visitor }) => {
  const ann = await visitor('Ann');
  await ann.say('javascript:alert(1) data:text/html,x vbscript:x');
  await expect(ann.messages).toHaveCount(1);
  await expect(ann.messages.locator('.line__text').getByRole('link')).toHaveCount(0);
});

test('markup stays text, live and rendered by the server', async ({ visitor }) => {
  const [ann, bo] = [await visitor('Ann'), await visitor('Bo')];
  const texts = [
    '<img src=x onerror="window.broken=true">',
    '<script>window.broken=true</script>',
    '</script><script>window.broken=true</script>',
    '<!-- &lt;b&gt; --> {{7*7}} `${1}` \\u003cb>',
    ']]><style>body{display:none}</style>',
  ];
  for (const text of texts) await ann.say(text);
  await bo.hasExactly(texts);
  await bo.reload();
  await bo.hasExactly(texts);
  for (const { page } of [ann, bo]) {
    expect(await page.evaluate(() => 'broken' in window)).toBe(false);
    await expect(page.getByRole('log').locator('img, script, style, b').filter({ visible: true })).toHaveCount(0);
  }
});

test('markup in a nickname stays text', async ({ visitor }) => {
  const name = '<b>Ann</b>';
  const [ann, bo] = [await visitor(name), await visitor('Bo')];
  await ann.say('hello');
  await bo.hears('hello', name);
  await bo.seesHere(['Bo', name]);
  await bo.reload();
  await bo.hears('hello', name);
  await expect(bo.page.locator('b')).toHaveCount(0);
});

test('a word without an end, emoji and writing from right to left stay in their place', async ({ visitor, plainClient }) => {
  const ann = await visitor('Ann', { viewport: { width: 800, height: 600 } });
  const long = 'ß'.repeat(600);
  const arabic = 'مرحبا! كيف حالك؟ 123';
  await ann.say(long);
  await ann.say('👩‍👩‍👧‍👦🏳️‍🌈👍🏽 茶🍵');
  await ann.say(arabic);
  await ann.say('\u202Eturned around');
  await ann.hasExactly([long, '👩‍👩‍👧‍👦🏳️‍🌈👍🏽 茶🍵', arabic, '\u202Eturned around']);
  expect(await ann.timeline.evaluate(timeline => timeline.scrollWidth - timeline.clientWidth)).toBe(0);
  expect(await ann.text(ann.message(arabic)).evaluate(text => getComputedStyle(text).direction)).toBe('rtl');
  // A direction override in the text does not affect the time beside it.
  await expect(ann.messages.last().locator('time')).toHaveText(/^\d\d:\d\d$/);
  // A right-to-left name does not reverse the notice around it.
  await plainClient('محمد');
  await expect(ann.notices).toHaveText(['~~~ محمد entered ~~~']);
  expect(await ann.notices.evaluate(notice => getComputedStyle(notice).direction)).toBe('ltr');
});

test('each reads the time in their own zone', async ({ visitor }) => {
  const shanghai = await visitor('小明', { locale: 'zh-CN', timezoneId: 'Asia/Shanghai' });
  const newYork = await visitor('Ann', { timezoneId: 'America/New_York' });
  await newYork.say('What time is it?');
  for (const [reader, timeZone, locale] of [
    [shanghai, 'Asia/Shanghai', 'zh-CN'],
    [newYork, 'America/New_York', 'en-GB'],
  ] as const) {
    await reader.hears('What time is it?');
    // Live, as rendered by the server after a reload, and after hydration.
    for (const again of [false, true]) {
      if (again) await reader.reload();
      const time = reader.message('What time is it?').locator('time');
      const moment = new Date((await time.getAttribute('datetime'))!);
      expect(Math.abs(Date.now() - moment.getTime())).toBeLessThan(90_000);
      const clock = new Intl.DateTimeFormat('en-GB', { timeZone, hour: '2-digit', minute: '2-digit' }).format(moment);
      await expect(time).toHaveText(clock);
      const date = new Intl.DateTimeFormat('sv-SE', { timeZone }).format(moment);
      await expect(reader.days.locator('time')).toHaveAttribute('datetime', date);
      await expect(reader.days).toHaveText(dayLine(moment, timeZone, locale));
    }
  }
});

function dayLine(moment: Date, timeZone: string, locale: 'zh-CN' | 'en-GB'): string {
  const part = (options: Intl.DateTimeFormatOptions) => new Intl.DateTimeFormat(locale, { timeZone, ...options }).format(moment);
  const [day, month, year, weekday] = [
    part({ day: 'numeric' }),
    part({ month: locale === 'zh-CN' ? 'numeric' : 'long' }),
    part({ year: 'numeric' }),
    part({ weekday: 'long' }),
  ];
  return locale === 'zh-CN' ? `${year}${month}${day} ${weekday}` : `${weekday}, ${day} ${month} ${year}`;
}

test('one day has one day line', async ({ visitor }) => {
  const ann = await visitor('Ann');
  await expect(ann.days).toHaveCount(0);
  await ann.say('one');
  await ann.say('two');
  await ann.hasExactly(['one', 'two']);
  await expect(ann.days).toHaveCount(1);
  await ann.reload();
  await expect(ann.days).toHaveCount(1);
});

test('what one person says in a row stands under one name, which every message still bears for the ear', async ({ visitor }) => {
  const [ann, bo] = [await visitor('Ann'), await visitor('Bo')];
  // A notice between two messages would split the group.
  await ann.hasNotices(['~~~ Bo entered ~~~']);
  await ann.say('one');
  await ann.say('two');
  await bo.hears('two');
  await bo.say('three');
  await ann.hears('three');
  await ann.say('four');
  for (const { page, messages } of [ann, bo]) {
    await expect(messages).toHaveCount(4);
    await expect(messages.locator('.line__author')).toHaveText(['Ann', 'Ann', 'Bo', 'Ann']);
    await expect(messages.locator('.line__by:not(.hidden) .line__author')).toHaveText(['Ann', 'Bo', 'Ann']);
    await expect(page.locator('.message:not(.line--leads) .line__text')).toHaveText(['two']);
  }
});

test('a person has one colour, the same for everybody', async ({ visitor }) => {
  const [ann, bo] = [await visitor('Ann'), await visitor('Bo')];
  await ann.say('look');
  await bo.hears('look');
  const colour = (locator: import('@playwright/test').Locator) => locator.evaluate(element => getComputedStyle(element).color);
  const own = await colour(ann.message('look').locator('.line__author'));
  expect(await colour(bo.message('look').locator('.line__author'))).toBe(own);
  expect(await colour(ann.page.locator('.account bdi'))).toBe(own);
});

test('others see that somebody is writing, and no longer when they have sent it', async ({ visitor }) => {
  const [ann, ming] = [await visitor('Ann'), await visitor('小明', { locale: 'zh-CN' })];
  await ann.composer.pressSequentially('well');
  await expect(ming.page.locator('.typing')).toHaveText('Ann正在输入……');
  await expect(ann.page.locator('.typing')).toBeEmpty();
  await ann.composer.press('Enter');
  await ming.hears('well');
  await expect(ming.page.locator('.typing')).toBeEmpty();
});

test('hundreds of messages stay in order, and no line that is there is drawn again', async ({ visitor, plainClient }) => {
  const [ann, bo] = [await visitor('Ann'), await visitor('Bo')];
  await ann.say('the first');
  await bo.hears('the first');
  for (const { page, timeline, messages } of [ann, bo]) {
    await messages.first().evaluate(line => Object.assign(line, { marked: true }));
    await timeline.evaluate(timeline => {
      const count = { removed: 0 };
      new MutationObserver(changes => {
        for (const change of changes) count.removed += [...change.removedNodes].filter(node => node instanceof HTMLElement && node.matches('li')).length;
      }).observe(timeline, { childList: true, subtree: true });
      Object.assign(window, { count });
    });
    await expect(page.getByRole('log')).toBeVisible();
  }
  const robot = await plainClient('Robot');
  const texts = Array.from({ length: 300 }, (_, index) => `message ${index + 1}`);
  for (const text of texts) robot.say(text);
  for (const { page, messages } of [ann, bo]) {
    await expect(messages).toHaveCount(301, { timeout: 60_000 });
    expect(await messages.locator('.line__text').allTextContents()).toEqual(['the first', ...texts]);
    expect(await messages.first().evaluate(line => 'marked' in line)).toBe(true);
    expect(await page.evaluate(() => (window as unknown as { count: { removed: number } }).count.removed)).toBe(0);
  }
});

test('people who talk at the same time read it all in the same order', async ({ visitor, plainClient }) => {
  const [ann, bo] = [await visitor('Ann'), await visitor('Bo')];
  const robot = await plainClient('Robot');
  const each = async (reader: typeof ann, name: string) => {
    for (let index = 0; index < 15; index += 1) {
      await reader.say(`${name} ${index}`);
      robot.say(`robot for ${name} ${index}`);
    }
  };
  await Promise.all([each(ann, 'ann'), each(bo, 'bo')]);
  for (const reader of [ann, bo]) {
    await expect(reader.messages).toHaveCount(60);
    await expect(reader.pending).toHaveCount(0);
  }
  const read = await ann.messages.locator('.line__text').allTextContents();
  expect(await bo.messages.locator('.line__text').allTextContents()).toEqual(read);
  expect(new Set(read).size).toBe(60);
  for (const name of ['ann', 'bo', 'robot for ann', 'robot for bo']) {
    const own = read.filter(text => text.startsWith(`${name} `));
    expect(own).toEqual(Array.from({ length: 15 }, (_, index) => `${name} ${index}`));
  }
});

test('what is written in one room is not sent to another: drafts wait in their rooms', async ({ visitor }) => {
  const ann = await visitor('Ann');
  await ann.composer.fill('for the lobby');
  await ann.goTo('tea');
  await expect(ann.title).toContainText('tea');
  await expect(ann.composer).toHaveValue('');
  await ann.composer.fill('for the tea');
  await ann.roomLink('Lobby').click();
  await expect(ann.composer).toHaveValue('for the lobby');
  await ann.roomLink('tea').click();
  await expect(ann.composer).toHaveValue('for the tea');
});

test('what is typed before the program runs is kept when it does', async ({ visitor }) => {
  const ann = await visitor('Ann');
  const page = await ann.visitor.tab();
  const letPass = await hold(page);
  await page.goto('/chat', { waitUntil: 'commit' });
  await page.locator('#composer').fill('typed early');
  letPass();
  await expect.poll(() => page.evaluate(() => (window as unknown as { joins: number }).joins)).toBeGreaterThan(0);
  await expect(page.locator('#composer')).toHaveValue('typed early');
  await page.locator('#composer').press('Enter');
  await ann.hasExactly(['typed early']);
});
