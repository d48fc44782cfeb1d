// However long a timeline is, the page renders only the part near the viewport.

import type { ChatPage } from '../support/chat-page';
import type { PlainClient } from '../support/plain-client';
import { expect, test } from '../support/test';

test.use({ flags: { 'rate-send': '0', backlog: '100' } });

const VIEWPORT = { width: 1280, height: 600 };
/** The limit of rendered lines; day headings and notices add a few. */
const DRAWN = 320;

/** Sends numbered messages, and waits until another client receives the last one. */
async function says(speaker: PlainClient, from: number, to: number, listener: PlainClient): Promise<void> {
  for (let number = from; number <= to; number += 1) speaker.say(`number ${number}`);
  await expect.poll(() => listener.lines.some(line => line.endsWith(`number ${to}`)), { timeout: 60_000 }).toBe(true);
}

async function isBounded(chat: ChatPage): Promise<void> {
  expect(await chat.timeline.locator('li').count()).toBeLessThanOrEqual(DRAWN + 20);
  expect(await chat.page.evaluate(() => document.querySelectorAll('*').length)).toBeLessThanOrEqual(14 * DRAWN);
}

/** Scrolls back to the very first message. */
async function readBack(chat: ChatPage): Promise<void> {
  await chat.timeline.hover();
  while ((await chat.seqs())[0] > 1) {
    await chat.page.mouse.wheel(0, -1_500);
    await isBounded(chat);
  }
}

test('a page has as many lines with 1,600 messages as with 320, whoever reads what', async ({ visitor, plainClient }) => {
  const [di, ed] = [await plainClient('Di'), await plainClient('Ed')];
  await says(di, 1, 900, ed);
  const ann = await visitor('Ann', { viewport: VIEWPORT });
  await says(di, 901, 1_600, ed);
  await ann.hears('number 1600');
  await isBounded(ann);
  await expect(ann.message('number 1600')).toBeInViewport();

  await readBack(ann);
  await says(di, 1_601, 1_700, ed);
  await expect(ann.toNewest).toContainText('100 new messages');
  await isBounded(ann);
  expect(await ann.walk()).toEqual(Array.from({ length: 1_700 }, (_, index) => index + 1));
  await expect(ann.toNewest).toHaveCount(0);
  await di.say('the next');
  await expect(ann.message('the next')).toBeInViewport();
});

test('what one reads stays where it is while lines come and go around it', async ({ visitor, plainClient }) => {
  const [di, ed] = [await plainClient('Di'), await plainClient('Ed')];
  await says(di, 1, 1_200, ed);
  const ann = await visitor('Ann', { viewport: VIEWPORT });
  await readBack(ann);
  // Scrolls from the first line to the newest by screens: the middle line moves up by exactly that much.
  for (let middle = 0; (await ann.distanceFromNewest()) > 0; ) {
    const seqs = await ann.seqs();
    middle = await ann.inTheMiddle();
    expect(seqs).toContain(middle);
    const before = await ann.place(middle);
    const moved = await ann.timeline.evaluate(async timeline => {
      const frame = () => new Promise(done => requestAnimationFrame(done));
      const distance = Math.min(200, -timeline.scrollTop);
      timeline.scrollBy(0, distance);
      for (let frames = 0; frames < 3; frames += 1) await frame();
      return distance;
    });
    expect(Math.abs((await ann.place(middle)) - (before - moved))).toBeLessThanOrEqual(2);
    await ann.timeline.evaluate(timeline => timeline.scrollBy(0, 1_500));
  }
  expect((await ann.seqs()).at(-1)).toBe(1_200);
});

test('from far up one way leads to the newest line, and so does saying something', async ({ visitor, plainClient }) => {
  const [di, ed] = [await plainClient('Di'), await plainClient('Ed')];
  await says(di, 1, 1_200, ed);
  const ann = await visitor('Ann', { viewport: VIEWPORT });
  await readBack(ann);
  await ann.toNewest.click();
  await expect(ann.message('number 1200')).toBeInViewport();
  await expect(ann.toNewest).toHaveCount(0);
  await readBack(ann);
  await ann.say('my word on it');
  await expect(ann.message('my word on it')).toBeInViewport();
  await expect(ann.toNewest).toHaveCount(0);
});

test('what is selected stays selected when its reader goes on', async ({ visitor, plainClient }) => {
  const [di, ed] = [await plainClient('Di'), await plainClient('Ed')];
  await says(di, 1, 1_200, ed);
  const ann = await visitor('Ann', { viewport: VIEWPORT });
  await ann.text(ann.message('number 1199')).selectText();
  await ann.timeline.hover();
  while ((await ann.seqs())[0] > 400) await ann.page.mouse.wheel(0, -1_500);
  expect(await ann.page.evaluate(() => String(getSelection()))).toBe('number 1199');
  // Once the selection is gone, its lines are no longer kept.
  await ann.page.evaluate(() => getSelection()!.removeAllRanges());
  while ((await ann.seqs())[0] > 1) await ann.page.mouse.wheel(0, -1_500);
  await isBounded(ann);
});

test('a line that comes back is not announced again', async ({ visitor, plainClient }) => {
  const [di, ed] = [await plainClient('Di'), await plainClient('Ed')];
  await says(di, 1, 1_200, ed);
  const ann = await visitor('Ann', { viewport: VIEWPORT });
  di.say('live');
  await expect(ann.message('live')).not.toHaveAttribute('aria-live', 'off');
  await readBack(ann);
  await expect(ann.message('live')).toHaveCount(0);
  await ann.toNewest.click();
  await expect(ann.message('live')).toHaveAttribute('aria-live', 'off');
});
