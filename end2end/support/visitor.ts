// Somebody with a browser of their own: they log in by the form and have one or more tabs.

import type { BrowserContext, Page } from '@playwright/test';
import { ChatPage } from './chat-page';
import { LoginPage } from './login-page';
import type { Teahouse } from './teahouse';

export class Visitor {
  /** The texts that their tabs have sent to the house, once for each time. */
  readonly sent: string[] = [];

  constructor(
    readonly teahouse: Teahouse,
    readonly context: BrowserContext,
  ) {}

  /** Another tab, with nothing in it. */
  async tab(): Promise<Page> {
    const page = await this.context.newPage();
    await page.addInitScript(countJoins);
    page.on('websocket', socket => {
      socket.on('framesent', ({ payload }) => this.sent.push(...textsIn(payload.toString())));
    });
    return page;
  }

  /** The login page in a new tab. */
  async atTheDoor(path = '/login'): Promise<LoginPage> {
    const page = await this.tab();
    await page.goto(path);
    return new LoginPage(page);
  }

  /** A room in a new tab, for those who have logged in. */
  async enter(path = '/chat'): Promise<ChatPage> {
    const page = await this.tab();
    await page.goto(path);
    const chat = new ChatPage(page, this);
    await chat.isConnected();
    return chat;
  }
}

/** What is said by the lines of a frame. */
function textsIn(frame: string): string[] {
  return frame
    .split('\n')
    .map(line => JSON.parse(line) as { send?: { text: string } })
    .flatMap(({ send }) => (send ? [send.text] : []));
}

/** Counts what no word on the page tells: how often the server has let this page into a room. */
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
