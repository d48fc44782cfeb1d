import { writeFile } from 'node:fs/promises';
import type { Page, TestInfo } from '@playwright/test';
import type { Teahouse } from '../support/teahouse';
import { expect, test } from '../support/test';

/** 23:30 in Berlin in January, and 00:30 on the following day in July. */
const SAID = [
  { text: 'hot tea', at: '2026-01-14T22:30:00Z' },
  { text: 'iced tea', at: '2026-07-14T22:30:00Z' },
];

/** Imports these messages into a room. */
async function bring(teahouse: Teahouse, info: TestInfo): Promise<void> {
  const user = { id: '4f0c2a9be1d3587766aa', name: 'Cy' };
  const messages = SAID.map(({ text, at }, index) => ({
    message: { room: 'year', seq: index + 1, id: `m${index + 1}`, user, text, at: Date.parse(at) },
  }));
  const lines = [
    { archive: { format: 'teahouse.archive', version: 1, at: Date.now(), epoch: '8f3b1c9d5e7a2046' } },
    { room: { room: 'year', head: SAID.length, oldest: 1 } },
    ...messages,
    { end: { rooms: 1, events: SAID.length } },
  ];
  const file = info.outputPath('year.ndjson');
  await writeFile(file, lines.map(line => `${JSON.stringify(line)}\n`).join(''));
  await teahouse.stop();
  await teahouse.work('import', file);
  await teahouse.start();
}

/** The date and time that clocks in this zone showed. */
function shown(at: string, timeZone: string): { date: string; clock: string } {
  const moment = new Date(at);
  return {
    date: new Intl.DateTimeFormat('sv-SE', { timeZone }).format(moment),
    clock: new Intl.DateTimeFormat('en-GB', { timeZone, hour: '2-digit', minute: '2-digit' }).format(moment),
  };
}

/** The days and times on a page, in display order. */
function told(): string[] {
  const times = document.querySelectorAll('#timeline .day time, #timeline .message time');
  return [...times].map(time => (time.closest('.day') ? time.getAttribute('datetime')! : time.textContent!));
}

/** Counts the lines that a page removes. */
function countRedrawn(): void {
  const counted = window as unknown as { redrawn: number };
  counted.redrawn = 0;
  new MutationObserver(changes => {
    for (const { removedNodes } of changes) {
      for (const node of removedNodes) {
        if (node instanceof Element && (node.matches('.message, .day') || node.querySelector('.message, .day'))) counted.redrawn += 1;
      }
    }
  }).observe(document, { subtree: true, childList: true });
}

for (const timezoneId of ['Europe/Berlin', 'Asia/Kolkata', 'Australia/Lord_Howe', 'America/St_Johns', 'Asia/Kathmandu']) {
  test(`in ${timezoneId}, a message stands under one day and hour in the room, in the search and on the way to a day`, async ({
    stranger,
    teahouse,
    browser,
  }, info) => {
    await bring(teahouse, info);
    const expected = SAID.map(({ at }) => shown(at, timezoneId));
    const ann = await stranger({ timezoneId });
    await ann.context.addInitScript(countRedrawn);

    // The very first page of the room already has its final form.
    const door = await ann.atTheDoor('/chat/year');
    const sent: Promise<string>[] = [];
    door.page.on('response', response => {
      if (response.request().resourceType() === 'document' && response.status() === 200) sent.push(response.text());
    });
    await door.logInAs('Ann');
    const first = await roomOf(door.page);
    for (let visit = 1; visit <= 2; visit += 1) {
      const html = await sent.at(-1)!;
      const plain = await browser.newContext({ javaScriptEnabled: false });
      const paper = await plain.newPage();
      await paper.route('**', route => route.fulfill({ contentType: 'text/html', body: html }));
      await paper.goto(teahouse.url);
      const painted = await paper.evaluate(told);
      await plain.close();
      expect(painted).toEqual(expected.flatMap(({ date, clock }) => [date, clock]));
      expect(await first.evaluate(told)).toEqual(painted);
      expect(await first.evaluate(() => (window as unknown as { redrawn: number }).redrawn)).toBe(0);
      if (visit === 1) {
        await first.reload();
        await roomOf(first);
      }
    }

    for (const [index, { text }] of SAID.entries()) {
      const { date, clock } = expected[index];
      await expect(async () => {
        await first.goto(`/search?q=${encodeURIComponent(`on:${date} "${text}"`)}`);
        await expect(first.locator('.hit__text')).toHaveText([text], { timeout: 1_000 });
      }).toPass();
      await expect(first.locator('.hit__time')).toContainText(clock);
      const day = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'long', timeZone: 'UTC' }).format(new Date(date));
      await expect(first.locator('.hit__time')).toContainText(day);
      await first.goto(`/chat/year?day=${date}`);
      await expect(first).toHaveURL(new RegExp(`/chat/year/${index + 1}#m${index + 1}$`));
    }
  });
}

/** The page, once its program has joined the room. */
async function roomOf(page: Page): Promise<Page> {
  await expect.poll(() => page.evaluate(() => (window as unknown as { joins?: number }).joins ?? 0)).toBeGreaterThan(0);
  return page;
}

test('a browser whose cookie is of an earlier version, or names no zone, is right as soon as it runs', async ({ stranger, teahouse, hostname }, info) => {
  await bring(teahouse, info);
  const timezoneId = 'Europe/Berlin';
  const expected = SAID.map(({ at }) => shown(at, timezoneId)).flatMap(({ date, clock }) => [date, clock]);
  const ann = await stranger({ timezoneId });
  await (await ann.atTheDoor('/chat')).logInAs('Ann');
  for (const value of ['60', 'Mars/Olympus_Mons', '']) {
    await ann.context.addCookies([{ name: 'tz', value, url: teahouse.urlAt(hostname) }]);
    const chat = await ann.enter('/chat/year');
    await expect.poll(() => chat.page.evaluate(told)).toEqual(expected);
    const cookies = await ann.context.cookies();
    expect(cookies.find(({ name }) => name === 'tz')?.value).toBe(timezoneId);
  }
});
