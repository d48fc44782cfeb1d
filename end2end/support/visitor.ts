// A user with their own browser, who logs in with the form and has one or more tabs.

import type { BrowserContext, Page } from '@playwright/test';
import { ChatPage } from './chat-page';
import { LoginPage } from './login-page';
import type { Teahouse } from './teahouse';

export class Visitor {
  /** The message texts that the user's tabs have sent to the server, one entry per send. */
  readonly sent: string[] = [];

  constructor(
    readonly teahouse: Teahouse,
    readonly context: BrowserContext,
  ) {}

  /** Opens an empty tab. */
  async tab(): Promise<Page> {
    const page = await this.context.newPage();
    await page.addInitScript(countJoins);
    page.on('websocket', socket => {
      socket.on('framesent', ({ payload }) => this.sent.push(...textsIn(payload.toString())));
    });
    return page;
  }

  /** Opens the login page in a new tab. */
  async atTheDoor(path = '/login'): Promise<LoginPage> {
    const page = await this.tab();
    await page.goto(path);
    return new LoginPage(page);
  }

  /** Opens a room in a new tab, for a user who has logged in. */
  async enter(path = '/chat'): Promise<ChatPage> {
    const page = await this.tab();
    await page.goto(path);
    const chat = new ChatPage(page, this);
    await chat.isConnected();
    return chat;
  }
}

/** The message texts in a frame. */
function textsIn(frame: string): string[] {
  return frame
    .split('\n')
    .map(line => JSON.parse(line) as { send?: { text: string } })
    .flatMap(({ send }) => (send ? [send.text] : []));
}

/** Counts how often the server has let this page join a room, which the page itself does not show. */
function countJoins(): void {
  const counted = window as unknown as { joins: number };
  counted.joins = 0;
  window.WebSocket = new Proxy(window.WebSocket, {
    construct(native, parameters: [string, string?]) {
      const socket = new native(...parameters);
      socket.addEventListener('message', event => {
        if (typeof event.data === 'string' && event.data.includes('{"joined":')) counted.joins += 1;
      });
      return socket;
    },
  });
}
