// The browsers of the system, and how they are started. None is downloaded.

import type { PlaywrightTestOptions, PlaywrightWorkerOptions } from '@playwright/test';

type Use = Partial<PlaywrightTestOptions & PlaywrightWorkerOptions>;

const QUIET = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

export const chromium: Use = {
  browserName: 'chromium',
  launchOptions: { executablePath: '/usr/bin/chromium', args: QUIET },
};

/** A house's name in a local network, as far as the browsers know: no loopback address, and so no secure context on plain http. */
export const LAN = 'teahouse.lan';

export const chromiumOnLan: Use = {
  browserName: 'chromium',
  launchOptions: {
    executablePath: '/usr/bin/chromium',
    args: [...QUIET, `--host-resolver-rules=MAP ${LAN} 127.0.0.1`],
  },
};

/** A page that the test makes up may open a socket to this machine only without these checks. */
export const chromiumForMadeUpPages: Use = {
  browserName: 'chromium',
  launchOptions: {
    executablePath: '/usr/bin/chromium',
    args: [...QUIET, '--disable-features=LocalNetworkAccessChecks,LocalNetworkAccessChecksWebSockets'],
  },
};

/** Debian's Firefox, over WebDriver BiDi. */
export const firefox: Use = {
  browserName: 'firefox',
  channel: 'moz-firefox',
  // Taking one puts a style into the page, which the page's policy forbids there.
  screenshot: 'off',
  launchOptions: { executablePath: '/usr/bin/firefox-esr' },
};
