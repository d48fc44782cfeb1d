import { AxeBuilder } from '@axe-core/playwright';
import type { Locator, Page } from '@playwright/test';
import { answered } from '../support/console-guard';
import type { PlainClient } from '../support/plain-client';
import { expect, test } from '../support/test';
import type { Visitor } from '../support/visitor';

/** The search as a user sees it, on its own page or in a frame. */
class SearchPage {
  readonly field: Locator;
  readonly hits: Locator;
  readonly found: Locator;
  readonly older: Locator;
  readonly onlyHere: Locator;

  constructor(readonly page: Pick<Page, 'locator' | 'getByRole'>) {
    this.field = page.getByRole('searchbox');
    this.hits = page.locator('.hit');
    this.found = page.locator('.hit mark');
    this.older = page.locator('.search__ways a[rel="next"]');
    this.onlyHere = page.getByRole('checkbox');
  }

  async searchFor(typed: string): Promise<void> {
    await this.field.fill(typed);
    await this.field.press('Enter');
  }
}

/** A user who has logged in on the way to the search. */
async function searcher(visitor: Visitor, path = '/search'): Promise<{ search: SearchPage; page: Page }> {
  const door = await visitor.atTheDoor(path);
  await door.logInAs('Reader');
  await expect(door.page.getByRole('search')).toBeVisible();
  return { search: new SearchPage(door.page), page: door.page };
}

/** Sends a message, and waits until it can be found: the index trails the log. */
async function says(speaker: PlainClient, reader: Visitor, text: string): Promise<void> {
  speaker.say(text);
  // Node.js reaches the machine only by its address, whatever name the browsers use.
  const cookies = (await reader.context.cookies()).map(({ name, value }) => `${name}=${value}`);
  const address = `${reader.teahouse.url}/search?q=${encodeURIComponent(`"${text}"`)}`;
  const found = async () => (await fetch(address, { headers: { cookie: cookies.join('; ') } })).text();
  await expect.poll(found).toContain('class="hit"');
}

test('上海 is found in the middle of a sentence, and leads to its place', async ({ stranger, plainClient }) => {
  const reader = await stranger({ locale: 'zh-CN' });
  const { search, page } = await searcher(reader);
  const ming = await plainClient('小明');
  await says(ming, reader, '我家在上海东边');
  await says(ming, reader, '北京也有茶馆');

  await search.searchFor('上海');
  await expect(search.hits).toHaveCount(1);
  await expect(search.found).toHaveText(['上海']);
  await expect(search.hits).toHaveAttribute('href', '/chat/lobby/1#m1');
  await expect(search.hits).toHaveAttribute('target', '_top');
  await expect(search.hits).toContainText('小明');
  await expect(search.hits).toContainText('#大堂');
  await expect(page).toHaveTitle('上海 · 茶馆');
  await expect(search.field).toHaveValue('上海');

  for (const [typed, texts] of [
    ['海', ['海']],
    ['上东', []],
    ['来自：小明 茶馆', ['茶馆']],
    ['房间:大堂 北京 茶馆', ['北京', '茶馆']],
  ] as const) {
    await search.searchFor(typed);
    await expect(page).toHaveURL(url => url.searchParams.get('q') === typed);
    await expect(search.found).toHaveText([...texts]);
  }
});

test('what is said is text wherever it is found', async ({ stranger, plainClient }) => {
  const reader = await stranger();
  const { search, page } = await searcher(reader);
  const eve = await plainClient('<b>Eve</b>');
  await says(eve, reader, '<img src=x onerror=alert(1)> tea');
  await search.searchFor('"><script>alert(1)</script> OR NEAR(');
  await expect(page.getByText('Nothing was found.')).toBeVisible();
  await search.searchFor('img tea');
  await expect(search.found).toHaveText(['img', 'tea']);
  await expect(search.hits.locator('.hit__text')).toHaveText('<img src=x onerror=alert(1)> tea');
  await expect(search.hits.locator('img, b')).toHaveCount(0);
});

