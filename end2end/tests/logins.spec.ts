// A login and its end: in its own browser, in a browser with a copied cookie, and when the user goes back.

import { expect, test } from '../support/test';

test('one ends every other login: a copy is shown the door, and one’s own tabs go on with what is written', async ({ visitor, stranger }) => {
  const ann = await visitor('Ann', { path: '/chat/tea' });
  const second = await ann.visitor.enter('/chat/tea');
  await second.composer.fill('half a sentence');
  const thief = await stranger();
  await thief.context.addCookies(await ann.visitor.context.cookies());
  const copy = await thief.enter('/chat/tea');

  await ann.page.locator('form[action="/logout/elsewhere"] button').click();
  await expect(copy.page).toHaveURL(/\/login/);
  await expect(ann.page).toHaveURL('/chat/tea');
  await ann.isConnected();
  await ann.say('still here');
  await second.hears('still here', 'Ann');
  await expect(second.page).toHaveURL('/chat/tea');
  await expect(second.composer).toHaveValue('half a sentence');
});

test('after a log-out the way back leads to the login and shows nothing of the chat', async ({ visitor }) => {
  const ann = await visitor('Ann', { path: '/chat/tea' });
  await ann.say('between us');
  await ann.hears('between us', 'Ann');
  await ann.logOut.click();
  await expect(ann.page).toHaveURL(/\/login/);
  await ann.page.goBack();
  await expect(ann.page).toHaveURL(/\/login/);
  await expect(ann.page.locator('#nickname')).toBeVisible();
  await expect(ann.page.getByText('between us')).toHaveCount(0);
});
