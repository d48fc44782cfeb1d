// Lighthouse on a phone's profile: the login, and a room with some talk in it. Starts no server.
//
//   node performance/lighthouse.mjs --url http://127.0.0.1:3000 --json out.json
//
// Ends with 1 if a score is below the least that is allowed. `CHROME_PATH` names another browser than /usr/bin/chromium.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import lighthouse from 'lighthouse';
import { freePort, logIn, options, report } from './options.mjs';

/** The least that each category may score, of 100. */
const LEAST = 95;
const CATEGORIES = ['performance', 'accessibility', 'best-practices', 'seo'];

const asked = options('Lets Lighthouse judge the login and a room.', { runs: 3 });
const port = await freePort();
// Lighthouse opens a tab of its own, which finds the cookies of a profile, and no other way gives one to a socket.
const profile = await mkdtemp(join(tmpdir(), 'lighthouse-'));
const browser = await chromium.launchPersistentContext(profile, {
  executablePath: process.env.CHROME_PATH ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking', `--remote-debugging-port=${port}`],
});
try {
  const pages = [
    { page: 'login', path: '/login' },
    { page: 'chat', path: '/chat', nickname: 'Reader' },
  ];
  const rows = [];
  const problems = [];
  const failed = {};
  for (const { page, path, nickname } of pages) {
    if (nickname) {
      const [cookie, ...value] = (await logIn(asked.url, nickname)).split('=');
      await browser.addCookies([{ name: cookie, value: value.join('='), url: asked.url }]);
    }
    const runs = [];
    for (let run = 0; run < asked.runs; run += 1) runs.push(await judged(`${asked.url}${path}`));
    // As Lighthouse advises: of several runs the one in the middle.
    const result = runs.sort((a, b) => score(a, 'performance') - score(b, 'performance'))[runs.length >> 1];
    const row = { page, ...Object.fromEntries(CATEGORIES.map(category => [category, score(result, category)])) };
    for (const [name, audit] of [['first_paint_ms', 'first-contentful-paint'], ['largest_paint_ms', 'largest-contentful-paint'], ['blocked_ms', 'total-blocking-time']]) {
      row[name] = Math.round(result.audits[audit].numericValue);
    }
    row.kib = Math.round(result.audits['total-byte-weight'].numericValue / 1_024);
    rows.push(row);
    failed[page] = CATEGORIES.flatMap(category => lost(result, category));
    for (const category of CATEGORIES.filter(category => row[category] < LEAST)) {
      problems.push(`${page} scores ${row[category]} in ${category}: ${failed[page].join(', ')}`);
    }
  }
  report(rows, { ...asked, browser: browser.browser()?.version(), pages: rows, failed, problems }, asked);
} finally {
  await browser.close();
  await rm(profile, { recursive: true, force: true });
}

/** What Lighthouse says of a page. A recording that failed says nothing, and is made again, a few times at most. */
async function judged(url, attempts = 3) {
  const { lhr } = await lighthouse(url, { port, onlyCategories: CATEGORIES, formFactor: 'mobile', logLevel: 'error' });
  if (lhr.runtimeError) {
    if (attempts === 1) throw new Error(`${url}: ${lhr.runtimeError.message}`);
    console.error(`once more, for nothing was recorded: ${lhr.runtimeError.code}`);
    return judged(url, attempts - 1);
  }
  const arrived = new URL(lhr.finalDisplayedUrl).pathname;
  if (arrived !== new URL(url).pathname) throw new Error(`${url} led to ${arrived}`);
  return lhr;
}

function score(result, category) {
  return Math.round(result.categories[category].score * 100);
}

/** The audits that cost a category points. */
function lost(result, category) {
  return result.categories[category].auditRefs
    .filter(({ id, weight }) => weight > 0 && result.audits[id].score !== null && result.audits[id].score < 0.9)
    .map(({ id }) => id);
}
