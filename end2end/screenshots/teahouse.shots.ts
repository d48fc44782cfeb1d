import { resolve } from 'node:path';
import type { BrowserContextOptions } from '@playwright/test';
import { ChatPage } from '../support/chat-page';
import { UNREACHABLE } from '../support/console-guard';
import { PlainClient } from '../support/plain-client';
import { expect, test } from '../support/test';

const FOLDER = resolve(__dirname, '../../docs/screenshots');

const DEVICES: Record<string, BrowserContextOptions> = {
  desktop: { viewport: { width: 1280, height: 960 } },
  phone: { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true },
};

const SCHEMES = ['light', 'dark'] as const;

/** A line of an example conversation: a message with its author, or a user who enters or leaves. */
type Line = [name: string, text: string] | { enters: string } | { leaves: string };

type Scene = {
  language: string;
  locale: string;
  reader: string;
  /** Sent before the reader joins. */
  earlier: Line[];
  /** Sent while the reader is in the room. */
  conversation: Line[];
  /** Messages in rooms that the reader is not looking at, by room. */
  elsewhere: Record<string, [name: string, text: string][]>;
  /** The search query. */
  sought: string;
  /** A message sent while the server does not answer. */
  waiting: string;
};

const SCENES: Scene[] = [
  {
    language: 'en',
    locale: 'en-GB',
    reader: 'Ada',
    earlier: [
      ['Ruth', 'Good morning! The kettle is on.'],
      ['小满', '早上好，Ruth！今天喝什么茶？'],
      ['Ruth', 'A Longjing from this spring.'],
      ['Tomás', 'Save me a cup, I am still on the train.'],
    ],
    conversation: [
      ['Ada', 'Morning, all. Did anybody find a room for Thursday’s reading group?'],
      { enters: 'Kenji' },
      ['Kenji', 'The library has the small hall free from six:\nhttps://library.example.org/rooms/small-hall?day=thursday'],
      ['Ada', 'Lovely.'],
      ['Ada', 'I will bring the biscuits, then.'],
      { leaves: 'Tomás' },
      ['小满', '我带茶具。需要几个杯子？'],
      ['Kenji', 'Nine of us, so ten cups 🍵'],
    ],
    elsewhere: {
      'reading-group': [
        ['Ruth', 'Chapters four to six for Thursday.'],
        ['Kenji', 'Chapter five alone took me a week.'],
        ['小满', '我还在第三章……'],
      ],
      kitchen: [['Tomás', 'Who took my mug?']],
    },
    sought: 'cup',
    waiting: 'Is anybody there?',
  },
  {
    language: 'zh',
    locale: 'zh-CN',
    reader: '小满',
    earlier: [
      ['阿茶', '早上好，水已经烧开了。'],
      ['老周', '今天喝什么？'],
      ['阿茶', '今年的明前龙井。'],
      ['Ada', 'Good morning! Save me a cup, please.'],
    ],
    conversation: [
      ['小满', '大家早！周四读书会的地方定了吗？'],
      { enters: '清风' },
      ['清风', '图书馆的小厅六点以后有空：\nhttps://library.example.org/rooms/small-hall?day=thursday'],
      ['小满', '太好了。'],
      ['小满', '那我来带茶具。'],
      { leaves: '老周' },
      ['Ada', 'I will bring the biscuits. How many of us are there?'],
      ['清风', '一共九个人，准备十个杯子吧 🍵'],
    ],
    elsewhere: {
      读书会: [
        ['阿茶', '周四读第四章到第六章。'],
        ['清风', '光第五章我就读了一个星期。'],
        ['Ada', 'I am still in chapter three…'],
      ],
      厨房: [['阿茶', '谁拿了我的杯子？']],
    },
    sought: '茶',
    waiting: '大家还在吗？',
  },
];

