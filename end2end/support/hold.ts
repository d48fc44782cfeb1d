// Holds a page before its program runs: loaded, but without the WebAssembly that makes it interactive.

import type { Page } from '@playwright/test';

/** Blocks the WebAssembly program until the returned function is called. */
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
