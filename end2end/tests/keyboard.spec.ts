// Keys, pastes and drops work as expected, wherever the focus is.

import type { ChatPage } from '../support/chat-page';
import { expect, test } from '../support/test';

const MEGABYTE = 1_000_000;
/** The composer's capacity where a message may have 4,000 characters. */
const CAPACITY = 16_000;
const LEFT_OUT = '984000 characters did not fit here and were left out.';

const problem = (chat: ChatPage) => chat.page.locator('#composer-problem');

test('an @ and Enter alone insert no name', { tag: '@core' }, async ({ visitor }) => {
  await visitor('Bo');
  const ann = await visitor('Ann');
  await expect(ann.members).toHaveCount(2);
  await ann.composer.pressSequentially('meet me @');
  await expect(ann.mentions.last()).toHaveText('Bo');
  await expect(ann.composer).not.toHaveAttribute('aria-activedescendant');
  for (const option of await ann.mentions.all()) await expect(option).toHaveAttribute('aria-selected', 'false');
  await ann.composer.press('Enter');
  await ann.hasExactly(['meet me @']);
  await expect(ann.composer).toHaveValue('');

  // A chosen name is inserted.
  await ann.composer.pressSequentially('@');
  await ann.composer.press('ArrowUp');
  await expect(ann.mentions.last()).toHaveAttribute('aria-selected', 'true');
  await ann.composer.press('Enter');
  await expect(ann.composer).toHaveValue('@Bo ');
  await ann.composer.fill('@');
  await ann.composer.press('ArrowDown');
  await expect(ann.mentions.first()).toHaveAttribute('aria-selected', 'true');
});

test('Ctrl+Z takes a completion back', { tag: '@core' }, async ({ visitor }) => {
  await visitor('Bo');
  const ann = await visitor('Ann');
  await expect(ann.members).toHaveCount(2);
  await ann.composer.pressSequentially('hello @B');
  await expect(ann.mentions).toHaveText(['Bo']);
  await ann.composer.press('Enter');
  await expect(ann.composer).toHaveValue('hello @Bo ');
  await ann.composer.pressSequentially('x');
  await ann.composer.press('Backspace');
  for (let pressed = 0; pressed < 6 && (await ann.composer.inputValue()) !== 'hello @B'; pressed += 1) {
    await ann.composer.press('ControlOrMeta+z');
  }
  await expect(ann.composer).toHaveValue('hello @B');
  await ann.composer.press('ControlOrMeta+Shift+z');
  await expect(ann.composer).toHaveValue('hello @Bo ');
});

test('Ctrl+Z takes a name back that a button has written', { tag: '@core' }, async ({ visitor }) => {
  const ann = await visitor('Ann');
  await ann.composer.pressSequentially('good morning');
  await ann.hint.click();
  await expect(ann.composer).toHaveValue(/^@.+ good morning$/);
  await expect(ann.composer).toBeFocused();
  await ann.page.keyboard.type('!');
  await expect(ann.composer).toHaveValue(/^@.+ good morning!$/);
  for (let pressed = 0; pressed < 4 && (await ann.composer.inputValue()).startsWith('@'); pressed += 1) {
    await ann.composer.press('ControlOrMeta+z');
  }
  await expect(ann.composer).toHaveValue('good morning');
});

test('PageUp and PageDown in an empty composer scroll the log', { tag: '@core' }, async ({ visitor }) => {
  // The window opened last has the focus.
  const [bo, ann] = [await visitor('Bo'), await visitor('Ann')];
  for (let number = 1; number <= 20; number += 1) await bo.say(`line ${number}`);
  await ann.hears('line 20');
  await ann.composer.press('PageUp');
  await expect.poll(() => ann.distanceFromNewest()).toBeGreaterThan(100);
  await expect(ann.composer).toBeFocused();
  await expect(ann.toNewest).toBeVisible();
  await ann.composer.press('PageDown');
  await expect(ann.toNewest).toHaveCount(0);

  // In a composer with text, they move the caret.
  await ann.composer.pressSequentially('one line');
  await ann.composer.press('PageUp');
  await ann.composer.pressSequentially('x');
  await expect(ann.composer).toHaveValue(/x/);
  await expect(ann.toNewest).toHaveCount(0);
});

