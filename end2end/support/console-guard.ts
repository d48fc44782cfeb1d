// Fails a test on any console error or warning, uncaught error or content security policy violation.
// Hydrating a page that differs from the rendered one warns in the console.

import { type BrowserContext, expect } from '@playwright/test';

export class ConsoleGuard {
  private readonly heard: string[] = [];
  private readonly expected: RegExp[] = [];

  /** Records this context's complaints from now on; `check` fails on each that is not expected. */
  async watch(context: BrowserContext): Promise<void> {
    await context.addInitScript(() => {
      document.addEventListener('securitypolicyviolation', event => {
        console.error(`content security policy: ${event.effectiveDirective} blocked ${event.blockedURI}`);
      });
    });
    context.on('console', message => {
      if (message.type() === 'error' || message.type() === 'warning') {
        this.heard.push(`${message.type()}: ${message.text()} (${message.location().url})`);
      }
    });
    context.on('weberror', error => this.heard.push(`not caught: ${error.error()}`));
  }

  /** Allows these complaints: the browser's own messages about what the test does to it. */
  expect(...complaints: RegExp[]): void {
    this.expected.push(...complaints);
  }

  /** Fails if there were any other complaints. */
  check(): void {
    const unexpected = this.heard.filter(line => !this.expected.some(complaint => complaint.test(line)));
    expect(unexpected, 'complaints of the browsers').toEqual([]);
  }
}

/** What browsers report on their own when the server stops answering, also for requests in flight. */
export const UNREACHABLE =
  /WebSocket connection to '[^']*' failed|ERR_CONNECTION_REFUSED|ERR_CONNECTION_RESET|ERR_EMPTY_RESPONSE|ERR_INTERNET_DISCONNECTED|can’t establish a connection|connection to .* was interrupted/;

/** What browsers report on their own about a response with this status. */
export function answered(status: number): RegExp {
  return new RegExp(`responded with a status of ${status}`);
}
