import type { ChatPage } from '../support/chat-page';
import { expect, test } from '../support/test';

const VIEWPORT = { width: 1280, height: 600 };

/** A message's distance below the top edge of the timeline, in pixels. */
async function place(chat: ChatPage, text: string): Promise<number> {
  const [line, timeline] = [await chat.message(text).boundingBox(), await chat.timeline.boundingBox()];
  return Math.round(line!.y - timeline!.y);
}

async function isWithin(chat: ChatPage, text: string): Promise<boolean> {
  const [line, timeline] = [await chat.message(text).boundingBox(), await chat.timeline.boundingBox()];
  return line !== null && line.y >= timeline!.y && line.y + line.height <= timeline!.y + timeline!.height + 1;
}

test('the newest message is always in sight', async ({ visitor, plainClient }) => {
  const ann = await visitor('Ann', { viewport: VIEWPORT });
  const robot = await plainClient('Robot');
  for (let index = 1; index <= 60; index += 1) robot.say(`message ${index}`);
  await expect(ann.messages).toHaveCount(60);
  await expect.poll(() => isWithin(ann, 'message 60')).toBe(true);
  await expect(ann.toNewest).toHaveCount(0);
  robot.say('one that has\nmore than\none line');
  robot.say('the last');
  await expect.poll(() => isWithin(ann, 'the last')).toBe(true);
  await ann.reload();
  await expect.poll(() => isWithin(ann, 'the last')).toBe(true);
  expect(await ann.distanceFromNewest()).toBe(0);
});

test('who has scrolled up keeps their place, is told how much is new, and gets down by the button', async ({ visitor, plainClient }) => {
  const ann = await visitor('Ann', { viewport: VIEWPORT });
  const robot = await plainClient('Robot');
  for (let index = 1; index <= 60; index += 1) robot.say(`message ${index}`);
  await expect(ann.messages).toHaveCount(60);
  await ann.scrollUp(700);
  await expect(ann.toNewest).toContainText('To the newest');
  const text = (await ann.messages.locator('.line__text').allTextContents())[30];
  const before = await place(ann, text);

  robot.say('new 1');
  await expect(ann.toNewest).toContainText('1 new message');
  for (let index = 2; index <= 25; index += 1) robot.say(`new ${index}\nwith a second line`);
  await expect(ann.toNewest).toContainText('25 new messages');
  expect(Math.abs((await place(ann, text)) - before)).toBeLessThanOrEqual(1);

  await ann.toNewest.click();
  await expect.poll(() => ann.distanceFromNewest()).toBe(0);
  await expect(ann.toNewest).toHaveCount(0);
  await expect.poll(() => isWithin(ann, 'new 25\nwith a second line')).toBe(true);
  robot.say('after that');
  await expect.poll(() => isWithin(ann, 'after that')).toBe(true);
});

test('who says something is led to it', async ({ visitor, plainClient }) => {
  const ann = await visitor('Ann', { viewport: VIEWPORT });
  const robot = await plainClient('Robot');
  for (let index = 1; index <= 60; index += 1) robot.say(`message ${index}`);
  await expect(ann.messages).toHaveCount(60);
  await ann.scrollUp(700);
  await ann.say('my word on it');
  await expect.poll(() => isWithin(ann, 'my word on it')).toBe(true);
  await expect(ann.toNewest).toHaveCount(0);
});

test('who scrolls down again by themselves is no longer told', async ({ visitor, plainClient }) => {
  const ann = await visitor('Ann', { viewport: VIEWPORT, locale: 'zh-CN' });
  const robot = await plainClient('Robot');
  for (let index = 1; index <= 60; index += 1) robot.say(`message ${index}`);
  await expect(ann.messages).toHaveCount(60);
  await ann.scrollUp(400);
  robot.say('new');
  await expect(ann.toNewest).toContainText('1 条新消息');
  await ann.page.mouse.wheel(0, 2_000);
  await expect(ann.toNewest).toHaveCount(0);
  await expect.poll(() => isWithin(ann, 'new')).toBe(true);
});

test('a newcomer gets the latest hundred, and is told that there is more', async ({ visitor, plainClient }) => {
  const robot = await plainClient('Robot');
  const hundred = Array.from({ length: 100 }, (_, index) => `message ${index + 1}`);
  for (const text of hundred) robot.say(text);
  const ann = await visitor('Ann');
  await ann.hasExactly(hundred);
  await expect(ann.timeline.locator('.opening--earlier')).toHaveCount(0);
  robot.say('one more');
  await ann.hears('one more');
  const bo = await visitor('Bo');
  await bo.hasExactly([...hundred.slice(1), 'one more']);
  await expect(bo.timeline.locator('.opening--earlier')).toHaveText('Show earlier messages');
});
