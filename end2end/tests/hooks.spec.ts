import { Hook } from '../support/hook';
import { expect, test } from '../support/test';

test('what a script pushes with curl appears in the open page, once, and is there after a reload', async ({
  visitor,
  teahouse,
}) => {
  const ann = await visitor('Ann');
  const hook = await Hook.add(teahouse, 'deploys', 'lobby');
  const push = () => hook.push('--header', 'Idempotency-Key: build 7', '--data', 'build 7 is <green> & done');
  const first = await push();
  expect(first.status).toBe(201);
  await ann.hears('build 7 is <green> & done', 'deploys');
  expect(await push(), 'a retry gets the same place').toEqual(first);
  await ann.say('thanks');
  await ann.hasExactly(['build 7 is <green> & done', 'thanks']);
  expect(await ann.seqs()).toEqual([(JSON.parse(first.body) as { seq: number }).seq, 2]);
  await ann.reload();
  await ann.hasExactly(['build 7 is <green> & done', 'thanks']);
});

test('an alert in Slack’s shape is read as text, under the name and the emoji that it asks for', async ({
  visitor,
  teahouse,
}) => {
  const ann = await visitor('Ann');
  const hook = await Hook.add(teahouse, 'alerts', 'lobby');
  const alert = {
    username: 'Kettle',
    icon_emoji: ':tea:',
    attachments: [{ title: 'Too hot', title_link: 'https://tea.example/kettle', text: 'water &gt; 90 °C' }],
  };
  const answer = await hook.push('--json', JSON.stringify(alert));
  expect(answer).toEqual({ status: 200, body: 'ok' });
  await expect(ann.messages).toHaveCount(1);
  await expect(ann.messages.locator('.line__author')).toHaveText('🍵 Kettle');
  await expect(ann.text(ann.messages)).toContainText('Too hot');
  await expect(ann.text(ann.messages)).toContainText('water > 90 °C');
  const link = ann.text(ann.messages).getByRole('link');
  await expect(link).toHaveAttribute('href', 'https://tea.example/kettle');
});

test('a push to all rooms reaches everybody, whichever room they look at', async ({ visitor, teahouse }) => {
  const [ann, bo] = [await visitor('Ann'), await visitor('Bo', { path: '/chat/tea' })];
  const hook = await Hook.add(teahouse, 'house', '*');
  const answer = await hook.push('--data', 'We close at ten.');
  expect(answer.status).toBe(201);
  await ann.hears('We close at ten.', 'house');
  await bo.hears('We close at ten.', 'house');
  const { places } = JSON.parse(answer.body) as { places: { room: string }[] };
  expect(places.map(({ room }) => room)).toEqual(['lobby', 'tea']);
});

test('a hook that is revoked says nothing more', async ({ visitor, teahouse }) => {
  const ann = await visitor('Ann');
  const hook = await Hook.add(teahouse, 'deploys', 'lobby');
  expect((await hook.push('--data', 'one')).status).toBe(201);
  await ann.hears('one');
  await hook.revoke();
  expect((await hook.push('--data', 'two')).status).toBe(404);
  await ann.say('three');
  await ann.hasExactly(['one', 'three']);
});
