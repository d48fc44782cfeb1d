// The clock on the wall of somebody's machine, which they may set. Timers and the monotonic clock go on as they were.

import type { Page } from '@playwright/test';

export const HOUR = 60 * 60 * 1_000;
export const DAY = 24 * HOUR;

/** What puts the wall clock of a page on by so many milliseconds, or back. */
export function putOn(by: number): void {
  const now = Date.now.bind(Date);
  Date.now = () => now() + by;
}

/** Sets the clock of a page that is open. */
export async function setClock(page: Page, by: number): Promise<void> {
  await page.evaluate(putOn, by);
}
