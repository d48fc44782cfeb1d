// A line between a browser and the house on which answers can be held back, as on a slow network.

import { type AddressInfo, type Server, createServer, connect } from 'node:net';
import type { Teahouse } from './teahouse';

export class SlowLine {
  private constructor(private readonly server: Server) {}

  /** Holds back the answers to requests that begin like this until `release` resolves. */
  static async to(teahouse: Teahouse, request: string, release: Promise<void>): Promise<SlowLine> {
    const [host, port] = teahouse.host.split(':');
    const server = createServer(near => {
      const far = connect(Number(port), host);
      let held: Promise<void> | undefined;
      near.on('data', bytes => {
        if (bytes.toString('latin1').startsWith(request)) held = release;
        far.write(bytes);
      });
      far.on('data', bytes => {
        void (held ?? Promise.resolve()).then(() => near.write(bytes));
      });
      near.on('close', () => far.destroy());
      far.on('close', () => void (held ?? Promise.resolve()).then(() => near.end()));
      // Either side may hang up in the middle of a word.
      near.on('error', () => far.destroy());
      far.on('error', () => near.destroy());
    });
    await new Promise<void>(listening => server.listen(0, '127.0.0.1', listening));
    return new SlowLine(server);
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  close(): void {
    this.server.close();
  }
}