test('older ones are a link away, without JavaScript and without the program', async ({ stranger, plainClient }) => {
  const reader = await stranger({ javaScriptEnabled: false });
  const asked: string[] = [];
  reader.context.on('request', request => asked.push(new URL(request.url()).pathname));
  const { search, page } = await searcher(reader, '/search?in=tea');
  const ann = await plainClient('Ann', '/chat/tea');
  for (let cup = 1; cup <= 35; cup += 1) ann.say(`cup ${cup}`);
  await says(ann, reader, 'the last cup');

  asked.length = 0;
  await expect(search.onlyHere).toBeChecked();
  await search.searchFor('cup');
  await expect(search.hits).toHaveCount(30);
  await expect(search.hits.first()).toContainText('the last cup');
  await search.older.click();
  await expect(search.hits).toHaveCount(6);
  await expect(search.hits.last()).toContainText('cup 1');
  await expect(search.onlyHere).toBeChecked();
  await page.getByRole('link', { name: 'Back to the newest' }).click();
  await expect(search.hits).toHaveCount(30);
  expect(asked.filter(path => /\.(js|wasm)$/.test(path))).toEqual([]);
});

test('the chat may show the search in a frame, and nobody else’s page may be shown there', async ({ visitor, plainClient, consoleGuard }) => {
  const ann = await visitor('Ann');
  const bo = await plainClient('Bo');
  await says(bo, ann.visitor, 'green tea');
  await ann.page.evaluate(() => {
    const frame = document.createElement('iframe');
    frame.src = '/search?panel=1&in=lobby';
    frame.width = '360';
    document.body.append(frame);
  });
  const search = new SearchPage(ann.page.frameLocator('iframe[width]'));
  await search.searchFor('tea');
  await expect(search.found).toHaveText(['tea']);
  await expect(search.onlyHere).toBeChecked();

  consoleGuard.expect(/frame-ancestors|[Cc]ontent [Ss]ecurity [Pp]olicy|Refused to display/);
  const refused = ann.page.waitForEvent('console', message => /frame/.test(message.text()));
  await ann.page.locator('iframe[width]').evaluate((frame: HTMLIFrameElement) => {
    frame.src = '/login?why=logged-out';
  });
  await refused;
});

test('who is not logged in is led through the door to what they searched for', async ({ stranger, consoleGuard }) => {
  const somebody = await stranger();
  const { search, page } = await searcher(somebody, '/search?q=tea');
  await expect(page).toHaveURL('/search?q=tea');
  await expect(search.field).toHaveValue('tea');

  consoleGuard.expect(answered(401));
  const panel = await (await stranger()).tab();
  await panel.goto('/search?q=tea&panel=1');
  await expect(panel.getByRole('link', { name: 'Log in' })).toHaveAttribute('target', '_top');
});

for (const colorScheme of ['light', 'dark'] as const) {
  for (const width of [320, 1_200]) {
    test(`the search fits and axe finds nothing in it (${colorScheme}, ${width} px)`, async ({ stranger, plainClient }) => {
      const reader = await stranger({ colorScheme, viewport: { width, height: 800 } });
      const { search, page } = await searcher(reader, '/search?in=lobby');
      const ann = await plainClient('A nickname of 24 letters');
      await says(ann, reader, `tea at https://example.org/${'x'.repeat(60)}`);
      for (const typed of ['', 'tea', 'coffee', 'tea '.repeat(20)]) {
        await search.searchFor(typed);
        await expect(page).toHaveURL(url => url.searchParams.get('q') === typed);
        const { violations } = await new AxeBuilder({ page }).analyze();
        expect(violations.map(({ id, nodes }) => ({ id, where: nodes.map(node => node.html) }))).toEqual([]);
        expect(await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth)).toBe(0);
      }
    });
  }
}
