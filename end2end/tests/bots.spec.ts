import { AxeBuilder } from '@axe-core/playwright';
import type { Page } from '@playwright/test';
import type { ChatPage } from '../support/chat-page';
import { ModelService } from '../support/model-service';
import { expect, test as story } from '../support/test';

const WAITER = '小二';
const HELPER = '阿明';
const PHONE = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true };

/** A server with a bot whose answers the test writes piece by piece. */
const test = story.extend<{ service: ModelService }>({
  service: async ({}, use) => {
    const service = await ModelService.open();
    await use(service);
    await service.close();
  },
  flags: async ({ service }, use) => use({ config: await service.configuration(HELPER) }),
});

/** The distance of the newest line's end from the bottom edge of the timeline, in pixels. */
async function room(chat: ChatPage, line: string): Promise<number> {
  const [box, timeline] = [await chat.page.locator(line).last().boundingBox(), await chat.timeline.boundingBox()];
  return Math.round(timeline!.y + timeline!.height - box!.y - box!.height);
}

async function hasNoBarrier(page: Page): Promise<void> {
  const { violations } = await new AxeBuilder({ page }).analyze();
  expect(violations.map(({ id, nodes }) => ({ id, where: nodes.map(node => node.html) }))).toEqual([]);
}

for (const { locale, help, mark } of [
  { locale: 'en-GB', help: 'help', mark: 'bot' },
  { locale: 'zh-CN', help: '帮助', mark: '机器人' },
]) {
  story(`the first person in an empty room is told whom to ask, asks, and is answered (${locale})`, async ({ visitor }) => {
    const ann = await visitor('Ann', { locale });
    await expect(ann.bots.locator('.members__name')).toHaveText([WAITER]);
    await expect(ann.bots.getByRole('img', { name: mark })).toBeVisible();
    await ann.seesHere(['Ann']);
    await expect(ann.page.locator('.members__count')).toHaveText('1');

    await ann.hint.click();
    await expect(ann.composer).toHaveValue(`@${WAITER} `);
    await expect(ann.composer).toBeFocused();
    await ann.page.keyboard.type(help);
    await ann.page.keyboard.press('Enter');
    await ann.hears(`@${WAITER} ${help}`, 'Ann');

    const answer = ann.messages.nth(1);
    await expect(answer.locator('.line__author')).toHaveText(WAITER);
    await expect(answer.getByRole('img', { name: mark })).toBeVisible();
    await expect(answer.locator('.line__text')).not.toBeEmpty();
    await expect(ann.messages.first().locator('.program')).toHaveCount(0);
    await ann.reload();
    await expect(ann.messages).toHaveCount(2);
    await expect(ann.messages.nth(1).locator('.program')).toHaveText(mark);
    await expect(ann.hint).toHaveCount(0);
  });
}

story('nobody who bears a bot’s word in their name bears its mark', async ({ visitor }) => {
  const ann = await visitor('Ann');
  const bo = await visitor('Bo bot 机器人');
  await bo.say('believe me');
  await ann.hears('believe me', 'Bo bot 机器人');
  await expect(ann.message('believe me').locator('.program')).toHaveCount(0);
  await expect(ann.members.locator('.program')).toHaveCount(0);
});

test('an answer grows before everybody’s eyes and is one message in the end', async ({ visitor, service }) => {
  const [ann, bo] = [await visitor('Ann'), await visitor('Bo', { locale: 'zh-CN' })];
  await ann.say(`@${HELPER} what is tea?`);
  const answer = await service.nextQuestion();
  expect(answer.asked).toContain('what is tea?');
  await expect(ann.growing).toContainText(`${HELPER} is thinking…`);
  await expect(bo.growing).toContainText(`${HELPER}正在想……`);
  await expect(ann.growing.locator('.line__author')).toHaveText(HELPER);
  await expect(ann.growing.getByRole('img', { name: 'bot' })).toBeVisible();
  await expect(ann.growing).toHaveAttribute('aria-live', 'off');

  answer.say('Tea is <b>');
  for (const chat of [ann, bo]) await expect(chat.growing.locator('.line__text')).toContainText('Tea is <b>');
  answer.say(' a drink.\n\nIt is made of leaves.');
  for (const chat of [ann, bo]) await expect(chat.growing.locator('.line__text')).toContainText('It is made of leaves.');
  await expect(ann.stop).toHaveText('Stop');
  await expect(bo.stop).toHaveCount(0);

  const whole = 'Tea is <b> a drink.\n\nIt is made of leaves.';
  const before = (await ann.growing.boundingBox())!;
  answer.end();
  for (const chat of [ann, bo]) {
    await expect(chat.growing).toHaveCount(0);
    await expect(chat.messages).toHaveCount(2);
    await expect(chat.text(chat.messages.last())).toHaveText(whole);
  }
  expect(await ann.messages.last().boundingBox()).toEqual(before);
  await ann.reload();
  await expect(ann.messages).toHaveCount(2);
  await expect(ann.text(ann.messages.last())).toHaveText(whole);
  await expect(ann.messages.last().locator('.line__author')).toHaveText(HELPER);
});

