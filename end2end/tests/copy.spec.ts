// Text copied from the log reads like a plain transcript.

import type { ChatPage } from '../support/chat-page';
import { expect, test } from '../support/test';

/** Selects from an offset in one message's text to an offset in another's, or in the same one. */
async function select(chat: ChatPage, from: [number, number], to: [number, number]): Promise<void> {
  await chat.page.evaluate(([[first, start], [last, end]]) => {
    const text = (seq: number) => document.querySelector(`#m${seq} .line__text`)!.firstChild!;
    // As a mouse would; otherwise the composer would keep the selection.
    document.getElementById('timeline')!.focus();
    getSelection()!.setBaseAndExtent(text(first), start, text(last), end);
  }, [from, to] as const);
}

/** The clipboard content after copying, as pasted into the composer. */
async function copied(chat: ChatPage): Promise<string> {
  await chat.page.keyboard.press('ControlOrMeta+c');
  await chat.composer.fill('');
  await chat.composer.focus();
  await chat.page.keyboard.press('ControlOrMeta+v');
  await expect(chat.composer).not.toHaveValue('');
  return chat.composer.inputValue();
}

async function clocks(chat: ChatPage): Promise<string[]> {
  return chat.messages.locator('.line__time time').allTextContents();
}

test('several messages are copied with who said them and when, one after the other @core', async ({ visitor }) => {
  const [ann, bo] = [await visitor('Ann'), await visitor('小明')];
  await bo.say('hello');
  await bo.say('see https://example.org/tea\nand come');
  await ann.hears('see https://example.org/tea\nand come');
  await ann.say('I will');
  await ann.hears('I will');
  const [one, two, three] = await clocks(ann);
  await select(ann, [1, 0], [3, 'I will'.length]);
  expect(await copied(ann)).toBe(
    `[${one}] 小明: hello\n[${two}] 小明: see https://example.org/tea\nand come\n[${three}] Ann: I will`,
  );
});

test('only what is selected of the first and the last is copied, whichever way it was selected @core', async ({ visitor }) => {
  const [ann, bo] = [await visitor('Ann'), await visitor('Bo')];
  await ann.say('one two');
  await bo.hears('one two');
  await bo.say('three four');
  await ann.hears('three four');
  const [one, two] = await clocks(ann);
  await select(ann, [1, 4], [2, 5]);
  expect(await copied(ann)).toBe(`[${one}] Ann: two\n[${two}] Bo: three`);
  await select(ann, [2, 5], [1, 4]);
  expect(await copied(ann)).toBe(`[${one}] Ann: two\n[${two}] Bo: three`);
});

test('of a single message its text alone is copied, whatever else of it is selected @core', async ({ visitor }) => {
  const ann = await visitor('Ann');
  await ann.say('one two\nthree');
  await ann.hears('one two\nthree');
  await select(ann, [1, 4], [1, 13]);
  expect(await copied(ann)).toBe('two\nthree');
  await ann.timeline.focus();
  await ann.page.evaluate(() => getSelection()!.selectAllChildren(document.querySelector('#m1')!));
  expect(await copied(ann)).toBe('one two\nthree');
});

test('what is selected in the composer is copied as it is, whatever is selected in the log @core', async ({ visitor }) => {
  const ann = await visitor('Ann');
  await ann.say('one');
  await ann.say('two');
  await expect(ann.messages).toHaveCount(2);
  await select(ann, [1, 0], [2, 3]);
  await ann.composer.fill('mine');
  await ann.composer.press('ControlOrMeta+a');
  await ann.page.keyboard.press('ControlOrMeta+c');
  await ann.page.keyboard.press('End');
  await ann.page.keyboard.press('ControlOrMeta+v');
  await expect(ann.composer).toHaveValue('minemine');
});

test('several messages are copied so before the program runs and without it', async ({ visitor }) => {
  const ann = await visitor('Ann');
  await ann.say('one');
  await ann.say('two');
  await expect(ann.messages).toHaveCount(2);
  await ann.page.route('**/*.wasm', route => route.abort());
  const page = await ann.visitor.tab();
  await page.route('**/*.wasm', () => {});
  await page.goto('/chat', { waitUntil: 'commit' });
  await page.locator('#m2').waitFor();
  const copiedText = await page.evaluate(() => {
    getSelection()!.selectAllChildren(document.querySelector('.timeline__lines')!);
    const data = new DataTransfer();
    document.querySelector('#m1')!.dispatchEvent(new ClipboardEvent('copy', { bubbles: true, cancelable: true, clipboardData: data }));
    return data.getData('text/plain');
  });
  expect(copiedText).toMatch(/\[\d\d:\d\d\] Ann: one\n\[\d\d:\d\d\] Ann: two$/);
});
