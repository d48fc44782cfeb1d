// A room as one of those in it sees it.

import { type Locator, type Page, expect } from '@playwright/test';
import type { Visitor } from './visitor';

export class ChatPage {
  readonly composer: Locator;
  readonly send: Locator;
  readonly timeline: Locator;
  /** Everything that was said and confirmed. */
  readonly messages: Locator;
  /** What is on its way. */
  readonly pending: Locator;
  /** The answers of programs that are not whole yet. */
  readonly growing: Locator;
  /** What ends them. */
  readonly stop: Locator;
  /** What an empty room says of whom one can ask. */
  readonly hint: Locator;
  /** The names that can be mentioned. */
  readonly mentions: Locator;
  /** Who came and went. */
  readonly notices: Locator;
  readonly days: Locator;
  /** What heads that which is new to the reader. */
  readonly news: Locator;
  /** Where messages are missing, and the way to them. */
  readonly holes: Locator;
  /** What is said of that which lies before the first line. */
  readonly earlier: Locator;
  readonly banner: Locator;
  readonly tryNow: Locator;
  readonly toNewest: Locator;
  readonly rooms: Locator;
  readonly members: Locator;
  /** The programs that answer here. */
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

  /** The browser's program runs, and the server has let it into the room. */
  async isConnected(): Promise<void> {
    await expect.poll(() => this.joins(), { message: 'the server lets the page in' }).toBeGreaterThan(0);
    await expect(this.banner).toBeEmpty();
  }

  /** How often the server has let this page into a room since it was loaded. */
  async joins(): Promise<number> {
    return this.page.evaluate(() => (window as unknown as { joins: number }).joins);
  }

  /** The numbers of the messages that are here, in the order in which they stand. */
  async seqs(): Promise<number[]> {
    const ids = await this.messages.evaluateAll(lines => lines.map(line => line.id));
    return ids.map(id => Number(id.slice(1)));
  }

  /** The numbers of all messages that can be had by reading from the first drawn one down to the newest. */
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

  /** The number of the message in the middle of what shows. */
  async inTheMiddle(): Promise<number> {
    return this.timeline.evaluate(timeline => {
      const { top, height } = timeline.getBoundingClientRect();
      const lines = [...timeline.querySelectorAll('.message')];
      return Number(lines.find(line => line.getBoundingClientRect().bottom > top + height / 2)!.id.slice(1));
    });
  }

  /** How far below the timeline's upper edge a message stands, in pixels. */
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

  /** Writes a message and sends it with the Enter key. */
  async say(text: string): Promise<void> {
    await this.composer.fill(text);
    await this.composer.press('Enter');
  }

  /** The message with this very text, once. */
  message(text: string): Locator {
    return this.messages.filter({ has: this.page.getByText(text, { exact: true }) });
  }

  text(message: Locator): Locator {
    return message.locator('.line__text');
  }

  /** The message has come, and only once. */
  async hears(text: string, from?: string): Promise<void> {
    await expect(this.message(text)).toHaveCount(1);
    if (from) await expect(this.message(text).locator('.line__author')).toHaveText(from);
  }

  /** These messages were said here, and no others, in this order. */
  async hasExactly(texts: string[]): Promise<void> {
    await expect(this.messages.locator('.line__text')).toHaveText(texts);
    await expect(this.pending).toHaveCount(0);
  }

  /** The names of those who are here, the reader's own first. */
  async seesHere(names: string[]): Promise<void> {
    await expect(this.members.locator('.members__name')).toHaveText(names);
  }

  /** These people came and went here, in this order, and nobody else. */
  async hasNotices(lines: string[]): Promise<void> {
    await expect(this.notices).toHaveText(lines);
  }

  roomLink(name: string): Locator {
    return this.room(name).locator('.rooms__link');
  }

  /** Goes to a room by its name. */
  async goTo(room: string): Promise<void> {
    await this.goToRoom.fill(room);
    await this.goToRoom.press('Enter');
  }

  async leave(name: string): Promise<void> {
    await this.room(name).getByRole('button').click();
  }

  /** The number of unread messages beside a room's name; null if there is none. */
  async unread(name: string): Promise<number | null> {
    const badge = this.roomLink(name).locator('.badge > [aria-hidden]');
    return (await badge.count()) > 0 ? Number(await badge.textContent()) : null;
  }

  /** How far the timeline stands from its newest line, in pixels. */
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
    // Browsers glide: it is done when the timeline stands where it stood a frame ago.
    await expect.poll(() => this.isGliding()).toBe(false);
    expect(await this.distanceFromNewest()).toBeGreaterThan(100);
    await expect(this.toNewest).toBeVisible();
  }
}
