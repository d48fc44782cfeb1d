// A room as a user's browser shows it.

import { type Locator, type Page, expect } from '@playwright/test';
import type { Visitor } from './visitor';

export class ChatPage {
  readonly composer: Locator;
  readonly send: Locator;
  readonly timeline: Locator;
  /** Messages that the server has acknowledged. */
  readonly messages: Locator;
  /** Messages not acknowledged yet. */
  readonly pending: Locator;
  /** Streaming answers of bots. */
  readonly growing: Locator;
  /** The stop button of a streaming answer. */
  readonly stop: Locator;
  /** The hint in an empty room that names the bots to ask. */
  readonly hint: Locator;
  /** The suggested mentions. */
  readonly mentions: Locator;
  /** Notices that users entered or left. */
  readonly notices: Locator;
  readonly days: Locator;
  /** The heading above new messages. */
  readonly news: Locator;
  /** The buttons that load missing messages. */
  readonly holes: Locator;
  /** The note about messages before the first line. */
  readonly earlier: Locator;
  readonly banner: Locator;
  readonly tryNow: Locator;
  readonly toNewest: Locator;
  readonly rooms: Locator;
  readonly members: Locator;
  /** The bots of the room. */
  readonly bots: Locator;
  readonly title: Locator;
  readonly goToRoom: Locator;
  readonly otherLanguage: Locator;
  readonly logOut: Locator;

  constructor(
    readonly page: Page,
    readonly visitor: Visitor,
  ) {
    this.composer = page.locator('#composer');
    this.send = page.locator('.composer__send');
    this.timeline = page.getByRole('log');
    this.messages = this.timeline.locator('.message');
    this.pending = this.timeline.locator('.pending');
    this.growing = this.timeline.locator('.growing');
    this.stop = this.growing.getByRole('button');
    this.hint = this.timeline.locator('.opening__hint');
    this.mentions = page.getByRole('option');
    this.notices = this.timeline.locator('.notice');
    this.days = this.timeline.locator('.day');
    this.news = this.timeline.locator('.news');
    this.holes = this.timeline.locator('.hole button');
    this.earlier = this.timeline.locator('.opening--earlier');
    this.banner = page.locator('.banner');
    this.tryNow = this.banner.getByRole('button');
    this.toNewest = page.locator('.to-newest');
    this.rooms = page.locator('.rooms');
    this.members = page.locator('.members__member');
    this.bots = page.locator('.members__bot');
    this.title = page.getByRole('heading', { level: 1 });
    this.goToRoom = page.locator('#go-to-room');
    this.otherLanguage = page.locator('.language button');
    this.logOut = page.locator('form[action="/logout"] button');
  }

  /** Waits until the WebAssembly program runs and the server has let it join the room. */
  async isConnected(): Promise<void> {
    await expect.poll(() => this.joins(), { message: 'the server lets the page in' }).toBeGreaterThan(0);
    await expect(this.banner).toBeEmpty();
  }

  /** How often the server has let this page join a room since it was loaded. */
  async joins(): Promise<number> {
    return this.page.evaluate(() => (window as unknown as { joins: number }).joins);
  }

  /** The seqs of the rendered messages, in display order. */
  async seqs(): Promise<number[]> {
    const ids = await this.messages.evaluateAll(lines => lines.map(line => line.id));
    return ids.map(id => Number(id.slice(1)));
  }

  /** The seqs of all messages reached by reading from the first rendered one down to the newest. */
  async walk(): Promise<number[]> {
    const seen = new Set<number>();
    for (;;) {
      const seqs = await this.seqs();
      for (const seq of seqs) seen.add(seq);
      const last = seqs.at(-1)!;
      await this.page.locator(`#m${last}`).scrollIntoViewIfNeeded();
      await this.timeline.evaluate(timeline => timeline.scrollTo(0, 0));
      await this.page.evaluate(() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done))));
      if ((await this.seqs()).at(-1) === last) return [...seen];
    }
  }

  /** The seq of the message in the middle of the viewport. */
  async inTheMiddle(): Promise<number> {
    return this.timeline.evaluate(timeline => {
      const { top, height } = timeline.getBoundingClientRect();
      const lines = [...timeline.querySelectorAll('.message')];
      return Number(lines.find(line => line.getBoundingClientRect().bottom > top + height / 2)!.id.slice(1));
    });
  }

  /** A message's distance below the top edge of the timeline, in pixels. */
  async place(seq: number): Promise<number> {
    return this.page.evaluate(id => {
      const [line, timeline] = [document.getElementById(id)!, document.getElementById('timeline')!];
      return line.getBoundingClientRect().top - timeline.getBoundingClientRect().top;
    }, `m${seq}`);
  }

  async reload(): Promise<void> {
    await this.page.reload();
    await this.isConnected();
  }

  /** Types a message and sends it with Enter. */
  async say(text: string): Promise<void> {
    await this.composer.fill(text);
    await this.composer.press('Enter');
  }

  /** The message with exactly this text. */
  message(text: string): Locator {
    return this.messages.filter({ has: this.page.getByText(text, { exact: true }) });
  }

  text(message: Locator): Locator {
    return message.locator('.line__text');
  }

  /** Expects the message to be there exactly once. */
  async hears(text: string, from?: string): Promise<void> {
    await expect(this.message(text)).toHaveCount(1);
    if (from) await expect(this.message(text).locator('.line__author')).toHaveText(from);
  }

  /** Expects exactly these messages, in this order, and none pending. */
  async hasExactly(texts: string[]): Promise<void> {
    await expect(this.messages.locator('.line__text')).toHaveText(texts);
    await expect(this.pending).toHaveCount(0);
  }

  /** Expects these members, the user's own name first. */
  async seesHere(names: string[]): Promise<void> {
    await expect(this.members.locator('.members__name')).toHaveText(names);
  }

  /** Expects exactly these notices, in this order. */
  async hasNotices(lines: string[]): Promise<void> {
    await expect(this.notices).toHaveText(lines);
  }

  roomLink(name: string): Locator {
    return this.room(name).locator('.rooms__link');
  }

  /** Opens a room by its name. */
  async goTo(room: string): Promise<void> {
    await this.goToRoom.fill(room);
    await this.goToRoom.press('Enter');
  }

  async leave(name: string): Promise<void> {
    await this.room(name).getByRole('button').click();
  }

  /** The unread count beside a room's name, or null if there is none. */
  async unread(name: string): Promise<number | null> {
    const badge = this.roomLink(name).locator('.badge > [aria-hidden]');
    return (await badge.count()) > 0 ? Number(await badge.textContent()) : null;
  }

  /** The distance of the scroll position from the newest line, in pixels. */
  async distanceFromNewest(): Promise<number> {
    return this.timeline.evaluate(timeline => Math.abs(Math.round(timeline.scrollTop)));
  }

  private room(name: string): Locator {
    return this.rooms.locator('.rooms__room:not([hidden])').filter({ has: this.page.getByText(name, { exact: true }) });
  }

  private async isGliding(): Promise<boolean> {
    const before = await this.distanceFromNewest();
    await this.page.evaluate(() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done))));
    const after = await this.distanceFromNewest();
    return before === 0 || before !== after;
  }

  async scrollUp(pixels: number): Promise<void> {
    await this.timeline.hover();
    await this.page.mouse.wheel(0, -pixels);
    // Browsers scroll smoothly: scrolling is over once the position is the same in two frames.
    await expect.poll(() => this.isGliding()).toBe(false);
    expect(await this.distanceFromNewest()).toBeGreaterThan(100);
    await expect(this.toNewest).toBeVisible();
  }
}