test('who asked stops an answer, and what there is of it is one message', async ({ visitor, service }) => {
  const [ann, bo] = [await visitor('Ann'), await visitor('Bo')];
  await ann.say(`@${HELPER} tell me everything`);
  const answer = await service.nextQuestion();
  answer.say('In the beginning');
  await expect(bo.growing).toContainText('In the beginning');
  await expect(ann.growing).toContainText('In the beginning');
  await ann.stop.click();
  for (const chat of [ann, bo]) {
    await expect(chat.growing).toHaveCount(0);
    await expect(chat.messages).toHaveCount(2);
    await expect(chat.messages.last()).toContainText('In the beginning');
  }
  await expect.poll(() => answer.isUnwanted).toBe(true);
  await expect(ann.composer).toBeFocused();
  await ann.reload();
  await expect(ann.messages).toHaveCount(2);
});

test('several answers grow at once, each in its place', async ({ visitor, service }) => {
  const [ann, bo] = [await visitor('Ann'), await visitor('Bo')];
  await ann.say(`@${HELPER} one`);
  const first = await service.nextQuestion();
  await bo.say(`@${HELPER} two`);
  const second = await service.nextQuestion();
  second.say('for Bo');
  first.say('for Ann');
  await expect(ann.growing).toHaveCount(2);
  await expect(ann.growing.first()).toContainText('for Ann');
  await expect(ann.growing.last()).toContainText('for Bo');
  await expect(ann.stop).toHaveCount(1);
  await expect(bo.growing.last().getByRole('button')).toHaveCount(1);
  first.end();
  await expect(ann.growing).toHaveCount(1);
  await expect(ann.growing).toContainText('for Bo');
  second.end();
  await expect(ann.growing).toHaveCount(0);
  await expect(ann.messages).toHaveCount(4);
});

test('a reader at the newest line stays there while an answer grows, and one who has scrolled up is not moved', async ({ visitor, service }) => {
  const viewport = { width: 1280, height: 600 };
  const [ann, bo] = [await visitor('Ann', { viewport }), await visitor('Bo', { viewport })];
  for (let index = 1; index <= 30; index += 1) await bo.say(`message ${index}`);
  await expect(ann.messages).toHaveCount(30);
  await ann.say(`@${HELPER} at length, please`);
  const answer = await service.nextQuestion();
  await expect(bo.growing).toHaveCount(1);
  await bo.scrollUp(300);
  const seq = (await bo.seqs())[15];
  const place = await bo.place(seq);
  const below = await room(ann, '.growing');
  for (let line = 1; line <= 12; line += 1) {
    answer.say(`line ${line}\n`);
    await expect(ann.growing).toContainText(`line ${line}`);
    await expect(bo.growing).toContainText(`line ${line}`);
    expect(await ann.distanceFromNewest()).toBe(0);
    expect(Math.abs((await bo.place(seq)) - place)).toBeLessThanOrEqual(1);
  }
  expect(await room(ann, '.growing')).toBe(below);
  answer.end();
  await expect(bo.messages).toHaveCount(32);
  await expect(ann.messages).toHaveCount(32);
  expect(Math.abs((await bo.place(seq)) - place)).toBeLessThanOrEqual(1);
  expect(await room(ann, '.message')).toBe(below);
});

for (const colorScheme of ['light', 'dark'] as const) {
  for (const [device, circumstances] of [['desktop', {}], ['phone', PHONE]] as const) {
    test(`axe finds nothing where an answer grows and a name is offered (${device}, ${colorScheme})`, async ({ visitor, service }) => {
      const ann = await visitor('Ann', { ...circumstances, colorScheme });
      await expect(ann.hint).toBeVisible();
      await hasNoBarrier(ann.page);
      await ann.say(`@${HELPER} hello`);
      const answer = await service.nextQuestion();
      await expect(ann.growing).toContainText('thinking');
      await hasNoBarrier(ann.page);
      answer.say('Good evening');
      await expect(ann.growing).toContainText('Good evening');
      await ann.composer.fill('@');
      await expect(ann.mentions).not.toHaveCount(0);
      await hasNoBarrier(ann.page);
      if (device === 'phone') {
        const box = (await ann.stop.boundingBox())!;
        expect(Math.min(box.width, box.height)).toBeGreaterThanOrEqual(44);
        expect(await ann.page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBe(0);
        await ann.composer.fill('');
        await ann.page.locator('.header__members').tap();
        await expect(ann.bots.first()).toBeVisible();
        await hasNoBarrier(ann.page);
      }
      answer.end();
      await expect(ann.growing).toHaveCount(0);
    });
  }
}

test('nothing that waits moves for those who wish no motion', async ({ visitor, service }) => {
  const ann = await visitor('Ann', { reducedMotion: 'reduce' });
  await ann.say(`@${HELPER} hello`);
  const answer = await service.nextQuestion();
  await expect(ann.growing).toContainText('thinking');
  const moving = () => ann.page.evaluate(() => document.getAnimations().filter(one => one.playState === 'running').length);
  expect(await moving()).toBe(0);
  await ann.page.emulateMedia({ reducedMotion: 'no-preference' });
  expect(await moving(), 'the check of the check').toBe(1);
  answer.say('hello');
  answer.end();
  await expect(ann.messages).toHaveCount(2);
});
