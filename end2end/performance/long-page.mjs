// A page with a long timeline: fills a room, reads back to its first message, and lets many arrive, by the browser's own
// tracing. Starts no server: it wants one that runs with `--rate-send 0`.
//
//   node performance/long-page.mjs --url http://127.0.0.1:3000 --messages 10000 --rate 100 --seconds 20 --json out.json
//
// Ends with 1 if a script task was longer than 50 ms by the thread's own clock, or if the page is no longer bounded.

import { chromium } from 'playwright-core';
import { logIn, options, report } from './options.mjs';
import { round, traced } from './trace.mjs';

/** How long a script may keep a page from answering, in milliseconds. */
const LONGEST_TASK_MS = 50;
/** How many elements a page may have, however long its timeline is. */
const MOST_ELEMENTS = 8_000;

const asked = options('Measures a page with a long timeline.', { messages: 10_000, rate: 100, seconds: 20 });
const room = `long-${Math.random().toString(36).slice(2, 10)}`;

const browser = await chromium.launch({
  executablePath: process.env.CHROME_PATH ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking'],
});
try {
  const speaker = await speakerIn(room);
  await speaker.evaluate(count => window.say(count, 50), asked.messages);
  const page = await pageOf('Reader');
  await page.addInitScript(watch);
  await page.goto(`${asked.url}/chat/${room}`);
  await page.locator(`#m${asked.messages}`).waitFor();
  await page.waitForFunction(() => window.asked.joins > 0);

  const phases = [];
  const phase = async (name, happens) => {
    const trace = await traced(browser, page, happens);
    phases.push({ phase: name, ...trace, ...(await weight(page)) });
  };
  await phase('read back to the first message', () => readBack(page));
  const arrive = async last => {
    await speaker.evaluate(([count, rate]) => window.sayAtRate(count, rate), [asked.rate * asked.seconds, asked.rate]);
    await page.waitForFunction(last => window.heard >= last, last);
  };
  const first = await page.locator('.message').first().getAttribute('id');
  if (first !== 'm1') throw new Error(`the first message is ${first}, not m1`);
  const many = asked.rate * asked.seconds;
  await phase(`${asked.rate} a second arrive, reading the first`, () => arrive(asked.messages + many));
  await page.locator('.to-newest').click();
  await page.locator(`#m${asked.messages + many}`).waitFor();
  await phase(`${asked.rate} a second arrive, reading the newest`, () => arrive(asked.messages + 2 * many));
  await page.locator(`#m${asked.messages + 2 * many}`).waitFor();

  const pages = await page.evaluate(() => window.asked.pages);
  const problems = [];
  for (const { phase, longest_script_task_cpu_ms: longest, elements } of phases) {
    if (longest > LONGEST_TASK_MS) problems.push(`a script task took ${longest} ms (${phase})`);
    if (elements > MOST_ELEMENTS) problems.push(`the page has ${elements} elements (${phase})`);
  }
  report(phases, { ...asked, browser: browser.version(), pages_of_history: pages, phases, problems }, asked);
} finally {
  await browser.close();
}

async function pageOf(name) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, locale: 'en-GB' });
  const [cookie, ...value] = (await logIn(asked.url, name)).split('=');
  await context.addCookies([{ name: cookie, value: value.join('='), url: asked.url }]);
  return context.newPage();
}

/** A page with a socket to the room, through which it says what it is asked to. */
async function speakerIn(room) {
  const page = await pageOf('Speaker');
  await page.goto(`${asked.url}/search`);
  await page.evaluate(async room => {
    const socket = new WebSocket(`${location.origin.replace('http', 'ws')}/ws`, 'teahouse.v1');
    let [said, heard] = [0, 0];
    socket.onmessage = ({ data }) => {
      for (const line of data.split('\n')) {
        if (line.startsWith('{"message"')) heard += 1;
        if (line.startsWith('{"ping"')) socket.send('{"pong":{}}');
        if (line.startsWith('{"refused"')) throw new Error(line);
      }
    };
    const pause = ms => new Promise(done => setTimeout(done, ms));
    const message = () => {
      said += 1;
      const text = `Message ${said}: ${'some tea, and something to say about it; '.repeat(1 + (said % 3))}`;
      return JSON.stringify({ send: { id: `m-${said}`, room, text } });
    };
    // As fast as the server takes them, so many on their way at a time.
    window.say = async (count, window) => {
      for (let left = count; left > 0; left -= window) {
        socket.send(Array.from({ length: Math.min(window, left) }, message).join('\n'));
        while (heard < said) await pause(1);
      }
    };
    // At their time, whether those before have been heard or not.
    window.sayAtRate = async (count, rate) => {
      const began = performance.now();
      for (let sent = 0; sent < count; sent += 1) {
        const wait = began + (sent * 1_000) / rate - performance.now();
        if (wait > 0) await pause(wait);
        socket.send(message());
      }
      while (heard < said) await pause(5);
    };
    await new Promise((opened, failed) => Object.assign(socket, { onopen: opened, onerror: failed }));
    socket.send(JSON.stringify({ hello: { rooms: [{ room }] } }));
  }, room);
  return page;
}

/** Runs in the page before anything else: notes what its socket hears and asks for, and where its program's memory is. */
function watch() {
  window.asked = { joins: 0, pages: 0 };
  window.heard = 0;
  window.WebSocket = new Proxy(window.WebSocket, {
    construct(native, parameters) {
      const socket = new native(...parameters);
      socket.addEventListener('message', ({ data }) => {
        // A frame may hold several lines.
        for (const line of data.split('\n')) {
          if (line.startsWith('{"joined"')) window.asked.joins += 1;
          if (line.startsWith('{"page"')) window.asked.pages += 1;
          if (line.startsWith('{"message"')) window.heard = Number(/"seq":(\d+)/.exec(line)[1]);
        }
      });
      return socket;
    },
  });
  const instantiate = WebAssembly.instantiateStreaming;
  WebAssembly.instantiateStreaming = async (...parameters) => {
    const program = await instantiate.apply(WebAssembly, parameters);
    window.memory = Object.values(program.instance.exports).find(value => value instanceof WebAssembly.Memory);
    return program;
  };
}

/** Turns the wheel until the first message is there. */
async function readBack(page) {
  await page.locator('#timeline').hover();
  for (;;) {
    await page.mouse.wheel(0, -3_000);
    const done = await page.evaluate(
      () => new Promise(next => requestAnimationFrame(() => next(document.getElementById('m1') !== null))),
    );
    if (done) return;
  }
}

async function weight(page) {
  const session = await page.context().newCDPSession(page);
  await session.send('HeapProfiler.collectGarbage');
  const { metrics } = await session.send('Performance.enable').then(() => session.send('Performance.getMetrics'));
  const metric = name => metrics.find(metric => metric.name === name).value;
  const { elements, lines, program } = await page.evaluate(() => ({
    elements: document.querySelectorAll('*').length,
    lines: document.querySelectorAll('.timeline__lines > *').length,
    program: window.memory?.buffer.byteLength ?? 0,
  }));
  await session.detach();
  const mib = bytes => round(bytes / 1_048_576);
  return { elements, lines, nodes: metric('Nodes'), heap_mib: mib(metric('JSHeapUsedSize')), program_mib: mib(program) };
}
