// A user who has scrolled up keeps their position when the window, the font or the composer changes size.

import type { ChatPage } from '../support/chat-page';
import type { PlainClient } from '../support/plain-client';
import { expect, test } from '../support/test';

test.use({ flags: { 'rate-send': '0' } });

const WINDOW = { width: 1280, height: 700 };

/** Sends messages of which some are short and some wrap, how often depending on the width. */
function chatter(robot: PlainClient): void {
  for (let index = 1; index <= 100; index += 1) robot.say(`${index} ${'word '.repeat((index * 37) % 60)}`);
}

/** The first visible message, and its distance from the top edge of the scroll container. */
async function reads(chat: ChatPage): Promise<{ id: string; top: number }> {
  return chat.page.evaluate(() => {
    const edge = [...document.querySelectorAll('.room, .timeline')].map(element => element.getBoundingClientRect().top);
    const top = Math.max(...edge, 0);
    const line = [...document.querySelectorAll('.message')].find(line => line.getBoundingClientRect().bottom > top + 1)!;
    return { id: line.id, top: line.getBoundingClientRect().top - document.querySelector('.room')!.getBoundingClientRect().top };
  });
}

/** Scrolls until this message begins at the top edge. */
async function readsFrom(chat: ChatPage, seq: number): Promise<void> {
  await chat.page.locator(`#m${seq}`).evaluate(line => line.scrollIntoView());
  await expect(chat.toNewest).toBeVisible();
  await expect.poll(async () => (await reads(chat)).id).toBe(`m${seq}`);
}

/** Waits until the browser has laid out and painted the page. */
async function painted(chat: ChatPage): Promise<void> {
  await chat.page.evaluate(() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done))));
}

async function stillReads(chat: ChatPage, { id, top }: { id: string; top: number }, leeway = 2): Promise<void> {
  await painted(chat);
  await expect.poll(async () => Math.abs((await chat.page.locator(`#${id}`).evaluate(
    line => line.getBoundingClientRect().top - document.querySelector('.room')!.getBoundingClientRect().top,
  )) - top), { message: `${id} is still where it was` }).toBeLessThanOrEqual(leeway);
}

test('making the window narrower, wider, lower and higher leaves one at the same message @core', async ({ visitor, plainClient }) => {
  const ann = await visitor('Ann', { viewport: WINDOW });
  chatter(await plainClient('Robot'));
  await expect(ann.messages).toHaveCount(100);
  await readsFrom(ann, 40);
  const before = await reads(ann);
  for (const viewport of [
    { width: 700, height: 700 },
    { width: 420, height: 500 },
    { width: 1280, height: 420 },
    WINDOW,
  ]) {
    await ann.page.setViewportSize(viewport);
    await stillReads(ann, before);
  }
  await expect(ann.toNewest).toBeVisible();
});

test('turning a phone leaves one at the same message, also where the whole room scrolls then', async ({ visitor, plainClient }) => {
  const ann = await visitor('Ann', { viewport: { width: 320, height: 667 }, isMobile: true, hasTouch: true });
  chatter(await plainClient('Robot'));
  await expect(ann.messages).toHaveCount(100);
  await readsFrom(ann, 40);
  const before = await reads(ann);
  for (const viewport of [
    { width: 667, height: 320 },
    { width: 320, height: 667 },
    { width: 667, height: 320 },
  ]) {
    await ann.page.setViewportSize(viewport);
    await stillReads(ann, before);
  }
});

test('larger letters leave one at the same message @core', async ({ visitor, plainClient }) => {
  const ann = await visitor('Ann', { viewport: WINDOW });
  chatter(await plainClient('Robot'));
  await expect(ann.messages).toHaveCount(100);
  await readsFrom(ann, 40);
  const before = await reads(ann);
  for (const size of ['28px', '12px', '16px']) {
    await ann.page.evaluate(size => {
      document.documentElement.style.fontSize = size;
    }, size);
    // Partly or wholly hidden lines grow, too.
    await stillReads(ann, before, 8);
  }
});

test('a composer that grows and shrinks leaves one at the same message @core', async ({ visitor, plainClient }) => {
  const ann = await visitor('Ann', { viewport: WINDOW });
  chatter(await plainClient('Robot'));
  await expect(ann.messages).toHaveCount(100);
  await readsFrom(ann, 40);
  const before = await reads(ann);
  await ann.composer.fill('one\ntwo\nthree\nfour\nfive');
  await stillReads(ann, before);
  await ann.composer.fill('');
  await stillReads(ann, before);
});

test('who is far into a long message is as far into it after the window is another @core', async ({ visitor, plainClient }) => {
  const ann = await visitor('Ann', { viewport: { width: 420, height: 500 } });
  const robot = await plainClient('Robot');
  chatter(robot);
  robot.say('long '.repeat(400));
  for (let index = 1; index <= 30; index += 1) robot.say(`after ${index}`);
  await expect(ann.messages).toHaveCount(131);
  const long = ann.page.locator('#m101');
  const middle = () => long.evaluate(line => {
    const { top, height } = line.getBoundingClientRect();
    return (document.querySelector('.timeline')!.getBoundingClientRect().top - top) / height;
  });
  await long.evaluate(line => line.scrollIntoView());
  await ann.timeline.evaluate((timeline, by) => timeline.scrollBy(0, by), (await long.boundingBox())!.height * 0.6);
  await expect.poll(middle).toBeCloseTo(0.6, 1);
  await painted(ann);
  await ann.page.setViewportSize({ width: 1000, height: 500 });
  await painted(ann);
  await expect.poll(middle).toBeCloseTo(0.6, 1);
});

test('who reads the newest message still does when the window is another @core', async ({ visitor, plainClient }) => {
  const ann = await visitor('Ann', { viewport: WINDOW });
  const robot = await plainClient('Robot');
  chatter(robot);
  await expect(ann.messages).toHaveCount(100);
  for (const viewport of [{ width: 420, height: 400 }, { width: 420, height: 260 }, WINDOW]) {
    await ann.page.setViewportSize(viewport);
    await expect(ann.messages.last()).toBeInViewport();
    await expect(ann.toNewest).toHaveCount(0);
  }
  robot.say('the next');
  await expect(ann.message('the next')).toBeInViewport();
});
