import type { ChatPage } from '../support/chat-page';
import { expect, test } from '../support/test';

test.describe('with a second of grace', () => {
  test.use({ flags: { 'leave-grace': '1s' } });

  test('who enters and who leaves is said in the words of each language', async ({ visitor }) => {
    const ann = await visitor('Ann');
    const ming = await visitor('小明', { locale: 'zh-CN' });
    await ann.hasNotices(['~~~ 小明 entered ~~~']);
    const bo = await visitor('Bo');
    await ann.hasNotices(['~~~ 小明 entered ~~~', '~~~ Bo entered ~~~']);
    await ming.hasNotices(['~~~Bo进入了聊天室~~~']);
    await expect(ann.page.locator('.members__count')).toHaveText('3');
    await bo.visitor.context.close();
    await ann.hasNotices(['~~~ 小明 entered ~~~', '~~~ Bo entered ~~~', '~~~ Bo left ~~~']);
    await ming.hasNotices(['~~~Bo进入了聊天室~~~', '~~~Bo离开了聊天室~~~']);
    await ann.seesHere(['Ann', '小明']);
    await expect(ann.page.locator('.members__count')).toHaveText('2');
  });

  test('several tabs of one person are one person, who leaves with the last of them', async ({ visitor }) => {
    const ann = await visitor('Ann');
    const bo = await visitor('Bo');
    const second = await bo.visitor.enter();
    const third = await bo.visitor.enter('/chat');
    await ann.seesHere(['Ann', 'Bo']);
    await second.seesHere(['Bo', 'Ann']);
    await bo.page.close();
    await second.page.close();
    // A message from the third tab, and another user who leaves: a notice about Bo would come before these.
    await third.say('still here');
    await ann.hears('still here', 'Bo');
    const cy = await visitor('Cy');
    await cy.visitor.context.close();
    await ann.hasNotices(['~~~ Bo entered ~~~', '~~~ Cy entered ~~~', '~~~ Cy left ~~~']);
    await third.page.close();
    await ann.hasNotices(['~~~ Bo entered ~~~', '~~~ Cy entered ~~~', '~~~ Cy left ~~~', '~~~ Bo left ~~~']);
    await ann.seesHere(['Ann']);
  });
});

test.describe('in a crowd', () => {
  test.use({ flags: { 'leave-grace': '1s' } });

  test('how many are here is said, others are shown on demand, and whoever is left is named', async ({ visitor, plainClient }) => {
    const ann = await visitor('Ann');
    const first = await plainClient('Guest 000');
    await ann.hasNotices(['~~~ Guest 000 entered ~~~']);
    const guest = (number: number) => plainClient(`Guest ${String(number).padStart(3, '0')}`);
    const crowd = [];
    // One by one while members are named, then as fast as they come.
    for (let number = 1; number < 50; number++) crowd.push(await guest(number));
    crowd.push(...(await Promise.all(Array.from({ length: 200 }, (_, index) => guest(index + 50)))));
    await expect(ann.page.locator('.members__count')).toHaveText('251');
    const notices = await ann.notices.count();
    const more = ann.page.locator('.members__more');

    // The first page goes on after the last member named before the crowd; each lists 200 and the user.
    const seen = new Set<string>();
    for (let page = 0; page < 3; page++) {
      const before = await ann.members.last().textContent();
      await more.click();
      await expect(ann.members.last()).not.toHaveText(before!);
      const names = await ann.members.locator('.members__name').allTextContents();
      expect(names.length).toBeLessThanOrEqual(201);
      expect(names[0]).toBe('Ann');
      await expect(more).toHaveText(`${251 - names.length} more, show some`);
      for (const name of names) seen.add(name);
    }
    expect(seen.size).toBe(251);

    // A member of a crowd can send without having been announced, and no notices appear.
    crowd[248].say('is it always this full?');
    await ann.hears('is it always this full?', 'Guest 249');
    for (const client of crowd) client.close();
    await ann.seesHere(['Ann', 'Guest 000']);
    await expect(more).toBeHidden();
    await expect(ann.notices).toHaveCount(notices);
    first.close();
    await expect(ann.notices.last()).toHaveText('~~~ Guest 000 left ~~~');
    await ann.seesHere(['Ann']);
  });
});

