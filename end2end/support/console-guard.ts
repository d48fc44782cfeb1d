// What may not happen in any story: an error or a warning in a browser's console, an error that a page does not catch,
// a breach of the content security policy. A hydration that finds another page than it rendered warns in the console.

import { type BrowserContext, expect } from '@playwright/test';

export class ConsoleGuard {
  private readonly heard: string[] = [];
  private readonly expected: RegExp[] = [];

  /** From now on, everything that this context's pages complain of is held against the story. */
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

  /** These complaints belong to the story: the browser's own words on what the story does to it. */
  expect(...complaints: RegExp[]): void {
    this.expected.push(...complaints);
  }

  /** Whether nothing else was heard. */
  check(): void {
    const unexpected = this.heard.filter(line => !this.expected.some(complaint => complaint.test(line)));
    expect(unexpected, 'complaints of the browsers').toEqual([]);
  }
}

/** What browsers say by themselves while the server does not answer, or no longer: of what was just on its way, too. */
export const UNREACHABLE =
  /WebSocket connection to '[^']*' failed|ERR_CONNECTION_REFUSED|ERR_CONNECTION_RESET|ERR_EMPTY_RESPONSE|ERR_INTERNET_DISCONNECTED|can’t establish a connection|connection to .* was interrupted/;

/** What browsers say by themselves of an answer with this status. */
export function answered(status: number): RegExp {
  return new RegExp(`responded with a status of ${status}`);
}
