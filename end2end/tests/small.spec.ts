// A page at 400 %, or a phone in landscape: messages show whole, controls are uncovered and all reachable.

import { AxeBuilder } from '@axe-core/playwright';
import type { Locator, Page } from '@playwright/test';
import type { ChatPage } from '../support/chat-page';
import { UNREACHABLE } from '../support/console-guard';
import { expect, test } from '../support/test';

test.use({ flags: { 'rate-send': '0' } });

const WINDOWS = [
  { width: 320, height: 180 },
  { width: 320, height: 256 },
  { width: 667, height: 320 },
  { width: 900, height: 300 },
];

/** Whether the whole element is visible and nothing covers it. */
async function isInSight(what: Locator): Promise<boolean> {
  return what.evaluate(element => {
    const { left, top, right, bottom } = element.getBoundingClientRect();
    const isWithin = left >= 0 && top >= -0.5 && right <= innerWidth && bottom <= innerHeight + 0.5;
    // Corners may be round, and a close button may overlap the end.
    const [x, y] = [(left + right) / 2, (top + bottom) / 2];
    const points = [
      [left + 3, y],
      [x, top + 3],
      [x, bottom - 3],
    ];
    const isOnTop = points.every(([x, y]) => {
      const on = document.elementFromPoint(x, y);
      return on !== null && (element.contains(on) || on.contains(element));
    });
    return isWithin && isOnTop;
  });
}

/** Expects every match to be reachable by scrolling alone. */
async function canBeReached(page: Page, selector: string): Promise<void> {
  const all = (await page.locator(selector).all()).map(async what => ((await what.isVisible()) ? [what] : []));
  for (const what of (await Promise.all(all)).flat()) {
    const message = await what.evaluate(element => element.outerHTML.slice(0, 120));
    const scrolled = async () => {
      for (const block of ['start', 'center', 'end'] as const) {
        await what.evaluate((element, block) => element.scrollIntoView({ block }), block);
        if (await isInSight(what)) return true;
      }
      return false;
    };
    await expect.poll(scrolled, { message }).toBe(true);
  }
}

async function hasNoHorizontalScroll(page: Page): Promise<void> {
  expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(0);
}

async function wheelUp(chat: ChatPage, pixels: number): Promise<void> {
  await chat.messages.last().hover();
  await chat.page.mouse.wheel(0, -pixels);
}

for (const viewport of WINDOWS) {
  const name = `${viewport.width} × ${viewport.height}`;

  test(`at ${name} whole messages show, also while one writes, and one gets from the first to the last @core`, async ({ visitor, plainClient }) => {
    const ann = await visitor('Ann', { viewport });
    const robot = await plainClient('Robot');
    for (let index = 1; index <= 30; index += 1) robot.say(`message ${index}`);
    await expect(ann.messages).toHaveCount(30);
    await expect.poll(() => isInSight(ann.message('message 30'))).toBe(true);
    await expect.poll(() => isInSight(ann.composer)).toBe(true);

    await wheelUp(ann, 400);
    await expect(ann.toNewest).toBeVisible();
    await expect.poll(() => isInSight(ann.toNewest)).toBe(true);
    await ann.page.locator('#m1').evaluate(line => line.scrollIntoView());
    await expect.poll(() => isInSight(ann.page.locator('#m1'))).toBe(true);

    // Users see what they type, and then the message they sent.
    await ann.composer.focus();
    await ann.page.keyboard.type('so it is');
    await expect.poll(() => isInSight(ann.composer)).toBe(true);
    await ann.page.keyboard.press('Enter');
    await expect.poll(() => isInSight(ann.text(ann.message('so it is')))).toBe(true);
    await hasNoHorizontalScroll(ann.page);
    await canBeReached(ann.page, '.header :is(button, h1), .composer :is(button, textarea)');
  });

  test(`at ${name} the news of a lost connection hides nothing @core`, async ({ visitor, teahouse, consoleGuard }) => {
    consoleGuard.expect(UNREACHABLE);
    const ann = await visitor('Ann', { viewport });
    for (let index = 1; index <= 10; index += 1) await ann.say(`message ${index}`);
    await expect(ann.messages).toHaveCount(10);
    await teahouse.kill();
    await expect(ann.tryNow).toBeVisible();
    await canBeReached(ann.page, '.banner button, .composer :is(button, textarea), .message .line__text');
    await ann.composer.fill('it waits');
    expect(await isInSight(ann.composer)).toBe(true);
  });

  test(`at ${name} the rooms, the people and the search can be reached to their ends, and axe finds nothing`, async ({ visitor, stranger }) => {
    const door = await (await stranger({ viewport })).atTheDoor();
    await canBeReached(door.page, 'h1, label, input:not([type=hidden]), button, a');
    await hasNoHorizontalScroll(door.page);
    await door.page.close();

    const ann = await visitor('Ann', { viewport });
    await visitor('Bo');
    await ann.page.addInitScript(() => sessionStorage.setItem('rooms', 'lobby tea milk sugar'));
    await ann.reload();
    await ann.say('hello');
    await ann.hears('hello');
    const { violations } = await new AxeBuilder({ page: ann.page }).analyze();
    expect(violations.map(({ id, nodes }) => ({ id, where: nodes.map(node => node.html) }))).toEqual([]);
    if (viewport.width < 768) await ann.page.locator('.header__rooms').click();
    await canBeReached(ann.page, '.rooms :is(a, input, button:not([hidden])), .brand');
    await ann.page.keyboard.press('Escape');
    await ann.page.locator('.header__members').click();
    await expect(ann.page.locator('#members')).toBeVisible();
    await canBeReached(ann.page, '.members :is(li, button:not(:empty))');
    await ann.page.keyboard.press('Escape');
    await ann.page.locator('.header__search').click();
    const search = ann.page.frameLocator('.search-panel__frame');
    await expect(search.getByRole('searchbox')).toBeVisible();
    const field = search.locator('.search__go');
    await search.locator('.search__how dd').last().evaluate(element => element.scrollIntoView({ block: 'end' }));
    expect(await search.locator('.search__how dd').last().evaluate(last => {
      const { left, bottom } = last.getBoundingClientRect();
      return last.contains(document.elementFromPoint(left + 3, bottom - 3));
    }), 'the last line shows').toBe(true);
    await field.evaluate(element => element.scrollIntoView());
    await expect(field).toBeInViewport();
  });
}

