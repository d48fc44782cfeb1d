// A long message is folded after about thirty lines, with a button that unfolds it.

import { AxeBuilder } from '@axe-core/playwright';
import type { Locator } from '@playwright/test';
import type { ChatPage } from '../support/chat-page';
import { UNREACHABLE } from '../support/console-guard';
import { ModelService } from '../support/model-service';
import { expect, test as story } from '../support/test';

const HELPER = '阿明';

/** A server with a bot whose answers the test writes piece by piece. */
const test = story.extend<{ service: ModelService }>({
  service: async ({}, use) => {
    const service = await ModelService.open();
    await use(service);
    await service.close();
  },
  flags: async ({ service }, use) => use({ config: await service.configuration(HELPER), 'rate-send': '0' }),
});

const WINDOW = { width: 1280, height: 700 };
/** About as many line breaks as a message can have. */
const BREAKS = `first${'\n'.repeat(3_985)}the end`;

async function height(what: Locator): Promise<number> {
  return (await what.boundingBox())!.height;
}

function way(message: Locator): Locator {
  return message.locator('.line__rest summary');
}

async function top(what: Locator): Promise<number> {
  return what.evaluate(element => element.getBoundingClientRect().top);
}

async function painted(chat: ChatPage): Promise<void> {
  await chat.page.evaluate(() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done))));
}

test('a message of thousands of lines takes a screen, and all of them for those who want them @core', async ({ visitor, plainClient }) => {
  const ann = await visitor('Ann', { viewport: WINDOW });
  const robot = await plainClient('Robot');
  robot.say(BREAKS);
  robot.say(`short${'\nline'.repeat(30)}`);
  await expect(ann.messages).toHaveCount(2);
  const long = ann.messages.first();
  await expect(way(ann.messages.last())).toHaveCount(0);
  expect(await height(long)).toBeLessThan(900);
  await expect(way(long)).toHaveText('Show all', { useInnerText: true });

  await ann.page.locator('#m1').evaluate(line => line.scrollIntoView());
  await way(long).scrollIntoViewIfNeeded();
  await painted(ann);
  const before = await top(long);
  await way(long).click();
  expect(await height(long)).toBeGreaterThan(90_000);
  await painted(ann);
  expect(Math.abs((await top(long)) - before), 'what one reads stays').toBeLessThanOrEqual(2);
  await expect(way(long)).toHaveText('Show less', { useInnerText: true });

  // Folding from the far end returns to the button.
  await way(long).scrollIntoViewIfNeeded();
  await painted(ann);
  await way(long).click();
  expect(await height(long)).toBeLessThan(900);
  await expect(way(long)).toBeInViewport();
});

test('by the keyboard it unfolds and folds too @core', async ({ visitor, plainClient }) => {
  const ann = await visitor('Ann', { viewport: WINDOW, locale: 'zh-CN' });
  const robot = await plainClient('Robot');
  robot.say(BREAKS);
  await expect(way(ann.messages.first())).toHaveText('展开全文', { useInnerText: true });
  await way(ann.messages.first()).focus();
  await ann.page.keyboard.press('Enter');
  await expect(way(ann.messages.first())).toHaveText('收起', { useInnerText: true });
  expect(await height(ann.messages.first())).toBeGreaterThan(90_000);
  await expect(way(ann.messages.first())).toBeFocused();
  await ann.page.keyboard.press('Enter');
  expect(await height(ann.messages.first())).toBeLessThan(900);
});

test('without a script it is folded and unfolds as well', async ({ visitor, browser, plainClient }) => {
  const ann = await visitor('Ann', { viewport: WINDOW });
  const robot = await plainClient('Robot');
  robot.say(BREAKS);
  await expect(ann.messages).toHaveCount(1);
  const context = await browser.newContext({
    javaScriptEnabled: false,
    storageState: await ann.visitor.context.storageState(),
    viewport: WINDOW,
    locale: 'en-GB',
  });
  const page = await context.newPage();
  await page.goto(new URL('/chat', ann.page.url()).href);
  // In the frame that replaces the timeline there.
  const long = page.frameLocator('.plain-log').locator('#m1');
  expect(await height(long)).toBeLessThan(900);
  await way(long).click();
  await expect.poll(() => height(long)).toBeGreaterThan(90_000);
  await context.close();
});

test('what waits to be sent is folded as it will be when it is said @core', async ({ visitor, line, consoleGuard }) => {
  consoleGuard.expect(UNREACHABLE);
  const ann = await visitor('Ann', { viewport: WINDOW, baseURL: line.url });
  line.cut();
  await ann.say(`first${'\nline'.repeat(60)}`);
  await expect(ann.pending).toHaveCount(1);
  expect(await height(ann.pending)).toBeLessThan(900);
  await way(ann.pending).click();
  await expect(way(ann.pending)).toHaveText('Show less', { useInnerText: true });
  await way(ann.pending).click();
  const waiting = await height(ann.pending);
  line.mend();
  await expect(ann.messages).toHaveCount(1);
  expect(Math.abs((await height(ann.messages.first())) - waiting)).toBeLessThanOrEqual(8);
});

test('who sees an answer grow goes on seeing the whole of it, and who comes later sees it folded @core', async ({ visitor, service }) => {
  const ann = await visitor('Ann', { viewport: WINDOW });
  await ann.say(`@${HELPER} tell me all`);
  const answer = await service.nextQuestion();
  answer.say(`so${'\nline'.repeat(60)}`);
  await expect(ann.growing).toContainText('line');
  const grown = await height(ann.growing);
  expect(grown).toBeGreaterThan(1_400);
  answer.end();
  await expect(ann.messages).toHaveCount(2);
  await expect(way(ann.messages.last())).toHaveText('Show less', { useInnerText: true });
  expect(await height(ann.text(ann.messages.last()))).toBeGreaterThan(1_400);
  await ann.reload();
  expect(await height(ann.messages.last())).toBeLessThan(900);
});

for (const colorScheme of ['light', 'dark'] as const) {
  test(`axe finds nothing in a folded message (${colorScheme})`, async ({ visitor, plainClient }) => {
    const ann = await visitor('Ann', { colorScheme });
    const robot = await plainClient('Robot');
    robot.say(BREAKS);
    await expect(ann.messages).toHaveCount(1);
    const { violations } = await new AxeBuilder({ page: ann.page }).analyze();
    expect(violations.map(({ id, nodes }) => ({ id, where: nodes.map(node => node.html) }))).toEqual([]);
  });
}
