// What the measurements here are told on their command lines, and how they answer: a table for people, JSON for programs.

import { writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { parseArgs } from 'node:util';

/**
 * The options of a measurement: `--url` and `--json`, and those named with their defaults, which are numbers.
 * A command line that is not understood ends the program with 2.
 */
export function options(about, defaults = {}) {
  const numbers = Object.entries(defaults);
  const usage = numbers.map(([name, value]) => `[--${name} ${value}]`).join(' ');
  try {
    const { values } = parseArgs({
      options: Object.fromEntries(['url', 'json', ...Object.keys(defaults)].map(name => [name, { type: 'string' }])),
    });
    if (!values.url || !URL.canParse(values.url)) throw new Error('--url must name a Teahouse that runs');
    const read = numbers.map(([name, value]) => [name, positive(name, values[name] ?? value)]);
    return { url: new URL(values.url).origin, json: values.json, ...Object.fromEntries(read) };
  } catch (error) {
    console.error(`${about}\n\nusage: --url http://127.0.0.1:3000 [--json FILE] ${usage}\n\n${error.message}`);
    process.exit(2);
  }
}

function positive(name, value) {
  const number = Number(value);
  if (!Number.isInteger(number) || number < 1) throw new Error(`--${name} must be a number of 1 or more, not ${value}`);
  return number;
}

/** Prints rows as a table, leaves all of the report in the file that was asked for, and says by the exit code what it comes to. */
export function report(rows, whole, { json }) {
  console.table(rows);
  if (json) writeFileSync(json, `${JSON.stringify(whole, null, 2)}\n`);
  for (const problem of whole.problems) console.error(`over the budget: ${problem}`);
  process.exitCode = whole.problems.length > 0 ? 1 : 0;
}

/** The cookie of somebody who logs in by the form under a name that nobody else has. */
export async function logIn(url, name) {
  const nickname = `${name}-${Math.random().toString(36).slice(2, 8)}`;
  const response = await fetch(`${url}/login`, {
    method: 'POST',
    body: new URLSearchParams({ nickname }),
    redirect: 'manual',
  });
  const cookie = response.headers.get('set-cookie');
  if (response.status !== 303 || !cookie) throw new Error(`${nickname} was not let in: ${response.status}`);
  return cookie.split(';')[0];
}

/** A port on which nobody listens. */
export function freePort() {
  const server = createServer();
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}
