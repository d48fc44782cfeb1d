import { UNREACHABLE } from '../support/console-guard';
import { logIn, upgrade } from '../support/plain-client';
import { expect, test } from '../support/test';

test('every page has a content security policy with a nonce of its own and without unsafe-inline', async ({ teahouse }) => {
  const cookie = await logIn(teahouse, 'Ann');
  const nonces = new Set<string>();
  for (const path of ['/login', '/chat', '/chat', '/chat/tea', '/nowhere', '/chat/a%20b']) {
    const response = await fetch(teahouse.url + path, { headers: path === '/login' ? {} : { cookie } });
    const policy = response.headers.get('content-security-policy')!;
    expect(policy, path).not.toContain('unsafe-inline');
    expect(policy, path).not.toMatch(/(?<!wasm-)unsafe-eval/);
    expect(policy, path).toContain("default-src 'self'");
    expect(policy, path).toContain("frame-ancestors 'none'");
    expect(policy, path).toContain("base-uri 'none'");
    const nonce = /'nonce-([^']+)'/.exec(policy)![1];
    expect(nonce.length, path).toBeGreaterThanOrEqual(16);
    expect(nonces.has(nonce), 'a nonce is used once').toBe(false);
    nonces.add(nonce);
    const html = await response.text();
    const scripts = html.match(/<script(?![^>]*application\/json)[^>]*>/g) ?? [];
    for (const script of scripts) expect(script).toContain(`nonce="${nonce}"`);
    const programs = scripts.filter(script => script.includes('data-wasm='));
    expect(programs.length, `${path}: a program runs in the chat only`).toBe(response.ok && path.startsWith('/chat') ? 1 : 0);
    expect(html, path).not.toMatch(/\sstyle="|\son\w+="/);
    expect(response.headers.get('x-content-type-options')).toBe('nosniff');
    expect(response.headers.get('cache-control'), path).toBe('no-store, no-transform');
  }
});

test('what a script without the nonce would do, the browser does not do', async ({ visitor, consoleGuard }) => {
  consoleGuard.expect(/[Cc]ontent [Ss]ecurity [Pp]olicy/);
  const ann = await visitor('Ann');
  const blocked = ann.page.waitForEvent('console', message => message.text().startsWith('content security policy: script-src'));
  await ann.page.evaluate(() => {
    const script = document.createElement('script');
    script.textContent = 'window.broken = true';
    document.body.append(script);
  });
  await blocked;
  expect(await ann.page.evaluate(() => 'broken' in window)).toBe(false);
});

for (const path of ['/login', '/logout', '/language', '/chat', '/chat/tea']) {
  test(`a form from another site is refused (POST ${path})`, async ({ teahouse }) => {
    const cookie = await logIn(teahouse, 'Ann');
    const names = ['Bo', 'Cy', 'Di', 'Ed', 'Flo', 'Gus'];
    const post = (origin?: string) =>
      fetch(teahouse.url + path, {
        method: 'POST',
        headers: { ...(origin ? { origin } : {}), cookie },
        body: new URLSearchParams({ nickname: names.pop()!, lang: 'zh', next: '/chat' }),
        redirect: 'manual',
      });
    for (const foreign of ['http://evil.example', 'null', `${teahouse.url}0`, teahouse.url.replace('http:', 'https:')]) {
      const response = await post(foreign);
      expect(response.status, foreign).toBe(403);
      expect(response.headers.get('set-cookie')).toBeNull();
    }
    // A message without the page's own key passes the origin check, and is then refused with 409.
    const passes = path.startsWith('/chat') ? 409 : 303;
    expect((await post(teahouse.url)).status).toBe(passes);
    expect((await post()).status).toBe(passes);
  });
}

for (const { door, path, headers } of [
  { door: 'the protocol', path: '/ws', headers: { 'Sec-WebSocket-Protocol': 'teahouse.v1' } },
  { door: 'the plain door', path: '/ws', headers: {} },
  { door: 'the tutorials’ door', path: '/chat', headers: {} },
  { door: 'the door of a room', path: '/chat/tea', headers: {} },
]) {
  test(`a socket from a page of another site is refused (${door})`, async ({ teahouse }) => {
    const cookie = await logIn(teahouse, 'Ann');
    for (const foreign of ['http://evil.example', 'null']) {
      const refused = await upgrade(teahouse, path, { ...headers, Cookie: cookie, Origin: foreign });
      expect(refused.status, foreign).toBe(403);
      refused.socket?.destroy();
    }
    for (const origin of [teahouse.url, undefined]) {
      const opened = await upgrade(teahouse, path, { ...headers, Cookie: cookie, ...(origin ? { Origin: origin } : {}) });
      expect(opened.status).toBe(101);
      opened.socket!.destroy();
    }
  });
}

test('without a login the plain door stays shut', async ({ teahouse }) => {
  expect((await upgrade(teahouse, '/chat', {})).status).toBe(401);
  expect((await upgrade(teahouse, '/chat', { Cookie: 'teahouse=nonsense' })).status).toBe(401);
});

test('a page of another site cannot put the chat into a frame', async ({ visitor, stranger, consoleGuard, teahouse }) => {
  consoleGuard.expect(/frame-ancestors|refused to connect|ERR_BLOCKED_BY_RESPONSE|X-Frame-Options/);
  await visitor('Ann');
  const other = await (await stranger()).context.newPage();
  await other.route('http://elsewhere.example/', route =>
    route.fulfill({ contentType: 'text/html', body: `<iframe src="${teahouse.url}/login"></iframe>` }),
  );
  await other.goto('http://elsewhere.example/');
  await expect.poll(() => other.frames().length).toBe(2);
  await expect(other.frameLocator('iframe').locator('#nickname')).toHaveCount(0);
});

test('a message’s text never reaches the log', async ({ visitor, teahouse, consoleGuard }) => {
  consoleGuard.expect(UNREACHABLE);
  const ann = await visitor('Ann');
  await ann.say('a word in confidence');
  await ann.hasExactly(['a word in confidence']);
  await teahouse.stop();
  expect(teahouse.log).not.toContain('a word in confidence');
});
