// What a first visit fetches and how it is compressed, and that users can type before the program runs.

import { request } from 'node:http';
import { hold } from '../support/hold';
import { logIn } from '../support/plain-client';
import { expect, test } from '../support/test';

/** The brotli size limit of each page, in bytes; `cargo xtask size` budgets the files they load. */
const PAGE_BUDGETS = { '/login': 1_536, '/chat': 6_144 };

/** The length of a response body on the wire, and its headers. */
function fetched(url: string, headers: Record<string, string>): Promise<{ length: number; headers: Record<string, unknown> }> {
  return new Promise((resolve, reject) => {
    const asked = request(url, { headers }, response => {
      let length = 0;
      response.on('data', (bytes: Buffer) => (length += bytes.length));
      response.on('end', () => resolve({ length, headers: response.headers }));
    });
    asked.on('error', reject);
    asked.end();
  });
}

test('the pages themselves are within their budgets', async ({ teahouse }) => {
  const cookie = await logIn(teahouse, 'Ann');
  for (const [path, budget] of Object.entries(PAGE_BUDGETS)) {
    const headers = { 'Accept-Encoding': 'br', ...(path === '/chat' ? { Cookie: cookie } : {}) };
    const page = await fetched(teahouse.url + path, headers);
    expect(page.headers['content-encoding']).toBe('br');
    expect(page.headers['cache-control']).toBe('no-store, no-transform');
    expect(page.length).toBeGreaterThan(0);
    expect(page.length, path).toBeLessThanOrEqual(budget);
  }
});

test('whatever a page needs is fetched once, packed, and the program is compiled while it arrives', async ({ visitor }) => {
  const ann = await visitor('Ann');
  const page = await (await ann.visitor.context.browser()!.newContext({
    storageState: await ann.visitor.context.storageState(),
    baseURL: ann.page.url(),
  })).newPage();
  const complaints: string[] = [];
  page.on('console', message => complaints.push(message.text()));
  const fetches: string[] = [];
  page.on('request', request => fetches.push(new URL(request.url()).pathname));
  await page.addInitScript(() => {
    const compiled = { streaming: 0, otherwise: 0 };
    const { instantiate, instantiateStreaming } = WebAssembly;
    WebAssembly.instantiateStreaming = async (...parameters) => {
      const program = await instantiateStreaming.apply(WebAssembly, parameters);
      compiled.streaming += 1;
      return program;
    };
    WebAssembly.instantiate = ((...parameters: Parameters<typeof instantiate>) => {
      compiled.otherwise += 1;
      return instantiate.apply(WebAssembly, parameters);
    }) as typeof instantiate;
    Object.assign(window, { compiled });
  });
  await page.goto('/chat');
  const compiled = () => page.evaluate(() => (window as unknown as { compiled: object }).compiled);
  await expect.poll(compiled).toEqual({ streaming: 1, otherwise: 0 });
  // Browsers take some seconds before they complain about an unused preload.
  const loaded = await page.evaluate(() => performance.now());
  await expect.poll(() => page.evaluate(() => performance.now())).toBeGreaterThan(loaded + 6_000);
  expect(complaints).toEqual([]);
  const files = fetches.filter(path => path.startsWith('/pkg/'));
  for (const kind of ['js', 'wasm', 'css']) {
    const named = files.filter(path => path.endsWith(`.${kind}`));
    expect(named, kind).toHaveLength(1);
    expect(named[0]).toMatch(/^\/pkg\/teahouse\.[0-9a-f]{16}\.[a-z]+$/);
    const file = await fetched(new URL(named[0], page.url()).href, { 'Accept-Encoding': 'gzip, br' });
    expect(file.headers['content-encoding']).toBe('br');
    expect(file.headers['cache-control']).toBe('public, max-age=31536000, immutable');
  }
  expect(files).toHaveLength(3);
  await page.context().close();
});

test('what is typed before the program runs stays, with the caret and the focus where they were', async ({ visitor }) => {
  const ann = await visitor('Ann');
  const page = await ann.visitor.tab();
  const letPass = await hold(page);
  await page.goto('/chat', { waitUntil: 'commit' });
  const composer = page.locator('#composer');
  await composer.click();
  await page.keyboard.type('typed early');
  for (let left = 0; left < 6; left += 1) await page.keyboard.press('ArrowLeft');
  letPass();
  await expect.poll(() => page.evaluate(() => (window as unknown as { joins: number }).joins)).toBeGreaterThan(0);
  await expect(composer).toBeFocused();
  await page.keyboard.type(' very');
  await expect(composer).toHaveValue('typed very early');
  await composer.press('Enter');
  await ann.hasExactly(['typed very early']);
});

test('at the door one types, and comes in, whether the program arrives or not', async ({ stranger }) => {
  const ann = await stranger();
  const page = await ann.tab();
  const letPass = await hold(page);
  await page.goto('/login', { waitUntil: 'commit' });
  const nickname = page.locator('#nickname');
  await nickname.click();
  await page.keyboard.type('Ann');
  await page.keyboard.press('ArrowLeft');
  letPass();
  await page.waitForLoadState('load');
  await expect(nickname).toBeFocused();
  await page.keyboard.type('n');
  await expect(nickname).toHaveValue('Annn');
  await hold(page);
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL(/\/chat$/);
  await expect(page.getByRole('heading', { level: 1 })).toContainText('Lobby');
});
