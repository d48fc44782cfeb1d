// The wall clock of a user's machine, which the user may set. Timers and the monotonic clock are unaffected.

import type { Page } from '@playwright/test';

export const HOUR = 60 * 60 * 1_000;
export const DAY = 24 * HOUR;

/** Moves a page's wall clock forward by so many milliseconds, or back if negative. */
export function putOn(by: number): void {
  const now = Date.now.bind(Date);
  Date.now = () => now() + by;
}

/** Sets the clock of an open page. */
export async function setClock(page: Page, by: number): Promise<void> {
  await page.evaluate(putOn, by);
}
