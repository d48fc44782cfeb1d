import type { CDPSession } from '@playwright/test';
import type { ChatPage } from '../support/chat-page';
import { expect, test } from '../support/test';

test('the Enter that ends a composition never sends; the next one does', async ({ visitor }) => {
  const [ming, bo] = [await visitor('小明', { locale: 'zh-CN' }), await visitor('Bo')];
  await ming.composer.focus();
  const keyboard = await ming.visitor.context.newCDPSession(ming.page);
  await keyboard.send('Input.imeSetComposition', { text: 'ni hao', selectionStart: 6, selectionEnd: 6 });
  await expect(ming.composer).toHaveValue('ni hao');
  await enterTakenByInputMethod(keyboard);
  await keyboard.send('Input.insertText', { text: '你好' });
  await expect(ming.composer).toHaveValue('你好');

  await keyboard.send('Input.imeSetComposition', { text: 'shi jie', selectionStart: 7, selectionEnd: 7 });
  await enterTakenByInputMethod(keyboard);
  await keyboard.send('Input.insertText', { text: '世界' });
  await expect(ming.composer).toHaveValue('你好世界');
  await expect(ming.pending).toHaveCount(0);

  await ming.composer.press('Enter');
  await bo.hasExactly(['你好世界']);
  await expect(ming.composer).toHaveValue('');
});

/** The Enter key as Chromium reports it while an input method handles the keyboard. */
async function enterTakenByInputMethod(keyboard: CDPSession): Promise<void> {
  const key = { key: 'Enter', code: 'Enter', windowsVirtualKeyCode: 229, nativeVirtualKeyCode: 229 };
  await keyboard.send('Input.dispatchKeyEvent', { type: 'rawKeyDown', ...key });
  await keyboard.send('Input.dispatchKeyEvent', { type: 'keyUp', ...key });
}

// The event orders of the browsers when Enter accepts an input method's suggestion.
const ORDERS = [
  {
    browser: 'Chromium and Firefox: the key comes while the composition lasts',
    events: ['compositionstart', { isComposing: true, keyCode: 229 }, 'compositionend'],
  },
  {
    browser: 'Firefox on some systems: the key keeps its own code',
    events: ['compositionstart', { isComposing: true, keyCode: 13 }, 'compositionend'],
  },
  {
    browser: 'Safari: the composition ends before the key comes',
    events: ['compositionstart', 'compositionend', { isComposing: false, keyCode: 229 }],
  },
] as const;

for (const { browser, events } of ORDERS) {
  test(`no order of events sends half a word (${browser})`, async ({ visitor }) => {
    const ming = await visitor('小明', { locale: 'zh-CN' });
    await ming.composer.fill('你好');
    expect(await confirm(ming, events)).toEqual({ prevented: false, text: '你好' });
    await expect(ming.composer).toHaveValue('你好');
    await ming.composer.press('End');
    await ming.composer.pressSequentially('吗');
    await ming.composer.press('Enter');
    await ming.hasExactly(['你好吗']);
  });
}

async function confirm(chat: ChatPage, events: (typeof ORDERS)[number]['events']) {
  return chat.composer.evaluate((composer, events) => {
    const area = composer as HTMLTextAreaElement;
    let prevented = false;
    for (const event of events) {
      const dispatched =
        typeof event === 'string'
          ? new CompositionEvent(event, { data: '你好', bubbles: true })
          : new KeyboardEvent('keydown', { key: 'Enter', code: 'Enter', bubbles: true, cancelable: true, ...event });
      area.dispatchEvent(dispatched);
      prevented ||= dispatched.defaultPrevented;
    }
    return { prevented, text: area.value };
  }, events);
}

test('an Enter that no input method took is prevented from breaking the line, as a check of the check', async ({ visitor }) => {
  const ann = await visitor('Ann');
  await ann.composer.fill('hello');
  expect(await confirm(ann, [{ isComposing: false, keyCode: 13 }] as never)).toEqual({ prevented: true, text: '' });
  await ann.hasExactly(['hello']);
});
