// A line between a browser and the house on which happens what happens to lines: it is slow, it breaks, it goes dead
// without a word.

import { type AddressInfo, type Server, type Socket, createServer, connect } from 'node:net';
import type { Teahouse } from './teahouse';

export class Line {
  /** How each answer began that came from the house while answers were held back. */
  readonly heldBack: string[] = [];
  private readonly connections = new Set<Connection>();
  private isCut = false;
  private hold?: Hold;

  private constructor(
    private readonly server: Server,
    private readonly hostname: string,
  ) {}

  /** A line to the house, which browsers find under this name of the machine. */
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

  /** From now on holds back what the house says, or only its answers to requests that begin like this; gives what lets go. */
  holdBack(request = ''): () => void {
    let letGo = () => {};
    const until = new Promise<void>(resolve => (letGo = resolve));
    this.hold = { request, until };
    return () => {
      this.hold = undefined;
      letGo();
    };
  }

  /** Breaks every connection, and makes none until it is mended. */
  cut(): void {
    this.isCut = true;
    for (const connection of this.connections) connection.breakOff();
  }

  mend(): void {
    this.isCut = false;
  }

  /**
   * Every connection that there is goes dead: neither side hears of the other any more, not even of its end. Those that
   * are made from now on are as from another network. Gives how many of the dead ones the house still holds for alive.
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

/** One connection of a browser's, and the one to the house that it goes on by. */
class Connection {
  private isDead = false;
  /** What the answers wait for; they keep their order. */
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
    // Either side may hang up in the middle of a word.
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
