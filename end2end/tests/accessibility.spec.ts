import { AxeBuilder } from '@axe-core/playwright';
import type { Page } from '@playwright/test';
import { UNREACHABLE, answered } from '../support/console-guard';
import { expect, test } from '../support/test';

async function hasNoBarrier(page: Page, but: string[] = []): Promise<void> {
  const { violations } = await new AxeBuilder({ page }).disableRules(but).analyze();
  expect(
    violations.map(({ id, help, nodes }) => ({ id, help, where: nodes.map(node => node.html) })),
    'what axe finds',
  ).toEqual([]);
}

for (const colorScheme of ['light', 'dark'] as const) {
  for (const locale of ['en-GB', 'zh-CN']) {
    const reader = { colorScheme, locale };

    test(`axe finds nothing at the door (${colorScheme}, ${locale})`, async ({ stranger, visitor, consoleGuard }) => {
      consoleGuard.expect(answered(409), answered(404));
      const door = await (await stranger(reader)).atTheDoor();
      await hasNoBarrier(door.page);
      await visitor('Ann');
      await door.logInAs('Ann');
      await expect(door.problem).toBeVisible();
      await hasNoBarrier(door.page);
      await door.page.goto('/nowhere');
      await hasNoBarrier(door.page);
    });

    test(`axe finds nothing in the room, empty, full and cut off (${colorScheme}, ${locale})`, async ({ visitor, teahouse, consoleGuard }) => {
      consoleGuard.expect(UNREACHABLE);
      const ann = await visitor('Ann', reader);
      await hasNoBarrier(ann.page);

      const others = [await visitor('小明'), await visitor('Bo')];
      await ann.say('Look: https://example.org/tea');
      await ann.say('and again');
      for (const other of others) await other.say('好 good');
      await expect(ann.messages).toHaveCount(4);
      await ann.goTo('tea');
      await others[0].say('unread');
      await expect(ann.rooms.locator('.badge')).toBeVisible();
      await hasNoBarrier(ann.page);
      await ann.roomLink(locale === 'zh-CN' ? '大堂' : 'Lobby').click();
      await expect(ann.messages).toHaveCount(5);
      await hasNoBarrier(ann.page);

      await teahouse.kill();
      await expect(ann.tryNow).toBeVisible();
      await ann.say('waits');
      await ann.composer.fill('x'.repeat(4_001));
      await expect(ann.pending).toBeVisible();
      await hasNoBarrier(ann.page);
    });
  }

  test(`axe finds nothing on the page that lives without its program, and in its log (${colorScheme})`, async ({ visitor, consoleGuard }) => {
    consoleGuard.expect(/./);
    const ann = await visitor('Ann', { colorScheme });
    await ann.say('Look: https://example.org/tea');
    await expect(ann.messages).toHaveCount(1);
    const page = await ann.visitor.tab();
    await page.route('**/*.wasm', route => route.abort());
    await page.goto('/chat');
    await expect(page.locator('#trouble')).toBeVisible();
    await expect(page.frameLocator('iframe.plain-log').getByText('Look')).toBeVisible();
    // Without a script only a refresh updates the log (WCAG 2.2.1 has an exception for real-time content).
    await hasNoBarrier(page, ['meta-refresh']);
    await page.goto('/chat/lobby/log');
    await hasNoBarrier(page, ['meta-refresh']);
  });

  test(`axe finds nothing on a phone with the rooms and the people open (${colorScheme})`, async ({ visitor }) => {
    const ann = await visitor('Ann', { colorScheme, viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true });
    await ann.say('hello');
    await ann.hears('hello');
    await hasNoBarrier(ann.page);
    await ann.page.locator('.header__rooms').tap();
    await expect(ann.rooms).toBeVisible();
    await hasNoBarrier(ann.page);
    await ann.rooms.locator('.close').tap();
    await expect(ann.rooms).toBeHidden();
    await ann.page.locator('.header__members').tap();
    await expect(ann.page.locator('#members')).toBeVisible();
    await hasNoBarrier(ann.page);
  });
}

/** The focused element's role and name, and whether its focus is visible. */
async function focused(page: Page) {
  return page.evaluate(() => {
    const element = document.activeElement as HTMLElement;
    const style = getComputedStyle(element);
    const surrounding = getComputedStyle(element.parentElement!);
    const isOutlined = style.outlineStyle !== 'none' && Number.parseFloat(style.outlineWidth) > 0 && !/, 0\)|transparent/.test(style.outlineColor);
    return {
      what: element.id || element.className.split(' ')[0] || element.getAttribute('type') || element.tagName,
      isVisible: isOutlined || surrounding.boxShadow !== 'none',
    };
  });
}

