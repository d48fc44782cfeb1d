import { DAY, HOUR, putOn, setClock } from '../support/clock';
import { UNREACHABLE } from '../support/console-guard';
import { expect, test } from '../support/test';

test.beforeEach(({ consoleGuard }) => consoleGuard.expect(UNREACHABLE));

test('a clock that is put back an hour while the page waits: the next attempt is seconds away, and comes', { tag: '@core' }, async ({
  visitor,
  teahouse,
}) => {
  const ann = await visitor('Ann');
  await teahouse.kill();
  // In one call, so that the wait cannot end in between.
  await ann.page.waitForFunction(hour => {
    const progress = document.querySelector('.banner__progress')?.textContent ?? '';
    if (!progress.startsWith('Trying again')) return false;
    const page = window as unknown as { progress: Set<string> };
    page.progress = new Set();
    const banner = document.querySelector('.banner')!;
    const look = () => page.progress.add(banner.querySelector('.banner__progress')?.textContent ?? '');
    new MutationObserver(look).observe(banner, { subtree: true, childList: true, characterData: true });
    const now = Date.now.bind(Date);
    Date.now = () => now() - hour;
    return true;
  }, HOUR);
  // The page has tried again and waits once more.
  const waits = () => ann.page.evaluate(() => [...(window as unknown as { progress: Set<string> }).progress]);
  await expect.poll(async () => (await waits()).some(wait => wait.startsWith('Trying again'))).toBe(true);
  await expect.poll(async () => (await waits()).some(wait => wait.startsWith('Reconnecting'))).toBe(true);
  await teahouse.start();
  await expect(ann.banner).toBeEmpty();
  const seconds = (await waits()).flatMap(wait => wait.match(/^Trying again in (\d+)\s/)?.slice(1).map(Number) ?? []);
  expect(seconds.length).toBeGreaterThan(0);
  expect(Math.max(...seconds)).toBeLessThanOrEqual(5);
  await ann.say('back');
  await ann.hears('back');
});

test.describe('with a quick heartbeat', () => {
  test.use({ flags: { heartbeat: '1s' } });

  for (const [what, by] of [['back', -HOUR], ['forward', HOUR]] as const) {
    test(`a clock that is put ${what} an hour while the server hangs: that is noticed, and what is said goes out afterwards`, { tag: '@core' }, async ({
      visitor,
      teahouse,
    }) => {
      const ann = await visitor('Ann');
      teahouse.freeze();
      await setClock(ann.page, by);
      await ann.say('into the silence');
      await expect(ann.banner).toContainText('Connection lost');
      teahouse.thaw();
      await expect(ann.banner).toBeEmpty();
      await ann.hasExactly(['into the silence']);
    });
  }
});

for (const [what, by] of [['eight days ahead', 8 * DAY], ['eight days behind', -8 * DAY]] as const) {
  test(`a clock that is suddenly ${what} does not make a fresh message ask whether it is old`, { tag: '@core' }, async ({ visitor, line }) => {
    const [ann, bo] = [await visitor('Ann', { baseURL: line.url }), await visitor('Bo')];
    line.cut();
    await expect(ann.banner).not.toBeEmpty();
    await ann.say('said before');
    await setClock(ann.page, by);
    await ann.say('said after');
    line.mend();
    for (const reader of [ann, bo]) await reader.hasExactly(['said before', 'said after']);
  });

  test(`nor does it after a reload, on a machine whose clock is ${what} by then`, { tag: '@core' }, async ({ visitor, line }) => {
    const [ann, bo] = [await visitor('Ann', { baseURL: line.url }), await visitor('Bo')];
    line.cut();
    await expect(ann.banner).not.toBeEmpty();
    await ann.say('said before');
    await ann.page.addInitScript(putOn, by);
    line.mend();
    await ann.reload();
    for (const reader of [ann, bo]) await reader.hasExactly(['said before']);
  });
}
