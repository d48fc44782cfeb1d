// A minimal WebDriver (W3C) client, because Playwright cannot drive WebKitGTK.

import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { createServer } from 'node:net';
import { expect } from '@playwright/test';

const ELEMENT = 'element-6066-11e4-a52e-4f735466cecf';

/** Code points of keys (WebDriver, section 17.4.2). */
export const KEYS = { enter: '\uE007', shift: '\uE008' };

/** A virtual display and the browsers on it. */
export class WebKit {
  private constructor(
    private readonly screen: ChildProcess,
    private readonly display: string,
  ) {}

  static async launch(): Promise<WebKit> {
    const screen = spawn('Xvfb', ['-displayfd', '3', '-screen', '0', '1280x900x24', '-nolisten', 'tcp'], {
      stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
    });
    const display = await new Promise<string>((resolve, reject) => {
      screen.stdio[3]!.once('data', number => resolve(`:${String(number).trim()}`));
      screen.once('error', reject);
      screen.once('exit', code => reject(new Error(`Xvfb ended with ${code}`)));
    });
    return new WebKit(screen, display);
  }

  /** Opens a browser with an empty profile and its own driver: WebKit's driver handles only one. */
  async open(): Promise<WebDriver> {
    const port = await freePort();
    const driver = spawn('WebKitWebDriver', [`--port=${port}`], {
      stdio: 'ignore',
      env: { ...process.env, DISPLAY: this.display, LANG: 'C.UTF-8' },
    });
    const address = `http://127.0.0.1:${port}`;
    await expect.poll(() => fetch(`${address}/status`).then(response => response.ok, () => false)).toBe(true);
    const { sessionId } = await call<{ sessionId: string }>(`${address}/session`, 'POST', {
      capabilities: {
        alwaysMatch: { 'webkitgtk:browserOptions': { binary: miniBrowser(), args: ['--automation'] } },
      },
    });
    return new WebDriver(driver, `${address}/session/${sessionId}`);
  }

  close(): void {
    this.screen.kill();
  }
}

/** One browser. */
export class WebDriver {
  constructor(
    private readonly driver: ChildProcess,
    private readonly session: string,
  ) {}

  async goto(url: string): Promise<void> {
    await this.post('/url', { url });
  }

  async url(): Promise<string> {
    return this.get('/url');
  }

  async reload(): Promise<void> {
    await this.post('/refresh', {});
  }

  async run<T>(script: string, ...args: unknown[]): Promise<T> {
    for (;;) {
      try {
        return await this.post<T>('/execute/sync', { script, args });
      } catch (error) {
        // The page was navigating to another one; retry there.
        if (!/before the unload event/.test(String(error))) throw error;
      }
    }
  }

  /** The rendered texts of all elements that match the selector. */
  async texts(selector: string): Promise<string[]> {
    return this.run('return [...document.querySelectorAll(arguments[0])].map(element => element.innerText)', selector);
  }

  async type(selector: string, text: string): Promise<void> {
    await this.post(`/element/${await this.find(selector)}/value`, { text });
  }

  async click(selector: string): Promise<void> {
    await this.post(`/element/${await this.find(selector)}/click`, {});
  }

  async close(): Promise<void> {
    await call(this.session, 'DELETE');
    this.driver.kill();
  }

  private async find(selector: string): Promise<string> {
    const element = await this.post<Record<string, string>>('/element', { using: 'css selector', value: selector });
    return element[ELEMENT];
  }

  private get<T>(path: string): Promise<T> {
    return call(this.session + path, 'GET');
  }

  private post<T>(path: string, body: unknown): Promise<T> {
    return call(this.session + path, 'POST', body);
  }
}

async function call<T>(url: string, method: string, body?: unknown): Promise<T> {
  const response = await fetch(url, { method, body: body === undefined ? undefined : JSON.stringify(body) });
  const { value } = (await response.json()) as { value: T };
  if (!response.ok) throw new Error(`${method} ${url}: ${JSON.stringify(value)}`);
  return value;
}

/** The path of WebKitGTK's MiniBrowser, which is not on the PATH. */
function miniBrowser(): string {
  for (const folder of readdirSync('/usr/lib').map(name => `/usr/lib/${name}`)) {
    for (const version of ['webkitgtk-6.0', 'webkit2gtk-4.1', 'webkit2gtk-4.0']) {
      const program = `${folder}/${version}/MiniBrowser`;
      if (existsSync(program)) return program;
    }
  }
  throw new Error('MiniBrowser is missing (Debian: webkit2gtk-driver)');
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0));
    });
  });
}