test('a key that writes, pressed in the log, writes in the composer', { tag: '@core' }, async ({ visitor }) => {
  const ann = await visitor('Ann');
  await ann.say('https://example.org/ is a link');
  await ann.hears('https://example.org/ is a link');
  await ann.composer.pressSequentially('say');
  for (const focused of [ann.timeline, ann.messages.getByRole('link', { name: 'https://example.org/' })]) {
    await focused.focus();
    await ann.page.keyboard.press('!');
    await expect(ann.composer).toBeFocused();
  }
  await expect(ann.composer).toHaveValue('say!!');
});

test('a key that does something else stays in the log, and one in another field stays there', { tag: '@core' }, async ({ visitor }) => {
  const ann = await visitor('Ann');
  await ann.timeline.focus();
  for (const key of ['Space', 'ControlOrMeta+c', 'PageUp', 'ArrowUp', 'Shift', 'Escape']) {
    await ann.page.keyboard.press(key);
    await expect(ann.timeline, key).toBeFocused();
  }
  await expect(ann.composer).toHaveValue('');
  await ann.goToRoom.pressSequentially('tea');
  await expect(ann.goToRoom).toHaveValue('tea');
});

test('of a megabyte that is pasted only so much goes into the composer as it can hold, and it says so', async ({ visitor }) => {
  const ann = await visitor('Ann', { permissions: ['clipboard-read', 'clipboard-write'] });
  await ann.page.evaluate(length => navigator.clipboard.writeText('x'.repeat(length)), MEGABYTE);
  await ann.composer.focus();
  await ann.page.keyboard.press('ControlOrMeta+v');
  await expect(problem(ann)).toHaveText(`${LEFT_OUT} This is longer than a message may be. Shorten it, or send it in parts.`);
  await expect(ann.composer).toHaveValue('x'.repeat(CAPACITY));

  // The composer accepts no more, but its text can still be edited.
  await ann.composer.press('End');
  await ann.composer.press('y');
  await expect(ann.composer).toHaveValue('x'.repeat(CAPACITY));
  await ann.composer.press('Backspace');
  await expect(ann.composer).toHaveValue('x'.repeat(CAPACITY - 1));
  await ann.composer.fill('x');
  await ann.composer.press('Enter');
  await ann.hasExactly(['x']);
  await expect(problem(ann)).toBeEmpty();

  // A paste over a selection fills only the space that is left, with whole characters.
  const leaves = '🍃'.repeat(CAPACITY);
  await ann.page.evaluate(text => navigator.clipboard.writeText(text), leaves);
  await ann.composer.pressSequentially('abc');
  await ann.composer.evaluate(area => (area as HTMLTextAreaElement).setSelectionRange(1, 2));
  await ann.page.keyboard.press('ControlOrMeta+v');
  await expect(ann.composer).toHaveValue(`a${'🍃'.repeat(CAPACITY / 2 - 1)}c`);
  await expect(problem(ann)).toContainText(`${CAPACITY / 2 + 1} characters did not fit here`);
  await ann.composer.press('ControlOrMeta+z');
  await expect(ann.composer).toHaveValue('abc');
});

test('what is too long and comes in another way is cut too', { tag: '@core' }, async ({ visitor }) => {
  const ann = await visitor('Ann');
  await ann.composer.fill('x'.repeat(CAPACITY + 1));
  await expect(ann.composer).toHaveValue('x'.repeat(CAPACITY));
  await expect(problem(ann)).toContainText('1 character did not fit here and was left out.');
  await ann.composer.clear();
  await expect(problem(ann)).toBeEmpty();
  const ming = await visitor('小明', { locale: 'zh-CN' });
  await ming.composer.fill('茶'.repeat(CAPACITY + 7));
  await expect(ming.composer).toHaveValue('茶'.repeat(CAPACITY));
  await expect(problem(ming)).toContainText('内容太长，有 7 个字放不下，没有放进来。');
});

