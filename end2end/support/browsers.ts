// The system's browsers and their launch options. None is downloaded.

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

/** An instance's name on a LAN: to browsers no loopback address, so plain http is no secure context. */
export const LAN = 'teahouse.lan';

export const chromiumOnLan: Use = {
  browserName: 'chromium',
  launchOptions: {
    executablePath: '/usr/bin/chromium',
    args: [...QUIET, `--host-resolver-rules=MAP ${LAN} 127.0.0.1`],
  },
};

/** Lets a page that the test makes up open a socket to this machine, which these checks would block. */
export const chromiumForMadeUpPages: Use = {
  browserName: 'chromium',
  launchOptions: {
    executablePath: '/usr/bin/chromium',
    args: [...QUIET, '--disable-features=LocalNetworkAccessChecks,LocalNetworkAccessChecksWebSockets'],
  },
};

/** Debian's Firefox, driven over WebDriver BiDi. */
export const firefox: Use = {
  browserName: 'firefox',
  channel: 'moz-firefox',
  // A screenshot injects a style into the page, which the page's content security policy forbids.
  screenshot: 'off',
  launchOptions: { executablePath: '/usr/bin/firefox-esr' },
};
