// The moments before the program runs: the page is there, and what makes it live has not come yet.

import type { Page } from '@playwright/test';

/** Keeps the browser's program from arriving until it is let pass. */
export async function hold(page: Page): Promise<() => void> {
  let letPass = () => {};
  const held = new Promise<void>(pass => {
    letPass = pass;
  });
  await page.route('**/*.wasm', async route => {
    await held;
    await route.continue();
  });
  return letPass;
}