test('a message from one tab appears in the others as one’s own', async ({ visitor }) => {
  const ann = await visitor('Ann');
  const second = await ann.visitor.enter();
  await ann.say('from the first');
  await second.say('from the second');
  for (const tab of [ann, second]) {
    await expect(tab.page.locator('.message--mine')).toHaveCount(2);
    await expect(tab.pending).toHaveCount(0);
  }
});

test('a reload makes no noise', async ({ visitor }) => {
  const ann = await visitor('Ann');
  const bo = await visitor('Bo');
  await ann.hasNotices(['~~~ Bo entered ~~~']);
  await bo.reload();
  await bo.reload();
  await bo.say('back again');
  await ann.hears('back again');
  await ann.hasNotices(['~~~ Bo entered ~~~']);
  await ann.seesHere(['Ann', 'Bo']);
  await bo.hasNotices([]);
});

test('logging out says “left” at once, and leads every tab to the login', async ({ visitor }) => {
  const ann = await visitor('Ann');
  const bo = await visitor('Bo');
  const second = await bo.visitor.enter();
  await bo.logOut.click();
  await expect(bo.page).toHaveURL(/\/login/);
  await ann.hasNotices(['~~~ Bo entered ~~~', '~~~ Bo left ~~~']);
  await expect(second.page).toHaveURL(/\/login\?.*why=logged-out/);
  await expect(second.page.getByRole('alert')).toHaveText('You have logged out. Come again.');
  await bo.page.goto('/chat');
  await expect(bo.page).toHaveURL(/\/login/);
});

test('the page that logs out waits for its answer, however late, and is logged out for good', async ({ visitor, line }) => {
  const release = line.holdBack('POST /logout');
  const bo = await visitor('Bo', { baseURL: line.url });
  const second = await bo.visitor.enter();
  await bo.logOut.click({ noWaitAfter: true });
  // The server has closed all of Bo's connections, and its response to the form is in transit.
  await expect(second.page).toHaveURL(/why=logged-out/);
  release();
  await expect(bo.page).toHaveURL(/\/login/);
  await expect.poll(() => cookieNames(bo)).not.toContainEqual(expect.stringMatching(/^teahouse-/));
  await bo.page.goto('/chat');
  await expect(bo.page).toHaveURL(/\/login/);
});

async function cookieNames(chat: ChatPage): Promise<string[]> {
  return (await chat.visitor.context.cookies()).map(({ name }) => name);
}

test('a nickname is free again once its owner has logged out', async ({ visitor, stranger }) => {
  const ann = await visitor('Ann');
  await ann.logOut.click();
  await expect(ann.page).toHaveURL(/\/login/);
  const door = await (await stranger()).atTheDoor();
  await door.logInAs('Ann');
  await expect(door.page).toHaveURL(/\/chat$/);
});

test('who comes later sees who is here and no old comings and goings', async ({ visitor }) => {
  await visitor('Ann');
  await visitor('小明');
  const bo = await visitor('Bo');
  await bo.seesHere(['Bo', 'Ann', '小明']);
  await bo.hasNotices([]);
});

test.describe('with a nickname that is free at once', () => {
  test.use({ flags: { 'nickname-grace': '0', 'leave-grace': '1s' } });

  test('who was away and lost their name is told so at the login', async ({ visitor, teahouse }) => {
    const ann = await visitor('Ann');
    const { context } = ann.visitor;
    await ann.page.close();
    // The name is free once the server has noticed that its last connection is gone.
    await expect
      .poll(async () => {
        const answer = await fetch(`${teahouse.url}/login`, {
          method: 'POST',
          body: new URLSearchParams({ nickname: 'Ann' }),
          redirect: 'manual',
        });
        return answer.status;
      })
      .toBe(303);
    const page = await context.newPage();
    await page.goto('/chat');
    await expect(page).toHaveURL(/why=lost-name/);
    await expect(page.getByRole('alert')).toHaveText(
      'You were away for a while, and somebody else has your nickname now. Please choose another.',
    );
    await expect(page.locator('#nickname')).toHaveValue('Ann');
  });
});
