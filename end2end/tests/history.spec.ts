import type { ChatPage } from '../support/chat-page';
import { UNREACHABLE, answered } from '../support/console-guard';
import type { PlainClient } from '../support/plain-client';
import { expect, test } from '../support/test';

test.use({ flags: { 'rate-send': '0' } });

/** Fills a room with this many messages. */
async function saying(count: number, speaker: PlainClient, listener: PlainClient): Promise<void> {
  for (let number = 1; number <= count; number += 1) speaker.say(`number ${number}`);
  await expect.poll(() => listener.lines.some(line => line.endsWith(`number ${count}`)), { timeout: 60_000 }).toBe(true);
}

/** The first visible message and its position. */
async function firstSeen(chat: ChatPage): Promise<{ seq: number; place: number }> {
  for (const seq of await chat.seqs()) {
    const place = await chat.place(seq);
    if (place >= 0) return { seq, place };
  }
  throw new Error('no message shows');
}

/** Closes the page, sends a message meanwhile, and returns a new page. */
async function missing(chat: ChatPage, speaker: PlainClient, plainClient: (name: string) => Promise<PlainClient>): Promise<ChatPage> {
  await chat.page.close();
  const listener = await plainClient('Ed');
  speaker.say('not seen');
  await expect.poll(() => listener.lines.some(line => line.endsWith('not seen'))).toBe(true);
  const again = await chat.visitor.enter();
  await expect(again.news).toHaveText('New since you left');
  return again;
}

test('older pages come as one scrolls up, and what one reads stays where it is', async ({ visitor, plainClient }) => {
  const [di, ed] = [await plainClient('Di'), await plainClient('Ed')];
  await saying(450, di, ed);
  const ann = await visitor('Ann');
  await expect(ann.messages).toHaveCount(100);
  while ((await ann.seqs())[0] > 1) {
    const [oldest] = await ann.seqs();
    await ann.timeline.evaluate(timeline => timeline.scrollTo(0, -(timeline.scrollHeight - timeline.clientHeight) + 300));
    const reading = await firstSeen(ann);
    di.say(`said while ${oldest} is read`);
    await expect.poll(async () => (await ann.seqs())[0]).toBeLessThan(oldest);
    expect(Math.abs((await ann.place(reading.seq)) - reading.place)).toBeLessThanOrEqual(2);
  }
  await expect(ann.earlier).toHaveCount(0);
  await expect(ann.toNewest).toContainText(/[3-9] new messages/);
  const seqs = await ann.walk();
  expect(seqs).toEqual(seqs.map((_, index) => index + 1));
  expect(seqs.length).toBeGreaterThan(450);
  await expect(ann.messages.last()).toContainText('is read');
});

test('the button above the first line shows earlier messages too', async ({ visitor, plainClient }) => {
  const [di, ed] = [await plainClient('Di'), await plainClient('Ed')];
  await saying(130, di, ed);
  const ann = await visitor('Ann');
  await ann.earlier.getByRole('button', { name: 'Show earlier messages' }).press('Enter');
  await expect(ann.messages).toHaveCount(130);
  await expect(ann.earlier).toHaveCount(0);
});

test('a link to a message opens the room there, and leads on to the newest', async ({ visitor, plainClient }) => {
  const [di, ed] = [await plainClient('Di'), await plainClient('Ed')];
  await saying(300, di, ed);
  const ann = await visitor('Ann');
  const link = ann.messages.first().locator('a.line__time');
  await expect(link).toHaveAttribute('href', '/chat/lobby/201#m201');
  for (const path of ['/chat/lobby/120#m120', '/chat/lobby/120']) {
    const reader = await ann.visitor.enter(path);
    await expect(reader.message('number 120')).toBeInViewport();
    await expect(reader.page.locator('.message:target')).toContainText('number 120');
    await expect(reader.holes).toHaveText('130 messages follow, show them');
    await reader.page.close();
  }
  const reader = await ann.visitor.enter('/chat/lobby/120#m120');
  for (const left of [130, 31]) {
    await expect(reader.holes).toHaveText(`${left} messages follow, show them`);
    await reader.holes.scrollIntoViewIfNeeded();
    const place = await reader.place(160);
    await reader.holes.click();
    await expect.poll(async () => Math.abs((await reader.place(160)) - place)).toBeLessThanOrEqual(2);
  }
  await expect(reader.holes).toHaveCount(0);
  await expect.poll(async () => (await reader.seqs()).at(-1)).toBe(300);
  await di.say('live');
  await reader.hears('live');
});

