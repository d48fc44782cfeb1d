import { defineConfig } from '@playwright/test';
import { LAN, chromium, chromiumOnLan, firefox } from './support/browsers';
import type { Options } from './support/test';

const everyBrowser = process.env.TEAHOUSE_ALL_BROWSERS === '1';

/** Tests that also run as on a LAN: plain http, without browser features reserved for secure contexts. */
const ON_LAN = /(talk|outbox|tabs|drafts|missed|history|ghost|search)\.spec\.ts/;

export default defineConfig<Options>({
  outputDir: 'results',
  fullyParallel: true,
  workers: 2,
  forbidOnly: true,
  // A retry would hide a flaky test.
  retries: 0,
  reporter: 'list',
  timeout: 90_000,
  expect: { timeout: 20_000 },
  use: { actionTimeout: 20_000, navigationTimeout: 30_000, screenshot: 'only-on-failure' },
  projects: [
    { name: 'chromium', testDir: 'tests', use: chromium },
    { name: 'lan', testDir: 'tests', testMatch: ON_LAN, use: { ...chromiumOnLan, hostname: LAN } },
    ...(everyBrowser
      ? [
          { name: 'firefox', testDir: 'tests', grep: /@core/, use: firefox },
          // WebDriver drives this browser; Playwright only runs and counts the tests.
          { name: 'webkitgtk', testDir: 'webkit' },
        ]
      : []),
  ],
});
