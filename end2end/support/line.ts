// A network path between a browser and the server that can be slowed, broken, or made to go dead silently.

import { type AddressInfo, type Server, type Socket, createServer, connect } from 'node:net';
import type { Teahouse } from './teahouse';

export class Line {
  /** The first line of each response that arrived from the server while responses were held back. */
  readonly heldBack: string[] = [];
  private readonly connections = new Set<Connection>();
  private isCut = false;
  private hold?: Hold;

  private constructor(
    private readonly server: Server,
    private readonly hostname: string,
  ) {}

  /** Opens a path to the server that browsers reach under this host name. */
  static async to(teahouse: Teahouse, hostname: string): Promise<Line> {
    const [host, port] = teahouse.host.split(':');
    const server = createServer();
    const line = new Line(server, hostname);
    server.on('connection', near => {
      if (line.isCut) {
        near.destroy();
        return;
      }
      const connection = new Connection(near, connect(Number(port), host), () => line.hold, line.heldBack);
      line.connections.add(connection);
      near.on('close', () => line.connections.delete(connection));
    });
    await new Promise<void>(listening => server.listen(0, '127.0.0.1', listening));
    return line;
  }

  get url(): string {
    return `http://${this.hostname}:${(this.server.address() as AddressInfo).port}`;
  }

  /**
   * Holds back the server's responses, or only those to requests that begin with `request`; returns the
   * function that releases them.
   */
  holdBack(request = ''): () => void {
    let letGo = () => {};
    const until = new Promise<void>(resolve => (letGo = resolve));
    this.hold = { request, until };
    return () => {
      this.hold = undefined;
      letGo();
    };
  }

  /** Breaks every connection, and accepts none until `mend`. */
  cut(): void {
    this.isCut = true;
    for (const connection of this.connections) connection.breakOff();
  }

  mend(): void {
    this.isCut = false;
  }

  /**
   * Makes every existing connection go dead: neither side receives anything from the other, not even its
   * close. Later connections work, as if from another network. Returns a function that counts the dead ones
   * that the server still holds open.
   */
  goDead(): () => number {
    const ghosts = [...this.connections];
    for (const ghost of ghosts) ghost.goDead();
    return () => ghosts.filter(ghost => ghost.isHeld).length;
  }

  close(): void {
    for (const connection of this.connections) connection.breakOff();
    this.server.close();
  }
}

type Hold = { request: string; until: Promise<void> };

/** A browser's connection, and the one to the server that it is forwarded to. */
class Connection {
  private isDead = false;
  /** Responses wait for this promise, which preserves their order. */
  private answered = Promise.resolve();

  constructor(
    private readonly near: Socket,
    private readonly far: Socket,
    hold: () => Hold | undefined,
    heldBack: string[],
  ) {
    near.on('data', bytes => {
      const { request, until } = hold() ?? {};
      if (request && until && bytes.toString('latin1').startsWith(request)) this.answered = this.answered.then(() => until);
      if (!this.isDead) far.write(bytes);
    });
    const answer = (give: () => void) => {
      const { request, until } = hold() ?? {};
      this.answered = this.answered.then(() => (request === '' ? until : undefined)).then(() => {
        if (!this.isDead) give();
      });
    };
    far.on('data', bytes => {
      if (hold()) heldBack.push(bytes.toString('latin1').split('\r\n')[0]);
      answer(() => near.write(bytes));
    });
    far.on('close', () => answer(() => near.end()));
    near.on('close', () => {
      if (!this.isDead) far.destroy();
    });
    // Either side may close in the middle of a transfer.
    near.on('error', () => near.destroy());
    far.on('error', () => far.destroy());
  }

  get isHeld(): boolean {
    return !this.far.destroyed;
  }

  goDead(): void {
    this.isDead = true;
  }

  breakOff(): void {
    this.near.destroy();
    this.far.destroy();
  }
}