test('without a script a link to a message shows it in its place too', async ({ stranger, plainClient }) => {
  const [di, ed] = [await plainClient('Di'), await plainClient('Ed')];
  await saying(200, di, ed);
  const reader = await stranger({ javaScriptEnabled: false });
  const door = await reader.atTheDoor('/chat/lobby/60');
  await door.logInAs('Reader');
  await expect(door.page.locator('#m60')).toContainText('number 60');
  await door.page.goto('/chat/lobby/60#m60');
  await expect(door.page.locator('#m60')).toBeInViewport();
});

test('a message that is not there, or no longer, is said in words', async ({ visitor, plainClient, teahouse, consoleGuard }) => {
  consoleGuard.expect(answered(404), answered(410));
  await teahouse.kill();
  await teahouse.start({ retain: '100' });
  const [di, ed] = [await plainClient('Di'), await plainClient('Ed')];
  await saying(120, di, ed);
  const ann = await visitor('Ann');
  for (const [seq, status] of [[121, 404], [0, 404], [5, 410]] as const) {
    const response = await ann.page.goto(`/chat/lobby/${seq}`);
    expect(response!.status()).toBe(status);
    await expect(ann.page.getByRole('heading', { level: 1 })).toBeVisible();
  }
});

test('what a page has itself seen is no other tab’s, whenever the browser says that the page shows', async ({ visitor, plainClient, line, consoleGuard }) => {
  consoleGuard.expect(UNREACHABLE);
  const di = await plainClient('Di');
  const ann = await visitor('Ann', { baseURL: line.url });
  di.say('seen');
  await ann.hears('seen');
  const again = await missing(ann, di, plainClient);
  // The `pageshow` event of a loading page may come as late as this.
  await again.page.evaluate(() => dispatchEvent(new PageTransitionEvent('pageshow', { persisted: false })));
  const joins = await again.joins();
  line.cut();
  line.mend();
  await expect.poll(() => again.joins()).toBeGreaterThan(joins);
  await expect(again.news).toHaveText('New since you left');
});

test('a day leads to its first message', async ({ visitor, plainClient }) => {
  const [di, ed] = [await plainClient('Di'), await plainClient('Ed')];
  await saying(120, di, ed);
  const ann = await visitor('Ann');
  await ann.page.goto('/chat?day=2020-02-29');
  await expect(ann.page).toHaveURL(/\/chat\/lobby\/1#m1$/);
  await expect(ann.page.locator('.message:target')).toContainText('number 1');
  await ann.page.goto('/chat?day=2999-01-01');
  await expect(ann.page).toHaveURL(/\/chat$/);
});

test('the panel of the search leads to a day too', async ({ visitor, plainClient }) => {
  const di = await plainClient('Di');
  const ann = await visitor('Ann');
  di.say('today');
  await ann.hears('today');
  await ann.page.getByRole('button', { name: 'Search' }).click();
  const panel = ann.page.frameLocator('.search-panel__frame');
  await panel.getByLabel('Or go to a day').fill('2021-01-01');
  await panel.getByRole('button', { name: 'Go' }).click();
  await expect(ann.page).toHaveURL(/\/chat\/lobby\/1#m1$/);
  await expect(ann.message('today')).toBeInViewport();
});

test('what came while one was away stands below a line, also on another day’s page', async ({ visitor, plainClient }) => {
  const di = await plainClient('Di');
  const ann = await visitor('Ann');
  di.say('seen');
  await ann.hears('seen');
  await expect(ann.news).toHaveCount(0);
  const again = await missing(ann, di, plainClient);
  await expect(again.news.locator('xpath=following-sibling::li[1]')).toContainText('not seen');
  await again.say('thank you');
  await expect(again.news).toHaveCount(0);
});
