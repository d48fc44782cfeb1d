import { expect, test } from '../support/test';

test('a message of 4,000 characters passes, counted in characters and not in bytes', async ({ visitor }) => {
  const [ann, bo] = [await visitor('Ann'), await visitor('Bo')];
  for (const character of ['x', '茶', '🍵']) {
    const text = character.repeat(4_000);
    await ann.say(text);
    await bo.hears(text);
  }
  await expect(bo.messages).toHaveCount(3);
});

test('a message of 4,001 characters is refused in words, and kept to be shortened', async ({ visitor }) => {
  const ann = await visitor('Ann');
  const ming = await visitor('小明', { locale: 'zh-CN' });
  for (const [reader, count, sentence] of [
    [ann, '1 character too many', 'This is longer than a message may be. Shorten it, or send it in parts.'],
    [ming, '超出 1 个字', '这条消息太长了，请删短一些，或者分几次发送。'],
  ] as const) {
    const text = '茶'.repeat(4_001);
    await reader.say(text);
    await expect(reader.page.locator('#composer-count')).toHaveText(count);
    await expect(reader.page.locator('#composer-problem')).toHaveText(sentence);
    await expect(reader.composer).toHaveAttribute('aria-invalid', 'true');
    await expect(reader.composer).toHaveValue(text);
    await expect(reader.pending).toHaveCount(0);
    await expect(reader.send).toHaveAttribute('aria-disabled', 'true');
    await reader.send.click({ force: true });
    await expect(reader.composer).toHaveValue(text);
    await reader.composer.press('ControlOrMeta+End');
    await reader.composer.press('Backspace');
    await expect(reader.page.locator('#composer-problem')).toBeEmpty();
    await expect(reader.composer).not.toHaveAttribute('aria-invalid');
    await reader.composer.press('Enter');
    await expect(reader.page.locator('.message--mine')).toHaveCount(1);
  }
});

test('when little room is left the composer says how much', async ({ visitor }) => {
  const ann = await visitor('Ann');
  await ann.composer.fill('x'.repeat(3_799));
  await expect(ann.page.locator('#composer-count')).toBeEmpty();
  await ann.composer.press('ControlOrMeta+End');
  await ann.composer.pressSequentially('yz');
  await expect(ann.page.locator('#composer-count')).toHaveText('199 characters left');
});

test.describe('where the operator allows ten characters', () => {
  test.use({ flags: { 'text-limit': '10' } });

  test('the composer knows the limit of the house', async ({ visitor }) => {
    const ann = await visitor('Ann');
    await ann.say('eleven char');
    await expect(ann.page.locator('#composer-count')).toHaveText('1 character too many');
    await ann.say('ten chars.');
    await ann.hasExactly(['ten chars.']);
  });
});

test.describe('where the operator allows two rooms', () => {
  test.use({ flags: { 'room-limit': '2' } });

  test('a room too many is refused in words, and the others go on', async ({ visitor }) => {
    const ann = await visitor('Ann');
    await ann.goTo('one');
    await expect(ann.title).toContainText('one');
    await ann.goTo('two');
    const refusal = ann.timeline.getByRole('alert');
    await expect(refusal).toContainText('You cannot come into this room.');
    await expect(refusal).toContainText('You have as many rooms open as you may. Leave one first.');
    await refusal.getByRole('button', { name: 'Back to the lobby' }).click();
    await ann.say('still here');
    await ann.hasExactly(['still here']);
  });
});