for (const { language, locale, reader, earlier, conversation, elsewhere, sought, waiting } of SCENES) {
  test(`pictures of the login and the chat (${language})`, async ({ teahouse, stranger, visitor, consoleGuard }) => {
    const people = new Map<string, PlainClient>();
    const circumstances = (device: string, colorScheme: 'light' | 'dark') => ({
      ...DEVICES[device],
      colorScheme,
      locale,
      timezoneId: 'Asia/Shanghai',
    });

    const first = await visitor(reader, circumstances('desktop', 'light'));
    const perform = async (lines: Line[]) => {
      for (const line of lines) {
        const here = await first.members.count();
        if ('enters' in line) {
          people.set(line.enters, await PlainClient.connect(teahouse, line.enters, '/chat'));
          await expect(first.members).toHaveCount(here + 1);
        } else if ('leaves' in line) {
          await people.get(line.leaves)!.logOut();
          // The user's cookie is no longer valid.
          people.delete(line.leaves);
          await expect(first.members).toHaveCount(here - 1);
        } else {
          const [name, text] = line;
          const before = await first.messages.count();
          if (name === reader) {
            await first.say(text);
          } else {
            people.get(name)!.say(text);
          }
          await expect(first.messages).toHaveCount(before + 1);
        }
      }
    };

    const speakers = new Set([...earlier, ...conversation].flatMap(line => (Array.isArray(line) ? [line[0]] : [])));
    const late = new Set(conversation.flatMap(line => ('enters' in line ? [line.enters] : [])));
    for (const name of speakers) {
      if (name !== reader && !late.has(name)) people.set(name, await PlainClient.connect(teahouse, name, '/chat'));
    }
    await expect(first.members).toHaveCount(people.size + 1);
    await perform(earlier);

    // One user, with the same rooms open on each device in each colour scheme at once.
    const cookies = (await first.visitor.context.cookies()).filter(({ name }) => name.startsWith('teahouse-'));
    const user = await first.page.evaluate(() => JSON.parse(document.getElementById('boot')!.textContent!).user.id as string);
    const rooms = [user, 'lobby', ...Object.keys(elsewhere)].join(' ');
    const pictures: [name: string, device: string, chat: ChatPage][] = [];
    for (const device of Object.keys(DEVICES)) {
      for (const scheme of SCHEMES) {
        const again = await stranger(circumstances(device, scheme));
        const door = await again.atTheDoor();
        await door.page.screenshot({ path: `${FOLDER}/login-${device}-${scheme}-${language}.png` });
        await door.page.close();
        await again.context.addCookies(cookies);
        await again.context.addInitScript(rooms => {
          // An empty tab has no storage.
          if (location.protocol === 'http:') sessionStorage.setItem('rooms', rooms);
        }, rooms);
        pictures.push([`${device}-${scheme}-${language}`, device, await again.enter()]);
      }
    }
    await perform(conversation);
    for (const [room, lines] of Object.entries(elsewhere)) {
      const cookie = new Map([...people].map(([name, client]) => [name, client.cookie]));
      for (const [name, text] of lines) {
        const path = `/chat/${encodeURIComponent(room)}`;
        const known = cookie.get(name);
        const client = known ? await PlainClient.open(teahouse, path, known) : await PlainClient.connect(teahouse, name, path);
        people.set(`${name} in ${room}`, client);
        client.say(text);
        for (const [, , chat] of pictures) {
          await expect.poll(() => chat.unread(room)).toBe(lines.findIndex(line => line[1] === text) + 1);
        }
      }
    }

    for (const [name, device, chat] of pictures) {
      const said = conversation.filter(line => Array.isArray(line)).length + earlier.length;
      await expect(chat.messages).toHaveCount(said);
      await chat.page.screenshot({ path: `${FOLDER}/chat-${name}.png` });
      if (device === 'phone') {
        // Opens the room list, which slides in.
        await chat.page.locator('.header__rooms').tap();
        await expect(chat.rooms).toBeVisible();
        await chat.page.screenshot({ path: `${FOLDER}/rooms-${name}.png`, animations: 'disabled' });
      }
    }

    const some = pictures.filter(([name]) => /desktop-light|phone-dark/.test(name));
    for (const [name, , chat] of some) {
      await chat.page.keyboard.press('Escape');
      await chat.page.locator('.header__search').click();
      const panel = chat.page.frameLocator('.search-panel__frame');
      await panel.getByRole('searchbox').fill(sought);
      await panel.getByRole('searchbox').press('Enter');
      await expect(panel.locator('mark').first()).toBeVisible();
      await chat.page.screenshot({ path: `${FOLDER}/search-${name}.png`, animations: 'disabled' });
      await chat.page.locator('.search-panel .close').click();
    }
    for (const client of people.values()) client.close();
    consoleGuard.expect(UNREACHABLE);
    await teahouse.kill();
    for (const [name, , chat] of some) {
      await expect(chat.banner).not.toBeEmpty();
      const before = await chat.pending.count();
      await chat.say(waiting);
      await expect(chat.pending).toHaveCount(before + 1);
      await chat.page.screenshot({ path: `${FOLDER}/waiting-${name}.png`, animations: 'disabled' });
    }
  });
}
