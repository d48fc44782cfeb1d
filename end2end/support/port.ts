// Ports for servers that restart on the same port.

import { createServer } from 'node:net';

/** A port below the system's ephemeral range, so that it is still free when a server comes back to it. */
export function somePort(): number {
  return 20_000 + Math.floor(Math.random() * 12_000);
}

/** Such a port on which nothing listens. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = somePort();
    if (await isFree(port)) return port;
  }
}

function isFree(port: number): Promise<boolean> {
  const server = createServer();
  return new Promise(resolve => {
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