test('a file that is dropped on the page does not lead away from it', async ({ visitor }, testInfo) => {
  const ann = await visitor('Ann');
  const { writeFile } = await import('node:fs/promises');
  const path = testInfo.outputPath('tea.html');
  await writeFile(path, '<title>not the chat</title>');
  const devtools = await ann.visitor.context.newCDPSession(ann.page);
  const data = { items: [], files: [path], dragOperationsMask: 1 };
  for (const place of [ann.timeline, ann.composer, ann.title]) {
    const { x, y, width, height } = (await place.boundingBox())!;
    const at = { x: x + width / 2, y: y + height / 2 };
    for (const type of ['dragEnter', 'dragOver', 'drop'] as const) {
      await devtools.send('Input.dispatchDragEvent', { type, ...at, data });
    }
    await expect(problem(ann)).toHaveText('Files cannot be sent here yet.');
    await ann.composer.pressSequentially('x');
    await expect(problem(ann)).toBeEmpty();
  }
  await expect(ann.page).toHaveURL(/\/chat$/);
  await expect(ann.page).toHaveTitle('Lobby · Teahouse');
  await ann.composer.press('Enter');
  await ann.hasExactly(['xxx']);
});

test('text is dropped where one writes, and nowhere else', { tag: '@core' }, async ({ visitor }) => {
  const ann = await visitor('Ann');
  /** Whether the page prevents the browser's default action for this drop. */
  const refuses = (selector: string, what: 'file' | 'text' | 'link') =>
    ann.page.locator(selector).evaluate((element, what) => {
      const dataTransfer = new DataTransfer();
      if (what === 'file') dataTransfer.items.add(new File(['tea'], 'tea.txt'));
      if (what === 'text') dataTransfer.setData('text/plain', 'tea');
      if (what === 'link') dataTransfer.setData('text/uri-list', 'https://example.org/');
      const events = ['dragover', 'drop'].map(type => new DragEvent(type, { dataTransfer, bubbles: true, cancelable: true }));
      for (const event of events) element.dispatchEvent(event);
      return events.map(event => event.defaultPrevented);
    }, what);
  expect(await refuses('#composer', 'text')).toEqual([false, false]);
  expect(await refuses('#go-to-room', 'text')).toEqual([false, false]);
  await expect(problem(ann)).toBeEmpty();
  expect(await refuses('#timeline', 'link')).toEqual([true, true]);
  await expect(problem(ann)).toBeEmpty();
  for (const selector of ['#composer', '#timeline', 'body']) expect(await refuses(selector, 'file')).toEqual([true, true]);
  await expect(problem(ann)).toHaveText('Files cannot be sent here yet.');
});

test('in the search that is open Escape closes it, and a dropped file leads nowhere', { tag: '@core' }, async ({ visitor }) => {
  const ann = await visitor('Ann');
  await ann.page.locator('.header__search').click();
  const frame = ann.page.frameLocator('.search-panel__frame');
  const isPrevented = await frame.locator('html').evaluate(() => {
    const dataTransfer = new DataTransfer();
    dataTransfer.items.add(new File(['tea'], 'tea.html', { type: 'text/html' }));
    const events = ['dragover', 'drop'].map(type => new DragEvent(type, { dataTransfer, bubbles: true, cancelable: true }));
    return events.map(event => !document.body.dispatchEvent(event));
  });
  expect(isPrevented).toEqual([true, true]);
  await frame.getByRole('searchbox').fill('tea');
  await frame.getByRole('searchbox').press('Escape');
  await expect(ann.page.locator('#search')).toBeHidden();
  await expect(ann.page.locator('.header__search')).toBeFocused();
});
