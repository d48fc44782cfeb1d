import { devices, type Page } from '@playwright/test';
import { expect, test } from '../support/test';

const { userAgent } = devices['Pixel 7'];
const NARROW = { width: 320, height: 568 };
const COMMON = { width: 390, height: 844 };

function phone(viewport: { width: number; height: number }) {
  return { viewport, userAgent, isMobile: true, hasTouch: true, deviceScaleFactor: 2 };
}

async function isWithinScreen(page: Page, selector: string): Promise<boolean> {
  return page.locator(selector).evaluate(element => {
    const box = element.getBoundingClientRect();
    return box.width > 0 && box.left >= 0 && box.top >= 0 && box.right <= innerWidth && box.bottom <= innerHeight;
  });
}

async function hasNoHorizontalScroll(page: Page): Promise<void> {
  expect(
    await page.evaluate(() => ({
      page: document.documentElement.scrollWidth - innerWidth,
      log: [...document.querySelectorAll('[role=log]')].map(log => log.scrollWidth - log.clientWidth),
    })),
  ).toMatchObject({ page: 0 });
}

for (const viewport of [NARROW, COMMON]) {
  test(`on a phone of ${viewport.width} pixels one logs in, reads and talks`, async ({ stranger, visitor }) => {
    const bo = await visitor('Bo');
    const door = await (await stranger(phone(viewport))).atTheDoor();
    await hasNoHorizontalScroll(door.page);
    expect(await isWithinScreen(door.page, '.login__enter')).toBe(true);
    await door.page.close();

    const ann = await visitor('Ann', phone(viewport));
    await bo.say('hello to the phone');
    await ann.hears('hello to the phone');
    expect(await isWithinScreen(ann.page, '.composer')).toBe(true);
    await ann.composer.tap();
    await ann.composer.fill('typed with a thumb');
    await ann.send.tap();
    await bo.hears('typed with a thumb');
    await bo.say(`https://example.org/${'long'.repeat(60)}`);
    await bo.say('字'.repeat(300));
    await expect(ann.messages).toHaveCount(4);
    await hasNoHorizontalScroll(ann.page);
    expect(await isWithinScreen(ann.page, '.composer')).toBe(true);
  });

  test(`on a phone of ${viewport.width} pixels the rooms and the people are a tap away`, async ({ visitor }) => {
    const bo = await visitor('Bo');
    const ann = await visitor('Ann', { ...phone(viewport), locale: 'zh-CN' });
    await expect(ann.rooms).toBeHidden();
    await expect(ann.page.locator('#members')).toBeHidden();

    await ann.page.getByRole('button', { name: '2 人在座' }).tap();
    await expect(ann.members.filter({ hasText: 'Bo' })).toBeVisible();
    await ann.page.locator('#members').getByRole('button', { name: '关闭' }).tap();
    await expect(ann.page.locator('#members')).toBeHidden();

    await ann.page.locator('.header__rooms').tap();
    await expect(ann.rooms).toBeVisible();
    await ann.goToRoom.fill('龙井');
    await ann.goToRoom.press('Enter');
    await expect(ann.title).toContainText('龙井');
    await expect(ann.rooms).toBeHidden();

    await bo.say('in the lobby');
    await expect(ann.page.locator('.header__rooms .badge')).toContainText('1');
    await ann.page.locator('.header__rooms').tap();
    await expect.poll(() => ann.unread('大堂')).toBe(1);
    await ann.roomLink('大堂').tap();
    await expect(ann.rooms).toBeHidden();
    await ann.hears('in the lobby');
    await hasNoHorizontalScroll(ann.page);
  });

  test(`on a phone of ${viewport.width} pixels the keyboard does not cover the composer`, async ({ visitor, plainClient }) => {
    const ann = await visitor('Ann', phone(viewport));
    const robot = await plainClient('Robot');
    for (let index = 1; index <= 30; index += 1) robot.say(`message ${index}`);
    await expect(ann.messages).toHaveCount(30);
    await ann.composer.tap();
    // `interactive-widget=resizes-content` makes the page as high as the space above the keyboard.
    await ann.page.setViewportSize({ width: viewport.width, height: Math.round(viewport.height * 0.5) });
    await expect.poll(() => isWithinScreen(ann.page, '.composer')).toBe(true);
    await expect(ann.messages.last()).toBeInViewport();
    await ann.composer.fill('one\ntwo\nthree\nfour\nfive\nsix\nseven\neight\nnine');
    await expect.poll(() => isWithinScreen(ann.page, '.composer__send')).toBe(true);
    expect(await ann.page.locator('meta[name=viewport]').getAttribute('content')).toContain('interactive-widget=resizes-content');
  });

  test(`on a phone of ${viewport.width} pixels everything that is tapped is 44 pixels high`, async ({ visitor }) => {
    const ann = await visitor('Ann', phone(viewport));
    const isLargeEnough = (selector: string) =>
      ann.page.locator(selector).evaluateAll(elements =>
        elements
          .filter(element => element.checkVisibility())
          .map(element => ({ what: element.className || element.id, height: Math.round(element.getBoundingClientRect().height) }))
          .filter(({ height }) => height < 44),
      );
    expect(await isLargeEnough('button, input:not([type=hidden]), textarea')).toEqual([]);
    await ann.page.locator('.header__rooms').tap();
    await expect(ann.rooms).toBeVisible();
    expect(await isLargeEnough('.rooms :is(a, button, input:not([type=hidden]))')).toEqual([]);
  });
}
