// Everything stays recognizable under forced colours.

import { AxeBuilder } from '@axe-core/playwright';
import type { Locator, Page } from '@playwright/test';
import { expect, test } from '../support/test';

/** The number of colours inside an element, without its border. */
async function colors(page: Page, what: Locator, inset = 0): Promise<number> {
  const box = (await what.boundingBox())!;
  const clip = { x: box.x + inset, y: box.y + inset, width: box.width - 2 * inset, height: box.height - 2 * inset };
  const picture = (await page.screenshot({ clip })).toString('base64');
  const easel = await page.context().newPage();
  const count = await easel.evaluate(async picture => {
    const image = new Image();
    image.src = `data:image/png;base64,${picture}`;
    await image.decode();
    const canvas = document.createElement('canvas');
    [canvas.width, canvas.height] = [image.width, image.height];
    const context = canvas.getContext('2d')!;
    context.drawImage(image, 0, 0);
    const { data } = context.getImageData(0, 0, image.width, image.height);
    const seen = new Set<number>();
    for (let at = 0; at < data.length; at += 4) seen.add((data[at] << 16) | (data[at + 1] << 8) | data[at + 2]);
    return seen.size;
  }, picture);
  await easel.close();
  return count;
}

/** Which lines of an element's box are visible. */
async function lines(what: Locator): Promise<{ border: boolean; outline: boolean; start: boolean }> {
  return what.evaluate(element => {
    const style = getComputedStyle(element);
    const shows = (line: string, width: string) => line !== 'none' && Number.parseFloat(width) > 0;
    return {
      border: shows(style.borderBlockEndStyle, style.borderBlockEndWidth),
      outline: shows(style.outlineStyle, style.outlineWidth),
      start: shows(style.borderInlineStartStyle, style.borderInlineStartWidth),
    };
  });
}

for (const colorScheme of ['light', 'dark'] as const) {
  test(`with forced colours every mark still shows (${colorScheme})`, async ({ visitor }) => {
    const ann = await visitor('Ann', { forcedColors: 'active', colorScheme, viewport: { width: 1280, height: 700 } });
    const bo = await visitor('Bo');
    await bo.say('hello Ann');
    await ann.say('mine');
    await ann.hears('mine');
    await ann.hears('hello Ann');
    expect(await colors(ann.page, ann.page.locator('.header__glass')), 'the glass is drawn').toBeGreaterThan(1);
    expect(await lines(ann.text(ann.message('mine')))).toMatchObject({ border: true });
    expect(await lines(ann.text(ann.message('hello Ann')))).toMatchObject({ border: false });
    await bo.say('@Ann are you there?');
    await ann.hears('@Ann are you there?');
    expect(await lines(ann.text(ann.message('@Ann are you there?')))).toMatchObject({ border: false, start: true });

    await ann.goTo('tea');
    await bo.say('unread');
    const badge = ann.roomLink('Lobby').locator('.badge');
    await expect(badge).toBeVisible();
    expect(await lines(ann.roomLink('tea'))).toMatchObject({ start: true });
    expect(await lines(ann.roomLink('Lobby'))).toMatchObject({ start: false });
    const ground = (what: Locator) => what.evaluate(element => getComputedStyle(element).backgroundColor);
    expect(await ground(badge)).not.toBe(await ground(ann.rooms));

    await ann.composer.pressSequentially('@');
    const chosen = ann.page.locator('.mentions [aria-selected="true"]');
    await expect(ann.mentions.first()).toBeVisible();
    if ((await chosen.count()) === 0) await ann.page.keyboard.press('ArrowDown');
    expect(await lines(chosen)).toMatchObject({ outline: true });
    await ann.page.keyboard.press('Escape');

    await ann.composer.fill('x'.repeat(4_001));
    const [send, enabled] = [ann.send, ann.page.locator('.go-to-room button')];
    const color = (what: Locator) => what.evaluate(element => getComputedStyle(element).color);
    expect(await color(send)).not.toBe(await color(enabled));
    const { violations } = await new AxeBuilder({ page: ann.page }).analyze();
    expect(violations.map(({ id, nodes }) => ({ id, where: nodes.map(node => node.html) }))).toEqual([]);
  });
}

test('with forced colours what slides in is bounded, and one sees where the focus is', async ({ visitor }) => {
  const ann = await visitor('Ann', { forcedColors: 'active', viewport: { width: 390, height: 700 } });
  for (const [button, panel] of [['.header__rooms', '.rooms'], ['.header__members', '.members'], ['.header__search', '.search-panel']]) {
    await ann.page.locator(button).click();
    await expect(ann.page.locator(panel)).toBeVisible();
    expect(await lines(ann.page.locator(panel)), panel).toMatchObject({ border: true });
    await ann.page.keyboard.press('Escape');
  }
  await ann.page.locator('.header__search').focus();
  expect(await lines(ann.page.locator('.header__search'))).toMatchObject({ outline: true });
});
