import type { ChatPage } from '../support/chat-page';
import { UNREACHABLE } from '../support/console-guard';
import type { PlainClient } from '../support/plain-client';
import { expect, test } from '../support/test';

test.beforeEach(({ consoleGuard }) => consoleGuard.expect(UNREACHABLE));
test.use({ flags: { 'rate-send': '0' } });

/** Sends numbered messages, and waits until another client receives the last one. */
async function says(speaker: PlainClient, from: number, to: number, listener: PlainClient): Promise<void> {
  for (let number = from; number <= to; number += 1) speaker.say(`number ${number}`);
  await expect.poll(() => listener.lines.some(line => line.endsWith(`number ${to}`)), { timeout: 60_000 }).toBe(true);
}

async function holds(chat: ChatPage, from: number, to: number): Promise<void> {
  await expect.poll(async () => (await chat.seqs()).at(-1)).toBe(to);
  const expected = Array.from({ length: to - from + 1 }, (_, index) => from + index);
  expect(await chat.seqs()).toEqual(expected);
}

test('150 messages that were missed are all there, below a line that says where they begin', async ({ visitor, line, plainClient }) => {
  const [ann, di, ed] = [await visitor('Ann', { baseURL: line.url }), await plainClient('Di'), await plainClient('Ed')];
  await says(di, 1, 3, ed);
  await ann.hears('number 3');
  line.cut();
  await expect(ann.banner).not.toBeEmpty();
  await says(di, 4, 153, ed);
  line.mend();
  await holds(ann, 1, 153);
  await expect(ann.holes).toHaveCount(0);
  await expect(ann.news).toHaveText('New since you left');
  const next = ann.news.locator('xpath=following-sibling::li[1]');
  await expect(next).toContainText('number 4');
  await ann.say('I am back');
  await expect(ann.news).toHaveCount(0);
});

test('of 1,500 that were missed the newest are there, and the others can be had where a hole says so', async ({ visitor, line, plainClient }) => {
  const [ann, di, ed] = [await visitor('Ann', { baseURL: line.url }), await plainClient('Di'), await plainClient('Ed')];
  await says(di, 1, 5, ed);
  await ann.hears('number 5');
  line.cut();
  await expect(ann.banner).not.toBeEmpty();
  await says(di, 6, 1_505, ed);
  line.mend();
  await expect(ann.holes).toHaveText('1400 earlier messages, show them');
  expect((await ann.seqs()).slice(0, 6)).toEqual([1, 2, 3, 4, 5, 1_406]);
  for (let missing = 1_400; missing > 0; missing -= 100) {
    await expect(ann.holes).toHaveText(`${missing} earlier messages, show them`);
    await ann.holes.click();
  }
  await expect(ann.holes).toHaveCount(0);
  await ann.timeline.evaluate(timeline => timeline.scrollTo(0, -timeline.scrollHeight));
  await expect.poll(async () => (await ann.seqs())[0]).toBe(1);
  expect(await ann.walk()).toEqual(Array.from({ length: 1_505 }, (_, index) => index + 1));
});

test('what is no longer kept when one comes back is said in words', async ({ visitor, line, plainClient, teahouse }) => {
  await teahouse.kill();
  await teahouse.start({ retain: '150' });
  const [ann, di, ed] = [await visitor('Ann', { baseURL: line.url }), await plainClient('Di'), await plainClient('Ed')];
  const ming = await visitor('小明', { baseURL: line.url, locale: 'zh-CN' });
  await says(di, 1, 5, ed);
  for (const reader of [ann, ming]) await reader.hears('number 5');
  line.cut();
  for (const reader of [ann, ming]) await expect(reader.banner).not.toBeEmpty();
  await says(di, 6, 1_300, ed);
  line.mend();
  await expect(ann.timeline).toContainText('1145 messages that belong here are no longer kept.');
  await expect(ming.timeline).toContainText('这里有 1145 条消息已不再保留。');
  await expect(ann.holes).toHaveText('50 earlier messages, show them');
  await ann.holes.click();
  await expect(ann.holes).toHaveCount(0);
  expect(await ann.seqs()).toEqual([1, 2, 3, 4, 5, ...Array.from({ length: 150 }, (_, index) => 1_151 + index)]);

  await ann.reload();
  await ann.timeline.evaluate(timeline => timeline.scrollTo(0, -timeline.scrollHeight));
  await expect(ann.earlier).toHaveText('Earlier messages are no longer kept.');
  await holds(ann, 1_151, 1_300);
});