test('when a phone’s keyboard opens, one sees what one writes and where one reads @core', async ({ visitor, plainClient }) => {
  const ann = await visitor('Ann', { viewport: { width: 320, height: 568 } });
  const robot = await plainClient('Robot');
  for (let index = 1; index <= 60; index += 1) robot.say(`message ${index}`);
  await expect(ann.messages).toHaveCount(60);
  await ann.page.locator('#m30').evaluate(line => line.scrollIntoView());
  await expect(ann.toNewest).toBeVisible();
  await ann.composer.click();
  await ann.page.setViewportSize({ width: 320, height: 284 });
  await ann.page.keyboard.type('so it is');
  await expect.poll(() => isInSight(ann.page.locator('#m30 .line__text'))).toBe(true);
  await expect.poll(() => isInSight(ann.composer)).toBe(true);
  await expect.poll(() => isInSight(ann.toNewest)).toBe(true);
  await ann.page.setViewportSize({ width: 320, height: 568 });
  await expect.poll(() => isInSight(ann.page.locator('#m30 .line__text'))).toBe(true);
});

test('with sixty rooms the field and “Log out” stay in view, and the rooms scroll @core', async ({ visitor }) => {
  for (const viewport of [{ width: 1280, height: 700 }, { width: 390, height: 667 }]) {
    const ann = await visitor(`Ann ${viewport.width}`, { viewport });
    await ann.page.addInitScript(() => {
      const rooms = Array.from({ length: 59 }, (_, index) => `room-${index + 1}`);
      // The tab's stored rooms begin with the user's id.
      const [user] = (sessionStorage.getItem('rooms') ?? '').split(' ');
      sessionStorage.setItem('rooms', [user, 'lobby', ...rooms].join(' '));
    });
    await ann.reload();
    if (viewport.width < 768) await ann.page.locator('.header__rooms').click();
    await expect(ann.rooms.locator('.rooms__room')).toHaveCount(60);
    for (const what of [ann.goToRoom, ann.logOut, ann.rooms.locator('.brand')]) {
      await expect.poll(() => isInSight(what)).toBe(true);
    }
    const last = ann.roomLink('room-59');
    expect(await isInSight(last)).toBe(false);
    await last.evaluate(link => link.scrollIntoView({ block: 'nearest' }));
    expect(await isInSight(last)).toBe(true);
    expect(await isInSight(ann.logOut)).toBe(true);
  }
});
