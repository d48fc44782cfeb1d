// Takes the screenshots in docs/screenshots (`npm run screenshots`). Tests nothing.

import { defineConfig } from '@playwright/test';
import { chromium } from '../support/browsers';

export default defineConfig({
  testDir: '.',
  testMatch: '*.shots.ts',
  outputDir: '../results/screenshots',
  workers: 1,
  reporter: 'list',
  timeout: 120_000,
  expect: { timeout: 20_000 },
  use: chromium,
});
