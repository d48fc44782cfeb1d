import type { ChatPage } from '../support/chat-page';
import { expect, test } from '../support/test';

/** The name that Enter would insert, as exposed to assistive technology. */
async function chosen(chat: ChatPage): Promise<string | null> {
  const id = await chat.composer.getAttribute('aria-activedescendant');
  return id && chat.page.locator(`#${id}`).locator('.members__name').textContent();
}

test('an @ and a beginning offer the names that go on from it, and the keyboard takes one', async ({ visitor }) => {
  const ann = await visitor('Ann');
  for (const name of ['Bo', 'Bob', 'Cy']) await visitor(name);
  await expect(ann.members).toHaveCount(4);

  await ann.composer.pressSequentially('hello @b');
  await expect(ann.mentions).toHaveText(['Bo', 'Bob']);
  await expect(ann.mentions.first()).toHaveAttribute('aria-selected', 'true');
  expect(await chosen(ann)).toBe('Bo');
  await ann.composer.press('ArrowDown');
  expect(await chosen(ann)).toBe('Bob');
  await expect(ann.mentions.last()).toHaveAttribute('aria-selected', 'true');
  await ann.composer.press('ArrowDown');
  expect(await chosen(ann)).toBe('Bo');
  await ann.composer.press('ArrowUp');
  await ann.composer.press('Enter');
  await expect(ann.composer).toHaveValue('hello @Bob ');
  await expect(ann.mentions).toHaveCount(0);
  await expect(ann.composer).not.toHaveAttribute('aria-activedescendant');

  await ann.composer.pressSequentially('and ＠c');
  await ann.composer.press('Tab');
  await expect(ann.composer).toHaveValue('hello @Bob and @Cy ');
  await expect(ann.composer).toBeFocused();
  await ann.composer.press('Enter');
  await ann.hasExactly(['hello @Bob and @Cy']);
});

test('what is offered can be passed over', async ({ visitor }) => {
  const [ann] = [await visitor('Ann'), await visitor('Bo')];
  await expect(ann.members).toHaveCount(2);
  await ann.composer.pressSequentially('@B');
  await expect(ann.mentions).toHaveText(['Bo']);
  await ann.composer.press('Escape');
  await expect(ann.mentions).toHaveCount(0);
  await expect(ann.composer).toHaveValue('@B');
  await ann.composer.press('Enter');
  await ann.hasExactly(['@B']);

  // One's own name, an email address and a complete name offer no suggestions.
  for (const text of ['@A', 'me@B', '@Bo', '@Bo said', '@Box']) {
    await ann.composer.fill(text);
    await expect(ann.mentions).toHaveCount(0);
  }
  await ann.composer.fill('@B');
  await expect(ann.mentions).toHaveCount(1);
  await ann.composer.press('Shift+Enter');
  await expect(ann.composer).toHaveValue('@B\n');
  await expect(ann.mentions).toHaveCount(0);
});

test('a name is taken by a click or a tap, in the middle of what is written', async ({ visitor }) => {
  const ann = await visitor('Ann', { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true });
  await visitor('Bo');
  await expect(ann.members).toHaveCount(2);
  await ann.composer.fill('🍵  and the rest');
  await ann.composer.evaluate(area => (area as HTMLTextAreaElement).setSelectionRange(3, 3));
  await ann.composer.pressSequentially('@B');
  await expect(ann.mentions).toHaveText(['Bo']);
  expect((await ann.mentions.boundingBox())!.height).toBeGreaterThanOrEqual(44);
  await ann.mentions.tap();
  await expect(ann.composer).toHaveValue('🍵 @Bo  and the rest');
  await expect(ann.composer).toBeFocused();
  await ann.page.keyboard.type('there');
  await expect(ann.composer).toHaveValue('🍵 @Bo there and the rest');
});

test('an input method is left alone while it puts a name together', async ({ visitor }) => {
  const ming = await visitor('小明', { locale: 'zh-CN' });
  await visitor('老周');
  await expect(ming.members).toHaveCount(2);
  await ming.composer.pressSequentially('@');
  await expect(ming.mentions.filter({ hasText: '老周' })).toHaveCount(1);
  const keyboard = await ming.visitor.context.newCDPSession(ming.page);
  await keyboard.send('Input.imeSetComposition', { text: 'lao', selectionStart: 3, selectionEnd: 3 });
  await expect(ming.composer).toHaveValue('@lao');
  await expect(ming.mentions).toHaveCount(0);
  await keyboard.send('Input.insertText', { text: '老' });
  await expect(ming.mentions).toHaveText(['老周']);
  await ming.composer.press('Enter');
  await expect(ming.composer).toHaveValue('@老周 ');
});

test('who is called by name sees it, and nobody else does', async ({ visitor }) => {
  const [ann, bo] = [await visitor('Ann'), await visitor('Bo')];
  await ann.say('@Bo, your tea is ready');
  await ann.say('@Bobby, yours is not');
  await bo.hears('@Bobby, yours is not');
  await expect(bo.page.locator('.message--calls')).toHaveCount(1);
  await expect(bo.page.locator('.message--calls')).toContainText('your tea is ready');
  await expect(ann.page.locator('.message--calls')).toHaveCount(0);
});
