// Fixtures of every test: its own server, visitors with their own browsers, and a `consoleGuard`.

import { type BrowserContextOptions, test as base, expect } from '@playwright/test';
import { ChatPage } from './chat-page';
import { ConsoleGuard } from './console-guard';
import { Line } from './line';
import { PlainClient } from './plain-client';
import { type Flags, Teahouse } from './teahouse';
import { Visitor } from './visitor';

export type Circumstances = BrowserContextOptions & {
  /** The path to open. */
  path?: string;
};

/** Options that a project sets. */
export type Options = {
  /** The name of this machine under which browsers reach the server. */
  hostname: string;
};

type Fixtures = {
  /** The flags of the server. */
  flags: Flags;
  teahouse: Teahouse;
  /** A network path to the server that can be disturbed: pass its `url` as a visitor's `baseURL`. */
  line: Line;
  consoleGuard: ConsoleGuard;
  /** A visitor who has not logged in. */
  stranger(circumstances?: BrowserContextOptions): Promise<Visitor>;
  /** A visitor who has logged in with the form and is in the room. */
  visitor(nickname: string, circumstances?: Circumstances): Promise<ChatPage>;
  /** A visitor with a small program instead of a browser. */
  plainClient(nickname: string, path?: string): Promise<PlainClient>;
};

export const test = base.extend<Fixtures & Options>({
  hostname: ['127.0.0.1', { option: true }],
  flags: [{}, { option: true }],

  teahouse: async ({ flags }, use) => {
    const teahouse = await Teahouse.open(flags);
    await use(teahouse);
    await teahouse.close();
    expect(teahouse.troubles, 'errors in the log of the server').toEqual([]);
  },

  line: async ({ teahouse, hostname }, use) => {
    const line = await Line.to(teahouse, hostname);
    await use(line);
    line.close();
  },

  consoleGuard: async ({}, use) => {
    const consoleGuard = new ConsoleGuard();
    await use(consoleGuard);
    consoleGuard.check();
  },

  // The line stays open until the pages that use it are closed: they may still be loading when the test ends.
  stranger: async ({ browser, teahouse, line: _, hostname, consoleGuard }, use) => {
    const contexts: { close(): Promise<void> }[] = [];
    await use(async (circumstances = {}) => {
      const context = await browser.newContext({ locale: 'en-GB', baseURL: teahouse.urlAt(hostname), ...circumstances });
      contexts.push(context);
      await consoleGuard.watch(context);
      return new Visitor(teahouse, context);
    });
    for (const context of contexts) await context.close();
  },

  visitor: async ({ stranger, hostname }, use) => {
    await use(async (nickname, { path = '/chat', ...circumstances } = {}) => {
      const visitor = await stranger(circumstances);
      const door = await visitor.atTheDoor(path);
      await door.logInAs(nickname);
      const chat = new ChatPage(door.page, visitor);
      await chat.isConnected();
      await chat.members.first().waitFor({ state: 'attached' });
      const isSecure = await chat.page.evaluate(() => isSecureContext);
      expect(isSecure, 'a page of plain http is a secure context on a loopback address only').toBe(hostname === '127.0.0.1');
      return chat;
    });
  },

  plainClient: async ({ teahouse }, use) => {
    const clients: PlainClient[] = [];
    await use(async (nickname, path = '/chat') => {
      const client = await PlainClient.connect(teahouse, nickname, path);
      clients.push(client);
      return client;
    });
    for (const client of clients) client.close();
  },
});

export { expect };
