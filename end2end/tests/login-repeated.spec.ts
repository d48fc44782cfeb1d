// A login whose response is lost, and a browser that stores no cookies.

import { mkdtemp, mkdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { UNREACHABLE } from '../support/console-guard';
import { ChatPage } from '../support/chat-page';
import { LoginPage } from '../support/login-page';
import { expect, test } from '../support/test';

const again = {
  'by loading the page anew': async (door: LoginPage) => door.page.reload(),
  'by going to the login once more': async (door: LoginPage) => {
    await door.page.goto('/login');
    await door.logInAs('Ann');
  },
};

for (const [how, repeat] of Object.entries(again)) {
  test(`a login whose answer was lost works ${how}, under the same nickname`, async ({ stranger, line, teahouse, consoleGuard }) => {
    consoleGuard.expect(UNREACHABLE);
    const visitor = await stranger({ baseURL: line.url });
    const door = await visitor.atTheDoor();
    const release = line.holdBack('POST /login');
    await door.nickname.fill('Ann');
    const lost = door.page.waitForEvent('requestfailed', request => request.method() === 'POST');
    await door.comeIn.click({ noWaitAfter: true });
    // The server has accepted the login, and its response is in transit.
    await expect.poll(() => line.heldBack).toContain('HTTP/1.1 303 See Other');
    line.cut();
    await lost;
    release();
    // The browser shows its own error page.
    await expect(door.nickname).toHaveCount(0);
    await door.page.waitForLoadState();
    line.mend();
    await repeat(door);
    const chat = new ChatPage(door.page, visitor);
    await chat.isConnected();
    await chat.seesHere(['Ann']);
    expect(await isTaken(teahouse.url, 'Ann')).toBe(true);
  });
}

async function isTaken(url: string, nickname: string): Promise<boolean> {
  const body = new URLSearchParams({ nickname });
  const answer = await fetch(`${url}/login`, { method: 'POST', body, redirect: 'manual' });
  return answer.status === 409;
}

test.describe('with a browser that blocks cookies by its settings', () => {
  test('it is told so, and no nickname is taken', async ({ playwright, teahouse, launchOptions }) => {
    const profile = await mkdtemp(join(tmpdir(), 'teahouse-profile-'));
    await mkdir(join(profile, 'Default'));
    const blocks = { profile: { default_content_setting_values: { cookies: 2 } } };
    await writeFile(join(profile, 'Default', 'Preferences'), JSON.stringify(blocks));
    const context = await playwright.chromium.launchPersistentContext(profile, { ...launchOptions, locale: 'en-GB' });
    const page = await context.newPage();
    const door = new LoginPage(page);
    await page.goto(`${teahouse.url}/login`);
    expect(await context.cookies()).toEqual([]);
    for (const attempt of [1, 2]) {
      await door.logInAs('Ann');
      await expect(door.problem, `attempt ${attempt}`).toHaveText(
        'This browser keeps no cookies for this site, and without one nobody stays logged in. Allow cookies for this site in the browser’s settings, then log in again.',
      );
      await expect(door.nickname).toHaveValue('Ann');
    }
    await context.close();
    await rm(profile, { recursive: true, force: true });
    // A browser that cannot use the login does not take the nickname.
    expect(await isTaken(teahouse.url, 'Ann')).toBe(false);
  });
});
