// A proxy that rewrites pages between browser and server, as some company and hotel networks do. It passes on
// everything else unchanged, including WebSocket connections.

import { type IncomingMessage, type Server, createServer, request } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import type { Teahouse } from './teahouse';

export class RewritingProxy {
  private constructor(private readonly server: Server) {}

  /** Starts a proxy in front of this server that applies `rewrite` to each page. */
  static async before(teahouse: Teahouse, rewrite: (html: string) => string): Promise<RewritingProxy> {
    const [host, port] = teahouse.host.split(':');
    const server = createServer((asked, answer) => {
      const { 'accept-encoding': _, ...headers } = asked.headers;
      const passed = request({ host, port, method: asked.method, path: asked.url, headers }, async response => {
        const isPage = response.headers['content-type']?.startsWith('text/html');
        if (!isPage) {
          answer.writeHead(response.statusCode!, response.headers);
          response.pipe(answer);
          return;
        }
        const page = Buffer.from(rewrite(await text(response)));
        const { 'transfer-encoding': __, ...others } = response.headers;
        answer.writeHead(response.statusCode!, { ...others, 'content-length': page.length });
        answer.end(page);
      });
      passed.on('error', () => answer.destroy());
      asked.pipe(passed);
    });
    server.on('upgrade', (asked, near, head) => {
      const far = connect(Number(port), host, () => {
        const lines = [`${asked.method} ${asked.url} HTTP/1.1`];
        for (let at = 0; at < asked.rawHeaders.length; at += 2) lines.push(`${asked.rawHeaders[at]}: ${asked.rawHeaders[at + 1]}`);
        far.write(`${lines.join('\r\n')}\r\n\r\n`);
        far.write(head);
        far.pipe(near).pipe(far);
      });
      far.on('error', () => near.destroy());
      near.on('error', () => far.destroy());
    });
    await new Promise<void>(listening => server.listen(0, '127.0.0.1', listening));
    return new RewritingProxy(server);
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  close(): void {
    this.server.closeAllConnections();
    this.server.close();
  }
}

async function text(response: IncomingMessage): Promise<string> {
  const pieces: Buffer[] = [];
  for await (const piece of response) pieces.push(piece as Buffer);
  return Buffer.concat(pieces).toString();
}
