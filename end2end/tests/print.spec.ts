// Printing gives the room's name and every rendered line, on as many pages as they need.

import { expect, test } from '../support/test';

test.use({ flags: { 'rate-send': '0' } });

test('printing gives every line that is drawn, on as many pages as they take, and nothing else', async ({ visitor, plainClient }) => {
  const ann = await visitor('Ann', { viewport: { width: 1280, height: 700 }, colorScheme: 'dark' });
  const robot = await plainClient('Robot');
  for (let index = 1; index <= 98; index += 1) robot.say(`message ${index}`);
  robot.say(`long${'\nline'.repeat(80)}`);
  robot.say('the last');
  await expect(ann.messages).toHaveCount(100);
  await ann.composer.fill('unsent');

  const pages = (pdf: Buffer) => pdf.toString('latin1').match(/\/Type ?\/Page\b(?!s)/g)!.length;
  // 100 lines, and 80 lines of one message, need more than three pages of this size and at most a dozen.
  const printed = pages(await ann.page.pdf({ format: 'A4' }));
  expect(printed).toBeGreaterThan(3);
  expect(printed).toBeLessThan(12);

  await ann.page.emulateMedia({ media: 'print' });
  await expect(ann.title).toBeVisible();
  for (const chrome of ['.header button', '.composer', '.rooms', '.members', '.banner', '.typing', '.line__rest', '.skip']) {
    for (const one of await ann.page.locator(chrome).all()) await expect(one).toBeHidden();
  }
  // No line is clipped by its surroundings or by itself.
  const cut = await ann.messages.evaluateAll(lines =>
    lines.filter(line => {
      const { bottom, height } = line.getBoundingClientRect();
      const text = line.querySelector('.line__text')!;
      const page = document.documentElement;
      return height === 0 || bottom + scrollY > page.scrollHeight + 1 || text.scrollHeight > text.clientHeight + 1;
    }).map(line => line.id),
  );
  expect(cut).toEqual([]);
  // Dark text on white even in dark mode.
  expect(await ann.page.evaluate(() => getComputedStyle(document.body).color)).toBe('rgb(42, 37, 32)');
});
