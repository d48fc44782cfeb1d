import { defineConfig } from '@playwright/test';
import { chromium, firefox } from './support/browsers';

const everyBrowser = process.env.TEAHOUSE_ALL_BROWSERS === '1';

export default defineConfig({
  outputDir: 'results',
  fullyParallel: true,
  workers: 2,
  forbidOnly: true,
  // A retry would hide a flake.
  retries: 0,
  reporter: 'list',
  timeout: 90_000,
  expect: { timeout: 20_000 },
  use: { actionTimeout: 20_000, navigationTimeout: 30_000, screenshot: 'only-on-failure' },
  projects: [
    { name: 'chromium', testDir: 'tests', use: chromium },
    ...(everyBrowser
      ? [
          { name: 'firefox', testDir: 'tests', grep: /@core/, use: firefox },
          // Driven by WebDriver: the runner only counts.
          { name: 'webkitgtk', testDir: 'webkit' },
        ]
      : []),
  ],
});