test('by the keyboard alone one reaches everything, in the order in which it is read, and sees where one is', async ({ visitor }) => {
  const ann = await visitor('Ann', { viewport: { width: 1280, height: 800 } });
  await ann.say('with https://example.org/ a link');
  await ann.hears('with https://example.org/ a link');
  await ann.goTo('tea');
  await ann.roomLink('Lobby').click();
  await ann.hears('with https://example.org/ a link');
  await ann.reload();

  const way: string[] = [];
  for (let step = 0; step < 25; step += 1) {
    await ann.page.keyboard.press('Tab');
    const { what, isVisible } = await focused(ann.page);
    if (what === 'page' || (way.length > 0 && what === way[0])) break;
    expect(isVisible, `the focus on ${what} is seen`).toBe(true);
    way.push(what);
  }
  expect(way).toEqual([
    'skip',
    'rooms__link', // the lobby
    'rooms__leave',
    'rooms__link', // tea
    'rooms__leave',
    'go-to-room',
    'quiet', // go
    'quiet', // language
    'quiet', // log out
    'quiet', // end the other logins
    'header__search',
    'timeline',
    'A', // the link in the message
    'composer',
    'composer__send',
    'members', // which scrolls when there are many
  ]);
});

test('the skip link leads straight to writing', async ({ visitor }) => {
  const ann = await visitor('Ann');
  await ann.page.evaluate(() => (document.activeElement as HTMLElement).blur());
  await ann.page.keyboard.press('Tab');
  const skip = ann.page.getByRole('link', { name: 'Skip to writing' });
  await expect(skip).toBeFocused();
  const box = (await skip.boundingBox())!;
  expect(box.width).toBeGreaterThan(40);
  await ann.page.keyboard.press('Enter');
  await expect(ann.composer).toBeFocused();
  await ann.page.keyboard.type('by the keyboard');
  await ann.page.keyboard.press('Enter');
  await ann.hears('by the keyboard');
});

test('by the keyboard alone one logs in, changes rooms, reads on and leaves', async ({ stranger }) => {
  const visitor = await stranger({ viewport: { width: 1280, height: 500 } });
  const door = await visitor.atTheDoor();
  await expect(door.nickname).toBeFocused();
  await door.page.keyboard.type('Ann');
  await door.page.keyboard.press('Enter');
  await expect(door.page).toHaveURL(/\/chat$/);
  await door.page.close();
  const ann = await visitor.enter();
  const { keyboard } = ann.page;
  await ann.goToRoom.focus();
  await keyboard.type('tea');
  await keyboard.press('Enter');
  await expect(ann.title).toContainText('tea');
  await expect(ann.composer).toBeFocused();
  for (let index = 0; index < 25; index += 1) {
    await keyboard.type(`${index}`);
    await keyboard.press('Enter');
  }
  await expect(ann.messages).toHaveCount(25);
  await ann.timeline.focus();
  await keyboard.press('Home');
  await expect(ann.toNewest).toBeVisible();
  await keyboard.press('Tab');
  await expect(ann.toNewest).toBeFocused();
  await keyboard.press('Enter');
  await expect(ann.toNewest).toHaveCount(0);
  await expect(ann.timeline).toBeFocused();
  await ann.logOut.focus();
  await keyboard.press('Enter');
  await expect(ann.page).toHaveURL(/\/login/);
});

test('the timeline is a log of which only what is new and said is announced', async ({ visitor }) => {
  const [ann, bo] = [await visitor('Ann'), await visitor('Bo')];
  await expect(ann.timeline).toHaveAttribute('role', 'log');
  await expect(ann.timeline).toHaveAccessibleName('Messages in Lobby');
  await bo.say('hello');
  await ann.hears('hello');
  await expect(ann.message('hello')).not.toHaveAttribute('aria-live');
  await expect(ann.notices).toHaveAttribute('aria-live', 'off');
  await expect(ann.days).toHaveAttribute('aria-live', 'off');
  // Another room is another log: screen readers do not announce what an unwatched element already contains.
  await ann.timeline.evaluate(log => Object.assign(log, { watched: true }));
  await ann.goTo('tea');
  await ann.roomLink('Lobby').click();
  await ann.hears('hello');
  expect(await ann.timeline.evaluate(log => 'watched' in log)).toBe(false);
  expect(await ann.page.getByRole('status').count()).toBeGreaterThan(0);
});

test('motion stops for those who wish it', async ({ visitor }) => {
  const ann = await visitor('Ann', { reducedMotion: 'reduce', viewport: { width: 390, height: 844 } });
  await ann.page.locator('.header__rooms').click();
  await expect(ann.rooms).toBeVisible();
  const slow = await ann.page.evaluate(() =>
    [...document.querySelectorAll('*')]
      .flatMap(element => getComputedStyle(element).transitionDuration.split(','))
      .filter(duration => Number.parseFloat(duration) > 0.01),
  );
  expect(slow).toEqual([]);
});
